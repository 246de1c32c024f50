"""What was found between two bundles: every feature of both, and how its values moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from featurelib.bundle import Bundle, FeatureInfo

if TYPE_CHECKING:
    from featurelib.release.diff_counts import Moves
    from featurelib.release.diff_graph import Part
    from featurelib.release.diff_rows import RowSet
    from featurelib.release.diff_structure import Structure
    from featurelib.release.diff_values import Chunk

__all__ = ["Difference", "FeatureChange", "MovedRows", "Status"]

Status = Literal["same", "added", "removed", "changed"]


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
    def not_compared(self) -> dict[str, dict[str, str]]:
        """Features that could not be computed on some rows and why, by kind of rows."""
        found: dict[str, dict[str, str]] = {}
        for name, change in self.features.items():
            for kind, moves in change.moves.items():
                if moves.lacking:
                    found.setdefault(kind, {})[name] = moves.lacking
        return found

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
        from featurelib.release.diff_values import chunks_of

        return chunks_of(self.old, self.new, self._row_sets, names)

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
