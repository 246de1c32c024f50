"""What moves between two bundles: first what is written differently, then what comes out.

    found = compare(old, new, rows=20_000, seed=0)
    print(found.text(80))

Equal means equal bits and equal nulls. Values are computed by the batch engine, in chunks: golden
rows, generated rows, and rows that are given.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from featurelib.bundle import Bundle, FeatureInfo

if TYPE_CHECKING:
    from featurelib.release.diff_counts import Moves
    from featurelib.release.diff_graph import Part
    from featurelib.release.diff_rows import RowSet
    from featurelib.release.diff_structure import Structure
    from featurelib.release.diff_values import Chunk

__all__ = ["Difference", "FeatureChange", "MovedRows", "Progress", "compare"]

Status = Literal["same", "added", "removed", "changed"]
Progress = Callable[[str, int, int | None], None]
"""Told which rows are compared, how many are done, and how many there are (None: not known)."""


@dataclass(frozen=True)
class FeatureChange:
    """One feature on both sides.

    Attributes:
        name: Its name.
        status: ``same`` where the fingerprints are equal, ``changed`` where they are not, or
            ``added`` or ``removed``.
        old: What the old bundle says of it, None if it is added.
        new: What the new one says, None if it is removed.
        part: The first node at which its graphs part; None unless it is changed.
        moves: What became of its values, by kind of rows: ``golden``, ``generated``, ``data``.
        unseen: Why its values may differ although these rows cannot show it.
    """

    name: str
    status: Status
    old: FeatureInfo | None
    new: FeatureInfo | None
    part: Part | None = None
    moves: Mapping[str, Moves] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows on which both sides were computed, of all kinds."""
        return sum(m.rows for m in self.moves.values())

    @property
    def moved_rows(self) -> int:
        """Rows in which bits, nullness or type are not the same."""
        return sum(m.moved for m in self.moves.values())

    @property
    def has_new_version(self) -> bool:
        """Whether both sides have it, in two versions."""
        return (
            self.old is not None and self.new is not None and self.old.version != self.new.version
        )


@dataclass(frozen=True)
class MovedRows:
    """One feature on some of the rows, for checks of their own.

    Attributes:
        kind: Which rows: ``golden``, ``generated`` or ``data``.
        index: The index of each row among those rows.
        inputs: The inputs as the old bundle reads them, a Polars frame.
        new_inputs: As the new bundle reads them.
        old: The old values, `featurelib.parity.values.Values`.
        new: The new values.
        mask: True in each row that moved.
    """

    kind: str
    index: Any
    inputs: Any
    new_inputs: Any
    old: Any
    new: Any
    mask: Any


@dataclass(frozen=True)
class Difference:
    """Everything that is not the same in two bundles.

    Attributes:
        old: One bundle.
        new: The other one.
        features: Every feature of either, by name, in the order of the new bundle.
        structure: Inputs, aggregates, ops, fitted state, layout and metadata.
        rows: How many rows of each kind both sides took.
        refused: For kinds with rows that a side refused: how many, and why the first one.
        seed: Of the generated rows.
        notes: What a reader should know: that fitted values are made up, say.
    """

    old: Bundle
    new: Bundle
    features: Mapping[str, FeatureChange]
    structure: Structure
    rows: Mapping[str, int]
    refused: Mapping[str, tuple[int, str]]
    seed: int
    notes: tuple[str, ...] = ()
    _row_sets: tuple[RowSet, ...] = field(default=(), repr=False)

    @property
    def layout_changed(self) -> bool:
        """Whether tensors, members, their order, types or widths are not the same."""
        return bool(self.structure.layout)

    @property
    def inputs_changed(self) -> bool:
        """Whether input columns, their types, nullability, defaults or constraints differ."""
        return bool(self.structure.inputs)

    @property
    def is_same(self) -> bool:
        """Whether fingerprints, inputs and layout are equal and no value moved."""
        unmoved = all(f.status == "same" and not f.moved_rows for f in self.features.values())
        return unmoved and not self.layout_changed and not self.inputs_changed

    def chunks(self, features: Sequence[str] | None = None) -> Iterator[Chunk]:
        """Computes the rows again, chunk by chunk.

        Args:
            features: Features that both bundles have; by default all of these.
        """
        both = [n for n, f in self.features.items() if f.old and f.new]
        names = both if features is None else features
        for _, chunk in _chunks(self.old, self.new, self._row_sets, names):
            yield chunk

    def moves(self, feature: str) -> Iterator[MovedRows]:
        """A feature that both bundles have, on all rows, computed again chunk by chunk."""
        for chunk in self.chunks([feature]):
            pair = chunk.pair(feature)
            if pair is not None:
                sides = chunk.old_inputs, chunk.new_inputs
                yield MovedRows(chunk.kind, chunk.index, *sides, *pair.values(), pair.moved)

    def moved(self, feature: str) -> dict[str, tuple[Any, Any, Any]]:
        """Old values, new values and mask of a feature, by kind of rows; all in memory at once."""
        import numpy as np

        from featurelib.parity.values import Values

        parts: dict[str, list[MovedRows]] = {}
        for some in self.moves(feature):
            parts.setdefault(some.kind, []).append(some)

        def whole(values: list[Any]) -> Any:
            data, valid = ([getattr(v, name) for v in values] for name in ("data", "valid"))
            return Values(values[0].dtype, np.concatenate(data), np.concatenate(valid))

        return {
            kind: (
                whole([s.old for s in some]),
                whole([s.new for s in some]),
                np.concatenate([s.mask for s in some]),
            )
            for kind, some in parts.items()
        }

    def to_json(self) -> dict[str, Any]:
        """Plain data; its keys are those of docs/diff.md."""
        from featurelib.release.diff_json import to_json

        return to_json(self)

    def text(self, width: int = 100) -> str:
        """For people, in lines of at most so many columns.

        Args:
            width: Columns of the terminal, from 60 on.
        """
        from featurelib.release.diff_text import text

        return text(self, width)

    def html(self) -> str:
        """A page with plots, without scripts and other files."""
        from featurelib.release.diff_html import render

        return render(self)


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
    for row_set, chunk in _chunks(old, new, row_sets, both):
        kind = chunk.kind
        for name in both:
            counters[kind, name].add(chunk, name)
        taken[kind] += len(chunk.index)
        if chunk.refused:
            many, reason = refused.get(kind, (0, chunk.reason))
            refused[kind] = (many + chunk.refused, reason)
        if progress is not None:
            progress(kind, taken[kind] + refused.get(kind, (0, ""))[0], row_set.total)
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


def _chunks(
    old: Bundle, new: Bundle, row_sets: Sequence[RowSet], names: Sequence[str]
) -> Iterator[tuple[RowSet, Chunk]]:
    from featurelib.release.diff_values import Chunk, Reader

    sides = Reader(old), Reader(new)
    for row_set in row_sets:
        start = 0
        for rows in row_set.chunks():
            yield row_set, Chunk.of(row_set.kind, start, rows, *sides, names)
            start += len(rows)


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
