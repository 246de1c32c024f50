"""Golden cases of shifts and checked arithmetic, by the integers of CPython."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from numeric_cases import BY_HAND, CPYTHON, SIGNED, UNSIGNED, Case, bounds, case, wrap, write

CHECKED: dict[str, Callable[[int, int], int]] = {
    "checked_add": operator.add,
    "checked_sub": operator.sub,
    "checked_mul": operator.mul,
}
ROOT = 3037000499  # the whole part of sqrt(2**63)


def shift_cases(name: str) -> list[Case]:
    """Every type, shifted by nothing, a little, and all places but one."""
    made = []
    for dtype in (*SIGNED, *UNSIGNED):
        low, high = bounds(dtype)
        bits = int(dtype.removeprefix("U").removeprefix("Int"))
        for n in (0, 1, 3, bits - 1):
            for x in dict.fromkeys((0, 1, 5, 100, -1, -100, low, low + 1, high - 1, high)):
                if low <= x <= high:
                    out = wrap(x << n, dtype) if name == "shift_left" else x >> n
                    group = "bounds" if x in (low, high) or n == bits - 1 else "basic"
                    why = "of a number without width, wrapped" if "left" in name else "floor"
                    made.append(case(group, [dtype], [x], dtype, out, CPYTHON, why, {"n": n}))
        made.append(
            case("nulls", [dtype], [None], dtype, None, BY_HAND, "null in, null out", {"n": 1})
        )
    return made


def checked_cases(name: str) -> list[Case]:
    """Pairs of small numbers, of ends, and of numbers around the limits of each op."""
    made: list[Case] = []
    for dtype in ("Int64", "UInt64"):
        low, high = bounds(dtype)
        small = [v for v in (0, 1, 2, -1, -7, 100) if v >= low]
        ends = [low, low + 1, high - 1, high, high // 2, high // 2 + 1]
        roots = [ROOT, ROOT + 1] if low < 0 else [2**32 - 1, 2**32, 2**32 + 1]
        wide = [*small, *ends, *roots, *([-ROOT, -ROOT - 1, low // 2] if low < 0 else [])]
        for a in wide:
            for b in wide:
                exact = CHECKED[name](a, b)
                out = exact if low <= exact <= high else None
                is_small = a in small and b in small
                why = "" if out is not None else "the type cannot hold it"
                group = "basic" if is_small else "bounds"
                made.append(case(group, [dtype] * 2, [a, b], dtype, out, CPYTHON, why))
        for args in ((None, 1), (0, None), (None, None)):
            made.append(case("nulls", [dtype] * 2, args, dtype, None, BY_HAND, "null in, null out"))
    return made


def main() -> None:
    """Writes the files of the family."""
    made: dict[str, Any] = {name: shift_cases(name) for name in ("shift_left", "shift_right")}
    made |= {name: checked_cases(name) for name in CHECKED}
    for name, lines in made.items():
        write("integers", name, list({repr(line): line for line in lines}.values()))


if __name__ == "__main__":
    main()
