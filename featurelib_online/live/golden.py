"""Golden rows of a release, through the kernel that is to serve it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any

import numpy as np

from featurelib import literals
from featurelib.borders import from_canonical
from featurelib.bundle import Bundle
from featurelib_online.row import RowKernel

__all__ = ["first_difference", "golden_rows"]

Answers = Iterator[tuple[str, list[dict[str, Any]]]]


def golden_rows(
    bundle: Bundle, golden: bytes, most: int | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Requests, and the canonical values that a release gave for them.

    Args:
        bundle: The bundle of the release.
        golden: The bytes of its golden rows, as the registry has verified them.
        most: How many rows from the top; all by default.

    Returns:
        Rows of Python values, as a service hands them to a kernel; and for each its values by
        feature, as `featurelib.literals.canonical` writes them.
    """
    lines = BytesIO(golden)
    lines.readline()  # the header, with the fitted state
    read = [json.loads(line) for line in islice(lines, most)]
    fields = bundle.schema.fields
    requests = [
        {f.name: from_canonical(literals.from_canonical(r["in"][f.name]), f.dtype) for f in fields}
        for r in read
    ]
    return requests, [r["out"] for r in read]


def first_difference(kernel: RowKernel, golden: bytes, *, most: int | None = None) -> str | None:
    """What a kernel answers otherwise than its release has recorded, None if it is the same bits.

    Every way in is taken that reads Python values: a row, rows, and columns (whose loops are
    machine code of their own).

    Args:
        kernel: The kernel.
        golden: The bytes of the golden rows.
        most: How many rows from the top; all by default.

    Raises:
        InputError: A recorded row does not fit the input schema.
    """
    requests, recorded = golden_rows(kernel.bundle, golden, most)
    for way, answers in _answers(kernel, requests):
        for i, (got, expected) in enumerate(zip(answers, recorded, strict=True)):
            if got == expected:
                continue
            name = next(n for n in [*expected, *got] if got.get(n) != expected.get(n))
            return (
                f"feature `{name}`, golden row {i}, {way}: recorded {expected.get(name)!r}, "
                f"got {got.get(name)!r}; inputs {requests[i]}"
            )
    return None


def _answers(kernel: RowKernel, requests: list[dict[str, Any]]) -> Answers:
    names = list(kernel.bundle.program.outputs)
    yield (
        "one row",
        [
            {n: literals.canonical(row.canonical(n)) for n in names}
            for row in (kernel(request) for request in requests)
        ],
    )
    columns = {f.name: _objects([r[f.name] for r in requests]) for f in kernel.bundle.schema}
    for way, batch in (
        ("many rows", kernel.many(requests)),
        ("columns", kernel.columns(columns)),
    ):
        values = {n: batch.canonical(n) for n in names}
        yield (
            way,
            [{n: literals.canonical(values[n][i]) for n in names} for i in range(len(requests))],
        )


def _objects(values: list[Any]) -> np.ndarray[Any, Any]:
    made = np.empty(len(values), object)
    made[:] = values
    return made
