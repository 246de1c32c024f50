"""Encoding: places in a vocabulary or a constant list, one-hot vectors.

The table kinds `strings` and `integers` are described in `featurelib/ops/string_table.py`.
"""

from collections.abc import Sequence

from featurelib.dtypes import FLOAT32, String, UInt32, UInt64, array_type
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_from_u64,
    i64_mul,
    store_f32,
    u64_from_i64,
)
from featurelib.node import Node, apply, table
from featurelib.op import Arena, IntegerTable, Nulls, Signed, StringTable, Unsigned, method, op
from featurelib.ops.string_table import table_find, table_find_integer
from featurelib.tables import TableData


def _never_null(*_nullables: bool) -> bool:
    return False


@op("vocabulary_index", version=1, nulls=Nulls.EXPLICIT, nullable=_never_null, public=False)
def vocabulary_index(s: String, vocabulary: StringTable) -> UInt32:
    """0 for null, 1 for what is not in the vocabulary, else 2 + the value's place in it."""
    value, valid = s
    if not valid:
        return u64_from_i64(0), True
    return u64_from_i64(i64_add(table_find(vocabulary[0], value), 2)), True


@vocabulary_index.body
def vocabulary_index_signed(x: Signed, vocabulary: IntegerTable) -> UInt32:
    value, valid = x
    if not valid:
        return u64_from_i64(0), True
    return u64_from_i64(i64_add(table_find_integer(vocabulary[0], value), 2)), True


@vocabulary_index.body
def vocabulary_index_unsigned(x: Unsigned, vocabulary: IntegerTable) -> UInt32:
    value, valid = x
    if not valid:
        return u64_from_i64(0), True
    found = table_find_integer(vocabulary[0], i64_from_u64(value))
    return u64_from_i64(i64_add(found, 2)), True


@op("place_in", version=1, nulls=Nulls.MAYBE, public=False)
def place_in(s: String, values: StringTable) -> UInt32:
    """Place of a value in a constant list, from 0; null if it is not there."""
    rank = table_find(values, s)
    return u64_from_i64(rank), rank >= 0


@place_in.body
def place_in_signed(x: Signed, values: IntegerTable) -> UInt32:
    rank = table_find_integer(values, x)
    return u64_from_i64(rank), rank >= 0


@place_in.body
def place_in_unsigned(x: Unsigned, values: IntegerTable) -> UInt32:
    rank = table_find_integer(values, i64_from_u64(x))
    return u64_from_i64(rank), rank >= 0


def _one_hot_type(_types, params):
    return array_type(FLOAT32, params["n"])


@op(
    "one_hot",
    version=1,
    nulls=Nulls.EXPLICIT,
    nullable=_never_null,
    result=_one_hot_type,
    public=False,
)
def one_hot(index: Unsigned, arena: Arena, *, n: UInt64) -> array_type(FLOAT32, 1):
    """n zeros with a 1 at the index; all zeros for null and for an index of n or more.

    The row limit must be at least 4 n bytes, which the definition checks against the default one.
    """
    value, valid = index
    size = i64_from_u64(n)
    if i64_mul(size, 4) > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, i64_mul(size, 4))
    for i in range(size):
        store_f32(buf, i, 0.0)
    if valid and value < n:
        store_f32(buf, i64_from_u64(value), 1.0)
    return View(buf, 0, size), True


MAX_ONE_HOT = 16384
"""Largest n of `one_hot`: what the default row limit of 64 KiB holds."""


def constant_set(values: Sequence[object], what: str) -> TableData:
    """Distinct constant texts or integers as a table that `table_find` searches.

    Args:
        values: All str, or all int.
        what: Who asks, for the error.

    Raises:
        DefinitionError: No values, values of two kinds, or one that is there twice.
    """
    values = tuple(values)
    kinds = {type(v) for v in values}
    if kinds not in ({str}, {int}):
        names = ", ".join(sorted(k.__name__ for k in kinds)) or "none"
        raise DefinitionError(f"{what}: expected values that are all str or all int, got {names}")
    if len(set(values)) < len(values):
        twice = max(values, key=values.count)
        raise DefinitionError(f"{what}: {twice!r} stands there twice")
    for value in values if kinds == {int} else ():
        if not -(1 << 63) <= value < 1 << 64:
            raise DefinitionError(f"{what}: expected 64-bit integers, got {value}")
    return TableData("strings" if kinds == {str} else "integers", values, what)


@method("ordinal")
def ordinal(x: Node, values: Sequence[object]) -> Node:
    """Place of each value in a constant list, from 0, as UInt32; null if it is not there."""
    return apply("place_in", (x, table(_fitting(x, values, "ordinal"))), {})


@method("one_hot")
def _one_hot(x: Node, n: int) -> Node:
    """A Float32 array of n with a 1 at the index x; all zeros for null, negative or x >= n.

    With a list instead of a number, the index is the value's place in that list.
    """
    if isinstance(n, (list, tuple)):
        return _one_hot(apply("place_in", (x, table(_fitting(x, n, "one_hot"))), {}), len(n))
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MAX_ONE_HOT:
        raise DefinitionError(
            f"one_hot: expected an integer n, 1 <= n <= {MAX_ONE_HOT}, got n={n!r}"
        )
    if x.dtype.is_signed:
        x = x.cast(UInt64)  # a negative index becomes null, which is all zeros
    if not x.dtype.is_unsigned:
        raise FeatureTypeError(
            f"`one_hot` takes an integer index or a list of values, got {x.dtype}"
        )
    return apply("one_hot", (x,), {"n": n})


def _fitting(x: Node, values: Sequence[object], what: str) -> TableData:
    made = constant_set(values, what)
    takes_text = made.kind == "strings"
    if takes_text != (x.dtype.name == "String") or not (takes_text or x.dtype.is_integer):
        kind = "text" if takes_text else "integers"
        raise FeatureTypeError(f"`{what}`: the values are {kind}, the column is {x.dtype}")
    for value in () if takes_text else made.content:
        low, high = x.dtype.bounds
        if not low <= value <= high:
            raise FeatureTypeError(f"`{what}`: the constant {value} does not fit {x.dtype}")
    return made
