"""Columns for a device kernel: read from the host, or taken as they are on the device.

What is on a device cannot be looked at without waiting for it. So the border there is the type:
a column has the very dtype of its field, and a field whose values must be checked too (a
constraint, a date in the years 1 to 9999) comes from the host, or the caller vouches for it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from featurelib.bundle import Bundle
from featurelib.errors import FieldValueError, InputError
from featurelib.fields import Field
from featurelib.jit.kernel import Column, empty_column
from featurelib_online.columns import read_columns
from featurelib_online.cuda.device import ArrayView, Device, Stream, location
from featurelib_online.cuda.program import Address
from featurelib_online.cuda.tensors import check_place

__all__ = ["Inputs", "read_inputs"]


_FLAGS = (np.dtype(np.bool_), np.dtype(np.uint8))


@dataclasses.dataclass(frozen=True)
class Inputs:
    """The columns of a call.

    Attributes:
        columns: By name of the field, on the host or on the device.
        rows: How many.
        views: Columns that are on the device, by name; two where there are flags.
    """

    columns: Mapping[str, Column | Address]
    rows: int
    views: Mapping[str, list[ArrayView]]


def read_inputs(
    data: Any, bundle: Bundle, device: Device, stream: Stream, trusted: Collection[str]
) -> Inputs:
    """The columns of a call, checked.

    Args:
        data: As for `RowKernel.columns`. In a mapping a column may be an array on the device, or a
            pair of arrays, of which the second has one byte or Bool a row: 0 is null.
        bundle: Its schema says what the columns must be.
        device: The kernel's.
        stream: The call's.
        trusted: Fields whose columns on the device need no check of their values.

    Raises:
        InputError: As `RowKernel.columns` does; and a column on another device, of another dtype,
            not contiguous, or one that would have to be checked.
    """
    unknown = [n for n in trusted if n not in bundle.schema.by_name]
    if unknown:
        raise InputError(f"{bundle.name}: `trusted` names `{unknown[0]}`, which is no input")
    there: dict[str, Any] = {}
    if isinstance(data, Mapping):
        there = {n: v for n, v in data.items() if n in bundle.schema.by_name and _is_away(v)}
    if not there:
        columns, rows = read_columns(data, bundle)
        if not rows:  # a column without rows has come without a type
            columns = {f.name: empty_column(f.dtype, f.nullable, 0) for f in bundle.schema.fields}
        return Inputs(columns, rows, {})
    taken: dict[str, Column | Address] = {}
    seen: dict[str, list[ArrayView]] = {}
    lengths: dict[str, int] = {}
    for name, given in there.items():
        field = bundle.schema.by_name[name]
        views = _views(given, field, bundle.name, device, stream)
        if name not in trusted:
            _refuse_unchecked(field, bundle.name)
        taken[name] = Address(*(view.address for view in views))
        seen[name] = views
        lengths[name] = views[0].shape[0]
    rows = next(iter(lengths.values()))
    host = _host_columns(data, there, bundle, rows)
    for name, column in host.items():
        lengths[name] = len(column.values)
        taken[name] = column
    for name, length in lengths.items():
        if length != rows:
            raise InputError(
                f"{bundle.name}: column `{name}` has {length} rows, `{next(iter(lengths))}` has "
                f"{rows}",
                field=name,
            )
    return Inputs(taken, rows, seen)


def _is_away(given: Any) -> bool:
    """Whether a column is an array on some device, or a pair of them."""
    if isinstance(given, tuple):
        return len(given) == 2 and _is_away(given[0])
    place = None if isinstance(given, np.ndarray) else location(given)
    return place is not None and place[0] != 1


def _host_columns(
    data: Mapping[Any, Any], there: Mapping[str, Any], bundle: Bundle, rows: int
) -> dict[str, Column]:
    """The columns that are on the host; a default stands in as many rows as the others have."""
    schema = bundle.schema
    fields = tuple(f for f in schema.fields if f.name not in there)
    given = {n: v for n, v in data.items() if n not in there}
    for field in fields:
        if field.name not in given and field.has_default:
            filled = np.empty(rows, object)
            filled[:] = [field.default] * rows
            given[field.name] = filled
    rest = dataclasses.replace(bundle, schema=dataclasses.replace(schema, fields=fields))
    return read_columns(given, rest)[0]


def _views(given: Any, field: Field, where: str, device: Device, stream: Stream) -> list[ArrayView]:
    """The values of a column on the device and, if given, its flags."""
    values, flags = given if isinstance(given, tuple) else (given, None)
    what = f"{where}: column `{field.name}`"
    check_place(values, device, what)
    if field.dtype.kind == "v":
        raise _refused(
            field, where, f"{field.dtype} comes from the host", "give a NumPy or Arrow column"
        )
    made = [_view(values, field, what, device, stream)]
    if flags is not None:
        if not field.nullable:
            raise _refused(field, where, "it has flags of nulls", "the field is not nullable")
        check_place(flags, device, f"the flags of {what}")
        view = device.view(flags, stream)
        if (
            view.dtype not in (np.dtype(np.bool_), np.dtype(np.uint8))
            or view.shape != made[0].shape
        ):
            raise InputError(
                f"the flags of {what} must be bool of shape {made[0].shape}, got {view.dtype} of "
                f"shape {view.shape}",
                field=field.name,
            )
        _check_contiguous(view, f"the flags of {what}", field.name)
        made.append(view)
    return made


def _view(given: Any, field: Field, what: str, device: Device, stream: Stream) -> ArrayView:
    view = device.view(given, stream)
    wanted = np.dtype(field.dtype.storage)
    is_bool = field.dtype.name == "Bool" and view.dtype == np.bool_
    if len(view.shape) != 1 or (view.dtype != wanted and not is_bool):
        raise FieldValueError(
            f"{what} must be {wanted} of shape (rows,) on a device, got {view.dtype} of shape "
            f"{view.shape}",
            field=field.name,
            hint="a column on a device is taken as it is: convert it there first",
        )
    _check_contiguous(view, what, field.name)
    return view


def _check_contiguous(view: ArrayView, what: str, field: str) -> None:
    if not view.is_contiguous or view.address % view.dtype.itemsize:
        fault = "aligned" if view.is_contiguous else "contiguous"
        raise InputError(f"{what} is not {fault}", field=field, hint="copy it: .contiguous()")


def _refuse_unchecked(field: Field, where: str) -> None:
    """Refuses a field whose values have a rule that nothing would check."""
    if field.constraints.is_empty and not field.dtype.is_temporal:
        return
    rules = [f"{n}={v!r}" for n, v in field.constraints.given().items()]
    if field.dtype.is_temporal:
        rules.append("years 1 to 9999")
    raise _refused(
        field,
        where,
        f"its values must be checked ({', '.join(rules)}), and on a device nothing does",
        f"give it from the host, or say that it is right: trusted=[{field.name!r}]",
    )


def _refused(field: Field, where: str, why: str, hint: str) -> FieldValueError:
    return FieldValueError(
        f"{where}: column `{field.name}` on a device: {why}", field=field.name, hint=hint
    )
