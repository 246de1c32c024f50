"""What the generators of the numeric families share: edge values, oracles and the writer.

An oracle is Polars on a frame of one row (columns, never literals: Polars divides by a literal
through its reciprocal), NumPy, or the integers of CPython. None shares code with featurelib.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import platform
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

POLARS = f"polars {pl.__version__}"
NUMPY = f"numpy {np.__version__}"
CPYTHON = f"CPython {platform.python_version()} integers"
BY_HAND = "by hand"

NAN, INF = math.nan, math.inf
SIGNED = ("Int8", "Int16", "Int32", "Int64")
UNSIGNED = ("UInt8", "UInt16", "UInt32", "UInt64")
UTC = dt.UTC
TYPES = {
    name: getattr(pl, name) for name in (*SIGNED, *UNSIGNED, "Float32", "Float64", "String")
} | {
    "Bool": pl.Boolean,
    "Date": pl.Date,
    "Datetime(UTC)": pl.Datetime("us", "UTC"),
    "Datetime(Asia/Tokyo)": pl.Datetime("us", "Asia/Tokyo"),
    "Duration": pl.Duration("us"),
}
WHY = {
    "basic": "ordinary values",
    "nulls": "a null argument",
    "nan_inf": "NaN and infinities",
    "signed_zero": "-0.0 and 0.0 are kept apart by bits",
    "bounds": "the ends of the type",
    "text_edges": "text is compared by its UTF-8 bytes",
}
_ROOT = Path(__file__).resolve().parent.parent / "ops"

Case = dict[str, Any]


def bounds(name: str) -> tuple[int, int]:
    """The least and the greatest value of an integer type."""
    bits = int(name.removeprefix("U").removeprefix("Int"))
    return (0, 2**bits - 1) if name.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def wrap(value: int, name: str) -> int:
    """An integer modulo the width of a type."""
    low, high = bounds(name)
    return (value - low) % (high - low + 1) + low


def encode(value: Any) -> Any:
    """A value as golden lines hold it."""
    if isinstance(value, dt.datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value // dt.timedelta(microseconds=1)
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if value != value else "inf" if value > 0 else "-inf"
    return value


def case(
    group: str,
    types: Iterable[str],
    args: Iterable[Any],
    out_type: str,
    out: Any,
    oracle: str,
    why: str = "",
    params: dict[str, Any] | None = None,
) -> Case:
    """One line; `why` defaults to what the group shows."""
    return {
        "group": group,
        "types": list(types),
        "args": [encode(a) for a in args],
        "params": params or {},
        "out_type": out_type,
        "out": encode(out),
        "oracle": oracle,
        "why": why or WHY[group],
    }


def by_polars(
    build: Callable[..., pl.Expr], types: Iterable[str], args: Iterable[Any], out_type: str
) -> Any:
    """What Polars gives for columns a, b, c of one row; NaN and -0.0 come through."""
    names = "abc"
    series = [
        pl.Series(n, [v], dtype=TYPES[t]) for n, t, v in zip(names, types, args, strict=False)
    ]
    frame = pl.DataFrame(series)
    out = frame.select(build(*(pl.col(s.name) for s in series)).alias("out"))["out"]
    if out.dtype != TYPES[out_type]:
        raise TypeError(f"{out_type} expected, Polars gives {out.dtype}")
    return out.item()


def polars_cases(
    build: Callable[..., pl.Expr],
    out_type: str | None,
    rows: Iterable[tuple[Any, ...]],
    params: dict[str, Any] | None = None,
) -> list[Case]:
    """Cases from rows ``(group, types, args)`` or ``(group, types, args, why)``.

    Without an `out_type` it is the type of the first argument.
    """
    made = []
    for group, types, args, *why in rows:
        result = out_type or types[0]
        out = by_polars(build, types, args, result)
        made.append(case(group, types, args, result, out, POLARS, why[0] if why else "", params))
    return made


def write(family: str, op: str, cases: list[Case]) -> None:
    """Writes the file of an op, version 1; a repeated case is an error of its generator."""
    folder = _ROOT / family
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(c, ensure_ascii=True, allow_nan=False) for c in cases]
    if len(set(lines)) != len(lines):
        raise ValueError(f"{family}/{op}: a case stands twice")
    write_lines(folder / f"{op}@1.jsonl", lines)


def write_lines(path: Path, lines: list[str]) -> None:
    """Writes a file of cases: those that it has keep their places, new ones are at its end."""
    held = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    made = set(lines)
    kept = [line for line in held if line in made]
    ordered = kept + [line for line in lines if line not in set(held)]
    path.write_text("\n".join(ordered) + "\n", encoding="utf-8")
