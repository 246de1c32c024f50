"""Golden cases of encoding: places by `list.index` of CPython, one-hot vectors by hand."""

from __future__ import annotations

import platform
from typing import Any

from numeric_cases import Case, case, write

ORACLE = f"CPython {platform.python_version()} list.index"
AIRPORTS = ["JFK", "LGA", "EWR", "", "é", "e\u0301", "日本", "😀", "jfk", "JF", "JFK ", "x" * 40]
NUMBERS = [5, -1, 0, 2**63 - 1, -(2**63), 7, 1000000007]
COLLIDING = ("w055662", "w058957"), (11_134, 85_212)
"""Two texts and two numbers whose XXH64 agree in the upper half and in the last two bits."""
LARGE = [0, 2**64 - 1, 2**63, 12]
WORDS = [f"w{i * 7919 % 1000}" for i in range(60)]

Rows = list[tuple[str, str, list[Any], list[Any], str]]


def rows() -> Rows:
    """Rows ``(group, type, values of the table, values looked up, why)``."""
    return [
        ("basic", "String", AIRPORTS, ["JFK", "LGA", "EWR", "jfk", "JF"], "known values"),
        ("basic", "String", AIRPORTS, ["SFO", "JF K", "JFKx", "LG"], "unknown values"),
        ("text_edges", "String", AIRPORTS, ["", "é", "e\u0301", "JFK ", "日本", "😀"], "by bytes"),
        ("text_edges", "String", AIRPORTS, ["x" * 40, "x" * 39, "x" * 41, "日"], "by length too"),
        ("bounds", "String", [], ["", "a"], "an empty table knows nothing"),
        ("bounds", "String", ["only"], ["only", "other"], "a table of one value"),
        ("basic", "String", WORDS, [WORDS[0], WORDS[31], WORDS[59], "w"], "a table of 60"),
        ("bounds", "String", [COLLIDING[0][0]], [*COLLIDING[0]], "half a hash in common"),
        ("bounds", "String", [*COLLIDING[0]], [*COLLIDING[0]], "half a hash in common, both"),
        ("nulls", "String", AIRPORTS, [None], "null is no text"),
        ("basic", "Int64", NUMBERS, [5, -1, 0, 7, 8, 1000000007], "integers"),
        ("bounds", "Int64", NUMBERS, [2**63 - 1, -(2**63), 2**63 - 2], "ends of the type"),
        ("bounds", "Int64", [COLLIDING[1][0]], [*COLLIDING[1]], "half a hash in common"),
        ("bounds", "Int64", [*COLLIDING[1]], [*COLLIDING[1]], "half a hash in common, both"),
        ("nulls", "Int64", NUMBERS, [None], "null is no number"),
        ("basic", "Int8", [3, -3], [3, -3, 4], "narrow integers"),
        ("bounds", "UInt64", LARGE, [2**64 - 1, 2**63, 2**63 - 1, 12], "above the signed range"),
        ("nulls", "UInt64", LARGE, [None], "null is no number"),
        ("basic", "UInt8", [3, 255], [3, 255, 4], "narrow integers"),
    ]


def table(dtype: str, content: list[Any]) -> dict[str, Any]:
    kind = "strings" if dtype == "String" else "integers"
    return {"kind": kind, "content": content, "name": "values"}


def index_cases() -> list[Case]:
    """0 for null, 1 for unknown, else 2 + place."""
    made = []
    for group, dtype, content, wanted, why in rows():
        for value in wanted:
            place = content.index(value) if value in content else -1
            out = 0 if value is None else place + 2
            args = [value, table(dtype, content)]
            made.append(
                case(group, [dtype, f"Table({args[1]['kind']})"], args, "UInt32", out, ORACLE, why)
            )
    return made


def place_cases() -> list[Case]:
    """The place, null for unknown."""
    made = []
    for group, dtype, content, wanted, why in rows():
        for value in wanted:
            out = content.index(value) if value in content else None
            args = [value, table(dtype, content)]
            made.append(
                case(group, [dtype, f"Table({args[1]['kind']})"], args, "UInt32", out, ORACLE, why)
            )
    return made


def one_hot_cases() -> list[Case]:
    made = []
    for dtype in ("UInt8", "UInt32", "UInt64"):
        top = {"UInt8": 255, "UInt32": 2**32 - 1, "UInt64": 2**64 - 1}[dtype]
        for group, index, n, why in (
            ("basic", 0, 3, "the first"),
            ("basic", 1, 3, "in the middle"),
            ("basic", 2, 3, "the last"),
            ("bounds", 3, 3, "an index of n or more gives zeros"),
            ("bounds", top, 3, "an index of n or more gives zeros"),
            ("bounds", 0, 1, "an array of one"),
            ("bounds", 1, 1, "an array of one"),
            ("bounds", 7, 9, "an array of nine"),
            ("nulls", None, 3, "null gives zeros"),
            ("nulls", None, 1, "null gives zeros"),
        ):
            out = [1.0 if i == index else 0.0 for i in range(n)]
            made.append(
                case(group, [dtype], [index], f"Array(Float32, {n})", out, "by hand", why, {"n": n})
            )
    return made


def hash_vector_cases() -> list[Case]:
    """A 1 or -1 at the place of a hash: by arithmetic of CPython."""
    made = []
    hashes = [0, 1, 2, 5, 2**63, 2**63 + 1, 2**64 - 1, 12345678901234567890]
    for h in hashes:
        for n in (1, 3):
            out = put([0.0] * n, h)
            why = f"{h} modulo {n}"
            group = "bounds" if h in (0, 2**64 - 1) else "basic"
            made.append(_hashed(group, [h], out, why, n))
        for vector in ([0.0, 1.0, -2.0], [-1.0, 0.5, 7.0]):
            made.append(_hashed("basic", [vector, h], put(vector, h), f"{h} added", 3))
    made.append(_hashed("nulls", [None], [0.0, 0.0, 0.0], "null adds nothing", 3))
    made.append(_hashed("nulls", [[1.0, 2.0, 3.0], None], [1.0, 2.0, 3.0], "null adds nothing", 3))
    made.append(_hashed("nulls", [None, 4], [0.0, 1.0, 0.0], "a null vector is zeros", 3))
    return made


def put(vector: list[float], h: int) -> list[float]:
    made = list(vector)
    made[h % len(made)] += -1.0 if h >> 63 else 1.0
    return made


def _hashed(group: str, args: list[Any], out: list[float], why: str, n: int) -> Case:
    kind = f"Array(Float32, {n})"
    types = ["UInt64"] if len(args) == 1 else [kind, "UInt64"]
    oracle = "by hand" if group == "nulls" else f"CPython {platform.python_version()}"
    return case(group, types, args, kind, out, oracle, why, {"n": n})


if __name__ == "__main__":
    write("encode", "vocabulary_index", index_cases())
    write("encode", "place_in", place_cases())
    write("encode", "one_hot", one_hot_cases())
    write("encode", "hash_vector", hash_vector_cases())
