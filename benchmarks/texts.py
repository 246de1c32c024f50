"""Text ops as column kernels beside Polars' own expressions, in CPU time: the machine is shared."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import polars as pl

import featurelib as fl
from benchmarks import equality
from benchmarks.tables import Table, times
from benchmarks.timing import race
from featurelib.dtypes import DATE, FLOAT64, INT64, STRING, DType
from featurelib.node import input_node
from featurelib.program import Program
from featurelib_offline.column_kernel import ColumnKernel

_WORDS = ("to", "be", "or", "not", "that", "is", "the question", "Ænima", "naïve", "Straße 17")


class Work(NamedTuple):
    """One op on one column, said to us and to Polars.

    Attributes:
        column: Its name in the frame.
        ours: From a column to a result.
        theirs: The same to Polars; None where the words are the same.
    """

    column: str
    ours: Callable[[Any], Any]
    theirs: Callable[[Any], Any] | None = None


def _cast(column: str, ours: Any, theirs: Any) -> Work:
    return Work(column, lambda x: x.cast(ours), lambda x: x.cast(theirs, strict=False))


WORK: dict[str, Work] = {
    "str.to_lowercase": Work("words", lambda x: x.str.to_lowercase()),
    "str.to_uppercase": Work("ascii", lambda x: x.str.to_uppercase()),
    "str.len_chars": Work("words", lambda x: x.str.len_chars()),
    "str.head(5)": Work("words", lambda x: x.str.head(5)),
    "str.slice(2, 6)": Work("words", lambda x: x.str.slice(2, 6)),
    "str.starts_with('the')": Work("words", lambda x: x.str.starts_with("the")),
    "str.contains('que', literal=True)": Work(
        "words", lambda x: x.str.contains("que", literal=True)
    ),
    "str.contains('[a-z]+ [0-9]{2}')": Work("words", lambda x: x.str.contains("[a-z]+ [0-9]{2}")),
    "str.find('not', literal=True)": Work("words", lambda x: x.str.find("not", literal=True)),
    "str.count_matches('e', literal=True)": Work(
        "words", lambda x: x.str.count_matches("e", literal=True)
    ),
    "str.strip_chars()": Work("padded", lambda x: x.str.strip_chars()),
    "str.replace_all('be', 'do', literal=True)": Work(
        "words", lambda x: x.str.replace_all("be", "do", literal=True)
    ),
    "str.pad_start(24)": Work("words", lambda x: x.str.pad_start(24)),
    "str.zfill(12)": Work("whole", lambda x: x.str.zfill(12)),
    "str.reverse": Work("ascii", lambda x: x.str.reverse()),
    "concatenation": Work("words", lambda x: x + "-" + x),
    "text to Int64": _cast("whole", fl.Int64, pl.Int64),
    "text to Float64": _cast("decimals", fl.Float64, pl.Float64),
    "str.to_date('%Y-%m-%d')": Work(
        "days", lambda x: x.str.to_date("%Y-%m-%d"), lambda x: x.str.to_date("%Y-%m-%d")
    ),
    "Int64 to text": _cast("integer", fl.String, pl.String),
    "Float64 to text, 17 digits": _cast("normal", fl.String, pl.String),
    "Float64 to text, cents": _cast("cents", fl.String, pl.String),
    "Date to text": _cast("day", fl.String, pl.String),
}
TYPES: dict[str, DType] = {"integer": INT64, "normal": FLOAT64, "cents": FLOAT64, "day": DATE}


def measure(quick: bool) -> list[Table]:
    """The tables of this page."""
    frame = _frame(2_000 if quick else 200_000)
    rows = len(frame)
    table = Table(
        f"Text: column kernels beside Polars' own, {rows:,} rows, CPU time",
        ("op", "featurelib, ns a row", "Polars, ns a row", "rate of Polars", "values equal"),
    )
    for name, work in WORK.items():
        node = input_node(work.column, TYPES.get(work.column, STRING), False)
        kernel = ColumnKernel(Program({"out": work.ours(node)}), {})
        ours = kernel.expression([work.column]).struct.field("out")
        theirs = (work.theirs or work.ours)(pl.col(work.column))
        a, b = (frame.select(out=e)["out"] for e in (ours, theirs))
        if not a.equals(b.cast(a.dtype)):
            raise equality.WrongPeerError(f"{name}: Polars gives other values")
        found = race(
            {"ours": lambda e=ours: frame.select(e), "Polars": lambda e=theirs: frame.select(e)},
            rounds=2 if quick else 15,
            slice_s=0.0,
            clock=time.process_time,
        )
        each = (f"{1e9 * found.median(who) / rows:.0f}" for who in ("ours", "Polars"))
        table.rows.append((name, *each, times(found.ratio("Polars", "ours")), "all bits"))
    table.notes = [
        "CPU time of all threads, system time too. `explain` says what a plan gives to Polars.",
        "New memory counts: where a page fault is dear, so is a text that is made.",
    ]
    return [table]


def _frame(rows: int) -> pl.DataFrame:
    rng, numbers = random.Random(7), np.random.default_rng(7)
    words = [" ".join(rng.choices(_WORDS, k=rng.randrange(1, 6))) for _ in range(rows)]
    integer = numbers.integers(-(10**9), 10**9, rows)
    normal = numbers.normal(size=rows) * 100
    day = pl.Series(numbers.integers(0, 20_000, rows), dtype=pl.Int32).cast(pl.Date)
    return pl.DataFrame({
        "words": words,
        "ascii": [w.encode("ascii", "replace").decode() for w in words],
        "padded": [" " * rng.randrange(4) + w + "\t" * rng.randrange(3) for w in words],
        "integer": integer,
        "whole": integer.astype(str),
        "normal": normal,
        "decimals": [repr(v) for v in normal.tolist()],
        "cents": np.round(numbers.uniform(0, 1000, rows), 2),
        "day": day,
        "days": day.cast(pl.String),
    })  # fmt: skip
