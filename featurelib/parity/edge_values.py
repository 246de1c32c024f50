"""Values at which engines part ways: the edges of each type, and the constants of a program.

All values are canonical: bool, int, float, bytes, tuple.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from featurelib.borders import violation
from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.fields import Field
from featurelib.node import FIT, INPUT, LITERAL, Node
from featurelib.program import Program
from featurelib.regex.samples import sample_texts
from featurelib.tables import TableData

__all__ = [
    "FIRST_DAY",
    "FIRST_INSTANT",
    "LAST_DAY",
    "LAST_INSTANT",
    "edge_values",
    "pools",
    "transitions",
]

FIRST_DAY, LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31, in days since the epoch."""
_DAY = 86_400_000_000
FIRST_INSTANT, LAST_INSTANT = FIRST_DAY * _DAY, (LAST_DAY + 1) * _DAY - 1
_MOST = 64
"""Constants that are taken of one table."""

_ODD_NAN = struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_0001))[0]
_FLOATS = (
    0.0, -0.0, 1.0, -1.0, math.nan, math.inf, -math.inf, _ODD_NAN, 0.5, -0.5, 1.5, 2.5, 0.1, -2.5,
    5e-324, -5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308,
    -1.7976931348623157e308, 1.0 + 2**-52, 1.0 - 2**-53, 2.0**53, 2.0**53 + 2, -(2.0**53), 2.0**63,
    -(2.0**63), 2.0**64, 2.0**31, 2.0**32, 127.5, 128.0, 255.0, 256.0, 1e-8, 1e22, math.pi,
    math.pi / 2, math.e, 10.0, 100.0, 709.78, 710.0, -708.4, -745.2, 88.8, 1e5, 1e300, -1e-300,
    16777217.0, 3.4028234663852886e38, 3.4028235677973366e38, 1.1754943508222875e-38, 1e-45,
)  # fmt: skip
_INTEGERS = (0, 1, -1, 2, -2, 3, 7, 10, 59, 60, 100, 127, 128, -128, -129, 255, 256, 1000, 32767,
             32768, 65535, 65536, 2**31 - 1, 2**31, -(2**31), 2**32 - 1, 2**32, 2**53, 2**53 + 1,
             2**63 - 1, -(2**63), 2**63, 2**64 - 1)  # fmt: skip
_TEXTS = (
    "", " ", "a", "A", "0", "-1", "abc", "ABC", "  x\t\n", "\x00", "a\x00b", "é", "e\u0301", "ß",
    "ẞ", "İ", "ı", "Σ", "ΑΣ", "ΑΣ Α", "ς", "ǆ", "ﬁ", "日本語", "😀", "👩\u200d👩\u200d👧", "\ufeff",
    "\u2028", "\u00a0x\u2003", "\U0010ffff", "\ud7ff", "naïve CAFÉ", "twelve bytes",
    "thirteen byte", "日本日本", "x" * 100, "é" * 50, "ﬃ" * 20, "word " * 60, "z" * 40_000,
)  # fmt: skip
_DAYS = (0, 1, -1, 59, 60, 365, 11_016, 11_017, 19_781, 19_782, 20_088, -25_509, 47_541, FIRST_DAY,
         FIRST_DAY + 1, LAST_DAY, LAST_DAY - 1, -719_163 + 146_097)  # fmt: skip


def edge_values(dtype: DType) -> list[Any]:
    """The edges of a type, the common ones first."""
    match dtype.name:
        case "Bool":
            return [False, True]
        case "Float64":
            return list(_FLOATS)
        case "Float32":
            with np.errstate(over="ignore"):
                return [float(np.float32(v)) for v in _FLOATS]
        case "String":
            return [v.encode() for v in _TEXTS]
        case "Date":
            return [d for d in _DAYS if FIRST_DAY <= d <= LAST_DAY]
        case "Datetime":
            inside = (d * _DAY + t for d in _DAYS for t in (0, 1, -1, 43_200_000_000, _DAY - 1))
            return [t for t in inside if FIRST_INSTANT <= t <= LAST_INSTANT]
        case "Duration":
            return [0, 1, -1, 999_999, 10**6, -(10**6), _DAY, -_DAY, _DAY - 1, 3600 * 10**6 + 1]
        case "List" | "Array":
            return _sequences(dtype)
    low, high = dtype.bounds
    return [low, high, *(v for v in _INTEGERS if low < v < high)]


def _sequences(dtype: DType) -> list[Any]:
    assert dtype.inner is not None
    items = [v for v in edge_values(dtype.inner) if v == v]
    if dtype.size is not None:
        n = dtype.size
        return [tuple(items[(k + i) % len(items)] for i in range(n)) for k in range(len(items))]
    return [(), *((v,) for v in items[:6]), tuple(items), tuple(items[:3]) * 20]


