"""Encoding: places in a vocabulary or a constant list, entries of fitted tables, one-hot vectors.

The table kinds `strings` and `integers` are described in `featurelib/ops/string_table.py`.
"""

from collections.abc import Sequence

from featurelib.dtypes import FLOAT32, Float64, Int64, String, UInt32, UInt64, array_type
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_from_u64,
    i64_mul,
    load_f32,
    load_f64,
    load_i64,
    store_f32,
    u64_from_i64,
    u64_mod,
)
from featurelib.node import Node, apply, call, table
from featurelib.op import (
    Arena,
    FloatTable,
    IntegerTable,
    Nulls,
    Signed,
    SignedTable,
    StringTable,
    TypeSet,
    Unsigned,
    method,
    op,
)
from featurelib.ops.string_table import table_find, table_find_integer
from featurelib.tables import TableData

Vector = TypeSet("Vector", frozenset({"Array"}), frozenset({"Float32"}))


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


@op("fitted_value", version=1, nulls=Nulls.MAYBE, public=False)
def fitted_value(place: Unsigned, values: FloatTable) -> Float64:
    """The entry of a table at a place, from 0; null beyond its end, and where it is NaN."""
    if place >= u64_from_i64(values.stop):
        return 0.0, False
    value = load_f64(values.buf, i64_from_u64(place))
    return value, value == value


@fitted_value.body
def fitted_integer(place: Unsigned, values: SignedTable) -> Int64:
    if place >= u64_from_i64(values.stop):
        return 0, False
    return load_i64(values.buf, i64_from_u64(place)), True


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


def _hash_vector_type(types, params):
    made = array_type(FLOAT32, params["n"])
    if len(types) == 2 and types[0] != made:
        raise FeatureTypeError(f"`hash_vector` adds to {made}, got {types[0]}")
    return made


@op(
    "hash_vector",
    version=1,
    nulls=Nulls.EXPLICIT,
    nullable=_never_null,
    result=_hash_vector_type,
    public=False,
)
def hash_vector(h: UInt64, arena: Arena, *, n: UInt64) -> array_type(FLOAT32, 1):
    """n zeros, and 1 or -1 at the place of a hash modulo n: -1 where its highest bit is set.

    All zeros for null. The row limit must be at least 4 n bytes, as `one_hot` has it.
    """
    value, valid = h
    size = i64_from_u64(n)
    if i64_mul(size, 4) > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, i64_mul(size, 4))
    for i in range(size):
        store_f32(buf, i, 0.0)
    if valid:
        sign = -1.0 if i64_from_u64(value) < 0 else 1.0
        store_f32(buf, i64_from_u64(u64_mod(value, n)), sign)
    return View(buf, 0, size), True


@hash_vector.body
def hash_vector_added(vector: Vector, h: UInt64, arena: Arena, *, n: UInt64) -> array_type(
    FLOAT32, 1
):
    held, (value, valid) = vector[0], h
    size = i64_from_u64(n)
    if i64_mul(size, 4) > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, i64_mul(size, 4))
    place = i64_from_u64(u64_mod(value, n)) if valid else -1
    sign = -1.0 if i64_from_u64(value) < 0 else 1.0
    for i in range(size):
        number = load_f32(held.buf, i64_add(held.start, i)) if vector[1] else 0.0
        store_f32(buf, i, number + sign if i == place else number)
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


@method("hash_vector")
def _hash_vector(first: Node | Sequence[Node], *others: Node, n: int, seed: int = 0) -> Node:
    """The feature hasher: a Float32 array of n, to which each column adds 1 or -1.

    The place is `hash64` of the value modulo n, the sign is minus where the highest bit of the hash
    is set; column k is hashed with ``seed + k``, so equal values of two columns do not meet. A null
    adds nothing. Columns may also be given as one list.
    """
    columns = [*first, *others] if isinstance(first, (list, tuple)) else [first, *others]
    if not columns or not all(isinstance(c, Node) for c in columns):
        raise DefinitionError(f"hash_vector: expected expressions, got {columns!r}")
    params = {"n": checked_places(n, "hash_vector")}
    made = None
    for k, column in enumerate(columns):
        h = call("hash64", (column,), {"seed": seed + k})
        made = apply("hash_vector", (h,) if made is None else (made, h), params)
    return made


def checked_places(n: int, what: str, *, most: int = MAX_ONE_HOT) -> int:
    """The length of a vector with a place for each index.

    Raises:
        DefinitionError: It is no integer from 1 to `most`; names who asks.
    """
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= most:
        raise DefinitionError(f"{what}: expected an integer n, 1 <= n <= {most}, got n={n!r}")
    return n


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
    checked_places(n, "one_hot")
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
