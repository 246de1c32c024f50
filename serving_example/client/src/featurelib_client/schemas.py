"""What one JSON schema permits and another does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Gap", "gaps"]

Schemas = Mapping[str, Any]
_LOW = {"minimum": "at least", "exclusiveMinimum": "above", "minLength": "at least this long:",
        "minItems": "at least so many:"}  # fmt: skip
_HIGH = {"maximum": "at most", "exclusiveMaximum": "below", "maxLength": "at most this long:",
         "maxItems": "at most so many:"}  # fmt: skip
_EQUAL = ("pattern", "multipleOf", "format", "uniqueItems")
_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Gap:
    """A value that the narrow schema permits and the wide one does not.

    Attributes:
        place: Its path: names, and ``[]`` for what stands in a list.
        kind: ``type``, ``bound``, ``unknown`` (a field that the wide one forbids) or ``required``
            (a field that the narrow one may leave out).
        narrow: What the narrow one says.
        wide: What the wide one says.
    """

    place: str
    kind: str
    narrow: str
    wide: str

    @property
    def name(self) -> str:
        """The field."""
        return self.place.rpartition(".")[2]


def gaps(narrow: Any, its: Schemas, wide: Any, others: Schemas, place: str = "") -> Iterator[Gap]:
    """Where a value may keep the narrow schema and break the wide one.

    Who sends is taken to send no field that its schema does not name.

    Args:
        narrow: What is sent or answered.
        its: What its references mean.
        wide: What is understood.
        others: What the references of that mean.
        place: The path so far.

    Raises:
        ValueError: A schema is too deep.
    """
    if place.count(".") + place.count("[]") > _DEPTH:
        raise ValueError(f"schemas deeper than {_DEPTH}: {place[:80]}")
    narrow, wide = _resolved(narrow, its), _resolved(wide, others)
    some, many = _alternatives(narrow), _alternatives(wide)
    if some != [narrow]:
        for one in some:
            yield from gaps(one, its, wide, others, place)
        return
    if many != [wide]:
        tried = [list(gaps(narrow, its, one, others, place)) for one in many]
        if all(tried):
            same = [t for t in tried if all(gap.kind != "type" or gap.place != place for gap in t)]
            yield from min(same, key=len) if same else [_of_type(place, narrow, wide)]
        return
    mine, theirs = narrow.get("type"), wide.get("type")
    if theirs is not None and mine != theirs and (mine, theirs) != ("integer", "number"):
        yield _of_type(place, narrow, wide)
        return
    yield from _bounds(narrow, wide, place)
    if "enum" in wide and not _values(narrow) <= _values(wide):
        yield Gap(place, "bound", _enum(narrow), _enum(wide))
    if theirs == "object":
        yield from _fields(narrow, its, wide, others, place)
    elif theirs == "array" and "items" in wide:
        inner = narrow.get("items", {})
        yield from gaps(inner, its, wide["items"], others, f"{place}[]")


def _fields(narrow: Any, its: Schemas, wide: Any, others: Schemas, place: str) -> Iterator[Gap]:
    mine, theirs = narrow.get("properties", {}), wide.get("properties", {})
    rest = wide.get("additionalProperties", True)
    for name in [*mine, *(n for n in wide.get("required", []) if n not in mine)]:
        path = f"{place}.{name}" if place else name
        if name not in mine:
            yield Gap(path, "required", "has no such field", "requires it")
            continue
        if name not in theirs and rest is False:
            yield Gap(path, "unknown", "may have it", "does not know it")
        elif name in theirs:
            yield from gaps(mine[name], its, theirs[name], others, path)
            if name in wide.get("required", []) and name not in narrow.get("required", []):
                yield Gap(path, "required", "may leave it out", "requires it")
    if isinstance(rest, dict) and rest and not theirs:
        inner = narrow.get("additionalProperties", {})
        yield from gaps(inner if isinstance(inner, dict) else {}, its, rest, others, f"{place}[]")


def _bounds(narrow: Any, wide: Any, place: str) -> Iterator[Gap]:
    for words, sign in ((_LOW, 1), (_HIGH, -1)):
        for word, text in words.items():
            if word in wide and (word not in narrow or sign * narrow[word] < sign * wide[word]):
                mine = f"{text} {narrow[word]}" if word in narrow else "any"
                yield Gap(place, "bound", mine, f"{text} {wide[word]}")
    for word in _EQUAL:
        if word in wide and narrow.get(word) != wide[word]:
            yield Gap(place, "bound", f"{word} {narrow.get(word)}", f"{word} {wide[word]}")


def _of_type(place: str, narrow: Any, wide: Any) -> Gap:
    return Gap(place, "type", _type(narrow), _type(wide))


def _type(schema: Any) -> str:
    return " or ".join(str(one.get("type", "anything")) for one in _alternatives(schema))


def _alternatives(schema: Any) -> list[Any]:
    if "anyOf" in schema:
        return list(schema["anyOf"])
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": kind} for kind in schema["type"]]
    return [schema]


def _values(schema: Any) -> set[str]:
    return {repr(value) for value in schema.get("enum", ["anything"])}


def _enum(schema: Any) -> str:
    return "one of " + ", ".join(sorted(_values(schema))) if "enum" in schema else "any"


def _resolved(schema: Any, known: Schemas) -> Any:
    for _ in range(_DEPTH):
        if "$ref" not in schema:
            return schema
        schema = known[schema["$ref"].rpartition("/")[2]]
    raise ValueError("references that refer to themselves")
