"""Constant sets: the bulk hash is the hash, searches end, and a value is there once."""

import random

import pytest

from featurelib.errors import DefinitionError
from featurelib.intrinsics import View
from featurelib.ops.encode import constant_set
from featurelib.ops.hashing import xxh64_bytes
from featurelib.ops.string_table import table_find, table_find_integer, xxh64_many
from featurelib.tables import TableData


def test_the_bulk_hash_is_xxh64() -> None:
    """Tables are built with a hash over arrays; kernels search with the body: they are one."""
    source = random.Random(7)
    texts = [source.randbytes(n) for n in [*range(70), 200] for _ in range(2)]
    for seed in (0, 2**64 - 1):
        hashes = xxh64_many(texts, seed).tolist()
        assert hashes == [xxh64_bytes(View(t, 0, len(t)), seed) for t in texts]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 100])
def test_every_value_is_found_and_no_other(n: int) -> None:
    """Ranks are places in the content, in sets of any size."""
    words = tuple(f"word {k}" for k in range(n))
    data, count = TableData("strings", words).encode()
    table = View(data, 0, count)
    found = [table_find(table, View(w.encode(), 0, len(w))) for w in words]
    assert found == list(range(n))
    assert table_find(table, View(b"word", 0, 4)) == -1
    numbers = tuple(7 * k - 50 for k in range(n))
    data, count = TableData("integers", numbers).encode()
    table = View(data, 0, count)
    assert [table_find_integer(table, x) for x in numbers] == list(range(n))
    assert table_find_integer(table, 1) == -1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (("a", "b", "a"), "'a' stands there twice"),
        (("a", 1), "all str or all int, got int, str"),
        ((), "got none"),
        ((True, False), "got bool"),
        ((2**64,), "got 18446744073709551616"),
    ],
)
def test_a_constant_set_is_checked(values: tuple[object, ...], message: str) -> None:
    """Twice the same, two kinds, nothing, and what is no 64-bit integer are refused by name."""
    with pytest.raises(DefinitionError, match=message):
        constant_set(values, "ordinal")
