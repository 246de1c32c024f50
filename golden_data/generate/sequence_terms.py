"""Golden cases of projections and of terms: ``python golden_data/generate/sequence_terms.py``.

Signs are of the package xxhash, sums and roots of CPython's floats; NumPy rounds to Float32.
"""

from __future__ import annotations

import math
import struct
from typing import Any

import xxhash
from numeric_cases import BY_HAND, INF, NAN, NUMPY, Case, case, write
from sequence import CPYTHON, XXHASH
from sequence_values import FLOATS, TENTHS, code, held, seen, single

N_TERMS = 4


def projected(values: list[float], n: int, seed: int) -> list[float]:
    """Each component by its own signs, bit by bit."""
    made = []
    for i in range(n):
        total = 0.0
        for j, x in enumerate(values):
            word = struct.pack("<Q", (i << 32) + j // 64)
            is_minus = xxhash.xxh64(word, seed=seed).intdigest() >> (j % 64) & 1
            total = total - x if is_minus else total + x
        made.append(total * (1.0 / math.sqrt(n)))
    return made


def projection_cases() -> list[Case]:
    made = []
    for group, values, n, seed, why in (
        ("basic", [0.5, -1.5, 2.25], 3, 0, "three of three"),
        ("basic", TENTHS, 3, 0, "sums that depend on the order"),
        ("basic", [], 3, 0, "zeros for the empty vector"),
        ("basic", [k / 7 - 9 for k in range(150)], 3, 0, "over 64 elements"),
        ("basic", [1.0], 5, 42, "signs of a component"),
        ("basic", [3.0, 4.0], 1, 2**64 - 1, "one component, the greatest seed"),
        ("nan_inf", [1.0, NAN], 3, 0, "NaN"),
        ("nan_inf", [INF, INF, 1.0, -INF], 5, 42, "infinities"),
        ("signed_zero", [-0.0, 0.0], 5, 42, "no zero is negative"),
        ("bounds", [3e38, 3e38], 1, 0, "beyond Float32"),
        ("bounds", [2.0**-149], 3, 0, "below the least Float32"),
        ("nulls", None, 3, 0, "null stays null"),
    ):
        for dtype in FLOATS:
            if values is not None and dtype == "Float32":
                out: Any = [single(v) for v in projected(held(dtype, values), n, seed)]
                oracle = f"{XXHASH}, {CPYTHON}, {NUMPY}"
            else:
                out = None if values is None else projected(values, n, seed)
                oracle = BY_HAND if values is None else f"{XXHASH}, {CPYTHON}"
            types, kind = [f"List({dtype})"], f"Array({dtype}, {n})"
            params = {"n": n, "seed": seed, "element": code(dtype)}
            args = [None if values is None else seen(held(dtype, values))]
            made.append(case(group, types, args, kind, seen(out), oracle, why, params))
    types, args = ["Array(Float64, 2)"], [[1.5, -0.25]]
    params = {"n": 3, "seed": 0, "element": 64}
    out = projected(args[0], 3, 0)
    oracle = f"{XXHASH}, {CPYTHON}"
    made.append(case("basic", types, args, "Array(Float64, 3)", out, oracle, "an Array", params))
    return made


DOCUMENTS: list[tuple[str, str, Any, str]] = [
    ("basic", "Int16", [7, -3, 7, 9, 7], "terms that come again, and one that is none"),
    ("basic", "Int16", [], "an empty document"),
    ("basic", "Int16", [1, 2, 3], "no term"),
    ("basic", "UInt32", [9, 7, 1000000007], "unsigned terms"),
    ("basic", "Int64", [-3] * 20, "one term alone"),
    ("bounds", "UInt64", [2**64 - 1, 7, 2**64 - 1], "the greatest term"),
    ("bounds", "Int64", [-1, -(2**63), 2**63 - 1], "-1 is no 2**64 - 1"),
    ("nulls", "Int16", None, "all zeros for null"),
    ("nulls", "UInt64", None, "all zeros for null"),
]
TERMS = {"U": [7, 2**64 - 1, 9], "I": [7, -3, 9, -(2**63), 11]}
"""Fewer than the Array has places, and more."""
WEIGHTS = [1.0, 1.5108256237659907, 2.09861228866811, 0.1, 3.0]


def counted(values: Any, terms: list[int]) -> list[float]:
    some = terms[:N_TERMS]
    counts = [float((values or []).count(t)) for t in some]
    return counts + [0.0] * (N_TERMS - len(some))


def term_cases(is_weighted: bool) -> list[Case]:
    made = []
    for group, dtype, values, why in DOCUMENTS:
        terms = TERMS[dtype[0]]
        tables = [{"kind": "integers", "content": terms, "name": "terms"}]
        counts = counted(values, terms)
        types, kind = [f"List({dtype})", "Table(integers)"], f"Array(Float32, {N_TERMS})"
        params: dict[str, Any] = {"n": N_TERMS, "element": code(dtype)}
        oracle = BY_HAND if values is None else CPYTHON
        if not is_weighted:
            made.append(case(group, types, [values, *tables], kind, counts, oracle, why, params))
            continue
        weights = WEIGHTS[: len(terms)]
        tables.append({"kind": "f64", "content": weights, "name": "weights"})
        types.append("Table(f64)")
        for is_unit in (False, True):
            out = [c * w for c, w in zip(counts, [*weights, 0.0], strict=False)]
            total = 0.0
            for v in out:
                total += v * v
            length = math.sqrt(total) if is_unit and total else 1.0
            shown = [single(v / length) for v in out]
            named = oracle if values is None else f"{CPYTHON}, {NUMPY}"
            told = {**params, "is_unit": is_unit}
            made.append(case(group, types, [values, *tables], kind, shown, named, why, told))
    return made


if __name__ == "__main__":
    write("sequence", "list.random_projection", projection_cases())
    write("sequence", "list.term_counts", term_cases(is_weighted=False))
    write("sequence", "list.term_weights", term_cases(is_weighted=True))
