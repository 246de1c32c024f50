"""Hashing: XXH64 with an explicit seed, buckets, and crosses of several columns.

What is hashed is stated in bytes, so that any language can repeat it:

    String                      its UTF-8 bytes
    Int8 .. Int64, Date,        the value as eight little-endian bytes (two's complement), whatever
    Datetime, Duration          the width of the column; a non-negative number hashes the same when
    UInt8 .. UInt64             signed and when unsigned
    Bool                        as the integer 0 or 1
    Float32, Float64            the eight bytes of the binary64 value; every NaN is the canonical
                                one (0x7FF8000000000000), and -0.0 is not 0.0: a hash sees bits

A null hashes to null. Hashes of text feed tables of other rows' data: XXH64 is quick and well
mixed, but not a defence against people who choose their input to collide.
"""

from collections.abc import Sequence

from featurelib.dtypes import UINT32, UINT64, Bool, Int64, String, UInt64
from featurelib.errors import DefinitionError
from featurelib.intrinsics import (
    View,
    f64_bits,
    i64_add,
    i64_and,
    i64_from_bool,
    i64_shr,
    i64_sub,
    load_u8,
    load_u32_le,
    load_u64_le,
    u64_add,
    u64_from_i64,
    u64_mod,
    u64_mul,
    u64_rotl,
    u64_shr,
    u64_sub,
    u64_xor,
)
from featurelib.node import Node, apply
from featurelib.op import Float, Signed, Temporal, Unsigned, kernel_function, method, op

P1 = 0x9E3779B185EBCA87
P2 = 0xC2B2AE3D27D4EB4F
P3 = 0x165667B19E3779F9
P4 = 0x85EBCA77C2B2AE63
P5 = 0x27D4EB2F165667C5
"""The five primes of the XXH64 specification (xxHash, Yann Collet)."""


@kernel_function
def _round(acc: UInt64, lane: UInt64) -> UInt64:
    return u64_mul(u64_rotl(u64_add(acc, u64_mul(lane, P2)), 31), P1)


@kernel_function
def _merge(h: UInt64, acc: UInt64) -> UInt64:
    mixed = u64_mul(u64_rotl(u64_mul(acc, P2), 31), P1)
    return u64_add(u64_mul(u64_xor(h, mixed), P1), P4)


@kernel_function
def _lane8(h: UInt64, lane: UInt64) -> UInt64:
    mixed = u64_mul(u64_rotl(u64_mul(lane, P2), 31), P1)
    return u64_add(u64_mul(u64_rotl(u64_xor(h, mixed), 27), P1), P4)


@kernel_function
def _lane4(h: UInt64, lane: UInt64) -> UInt64:
    return u64_add(u64_mul(u64_rotl(u64_xor(h, u64_mul(lane, P1)), 23), P2), P3)


@kernel_function
def _byte(h: UInt64, byte: Int64) -> UInt64:
    return u64_mul(u64_rotl(u64_xor(h, u64_mul(u64_from_i64(byte), P5)), 11), P1)


@kernel_function
def _avalanche(h: UInt64) -> UInt64:
    h = u64_mul(u64_xor(h, u64_shr(h, 33)), P2)
    h = u64_mul(u64_xor(h, u64_shr(h, 29)), P3)
    return u64_xor(h, u64_shr(h, 32))


@kernel_function
def xxh64_u64(x: UInt64, seed: UInt64) -> UInt64:
    """XXH64 of the eight little-endian bytes of x."""
    return _avalanche(_lane8(u64_add(u64_add(seed, P5), 8), x))


@kernel_function
def xxh64_bytes(s: View, seed: UInt64) -> UInt64:
    """XXH64 of the bytes of a view."""
    n = i64_sub(s.stop, s.start)
    p = s.start
    if n < 32:
        h = u64_add(seed, P5)
    else:
        a = u64_add(u64_add(seed, P1), P2)
        b = u64_add(seed, P2)
        c = u64_add(seed, 0)
        d = u64_sub(seed, P1)
        for _ in range(i64_shr(n, 5)):
            a = _round(a, load_u64_le(s.buf, p))
            b = _round(b, load_u64_le(s.buf, i64_add(p, 8)))
            c = _round(c, load_u64_le(s.buf, i64_add(p, 16)))
            d = _round(d, load_u64_le(s.buf, i64_add(p, 24)))
            p = i64_add(p, 32)
        h = u64_add(
            u64_add(u64_rotl(a, 1), u64_rotl(b, 7)), u64_add(u64_rotl(c, 12), u64_rotl(d, 18))
        )
        h = _merge(_merge(_merge(_merge(h, a), b), c), d)
    h = u64_add(h, u64_from_i64(n))
    # Spelled out: a loop of at most three turns costs more than its body.
    lanes = i64_shr(i64_and(n, 31), 3)
    if lanes > 0:
        h = _lane8(h, load_u64_le(s.buf, p))
        p = i64_add(p, 8)
        if lanes > 1:
            h = _lane8(h, load_u64_le(s.buf, p))
            p = i64_add(p, 8)
            if lanes > 2:
                h = _lane8(h, load_u64_le(s.buf, p))
                p = i64_add(p, 8)
    if i64_and(n, 4) != 0:
        h = _lane4(h, load_u32_le(s.buf, p))
        p = i64_add(p, 4)
    left = i64_and(n, 3)
    if left > 0:
        h = _byte(h, load_u8(s.buf, p))
        if left > 1:
            h = _byte(h, load_u8(s.buf, i64_add(p, 1)))
            if left > 2:
                h = _byte(h, load_u8(s.buf, i64_add(p, 2)))
    return _avalanche(h)


