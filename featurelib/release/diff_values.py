"""Both sides of a chunk of rows by the batch engine, and the rows in which a feature moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.errors import FieldValueError
from featurelib.fields import InputSchema
from featurelib.parity.polars_engines import rows_values
from featurelib.parity.values import Array, Values
from featurelib.release.diff_rows import RowSet, Sides
from featurelib.struct_inputs import members, whole_structs
from featurelib_offline.frames import Frame, read_frame
from featurelib_offline.plan import Plan, plan

__all__ = ["Chunk", "Pair", "Reader", "chunks_of"]


@dataclass(frozen=True)
class Reader:
    """One side: reads rows at its border and computes features of them.

    Attributes:
        bundle: Definition and fitted state.
        plans: Batch plans that are compiled, by the features that they compute.
    """

    bundle: Bundle
    plans: dict[tuple[str, ...], Plan] = field(default_factory=dict)

    @cached_property
    def reads(self) -> dict[str, tuple[str, ...]]:
        """The inputs that each feature reads when it is served."""
        program = self.bundle.program
        return {name: tuple(program.subset([name]).inputs) for name in program.outputs}

    def read(self, rows: pl.DataFrame) -> tuple[Frame, dict[str, str]]:
        """The rows at this side's border; and why a field cannot be had, by its name."""
        schema, lacking = self.bundle.schema, dict[str, str]()
        given = {*rows.columns}
        for struct in whole_structs(schema, given):
            if struct.name in given:
                given |= {path for path, _, _ in members(struct.dtype, struct.name)}
        for one in schema:
            if one.name not in given and not one.has_default:
                lacking[one.name] = f"the rows have no `{one.name}`, and it has no default"
        while True:
            usable = tuple(f for f in schema if f.name not in lacking)
            structs = tuple(
                s
                for s in schema.structs
                if not any(n in lacking for n, _, _ in members(s.dtype, s.name))
            )
            some = InputSchema(schema.name, usable, "ignore", structs)
            try:
                return read_frame(rows, some, where=self.bundle.name, check=False), lacking
            except FieldValueError as error:
                if error.field is None or error.field not in some.by_name:
                    raise
                lacking[error.field] = str(error).splitlines()[0]

    def compute(self, columns: pl.DataFrame, features: tuple[str, ...]) -> pl.DataFrame:
        """The values of some features."""
        if features not in self.plans:
            program = self.bundle.program.subset(features)
            self.plans[features] = plan(program, self.bundle.state)
        return self.plans[features].apply(columns.lazy()).collect(engine="in-memory")


@dataclass(frozen=True)
class Pair:
    """One feature on the rows of a chunk.

    Attributes:
        before: Its values by the old bundle.
        after: By the new one.
        old_type: Its type in the old bundle.
        new_type: In the new one.
    """

    before: pl.Series
    after: pl.Series
    old_type: DType
    new_type: DType

    @cached_property
    def moved(self) -> Array:
        """True in each row where bits, nullness or type are not the same."""
        if self.old_type != self.new_type:  # two types have no bits in common, two nulls have
            either: Array = (self.before.is_not_null() | self.after.is_not_null()).to_numpy()
            return either
        if self.old_type.name == "String":  # Polars compares bytes; none is brought to Python
            return self.before.ne_missing(self.after).to_numpy()
        old, new = self.values()
        return old.differs(new)

    def values(self, rows: Array | slice = slice(None)) -> tuple[Values, Values]:
        """Both sides' values, of all rows or of some."""
        before, after = self.before, self.after
        if not isinstance(rows, slice):
            before, after = before[rows], after[rows]
        return rows_values(before, self.old_type), rows_values(after, self.new_type)


