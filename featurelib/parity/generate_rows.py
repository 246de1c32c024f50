"""Rows in bulk from a seed: edges of types, constants of the program, and values of every size.

The first rows walk through every value of every input's pool, so that each is met at least once;
the others mix pool values with values drawn at random. The same seed gives the same rows on every
machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from featurelib.borders import violation
from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.errors import ParityError
from featurelib.fields import Field, InputSchema
from featurelib.layout import Layout
from featurelib.parity.edge_values import (
    FIRST_DAY,
    FIRST_INSTANT,
    LAST_DAY,
    LAST_INSTANT,
    pools,
)
from featurelib.parity.values import Array, Rows, Values
from featurelib.program import Program
from featurelib.state import FittedState

__all__ = ["edge_rows", "generate_rows", "program_bundle", "rows_of_pools"]

_FROM_POOL, _NULLS = 0.4, 0.08
_LONG, _MANY = 1000, 8
"""Longer texts and lists stand in the first rows only: they would be most of the bytes."""
_LETTERS = "abcXYZ019 _-é日😀"
_YEAR = 31_556_952_000_000
Draw = Callable[[np.random.Generator, int], list[Any]]


def generate_rows(bundle: Bundle, rows: int, seed: int) -> Rows:
    """Rows that a bundle's input schema takes.

    Args:
        bundle: Its schema says what a row is, its program and state which values matter.
        rows: How many.
        seed: Of the generator.

    Raises:
        ParityError: No value of a field is known that its constraints allow.
    """
    return rows_of_pools(bundle.schema, pools(bundle), rows, [seed])


def rows_of_pools(
    schema: InputSchema, pool_of: Mapping[str, list[Any]], rows: int, seed: Sequence[int]
) -> Rows:
    """Rows that a schema takes, around the values of pools.

    Args:
        schema: What a row is.
        pool_of: For each field canonical values that it may hold; the first rows walk through them.
        rows: How many.
        seed: Of the generator; the number of the field is added to it.

    Raises:
        ParityError: The pool of a field is empty.
    """
    made = {}
    for i, field in enumerate(schema):
        rng = np.random.default_rng([*seed, i])
        made[field.name] = Values.of(_values(field, pool_of[field.name], rng, rows), field.dtype)
    return Rows(schema, made, rows)


def program_bundle(name: str, schema: InputSchema, program: Program) -> Bundle:
    """What generates rows for a program that is no feature set's: an event source's, say.

    Args:
        name: What errors call them.
        schema: What a row is.
        program: Its constants are among the values.
    """
    return Bundle(name, "1", "", schema, program, FittedState({}), Layout(()), {})


def edge_rows(bundle: Bundle) -> int:
    """How many rows at the front walk through the pools."""
    return max((len(p) for p in pools(bundle).values()), default=0)


def _values(field: Field, pool: list[Any], rng: np.random.Generator, rows: int) -> list[Any]:
    if not pool:
        raise ParityError(f"field `{field.name}`: no value known that its constraints allow")
    order = rng.permutation(len(pool))
    usual = [v for v in pool if not _is_long(v, field)] or pool
    picks = rng.integers(0, len(usual), rows).tolist()
    from_pool = (rng.random(rows) < _FROM_POOL).tolist()
    nulls = (rng.random(rows) < (_NULLS if field.nullable else 0.0)).tolist()
    drawn = _drawn(field, usual, rng, rows)
    values: list[Any] = []
    for i in range(rows):
        if i < len(pool):
            values.append(pool[order[i]])
        elif nulls[i]:
            values.append(None)
        elif from_pool[i] or (field.is_constrained and violation(drawn[i], field)):
            values.append(usual[picks[i]])
        else:
            values.append(drawn[i])
    return values


def _is_long(value: Any, field: Field) -> bool:
    if isinstance(value, bytes):
        return len(value) > _LONG
    return isinstance(value, tuple) and field.dtype.size is None and len(value) > _MANY


def _drawn(field: Field, usual: list[Any], rng: np.random.Generator, rows: int) -> list[Any]:
    dtype, limits = field.dtype, field.constraints
    low = limits.ge if limits.ge is not None else limits.gt
    high = limits.le if limits.le is not None else limits.lt
    if dtype.is_float and low is not None:
        span = (high if high is not None else low + 10.0 ** rng.integers(0, 6)) - low
        spread = low + rng.random(rows) * span
        return _stored(spread, dtype)
    if dtype.name == "String":
        return _texts(usual, rng, rows)
    if dtype.inner is not None:
        return _sequences(dtype, rng, rows)
    return draw(dtype)(rng, rows)


def draw(dtype: DType) -> Draw:
    """Draws values of a type of many sizes."""
    match dtype.name:
        case "Bool":
            return lambda rng, n: (rng.random(n) < 0.5).tolist()
        case "Float64" | "Float32":
            return lambda rng, n: _floats(dtype, rng, n)
        case "Date":
            return lambda rng, n: _times(rng, n, FIRST_DAY, LAST_DAY, 366)
        case "Datetime":
            return lambda rng, n: _times(rng, n, FIRST_INSTANT, LAST_INSTANT, _YEAR)
        case "Duration":
            return lambda rng, n: _integers(rng, n, -(10**17), 10**17)
    low, high = dtype.bounds
    return lambda rng, n: _integers(rng, n, low, high)


def _floats(dtype: DType, rng: np.random.Generator, n: int) -> list[Any]:
    """Any bits, sizes of daily life, small whole numbers."""
    code = np.uint64 if dtype.name == "Float64" else np.uint32
    bits = rng.integers(0, np.iinfo(code).max, n, dtype=code, endpoint=True)
    with np.errstate(invalid="ignore"):  # a signalling NaN among them becomes a quiet one
        any_bits = bits.view(dtype.storage).astype(np.float64)
    daily = rng.normal(size=n) * 10.0 ** rng.integers(-3, 6, n)
    whole = rng.integers(-20, 200, n).astype(np.float64)
    return _stored(_one_of(rng, n, (any_bits, daily, whole)), dtype)


def _stored(values: Array, dtype: DType) -> list[Any]:
    with np.errstate(over="ignore", invalid="ignore"):
        result: list[Any] = values.astype(dtype.storage).astype(np.float64).tolist()
    return result


def _integers(rng: np.random.Generator, n: int, low: int, high: int) -> list[Any]:
    code = np.uint64 if low == 0 else np.int64
    anywhere = rng.integers(low, high, n, dtype=code, endpoint=True)
    small = rng.integers(max(low, -20), min(high, 120), n, dtype=code, endpoint=True)
    return _one_of(rng, n, (anywhere, small)).tolist()  # type: ignore[no-any-return]


def _times(rng: np.random.Generator, n: int, first: int, last: int, year: int) -> list[Any]:
    """Anywhere in the years 1 to 9999, in the decades around today, and at whole steps there."""
    anywhere = rng.integers(first, last, n, endpoint=True)
    recent = rng.integers(20 * year, 70 * year, n)
    step = 3_600_000_000 if year == _YEAR else 1
    return _one_of(rng, n, (anywhere, recent, recent // step * step)).tolist()  # type: ignore[no-any-return]


def _texts(usual: list[Any], rng: np.random.Generator, rows: int) -> list[Any]:
    """Texts of random letters, and pool texts put together."""
    words = [v for v in usual if v is not None]
    made = []
    for kind, length, a, b in zip(
        rng.random(rows).tolist(),
        rng.integers(0, 24, rows).tolist(),
        rng.integers(0, len(words) or 1, rows).tolist(),
        rng.integers(0, len(words) or 1, rows).tolist(),
        strict=True,
    ):
        if kind < 0.3 and words:
            made.append(words[a] + words[b])
        else:
            letters = rng.integers(0, len(_LETTERS), length).tolist()
            made.append("".join(_LETTERS[k] for k in letters).encode())
    return made


def _sequences(dtype: DType, rng: np.random.Generator, rows: int) -> list[Any]:
    assert dtype.inner is not None
    lengths = [dtype.size] * rows if dtype.size else rng.integers(0, 9, rows).tolist()
    items = draw(dtype.inner)(rng, sum(lengths))
    made, at = [], 0
    for length in lengths:
        made.append(tuple(0.0 if v != v else v for v in items[at : at + length]))
        at += length
    return made


def _one_of(rng: np.random.Generator, n: int, ways: tuple[Array, ...]) -> Array:
    """For each place the value of one of several columns."""
    chosen: Array = np.choose(rng.integers(0, len(ways), n), ways)
    return chosen