@op("hash64", version=1, public=False)
def hash64(s: String, *, seed: UInt64) -> UInt64:
    """XXH64 of the value's bytes with a seed; the module's table says which bytes."""
    return xxh64_bytes(s, seed)


@hash64.body
def hash64_signed(x: Signed, *, seed: UInt64) -> UInt64:
    return xxh64_u64(u64_from_i64(x), seed)


@hash64.body
def hash64_temporal(x: Temporal, *, seed: UInt64) -> UInt64:
    return xxh64_u64(u64_from_i64(x), seed)


@hash64.body
def hash64_unsigned(x: Unsigned, *, seed: UInt64) -> UInt64:
    return xxh64_u64(x, seed)


@hash64.body
def hash64_bool(x: Bool, *, seed: UInt64) -> UInt64:
    return xxh64_u64(u64_from_i64(i64_from_bool(x)), seed)


@hash64.body
def hash64_float(x: Float, *, seed: UInt64) -> UInt64:
    return xxh64_u64(f64_bits(x), seed)


@op("hash_chain", version=1, public=False)
def hash_chain(h: UInt64, s: String) -> UInt64:
    """XXH64 of the second value's bytes, seeded with the hash so far: the step of `cross_hash`."""
    return xxh64_bytes(s, h)


@hash_chain.body
def hash_chain_signed(h: UInt64, x: Signed) -> UInt64:
    return xxh64_u64(u64_from_i64(x), h)


@hash_chain.body
def hash_chain_temporal(h: UInt64, x: Temporal) -> UInt64:
    return xxh64_u64(u64_from_i64(x), h)


@hash_chain.body
def hash_chain_unsigned(h: UInt64, x: Unsigned) -> UInt64:
    return xxh64_u64(x, h)


@hash_chain.body
def hash_chain_bool(h: UInt64, x: Bool) -> UInt64:
    return xxh64_u64(u64_from_i64(i64_from_bool(x)), h)


@hash_chain.body
def hash_chain_float(h: UInt64, x: Float) -> UInt64:
    return xxh64_u64(f64_bits(x), h)


def _bucket_type(_types, params):
    return UINT32 if params["n"] <= 1 << 32 else UINT64


@op("bucket", version=1, public=False, result=_bucket_type)
def bucket(h: UInt64, *, n: UInt64) -> UInt64:
    """h modulo n: a UInt32 where n is at most 2**32, else a UInt64."""
    return u64_mod(h, n)


@method("hash64")
def _hash64(x: Node, *, seed: int = 0) -> Node:
    """XXH64 of each value's bytes; null stays null."""
    return apply("hash64", (x,), {"seed": checked_seed(seed)})


@method("hash_bucket")
def _hash_bucket(x: Node, n: int, *, seed: int = 0) -> Node:
    """`hash64` modulo n: a bucket in [0, n); null stays null."""
    return _bucket("hash_bucket", _hash64(x, seed=seed), n)


@method("cross_hash")
def cross_hash(first: Node | Sequence[Node], *others: Node, seed: int = 0) -> Node:
    """One hash of several columns: h = seed, then h = XXH64(value, seed=h) from left to right.

    So the order of the columns matters, ("ab", "c") is not ("a", "bc"), and the cross of one column
    is its `hash64`. Null where any value is. Columns may also be given as one list.
    """
    columns = [*first, *others] if isinstance(first, (list, tuple)) else [first, *others]
    if not columns or not all(isinstance(c, Node) for c in columns):
        raise DefinitionError(f"cross_hash: expected expressions, got {columns!r}")
    h = _hash64(columns[0], seed=seed)
    for column in columns[1:]:
        h = apply("hash_chain", (h, column), {})
    return h


@method("cross_bucket")
def cross_bucket(first: Node | Sequence[Node], *others: Node, n: int, seed: int = 0) -> Node:
    """`cross_hash` modulo n: a bucket in [0, n)."""
    return _bucket("cross_bucket", cross_hash(first, *others, seed=seed), n)


def _bucket(what: str, h: Node, n: int) -> Node:
    return apply("bucket", (h,), {"n": checked_buckets(n, what)})


def checked_buckets(n: int, what: str) -> int:
    """The number of buckets.

    Raises:
        DefinitionError: It is no integer from 1 to 2**64 - 1; names who asks.
    """
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n < 1 << 64:
        raise DefinitionError(f"{what}: expected an integer n, 1 <= n < 2**64, got n={n!r}")
    return n


def checked_seed(seed: int) -> int:
    """The seed.

    Raises:
        DefinitionError: It is no integer from 0 to 2**64 - 1.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 64:
        raise DefinitionError(f"hash: expected an integer seed, 0 <= seed < 2**64, got {seed!r}")
    return seed