@dataclass(frozen=True)
class Chunk:
    """Rows that both sides took, with the features of both.

    Attributes:
        kind: Which rows these are: ``golden``, ``generated`` or ``data``.
        index: Index of each row among those rows; refused ones are left out.
        old: The one side.
        new: The other side.
        old_inputs: The inputs as the old side reads them.
        new_inputs: As the new side reads them.
        old_outputs: The features that can be compared, by the old side.
        new_outputs: By the new side.
        refused: How many rows a side refused.
        reason: Why the first of them was refused, and by which side; else empty.
        lacking: For each feature that cannot be compared here why.
    """

    kind: str
    index: Array
    old: Reader
    new: Reader
    old_inputs: pl.DataFrame
    new_inputs: pl.DataFrame
    old_outputs: pl.DataFrame
    new_outputs: pl.DataFrame
    refused: int
    reason: str
    lacking: Mapping[str, str]

    @staticmethod
    def of(
        kind: str, start: int, rows: Sides, old: Reader, new: Reader, names: Sequence[str]
    ) -> Chunk:
        """Computes features of rows on both sides.

        Args:
            kind: Which rows these are.
            start: Index of the first of them.
            rows: Columns as they came, for the old side and for the new one.
            old: The one side.
            new: The other side.
            names: Features that both have.
        """
        sides, frames, lacks = (old, new), [], []
        refused, reason = np.zeros(len(rows[0]), bool), ""
        for side, given in zip(sides, rows, strict=True):
            frame, missing = side.read(given)
            frames.append(frame)
            lacks.append(missing)
            if not frame.schema:  # no field, nothing to refuse
                continue
            bad = frame.split()[1].select("row", "reasons").collect()
            if len(bad):
                refused[bad["row"].to_numpy()] = True
                named, why = f"{side.bundle.name} {side.bundle.version}", bad["reasons"][0][0]
                reason = reason or f"{named} refuses row {start + bad['row'][0]}: {why}"
        lacking = _lacking(names, sides, lacks)
        features = tuple(n for n in names if n not in lacking)
        kept = pl.Series(~refused)
        read = [
            f.columns().collect(engine="in-memory") if f.schema else given
            for f, given in zip(frames, rows, strict=True)
        ]
        inputs = [columns.filter(kept) for columns in read]
        outputs = [
            side.compute(columns, features) if features else pl.DataFrame()
            for side, columns in zip(sides, inputs, strict=True)
        ]
        index = start + np.flatnonzero(~refused)
        return Chunk(
            kind, index, old, new, inputs[0], inputs[1], outputs[0], outputs[1],
            int(refused.sum()), reason, lacking,
        )  # fmt: skip

    def pair(self, feature: str) -> Pair | None:
        """The values of a feature on both sides; None where it cannot be compared."""
        if feature not in self.old_outputs.columns:
            return None
        sides = (self.old.bundle.program, self.new.bundle.program)
        types = (program.outputs[feature].dtype for program in sides)
        return Pair(self.old_outputs[feature], self.new_outputs[feature], *types)

    def inputs_of(self, names: Iterable[str], row: int) -> dict[str, tuple[Any, DType]]:
        """Some inputs of a row of this chunk: the canonical value and its type, by name.

        An aggregate that is not the same on both sides comes twice, the new one as ``NAME (new)``.
        """
        found: dict[str, tuple[Any, DType]] = {}
        for side, frame in ((self.old, self.old_inputs), (self.new, self.new_inputs)):
            own = side.bundle.aggregates.aggregates if side.bundle.aggregates else {}
            for name in (n for n in names if n in frame.columns):
                dtype = side.bundle.schema[name].dtype
                value = rows_values(frame[name].slice(row, 1), dtype)
                if name not in found:
                    found[name] = (value.canonical(0), dtype)
                elif name in own and _moved(found[name], (value.canonical(0), dtype)):
                    found[f"{name} (new)"] = (value.canonical(0), dtype)
        return found


def chunks_of(
    old: Bundle, new: Bundle, row_sets: Iterable[RowSet], names: Sequence[str]
) -> Iterator[Chunk]:
    """Computes features of all rows, chunk by chunk.

    Args:
        old: The one side.
        new: The other side.
        row_sets: The rows.
        names: Features that both have.
    """
    sides = Reader(old), Reader(new)
    for row_set in row_sets:
        start = 0
        for rows in row_set.chunks():
            yield Chunk.of(row_set.kind, start, rows, *sides, names)
            start += len(rows[0])


def _lacking(
    names: Iterable[str], sides: Iterable[Reader], missing: Iterable[Mapping[str, str]]
) -> dict[str, str]:
    """Why a feature cannot be computed on a side, for those that cannot."""
    found: dict[str, str] = {}
    for side, lacks in zip(sides, missing, strict=True):
        for name in names if lacks else ():
            first = next((i for i in side.reads[name] if i in lacks), None)
            if first is not None:
                found.setdefault(name, lacks[first])
    return found


def _moved(old: tuple[Any, DType], new: tuple[Any, DType]) -> bool:
    """Whether a value has another type, other bits, or is null on one side only."""
    if old[1] != new[1]:
        return True
    sides = [Values.of([value], dtype) for value, dtype in (old, new)]
    return bool(sides[0].differs(sides[1])[0])
