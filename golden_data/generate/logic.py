"""Golden cases of logic: Kleene's tables and bit operations, by Polars."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator
from typing import Any

from numeric_cases import bounds, polars_cases, write


def rows() -> Iterator[tuple[Any, ...]]:
    """The whole table of truth values, and integers of three types."""
    for args in itertools.product((False, True, None), repeat=2):
        yield "nulls" if None in args else "basic", ("Bool",) * 2, args, "Kleene's table"
    for name in ("Int8", "Int64", "UInt16", "UInt64"):
        low, high = bounds(name)
        for args in ((6, 3), (0, 5), (high, 1)):
            yield "basic", (name,) * 2, args, "bit by bit"
        yield "bounds", (name,) * 2, (low, high)
        yield "nulls", (name,) * 2, (0, None), "no integer decides alone"


def main() -> None:
    """Writes the files of the family."""
    for name in ("and_", "or_", "xor"):
        write("logic", name, polars_cases(getattr(operator, name), None, rows()))
    one = [("basic", ("Bool",), (v,)) for v in (False, True)]
    one += [("nulls", (name,), (None,)) for name in ("Bool", "Int8", "UInt8")]
    for name in ("Int8", "Int64", "UInt16", "UInt64"):
        low, high = bounds(name)
        one += [("basic", (name,), (v,)) for v in (1, 100)]
        one += [("bounds", (name,), (v,)) for v in (low, high)]
    write("logic", "not_", polars_cases(operator.invert, None, one))


if __name__ == "__main__":
    main()
