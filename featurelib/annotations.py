"""Reading a field from an annotation: its type, nullability and constraints.

Only constraints that every engine checks are taken. Anything else in an annotation that would check
or change a value (a validator, a pattern, `multiple_of`) is refused, because one engine alone would
obey it.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Union

import annotated_types as marks_
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from featurelib.dtypes import DType, Size, Zone, as_column_type, as_dtype
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.fields import MISSING, Constraints, Field

_WAY_OUT = (
    "a schema carries only what all engines check: `T | None`, fl.Constraints(finite, ge, gt, le, "
    "lt, one_of, max_length); write the rest as a feature"
)


def read_field(name: str, declared: Any, where: str) -> Field:
    """A field from an annotation, a pair of annotation and default, or a `Field`.

    Raises:
        DefinitionError: The annotation is no type, or carries what engines cannot check.
    """
    if isinstance(declared, Field):
        if declared.name != name:
            raise DefinitionError(f"{where}: field `{declared.name}` stands under name `{name}`")
        return declared
    default: Any = MISSING
    if isinstance(declared, tuple):
        declared, default = declared
    dtype, nullable, limits = _read(declared, f"{where}.{name}")
    return Field(name, dtype, nullable, default, limits)


def read_model_field(attribute: str, info: FieldInfo, where: str) -> Field:
    """A field from a field of a pydantic model; its alias, if it has one, names the column."""
    place = f"{where}.{attribute}"
    if info.default_factory is not None:
        raise DefinitionError(
            f"{place}: a default is a constant, got default_factory", hint="write default=..."
        )
    for other in (info.validation_alias, info.serialization_alias):
        if other not in (None, info.alias):
            raise DefinitionError(
                f"{place}: a column has one name, got {other!r} beside {info.alias!r}",
                hint='name it by Field(alias="the column")',
            )
    annotation: Any = info.annotation
    if info.metadata:
        annotation = Annotated[(annotation, *info.metadata)]
    default = MISSING if info.default is PydanticUndefined else info.default
    field = read_field(info.alias or attribute, (annotation, default), where)
    return Field(
        field.name, field.dtype, field.nullable, field.default, field.constraints,
        info.description or "",
    )  # fmt: skip


def _read(annotation: Any, place: str) -> tuple[DType, bool, Constraints]:
    given: dict[str, Any] = {}
    core, nullable = _strip(annotation, given, place)
    if typing.get_origin(core) is Literal:
        core = _read_literal(core, given, place)
    dtype, inner_nullable = as_column_type(core, place)
    if dtype.zone not in (None, "UTC"):
        from featurelib.zones import zone_table

        zone_table(str(dtype.zone))  # refuses a zone that does not exist
    _check_members(core, place)
    return dtype, nullable or inner_nullable, Constraints(**given)


def _strip(annotation: Any, given: dict[str, Any], place: str) -> tuple[Any, bool]:
    """The bare type and its nullability; constraints go to `given`."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        kept = tuple(m for m in args[1:] if isinstance(m, (DType, Zone, Size)))
        for mark in args[1:]:
            if mark not in kept:
                _add(read_mark(mark, place), given, place)
        core, nullable = _strip(args[0], given, place)
        return (Annotated[(core, *kept)] if kept else core), nullable
    if origin in (Union, types.UnionType) and type(None) in args:
        rest = [a for a in args if a is not type(None)]
        if len(rest) == 1:
            return _strip(rest[0], given, place)[0], True
    if origin is Literal and None in args:
        return Literal[tuple(a for a in args if a is not None)], True
    return annotation, False


def _add(found: dict[str, Any], given: dict[str, Any], place: str) -> None:
    for name, value in found.items():
        if given.setdefault(name, value) != value:
            raise DefinitionError(f"{place}: {name} is given twice, {given[name]!r} and {value!r}")


def read_mark(mark: Any, place: str) -> dict[str, Any]:
    """The constraints that an object in an annotation means.

    Raises:
        DefinitionError: It checks or changes a value in a way that engines cannot follow.
    """
    if isinstance(mark, Constraints):
        return mark.given()
    if isinstance(mark, FieldInfo):
        found: dict[str, Any] = {}
        for inner in mark.metadata:
            _add(read_mark(inner, place), found, place)
        return found
    for kind, name in (
        (marks_.Ge, "ge"), (marks_.Gt, "gt"), (marks_.Le, "le"), (marks_.Lt, "lt"),
        (marks_.MaxLen, "max_length"),
    ):  # fmt: skip
        if isinstance(mark, kind):
            return {name: getattr(mark, name)}
    if isinstance(mark, marks_.GroupedMetadata):
        found = {}
        for inner in mark:
            _add(read_mark(inner, place), found, place)
        return found
    if isinstance(mark, (str, marks_.DocInfo)):
        return {}
    general = {k: v for k, v in getattr(mark, "__dict__", {}).items() if v is not None}
    if type(mark).__name__ == "Strict" or set(general) == {"strict"}:
        if getattr(mark, "strict", True):
            return {}
    elif set(general) == {"allow_inf_nan"}:
        return {} if general["allow_inf_nan"] else {"finite": True}
    raise DefinitionError(f"{place}: {mark!r} cannot be checked by every engine", hint=_WAY_OUT)


def _read_literal(literal: Any, given: dict[str, Any], place: str) -> Any:
    values: Sequence[Any] = typing.get_args(literal)
    kinds = {type(v) for v in values}
    if kinds not in ({str}, {int}):
        raise FeatureTypeError(
            f"{place}: the values of a Literal are all text or all integers, got {values!r}",
            hint="a truth value is `bool`",
        )
    _add({"one_of": tuple(values)}, given, place)
    return kinds.pop()


def _check_members(core: Any, place: str) -> None:
    """Elements and members carry a type only: constraints stand at the field itself."""
    for arg in typing.get_args(core) if typing.get_origin(core) is list else ():
        if typing.get_origin(arg) is Annotated:
            for mark in typing.get_args(arg)[1:]:
                if not isinstance(mark, (DType, Zone)):
                    raise DefinitionError(
                        f"{place}: {mark!r} stands at the elements", hint="put it at the list"
                    )
        as_dtype(arg, f"{place}, element")
    for name, info in (getattr(core, "model_fields", None) or {}).items():
        inner = read_model_field(name, info, place)
        if inner.has_default or not inner.constraints.is_empty or inner.name != name:
            raise DefinitionError(
                f"{place}.{name}: a member of a Struct has a type only, no default, constraint or "
                "alias",
                hint="make it a field of the schema itself",
            )
