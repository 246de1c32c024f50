"""Struct inputs: every engine reads the members, each as a column of its own.

A field ``place`` of a Struct type with a member ``lat`` becomes the column ``place.lat`` when a
feature set is made. A member is null where it or its Struct is. Rows, JSON objects and frames may
give the Struct (it is taken apart at the border) or the columns of its members.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Any

from featurelib.border_errors import message, prefix, show
from featurelib.border_values import is_null, mapping_of
from featurelib.dtypes import DType
from featurelib.errors import FieldValueError, InputError

if TYPE_CHECKING:
    from featurelib.fields import Field, InputSchema

__all__ = ["flat", "flat_row", "members", "whole_structs"]


def flat(schema: InputSchema) -> InputSchema:
    """The schema with the members of Structs as fields; the Structs are remembered.

    Raises:
        DefinitionError: A member's column has the name of another field.
    """
    from featurelib.fields import InputSchema

    structs = tuple(f for f in schema.fields if f.dtype.fields)
    if not structs:
        return schema
    fields: list[Field] = []
    for field in schema.fields:
        fields += _leaves(field) if field.dtype.fields else [field]
    return InputSchema(schema.name, tuple(fields), schema.extra, structs)


def members(dtype: DType, name: str) -> Iterator[tuple[str, DType, bool]]:
    """Column name, type and nullability of each member below a Struct, inner ones too."""
    for member, inner, nullable in dtype.fields:
        if inner.fields:
            for path, leaf, may_be_null in members(inner, f"{name}.{member}"):
                yield path, leaf, may_be_null or nullable
        else:
            yield f"{name}.{member}", inner, nullable


def _leaves(field: Field) -> list[Field]:
    from featurelib.fields import Field

    # No defaults: a reader that misses a member must look for its Struct first.
    return [
        Field(path, dtype, nullable or field.nullable)
        for path, dtype, nullable in members(field.dtype, field.name)
    ]


def flat_row(data: Any, schema: InputSchema, *, where: str = "", row: int | None = None) -> Any:
    """A row with each Struct in it replaced by its members.

    What is no mapping, and what a row holds besides, comes back as it is, for the border to refuse.

    Raises:
        FieldValueError: A Struct is null where it may not be, is no mapping, or lacks a member or
            has an unknown one.
    """
    try:
        values = mapping_of(data)
        if values is None:
            return data
        made = dict(values)
        for field in whole_structs(schema, made):
            if field.name in made:
                value = made.pop(field.name)
            elif field.has_default:
                value = field.default
            else:
                continue
            _take_apart(value, field.dtype, field.nullable, field, "", made, where, row)
    except InputError:
        raise
    except Exception as error:  # the object's own code raised
        raise InputError(
            f"{prefix(where)}reading the row raised {type(error).__name__}: {show(data)}", row=row
        ) from error
    return made


def whole_structs(schema: InputSchema, given: Container[Any]) -> list[Field]:
    """The Structs whose members are not given as columns; any other Struct is an unknown field."""
    return [
        s for s in schema.structs if not any(n in given for n, _, _ in members(s.dtype, s.name))
    ]


def _take_apart(
    value: Any, dtype: DType, nullable: bool, field: Field, path: str,
    made: dict[Any, Any], where: str, row: int | None,
) -> None:  # fmt: skip
    """Puts the members of one Struct into `made`, under the names of their columns."""

    def refuse(reason: str, hint: str | None = None) -> FieldValueError:
        text = message(field, show(value), where, row, path, reason)
        return FieldValueError(text, field=field.name, row=row, hint=hint)

    if is_null(value):
        if not nullable:
            raise refuse("it may not be null")
        made.update((name, None) for name, _, _ in members(dtype, f"{field.name}{path}"))
        return
    given = mapping_of(value)
    if given is None:
        raise refuse("", "write a mapping or a pydantic model")
    known = [name for name, _, _ in dtype.fields]
    for key in given:
        if not issubclass(type(key), str) or key not in known:
            raise refuse(f"it has no field {key!r}", f"its fields: {', '.join(known)}")
    for name, inner, may_be_null in dtype.fields:
        if name not in given:
            raise refuse(f"its field `{name}` is missing")
        part = given[name]
        if inner.fields:
            _take_apart(part, inner, may_be_null, field, f"{path}.{name}", made, where, row)
        elif is_null(part) and not may_be_null:
            raise refuse(f".{name}: it may not be null")
        else:
            made[f"{field.name}{path}.{name}"] = part
