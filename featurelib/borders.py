"""The border: what each type takes from Python and JSON, and the one form that it becomes.

`canonical` reads one value, `canonical_row` one row. Both give what engines compute with: bool, int
(microseconds or days for time), float, bytes of UTF-8, a tuple for a list, None for null. The table
of what is taken stands in docs/borders.md. Nothing is ever silently changed: a value is the same in
its type or it is refused, and the one exception, a float that rounds to Float32, is written there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from featurelib.border_errors import message, missing_field, prefix, show, unknown_field
from featurelib.border_rules import Refusal
from featurelib.border_times import EPOCH_ORDINAL
from featurelib.border_values import JSON_READERS, PYTHON_READERS, is_null, mapping_of
from featurelib.dtypes import DType
from featurelib.errors import (
    FieldValueError,
    InputError,
    MissingExtraError,
)
from featurelib.struct_inputs import flat_row

if TYPE_CHECKING:
    from featurelib.fields import Field, InputSchema

__all__ = ["canonical", "canonical_row", "from_canonical", "show", "violation"]

Source = Literal["python", "json"]
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def canonical(
    value: Any,
    field: Field,
    *,
    where: str = "",
    row: int | None = None,
    source: Source = "python",
) -> Any:
    """One value of a field in the form that engines compute with.

    Args:
        value: The value as the caller has it.
        field: Its declaration.
        where: The feature set, for the error.
        row: The index of the row, for the error.
        source: "json" for what a JSON parser gave, where time is text.

    Returns:
        bool, int, float, bytes, tuple (List, Array), dict (Struct), or None for null.

    Raises:
        FieldValueError: The type does not take the value, or a constraint does not hold.
    """
    readers = JSON_READERS if source == "json" else PYTHON_READERS

    def read(value: Any, dtype: DType, nullable: bool, path: str) -> Any:
        if is_null(value):
            if nullable:
                return None
            raise Refusal(value=value, path=path, reason="it may not be null")
        try:
            return readers[dtype.name](value, dtype, read)
        except Refusal as refusal:
            if not refusal.path:
                refusal.value = value
            refusal.path = path + refusal.path
            raise

    try:
        result = read(value, field.dtype, field.nullable, "")
    except Refusal as refusal:
        _refuse(refusal, field, where, row)
    except Exception as error:  # the object's own code raised: it is refused, never passed on
        _refuse(
            Refusal(f"reading it raised {type(error).__name__}", value=value), field, where, row
        )
    if result is not None and field.is_constrained:
        broken = violation(result, field)
        if broken:
            _refuse(Refusal(f"expected {broken}", value=value), field, where, row)
    return result


def _refuse(refusal: Refusal, field: Field, where: str, row: int | None) -> NoReturn:
    null = is_null(refusal.value)
    hint = refusal.hint
    if null:
        hint = f"declare it nullable: `{field.name}: T | None`, and fill_null in the features"
    raise FieldValueError(
        message(
            field, show(refusal.value), where, row, refusal.path, "" if null else refusal.reason
        ),
        field=field.name,
        row=row,
        hint=hint or None,
    ) from None


def violation(value: Any, field: Field) -> str:
    """The constraint that a canonical value breaks, as text; empty if it breaks none.

    A NaN lies within no bound, so any of ge, gt, le, lt refuses it.
    """
    limits = field.constraints
    members = value if isinstance(value, tuple) else (value,)
    if limits.finite and not all(abs(v) < float("inf") for v in members):
        return "a finite number"
    if limits.ge is not None and not value >= limits.ge:
        return f"value >= {bound_text(limits.ge, field)}"
    if limits.gt is not None and not value > limits.gt:
        return f"value > {bound_text(limits.gt, field)}"
    if limits.le is not None and not value <= limits.le:
        return f"value <= {bound_text(limits.le, field)}"
    if limits.lt is not None and not value < limits.lt:
        return f"value < {bound_text(limits.lt, field)}"
    if limits.one_of is not None:
        plain = value.decode() if isinstance(value, bytes) else value
        if plain not in limits.one_of:
            return f"one of {', '.join(map(repr, limits.one_of))}"
    if limits.max_length is not None:
        is_text = isinstance(value, bytes)
        length = len(value.decode()) if is_text else len(value)
        if length > limits.max_length:
            unit = "code points" if is_text else "elements"
            return f"at most {limits.max_length} {unit}, got {length}"
    return ""


def bound_text(bound: Any, field: Field) -> str:
    """A bound as its author wrote it."""
    return str(from_canonical(bound, field.dtype)) if field.dtype.is_temporal else repr(bound)


def canonical_row(
    data: Any,
    schema: InputSchema,
    *,
    where: str = "",
    row: int | None = None,
    source: Source = "python",
) -> dict[str, Any]:
    """All fields of one row in canonical form, in the order of the schema.

    Args:
        data: A mapping from column name to value, or a pydantic model.
        schema: What the columns are.
        where: The feature set, for the error; by default the schema's name.
        row: The index of the row, for the error.
        source: "json" for what a JSON parser gave.

    Raises:
        MissingFieldError: A field without a default is absent.
        UnknownFieldError: A field is not in a schema that forbids others.
        FieldValueError: See `canonical`.
        InputError: `data` is no mapping, or could not be read.
    """
    where = where or schema.name
    if schema.structs:
        data = flat_row(data, schema, where=where, row=row)
    try:
        values = mapping_of(data)
    except Exception as error:
        raise InputError(
            f"{prefix(where)}reading the row raised {type(error).__name__}: {show(data)}", row=row
        ) from error
    if values is None:
        raise InputError(
            f"{prefix(where)}a row is a mapping or a pydantic model, got {show(data)}", row=row
        )
    # Only text is looked up: the hash or equality of another key may raise.
    known: Mapping[Any, Any] = values
    if any(type(key) is not str for key in values):
        known = {str.__str__(k): v for k, v in values.items() if issubclass(type(k), str)}
    result = {}
    for field in schema.fields:
        if field.name in known:
            result[field.name] = canonical(
                known[field.name], field, where=where, row=row, source=source
            )
        elif field.has_default:
            result[field.name] = field.canonical_default
        else:
            raise missing_field(field, schema, where, row, known)
    if schema.extra == "forbid" and len(result) < len(values) + _defaulted(schema, known):
        for key in values:
            if not issubclass(type(key), str) or key not in schema.by_name:
                raise unknown_field(key, schema, where, row)
    return result


def _defaulted(schema: InputSchema, known: Mapping[Any, Any]) -> int:
    return sum(field.name not in known for field in schema.fields)


def from_canonical(value: Any, dtype: DType) -> Any:
    """The Python value of a canonical one: an aware datetime in its zone, a date, text, a list.

    An instant whose wall clock in its zone is outside the years 1 to 9999 is shown in UTC.

    Raises:
        MissingExtraError: The zone is not known to this machine's `zoneinfo`.
    """
    if value is None:
        return None
    match dtype.name:
        case "String":
            return value.decode()
        case "Date":
            return dt.date.fromordinal(value + EPOCH_ORDINAL)
        case "Duration":
            return dt.timedelta(microseconds=value)
        case "Datetime":
            return _in_zone(_EPOCH + dt.timedelta(microseconds=value), dtype.zone)
        case "List" | "Array":
            assert dtype.inner is not None
            return [from_canonical(item, dtype.inner) for item in value]
        case "Struct":
            return {name: from_canonical(value[name], t) for name, t, _ in dtype.fields}
    return value


def _in_zone(instant: dt.datetime, zone: str | None) -> dt.datetime:
    if zone is None or zone == "UTC":
        return instant
    import zoneinfo

    try:
        return instant.astimezone(zoneinfo.ZoneInfo(zone))
    except OverflowError:
        return instant
    except zoneinfo.ZoneInfoNotFoundError:
        raise MissingExtraError(
            f"time zone {zone} is not known on this machine", hint="pip install tzdata"
        ) from None
