"""Tables that ops of random graphs take."""

from __future__ import annotations

from functools import cache

from featurelib.tables import TableData
from featurelib.zones import zone_table

__all__ = ["tables_of"]

# Their values fit every type that an op may find them beside: a definition refuses others.
_TABLES: dict[str, tuple[TableData, ...]] = {
    "f64": (TableData("f64", (-1.0, 0.0, 0.5, 100.0)), TableData("f64", (0.0,))),
    "i64": (TableData("i64", (-7, 0, 1, 59)),),
    "u64": (TableData("u64", (0, 1, 59, 255)),),
    "integers": (TableData("integers", (1, 0, 100)), TableData("integers", (7,))),
    "strings": (TableData("strings", ("", "a", "é", "abc")), TableData("strings", ("日本語",))),
}
_PATTERNS = (r"(?i)^[a-zß]+\b", r"\p{Han}|\s$", r"[^\x00-\x{7F}]{2}")
_GROUPS = r"(\w)(\W*)\b"


@cache
def tables_of(kind: str) -> tuple[TableData, ...]:
    """Tables of a kind; none where only a definition makes such."""
    if kind == "zone":
        return tuple(map(zone_table, ("America/New_York", "Asia/Kathmandu", "Pacific/Apia")))
    if kind == "unicode_case":
        from featurelib.ops.unicode_encoding import case_table

        return tuple(map(case_table, ("lower", "upper", "title", "fold")))
    if kind == "unicode_class":
        from featurelib.ops.unicode_encoding import class_table

        return tuple(map(class_table, ("letter", "decimal_number", "alphabetic")))
    if kind == "unicode_normal":
        from featurelib.ops.unicode_encoding import normal_table

        return tuple(map(normal_table, ("NFC", "NFKC", "NFD", "NFKD")))
    if kind == "powers_of_ten":
        from featurelib.ops.text_values.shortest import power_table

        return (power_table(),)
    if kind == "regex":
        from featurelib.ops.pattern.tables import regex_table

        return tuple(map(regex_table, _PATTERNS))
    if kind == "regex_finder":
        from featurelib.ops.pattern.tables import finder_table

        return tuple(map(finder_table, (*_PATTERNS, r"a+?|\B", "(?m)^.*$", _GROUPS)))
    if kind == "regex_groups":
        from featurelib.ops.pattern.tables import group_table

        return (group_table(_GROUPS, (2, 1)), group_table(_PATTERNS[0], ()))
    return _TABLES.get(kind, ())
