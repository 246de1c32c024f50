"""Columns as an online store holds them: several fields in one matrix, one value for all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from featurelib import borders
from featurelib.errors import InputError
from featurelib.fields import Field
from featurelib_online.numpy_columns import canonical_column
from featurelib_online.raw_columns import RawColumn

_HINT = "give a NumPy array with a row for each row and a column for each of the fields"


@dataclass(frozen=True, slots=True)
class Constant:
    """One value for all rows of `kernel.columns`: the user's fields beside a hundred candidates.

        kernel.columns({"age": online.Constant(42), "item": np.array([7, 9])})

    The other columns say how many rows there are.

    Attributes:
        value: What a row would hold in that field: a Python or NumPy value, None for null.
    """

    value: Any


def repeated(value: Any, field: Field, rows: int, shown: str) -> RawColumn:
    """A canonical value (None for null) as a column of so many rows."""
    one = canonical_column([value], field, shown)
    valid = None if one.valid is None else np.repeat(one.valid, rows)
    return one._replace(values=np.repeat(one.values, rows, axis=0), valid=valid)


def constant_column(given: Constant, field: Field, rows: int, where: str) -> RawColumn:
    """A constant as a column of its field.

    Raises:
        FieldValueError: The field does not take the value.
    """
    value = borders.canonical(given.value, field, where=where)
    return repeated(value, field, rows, "one value for all rows")


def one_by_one(data: Mapping[Any, Any], where: str) -> Mapping[Any, Any]:
    """The columns by field; a matrix under a tuple of names is taken apart.

    A matrix in Fortran order (column by column) is not copied, another one is copied once.

    Raises:
        InputError: What stands under a tuple of names is no matrix with a column for each.
    """
    if tuple not in map(type, data):
        return data
    made: dict[Any, Any] = {}
    for key, given in data.items():
        names = key if isinstance(key, tuple) else (key,)
        for name in names:
            if name in made or names.count(name) > 1:
                raise InputError(f"{where}: column `{name}` stands twice", field=str(name))
        if isinstance(key, tuple):
            columns = _matrix(key, given, where)
            made |= {name: columns[:, i] for i, name in enumerate(key)}
        else:
            made[key] = given
    return made


def _matrix(names: tuple[Any, ...], given: Any, where: str) -> np.ndarray[Any, Any]:
    fields = ", ".join(f"`{name}`" for name in names)
    if not isinstance(given, np.ndarray):
        raise InputError(
            f"{where}: fields {fields} are given as one {type(given).__name__}", hint=_HINT
        )
    if given.ndim != 2 or given.shape[1] != len(names):
        raise InputError(
            f"{where}: fields {fields} take a matrix of shape (rows, {len(names)}), got shape "
            f"{given.shape}",
            hint=_HINT,
        )
    # A mask would be lost; its columns are copied one by one where they are read.
    return given if isinstance(given, np.ma.MaskedArray) else np.asfortranarray(given)
