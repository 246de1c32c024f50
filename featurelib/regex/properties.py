"""Classes of characters by name, and case folding: Unicode 17.0.0, as the pinned table has it."""

from __future__ import annotations

import difflib
from functools import lru_cache

from featurelib.regex import charset, unicode_data
from featurelib.regex.charset import CharSet
from featurelib.unicode_runs import read_class, read_mapping

_MARKS = ("Nonspacing_Mark", "Spacing_Mark", "Enclosing_Mark")
_SHORT = {
    "lu": "uppercaseletter", "ll": "lowercaseletter", "lt": "titlecaseletter",
    "lm": "modifierletter", "lo": "otherletter", "mn": "nonspacingmark", "mc": "spacingmark",
    "me": "enclosingmark", "nd": "decimalnumber", "nl": "letternumber", "no": "othernumber",
    "pc": "connectorpunctuation", "pd": "dashpunctuation", "ps": "openpunctuation",
    "pe": "closepunctuation", "pi": "initialpunctuation", "pf": "finalpunctuation",
    "po": "otherpunctuation", "sm": "mathsymbol", "sc": "currencysymbol", "sk": "modifiersymbol",
    "so": "othersymbol", "zs": "spaceseparator", "zl": "lineseparator",
    "zp": "paragraphseparator", "cc": "control", "cf": "format", "co": "privateuse",
    "alpha": "alphabetic", "lower": "lowercase", "upper": "uppercase", "space": "whitespace",
    "wspace": "whitespace", "ideo": "ideographic", "joinc": "joincontrol",
}  # fmt: skip
_GROUPS = {
    "letter": ("lu", "ll", "lt", "lm", "lo"),
    "casedletter": ("lu", "ll", "lt"),
    "mark": ("mn", "mc", "me"),
    "number": ("nd", "nl", "no"),
    "punctuation": ("pc", "pd", "ps", "pe", "pi", "pf", "po"),
    "symbol": ("sm", "sc", "sk", "so"),
    "separator": ("zs", "zl", "zp"),
}
_GROUP_SHORT = {
    "l": "letter", "lc": "casedletter", "m": "mark", "n": "number", "p": "punctuation",
    "s": "symbol", "z": "separator", "c": "other", "cn": "unassigned", "digit": "decimalnumber",
    "punct": "punctuation", "cntrl": "control",
}  # fmt: skip
POSIX: dict[str, CharSet] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": charset.ASCII,
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": ((48, 57),),
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
_PERL_ASCII = {"d": "digit", "s": "space", "w": "word"}
KINDS = ("generalcategory", "script")
_KIND_SHORT = {"gc": "generalcategory", "sc": "script"}


@lru_cache(maxsize=8)
def perl(letter: str, is_unicode: bool) -> CharSet:
    r"""The class `\d`, `\s` or `\w`."""
    if not is_unicode:
        return POSIX[_PERL_ASCII[letter]]
    if letter == "d":
        return _read(unicode_data.GENERAL_CATEGORY["Decimal_Number"])
    if letter == "s":
        return _read(unicode_data.BINARY["White_Space"])
    # Unicode's own definition of a word character: UTS 18, annex C.
    categories = (*_MARKS, "Decimal_Number", "Connector_Punctuation")
    return charset.union(
        _read(unicode_data.BINARY["Alphabetic"]),
        _read(unicode_data.BINARY["Join_Control"]),
        *(_read(unicode_data.GENERAL_CATEGORY[c]) for c in categories),
    )


def normal(name: str) -> str:
    """A name without what Unicode lets one write differently: case, space, `_`, `-`, `is`."""
    plain = "".join(c for c in name.lower() if c not in " _-\t")
    return plain[2:] if plain.startswith("is") and plain not in ("is", "isc") else plain


def find_property(kind: str, value: str) -> CharSet | None:
    """The characters of a property; None if the pinned table has none of that name.

    Args:
        kind: ``"gc"``, ``"script"``, ...; empty for a binary property, a category or a script.
        value: The name of the value or of the binary property.
    """
    wanted = normal(value)
    if not kind:
        # Short names that are also those of another property mean the category, as in Rust.
        sets = (_categories(), _binary()) if wanted in _SHORT else (_binary(), _categories())
        for known in (*sets, _scripts()):
            if wanted in known:
                return known[wanted]
        return None
    named = normal(kind)
    named = _KIND_SHORT.get(named, named)
    if named not in KINDS:
        return None
    return (_categories() if named == "generalcategory" else _scripts()).get(wanted)


def close_names(value: str) -> list[str]:
    """Names of the pinned table that are written much like this one."""
    known = [*unicode_data.BINARY, *unicode_data.GENERAL_CATEGORY, *unicode_data.SCRIPT]
    by_normal = {normal(name): name for name in known}
    return [by_normal[n] for n in difflib.get_close_matches(normal(value), by_normal, n=3)]


@lru_cache(maxsize=64)
def _read(runs: str) -> CharSet:
    return charset.from_ranges(read_class(runs))


@lru_cache(maxsize=1)
def _categories() -> dict[str, CharSet]:
    made = {normal(n): _read(runs) for n, runs in unicode_data.GENERAL_CATEGORY.items()}
    made |= {s: made[long] for s, long in _SHORT.items() if long in made}
    made |= {name: charset.union(*(made[p] for p in parts)) for name, parts in _GROUPS.items()}
    assigned = charset.union(*made.values())
    made["unassigned"] = charset.negate(assigned)
    made["other"] = charset.union(*(made[p] for p in ("cc", "cf", "co", "unassigned")))
    made |= {s: made[long] for s, long in _GROUP_SHORT.items()}
    return made | {"any": charset.ALL, "ascii": charset.ASCII, "assigned": assigned}


@lru_cache(maxsize=1)
def _binary() -> dict[str, CharSet]:
    made = {normal(n): _read(runs) for n, runs in unicode_data.BINARY.items()}
    return made | {s: made[long] for s, long in _SHORT.items() if long in made}


@lru_cache(maxsize=1)
def _scripts() -> dict[str, CharSet]:
    return {normal(n): charset.from_ranges(read_class(r)) for n, r in unicode_data.SCRIPT.items()}


@lru_cache(maxsize=1)
def _orbits() -> dict[int, tuple[int, ...]]:
    """For each code point that has case, all that fold to the same one, itself among them."""
    changes = read_mapping(unicode_data.FOLDING)
    by_target: dict[int, list[int]] = {}
    for code, delta in changes.items():
        by_target.setdefault(code + delta, [code + delta]).append(code)
    return {code: tuple(orbit) for orbit in by_target.values() for code in orbit}


def fold(chars: CharSet, is_unicode: bool) -> CharSet:
    """The set with every character that differs from one in it by case only."""
    if not is_unicode:
        small = charset.intersect(chars, POSIX["lower"])
        large = charset.intersect(chars, POSIX["upper"])
        moved = [(a - 32, b - 32) for a, b in small] + [(a + 32, b + 32) for a, b in large]
        return charset.from_ranges([*chars, *moved])
    if sum(last - first + 1 for first, last in chars) < len(_orbits()):
        held = (c for first, last in chars for c in range(first, last + 1) if c in _orbits())
    else:
        held = (c for c in _orbits() if any(first <= c <= last for first, last in chars))
    return charset.from_ranges([*chars, *((o, o) for c in held for o in _orbits()[c])])
