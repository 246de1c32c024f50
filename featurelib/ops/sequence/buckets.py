"""Buckets of the elements of a List: what an embedding bag reads.

An element hashes as a column of its type does: eight little-endian bytes, whatever its width.
"""

from featurelib.dtypes import (
    INT8,
    INT16,
    INT32,
    INT64,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    Int64,
    UInt64,
    list_type,
)  # fmt: skip
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_from_u64,
    i64_mul,
    i64_sub,
    u64_from_i64,
    u64_mod,
)
from featurelib.node import Node, apply
from featurelib.op import Arena, Nulls, inlined, method, op
from featurelib.ops.hashing import checked_buckets, checked_seed, xxh64_u64
from featurelib.ops.sequence.elements import integer_at, store_u32, store_u64

_NARROW_BUCKETS = 1 << 32  # up to so many, a bucket is a UInt32


@inlined  # so that n and the width are constants: half the time
def bucket_each(items: View, width: Int64, arena: Arena, n: UInt64, seed: UInt64) -> View:
    """`hash_bucket` of each element, as UInt32 where n is at most 2**32, else as UInt64."""
    count = i64_sub(items.stop, items.start)
    is_narrow = n <= u64_from_i64(_NARROW_BUCKETS)
    size = i64_mul(count, 4 if is_narrow else 8)
    if size > arena_limit(arena):
        return View(items.buf, items.start, items.start), False
    buf = arena_reserve(arena, size)
    for i in range(count):
        element = integer_at(items.buf, i64_add(items.start, i), width)
        bucket = u64_mod(xxh64_u64(element, seed), n)
        if is_narrow:
            store_u32(buf, i, i64_from_u64(bucket))
        else:
            store_u64(buf, i, i64_from_u64(bucket))
    return View(buf, 0, count), True


def _bucket_type(_types, params):
    return list_type(UINT32 if params["n"] <= _NARROW_BUCKETS else UINT64)


@op(
    "list.hash_bucket",
    version=1,
    nulls=Nulls.MAYBE,
    result=_bucket_type,
    device_reason="a List that makes a List",
    public=False,
)
def list_hash_bucket(
    items: list_type(INT64), arena: Arena, *, n: UInt64, seed: UInt64
) -> list_type(UINT32):
    """XXH64 of each element modulo n, as `hash_bucket` of a column; null over the row limit."""
    return bucket_each(items, -8, arena, n, seed)


@list_hash_bucket.body
def list_hash_bucket_i32(
    items: list_type(INT32), arena: Arena, *, n: UInt64, seed: UInt64
) -> list_type(UINT32):
    return bucket_each(items, -4, arena, n, seed)


@list_hash_bucket.body
def list_hash_bucket_i16(
    items: list_type(INT16), arena: Arena, *, n: UInt64, seed: UInt64
) -> list_type(UINT32):
    return bucket_each(items, -2, arena, n, seed)


@list_hash_bucket.body
def list_hash_bucket_i8(
    items: list_type(INT8), arena: Arena, *, n: UInt64, seed: UInt64
) -> list_type(UINT32):
    return bucket_each(items, -1, arena, n, seed)


@list_hash_bucket.body
def list_hash_bucket_u64(
    items: list_type(UINT64), arena: Arena, *, n: UInt64, seed: UInt64
) -> list_type(UINT32):
    return bucket_each(items, 8, arena, n, seed)


@list_hash_bucket.body
def list_hash_bucket_u32(
    items: list_type(UINT32), arena: Arena, *, n: UInt64, seed: UInt64
) -> list_type(UINT32):
    return bucket_each(items, 4, arena, n, seed)


@list_hash_bucket.body
def list_hash_bucket_u16(
    items: list_type(UINT16), arena: Arena, *, n: UInt64, seed: UInt64
) -> list_type(UINT32):
    return bucket_each(items, 2, arena, n, seed)


@list_hash_bucket.body
def list_hash_bucket_u8(
    items: list_type(UINT8), arena: Arena, *, n: UInt64, seed: UInt64
) -> list_type(UINT32):
    return bucket_each(items, 1, arena, n, seed)


@method("list.hash_bucket")
def _hash_bucket(items: Node, n: int, *, seed: int = 0) -> Node:
    """`hash_bucket` of each element of a List of integers: buckets in [0, n).

    A bucket is a UInt32 where n is at most 2**32, else a UInt64. The result is null where the list
    is, and where it takes more than the row limit: 64 KiB unless the kernel is compiled with
    another, so 16,384 elements of a UInt32. A tensor takes it without nulls:
    ``ids.list.hash_bucket(1000).fill_null([])``.
    """
    params = {"n": checked_buckets(n, "list.hash_bucket"), "seed": checked_seed(seed)}
    return apply("list.hash_bucket", (items,), params)
