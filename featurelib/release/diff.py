"""What moves between two bundles: first what is written differently, then what comes out.

    found = compare(old, new, rows=20_000, seed=0)
    print(found.text(80))

Equal means equal bits and equal nulls. Values are computed by the batch engine, in chunks: golden
rows, generated rows, and rows that are given. Of a set with aggregates over events, generated
queries and given ones are joined with their events by each side first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from featurelib.bundle import Bundle
from featurelib.errors import ReleaseError
from featurelib.release.difference import Difference, FeatureChange, MovedRows, Status

if TYPE_CHECKING:
    from featurelib.release.diff_rows import RowSet

__all__ = ["Difference", "FeatureChange", "MovedRows", "Progress", "asked_inputs", "compare"]

Progress = Callable[[str, int, int | None], None]
"""Told which rows are compared, how many are done, and how many there are (None: not known)."""


def compare(
    old: Bundle,
    new: Bundle,
    *,
    rows: int = 20_000,
    seed: int = 0,
    data: Any = None,
    events: Mapping[str, Any] | None = None,
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
        events: Records of each event source, likewise; `data` then has queries about them.
        golden: Files of golden features, whose rows are compared (their recorded values are not
            looked at: `featurelib golden verify` does that).
        notes: What the reports should say besides.
        progress: Told how far it is.

    Raises:
        ReleaseError: A golden file cannot be read, or events are given without queries.
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
    joined = _queries(old, new, rows, seed, data, events or {})
    row_sets += joined
    if data is not None and not events:
        row_sets.append(data_rows(data, old, new))
    both = [n for n in new.features if n in old.features]
    reads = {n: tuple(dict.fromkeys(_reads(old, n) + _reads(new, n))) for n in both}
    asked = {n: asked_inputs(old, new, reads[n]) for n in both}
    counters = {
        (s.kind, n): MoveCounter(s.kind, asked[n] if s in joined else reads[n])
        for s in row_sets
        for n in both
    }
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
            () if is_same or any(taken[s.kind] for s in joined) else _unseen(old, new, reads[name]),
        )
    return Difference(
        old, new, features, structure(old, new), taken, refused, seed, tuple(notes), tuple(row_sets)
    )


def _reads(bundle: Bundle, feature: str) -> tuple[str, ...]:
    return tuple(bundle.program.subset([feature]).inputs)


def _queries(
    old: Bundle, new: Bundle, rows: int, seed: int, data: Any, events: Mapping[str, Any]
) -> list[RowSet]:
    """Rows whose aggregates each side finds in events."""
    if not old.aggregates and not new.aggregates and not events:
        return []
    from featurelib.release.diff_events import generated_queries, given_queries

    found = []
    made = generated_queries(old, new, rows, seed) if rows else None
    if made is not None:
        found.append(made)
    if events:
        if data is None:
            raise ReleaseError(
                f"events of {', '.join(events)} are given, and no queries about them",
                hint="data (--data) has the queries: times and entities, and the other inputs",
            )
        found.append(given_queries(data, events, old, new))
    return found


def asked_inputs(old: Bundle, new: Bundle, reads: tuple[str, ...]) -> tuple[str, ...]:
    """What a feature reads; before it who was asked about, and when, if it reads an aggregate.

    Args:
        old: The one side.
        new: The other side.
        reads: The inputs that the feature reads on either side.
    """
    plans = [
        (side.aggregates.aggregates[name].entity, side.aggregates.as_of)
        for side in (old, new)
        if side.aggregates
        for name in reads
        if name in side.aggregates.aggregates
    ]
    return tuple(dict.fromkeys((*(field for pair in plans for field in pair), *reads)))


def _unseen(old: Bundle, new: Bundle, reads: Sequence[str]) -> tuple[str, ...]:
    """Aggregates whose meaning is not the same, where no events were compared."""
    sides = [b.aggregates.fingerprints if b.aggregates else {} for b in (old, new)]
    return tuple(
        f"it reads the aggregate `{name}`, which is not the same; rows hold values of aggregates, "
        "so what its events would give is not compared"
        for name in reads
        if sides[0].get(name) != sides[1].get(name)
    )
