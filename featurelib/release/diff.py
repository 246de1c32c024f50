"""What moves between two bundles: first what is written differently, then what comes out.

    found = compare(old, new, rows=20_000, seed=0)
    print(found.text(80))

Equal means equal bits and equal nulls. Values are computed by the batch engine, in chunks: golden
rows, generated rows, and rows that are given.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from featurelib.bundle import Bundle
from featurelib.release.difference import Difference, FeatureChange, MovedRows, Status

__all__ = ["Difference", "FeatureChange", "MovedRows", "Progress", "compare"]

Progress = Callable[[str, int, int | None], None]
"""Told which rows are compared, how many are done, and how many there are (None: not known)."""


def compare(
    old: Bundle,
    new: Bundle,
    *,
    rows: int = 20_000,
    seed: int = 0,
    data: Any = None,
    golden: Sequence[str | os.PathLike[str]] = (),
    notes: Sequence[str] = (),
    progress: Progress | None = None,
) -> Difference:
    """Compares two bundles.

    Args:
        old: What is released.
        new: What may come after it.
        rows: How many rows to generate.
        seed: Of their generator.
        data: Rows to compare besides: a frame (Polars, pyarrow, pandas), or files as
            `featurelib_offline.job` takes them.
        golden: Files of golden features, whose rows are compared (their recorded values are not
            looked at: `featurelib golden verify` does that).
        notes: What the reports should say besides.
        progress: Told how far it is.

    Raises:
        ReleaseError: A golden file cannot be read.
        InputError: The data cannot be read.
        MissingExtraError: Polars is not installed.
    """
    from featurelib.release.diff_counts import MoveCounter
    from featurelib.release.diff_graph import Graphs
    from featurelib.release.diff_rows import data_rows, generated_rows, golden_rows
    from featurelib.release.diff_structure import structure
    from featurelib.release.diff_values import chunks_of

    row_sets = []
    if golden:
        row_sets.append(golden_rows(golden))
    if rows:
        row_sets.append(generated_rows(old, new, rows, seed))
    if data is not None:
        row_sets.append(data_rows(data, old, new))
    both = [n for n in new.features if n in old.features]
    reads = {n: tuple(dict.fromkeys(_reads(old, n) + _reads(new, n))) for n in both}
    counters = {(s.kind, n): MoveCounter(s.kind, reads[n]) for s in row_sets for n in both}
    taken: dict[str, int] = {s.kind: 0 for s in row_sets}
    refused: dict[str, tuple[int, str]] = {}
    totals = {s.kind: s.total for s in row_sets}
    for chunk in chunks_of(old, new, row_sets, both):
        kind = chunk.kind
        for name in both:
            counters[kind, name].add(chunk, name)
        taken[kind] += len(chunk.index)
        if chunk.refused:
            many, reason = refused.get(kind, (0, chunk.reason))
            refused[kind] = (many + chunk.refused, reason)
        if progress is not None:
            progress(kind, taken[kind] + refused.get(kind, (0, ""))[0], totals[kind])
    graphs = Graphs(old, new)
    features: dict[str, FeatureChange] = {}
    for name in dict.fromkeys((*new.features, *old.features)):
        before, after = old.features.get(name), new.features.get(name)
        if before is None or after is None:
            status: Status = "added" if before is None else "removed"
            features[name] = FeatureChange(name, status, before, after)
            continue
        is_same = before.fingerprint == after.fingerprint
        features[name] = FeatureChange(
            name,
            "same" if is_same else "changed",
            before,
            after,
            None if is_same else graphs.part(name),
            {s.kind: counters[s.kind, name].result() for s in row_sets},
            () if is_same else _unseen(old, new, reads[name]),
        )
    return Difference(
        old, new, features, structure(old, new), taken, refused, seed, tuple(notes), tuple(row_sets)
    )


def _reads(bundle: Bundle, feature: str) -> tuple[str, ...]:
    return tuple(bundle.program.subset([feature]).inputs)


def _unseen(old: Bundle, new: Bundle, reads: Sequence[str]) -> tuple[str, ...]:
    """Aggregates over events whose meaning is not the same: rows hold their values, not events."""
    sides = [b.aggregates.fingerprints if b.aggregates else {} for b in (old, new)]
    return tuple(
        f"it reads the aggregate `{name}`, which is not the same; rows hold values of aggregates, "
        "so what its events would give is not compared"
        for name in reads
        if sides[0].get(name) != sides[1].get(name)
    )
