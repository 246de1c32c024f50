"""The input schema as data: fields with types, nullability, defaults and constraints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import fields as members_of
from functools import cached_property
from typing import Any, Final, Literal

from featurelib import borders
from featurelib.dtypes import DType
from featurelib.errors import BundleFormatError, DefinitionError, FieldValueError

__all__ = ["MISSING", "Constraints", "Extra", "Field", "InputSchema"]

Extra = Literal["forbid", "ignore"]


class _Missing:
    """The default of a field that has none."""

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a value must satisfy beyond its type; each is checked by every engine.

    In a `Field`, bounds are held as engines compare them (microseconds, days, a number rounded to
    Float32); a bound is written like a value of the field.

    Attributes:
        finite: Neither NaN nor an infinity (for a list: no element).
        ge, gt, le, lt: Bounds of a number or a time; a NaN lies within none.
        one_of: The allowed texts or integers.
        max_length: Code points of a text, elements of a list.
    """

    finite: bool = False
    ge: Any = None
    gt: Any = None
    le: Any = None
    lt: Any = None
    one_of: tuple[Any, ...] | None = None
    max_length: int | None = None

    @property
    def is_empty(self) -> bool:
        return self == _NONE

    def given(self) -> dict[str, Any]:
        """The constraints that are set, by name."""
        none = _NONE
        names = (m.name for m in members_of(self))
        return {n: getattr(self, n) for n in names if getattr(self, n) != getattr(none, n)}


_NONE = Constraints()
BOUNDS = ("ge", "gt", "le", "lt")


@dataclass(frozen=True)
class Field:
    """One column of an input schema.

    Attributes:
        name: The column's name; any text.
        dtype: Its type.
        nullable: Whether None is a value of it.
        default: The value where it is absent, or `MISSING`.
        constraints: What a value must satisfy.
        description: For people.
    """

    name: str
    dtype: DType
    nullable: bool = False
    default: Any = MISSING
    constraints: Constraints = _NONE
    description: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "constraints", _normal(self))
        if self.has_default:
            try:
                value = borders.from_canonical(self.canonical_default, self.dtype)
            except FieldValueError as error:
                raise DefinitionError(f"the default does not fit: {error}") from None
            value = tuple(value) if isinstance(value, list) else value
            object.__setattr__(self, "default", value)

    @property
    def has_default(self) -> bool:
        return self.default is not MISSING

    @cached_property
    def is_constrained(self) -> bool:
        """Whether a value must satisfy more than its type."""
        return not self.constraints.is_empty

    @cached_property
    def canonical_default(self) -> Any:
        """The default in the form that engines compute with."""
        return borders.canonical(self.default, self)


def _normal(field: Field) -> Constraints:
    """The constraints with bounds in canonical form, checked against the type."""
    given, dtype = field.constraints.given(), field.dtype
    takes: set[str] = set()
    if dtype.is_numeric or dtype.is_temporal:
        takes |= set(BOUNDS)
    if dtype.is_float or (dtype.inner is not None and dtype.inner.is_float):
        takes.add("finite")
    if dtype.is_integer or dtype.name == "String":
        takes.add("one_of")
    if dtype.name in ("String", "List"):
        takes.add("max_length")
    for name in given:
        if name not in takes:
            allowed = ", ".join(sorted(takes)) or "no constraint"
            raise DefinitionError(
                f"field `{field.name}`: {name}={given[name]!r} does not apply to {dtype}",
                hint=f"{dtype} takes {allowed}",
            )
    plain = Field(field.name, dtype) if given else field
    for name in BOUNDS:
        if name in given:
            given[name] = _bound(plain, name, given[name])
    for low in ("ge", "gt"):
        for high in ("le", "lt"):
            if low in given and high in given and given[low] > given[high]:
                raise DefinitionError(
                    f"field `{field.name}`: expected {low} <= {high}, got "
                    f"{low}={given[low]}, {high}={given[high]}"
                )
    if "one_of" in given:
        values = tuple(_bound(plain, "one_of", v) for v in given["one_of"])
        given["one_of"] = tuple(v.decode() if isinstance(v, bytes) else v for v in values)
        if not values:
            raise DefinitionError(f"field `{field.name}`: one_of=() allows nothing")
    if "max_length" in given and not (
        type(given["max_length"]) is int and given["max_length"] >= 0
    ):
        raise DefinitionError(
            f"field `{field.name}`: expected max_length >= 0, got {given['max_length']!r}"
        )
    return Constraints(**given)


def _bound(field: Field, name: str, bound: Any) -> Any:
    instant = field.dtype.is_temporal and type(bound) is int
    if instant:  # already canonical: a field that is copied or read back
        return bound
    try:
        value = borders.canonical(bound, field)
    except FieldValueError as error:
        raise DefinitionError(f"{name} of a field is a value of its type: {error}") from None
    if value != value:
        raise DefinitionError(f"field `{field.name}`: {name}=nan bounds nothing")
    return value


@dataclass(frozen=True)
class InputSchema:
    """What a row is: its fields in order, and what happens to others.

    Attributes:
        name: For errors and documentation.
        fields: The columns.
        extra: Whether fields that are not in it are refused or ignored.
        structs: Fields of a Struct type whose members stand in `fields` (see
            `featurelib.struct_inputs`); a row may give either.
    """

    name: str
    fields: tuple[Field, ...]
    extra: Extra = "forbid"
    structs: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        if self.extra not in ("forbid", "ignore"):
            raise DefinitionError(
                f'schema `{self.name}`: expected extra="forbid" or "ignore", got {self.extra!r}'
            )
        names = [f.name for f in (*self.fields, *self.structs)]
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice is not None:
            raise DefinitionError(f"schema `{self.name}`: field `{twice}` is declared twice")

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by name."""
        return {f.name: f for f in self.fields}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields)

    def __getitem__(self, name: str) -> Field:
        return self.by_name[name]

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    @classmethod
    def from_fields(
        cls, fields: Mapping[str, Any], *, name: str = "inputs", extra: Extra = "forbid"
    ) -> InputSchema:
        """A schema from column names (any text) and annotations.

        Args:
            fields: An annotation (``float | None``, ``Annotated[float, fl.Constraints(ge=0)]``), a
                pair of annotation and default, or a `Field`, by column name.
            name: For errors and documentation.
            extra: "forbid" or "ignore".
        """
        from featurelib.annotations import read_field

        return cls(name, tuple(read_field(n, a, name) for n, a in fields.items()), extra)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that `from_json` reads back."""
        from featurelib.schema_json import field_to_json

        data: dict[str, Any] = {
            "name": self.name,
            "extra": self.extra,
            "fields": [field_to_json(f) for f in self.fields],
        }
        if self.structs:
            data["structs"] = [field_to_json(f) for f in self.structs]
        return data

    @classmethod
    def from_json(cls, data: Any) -> InputSchema:
        """The schema that `to_json` wrote.

        Raises:
            BundleFormatError: The data is not what `to_json` writes.
        """
        from featurelib.schema_json import field_from_json

        try:
            fields = tuple(map(field_from_json, data["fields"]))
            structs = tuple(map(field_from_json, data.get("structs", ())))
            return cls(data["name"], fields, data["extra"], structs)
        except (KeyError, TypeError, ValueError, AttributeError, DefinitionError) as error:
            raise BundleFormatError(f"the input schema cannot be read: {error!r}") from error

    def json_schema(self) -> dict[str, Any]:
        """A JSON Schema of one row as the JSON border reads it."""
        from featurelib.schema_json import json_schema

        return json_schema(self)