def pools(bundle: Bundle) -> dict[str, list[Any]]:
    """For each input: the edges of its type and constants of the program that a row may hold."""
    found = dict(_constants(bundle))
    made = {}
    for field in bundle.schema:
        values = [*found.get(field.name, ()), *edge_values(field.dtype), *_of_constraints(field)]
        fitting = (_shortened(v, field) for v in values)
        kept = [v for v in fitting if not field.is_constrained or not violation(v, field)]
        unique = {(repr(v), math.copysign(1, v) if isinstance(v, float) else 0): v for v in kept}
        made[field.name] = [*unique.values(), *([None] if field.nullable else [])]
    return made


def _of_constraints(field: Field) -> Iterator[Any]:
    given = field.constraints.given()
    for name in ("ge", "gt", "le", "lt"):
        if name in given:
            yield from _around(given[name], field.dtype)
    for value in given.get("one_of", ()):
        yield value.encode() if isinstance(value, str) else value


def _shortened(value: Any, field: Field) -> Any:
    most = field.constraints.max_length
    if most is None or value is None:
        return value
    return value.decode()[:most].encode() if isinstance(value, bytes) else value[:most]


def _constants(bundle: Bundle) -> Iterator[tuple[str, list[Any]]]:
    """Input name and constants that meet it somewhere downstream, in its type, with neighbours."""
    reads: dict[str, set[str]] = {}
    near: dict[str, list[Any]] = {name: [] for name in bundle.schema.names}
    for node in bundle.program.serving_nodes:
        if node.op == INPUT:
            reads[node.key] = {str(node.param["name"])}
            continue
        args = () if node.op == FIT else node.args
        reads[node.key] = set().union(*(reads[a.key] for a in args))
        constants = [*_given(node, args, bundle)]
        for name in reads[node.key] if constants else ():
            near[name] += constants
    for name, values in near.items():
        dtype = bundle.schema[name].dtype
        yield name, [v for c in dict.fromkeys(values) for v in _around(c, dtype)]


def _given(node: Node, args: Iterable[Node], bundle: Bundle) -> Iterator[Any]:
    """Constants that an op reads, hashable; those of tables too."""
    if node.op != LITERAL:
        yield from (v for _, v in node.params)
    for arg in args:
        if arg.op not in (LITERAL, FIT):
            continue
        value = arg.param["value"] if arg.op == LITERAL else bundle.state[arg.key]
        if not isinstance(value, TableData):
            yield value
        elif value.kind == "zone":
            yield from _transitions(value.content)
        elif value.kind.startswith("regex"):
            yield from (text.encode() for text in sample_texts(value.content[0]))
        elif value.kind not in ("unicode_case", "unicode_class", "unicode_normal", "powers_of_ten"):
            step = max(1, len(value.content) // _MOST)
            yield from (v.encode() if isinstance(v, str) else v for v in value.content[::step])


def transitions(program: Program) -> list[int]:
    """Instants, in microseconds, at which the clocks of a zone in the program jump."""
    tables = (n.param.get("value") for n in program.serving_nodes if n.op == LITERAL)
    return [
        1_000_000 * second
        for table in tables
        if isinstance(table, TableData) and table.kind == "zone"
        for second in table.content[2::2]
    ]


def _transitions(content: tuple[Any, ...]) -> Iterator[int]:
    """Instants at which a zone's offset changes, and the wall clocks around them."""
    pairs = [*zip(content[2::2], content[3::2], strict=True)]
    before = [content[1], *(offset for _, offset in pairs)]
    numbered = [*zip(pairs, before, strict=False)]
    for (second, offset), old in numbered[:4] + numbered[-12:]:
        for moment in (second, second + offset, second + old, second + (offset + old) // 2):
            yield moment * 1_000_000


def _around(constant: Any, dtype: DType) -> list[Any]:
    """A constant and its neighbours as values of a type; nothing where it is none."""
    if isinstance(constant, bytes) and dtype.name == "String":
        text = constant.decode()
        near = (text, text + "x", text[:-1], text.upper(), text.lower(), f" {text} ", "x" + text)
        return [v.encode() for v in near]
    if isinstance(constant, (bool, bytes)) or not isinstance(constant, (int, float)):
        return []
    if dtype.is_float:
        return _near_float(constant, dtype)
    if dtype.kind != "i" and dtype.kind != "u":
        return []
    if isinstance(constant, float):
        if not math.isfinite(constant):
            return []
        constant = math.floor(constant)
    return [v for v in (constant - 1, constant, constant + 1) if _in_type(v, dtype)]


def _near_float(constant: int | float, dtype: DType) -> list[float]:
    wide = np.float64 if dtype.name == "Float64" else np.float32
    with np.errstate(all="ignore"):
        value = wide(constant)
        near = (np.nextafter(value, wide(-np.inf)), value, np.nextafter(value, wide(np.inf)))
        return [float(v) for v in near]


def _in_type(value: int, dtype: DType) -> bool:
    if dtype.name == "Date":
        return FIRST_DAY <= value <= LAST_DAY
    if dtype.name == "Datetime":
        return FIRST_INSTANT <= value <= LAST_INSTANT
    low, high = dtype.bounds if dtype.is_integer else (-(2**63), 2**63 - 1)
    return low <= value <= high
