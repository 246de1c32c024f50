"""From offline output to the online store: states from events, static fields from rows.

A job may run beside a tailer, be ended anywhere, and run again. A state is merged with what stands
in the store, so what the tailer applied meanwhile stays; of what cannot be merged the newer stays.
How far a job is stands in the store with what it wrote: a job of the same name goes on there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from featurelib.errors import MissingFieldError, StateMergeError
from featurelib_online.stream import State
from serving_example.store.applying import OnState, Updated, derived_of
from serving_example.store.codecs import FieldsCodec
from serving_example.store.errors import StoreConflictError
from serving_example.store.interface import Batch, OnlineStore, Put
from serving_example.store.states import StateView
from serving_example.store.vector import Stamp, Vector, View

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Materialized", "check_columns", "materialize_rows", "materialize_states"]

_ENTITIES = 200
"""Entities in a batch: a tailer beside waits no longer than such a write takes."""
_TRIES = 50
"""A batch is computed again when a tailer was first; so often is no accident."""


@dataclass
class Materialized:
    """What a job did.

    Attributes:
        entities: Entities that were looked at.
        written: Vectors that were written.
        kept: Vectors that stand in the store as they are: they had it all, or are newer.
        unmerged: Entities of which the store has events in totals already (docs/windows.md):
            nothing says which of the job's these are. What is older than they counts as one of
            them; where the job has totals too, the newer state alone stays.
        outcomes: Records by what became of them, as `Stream.apply` names it; ``derived`` counts
            failures of `on_state`.
        conflicts: Batches that a tailer was before, and that were computed again.
        deleted: Entities that are not there any more, and have a tombstone now.
    """

    entities: int = 0
    written: int = 0
    kept: int = 0
    unmerged: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    deleted: int = 0


def materialize_states(
    store: OnlineStore,
    view: StateView,
    events: pl.DataFrame,
    *,
    run: str,
    on_state: OnState = lambda updated: (),
    advance: Callable[[int], None] = lambda entities: None,
) -> Materialized:
    """Writes the states of all entities that events name.

    Args:
        store: The store; a tailer may be writing.
        view: The states.
        events: Records with the columns of the source's schema, in any order.
        run: The job's name: one that was ended goes on under it, one that is done does nothing.
        on_state: What is derived of a state; see `Tailer`.
        advance: Is told of entities as they are written.

    Raises:
        InputError: A column is missing, or holds what the schema does not take.
        StoreConflictError: Another writer was first, again and again.
    """
    made, job = Materialized(), _Job(store, run, view.view)
    plan = view.stream.definition.sources[view.stream.name]
    check_columns(events, plan.schema.names, view.stream.name)
    source = plan.source
    ordered = events.sort(source.key, source.arrival or source.time, maintain_order=True)
    bounds = _bounds(ordered, view.key)
    for start in range(0, len(bounds), _ENTITIES):
        part = bounds[start : start + _ENTITIES]
        last = part[-1][0]
        if not job.is_done(last):
            rows = ordered.slice(part[0][1], part[-1][2] - part[0][1])
            states: dict[int, State] = {}
            made.outcomes.update(view.stream.apply_columns(states, rows))
            counts = {key: stop - begin for key, begin, stop in part}
            _write_states(job, view, states, counts, on_state, made)
        made.entities += len(part)
        advance(len(part))
    return made


def materialize_rows(
    store: OnlineStore,
    view: View,
    codec: FieldsCodec,
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    *,
    run: str,
    event_time: int,
    version: int = 0,
    prune: bool = False,
    advance: Callable[[int], None] = lambda entities: None,
) -> Materialized:
    """Writes static vectors: one for each row.

    Args:
        store: The store.
        view: The view.
        codec: How fields become a payload.
        rows: Each entity with its fields, in any order.
        run: The job's name.
        event_time: As of when the rows are: those of an older snapshot do not replace newer ones.
        version: Orders snapshots of one time.
        prune: Whether entities that are in the store and not among the rows get a tombstone.
        advance: Is told of entities as they are written.

    Raises:
        FieldValueError: A field does not take its value.
    """
    made, job = Materialized(), _Job(store, run, view)
    ordered = sorted(rows, key=lambda row: row[0])
    for start in range(0, len(ordered), _ENTITIES):
        part = ordered[start : start + _ENTITIES]
        if not job.is_done(part[-1][0]):
            puts = [
                Put(view, key, view.vector(codec.encode(fields), event_time, version))
                for key, fields in part
            ]
            taken = store.write(Batch(puts, marks=job.marks(part[-1][0]))).taken
            made.written += taken
            made.kept += len(puts) - taken
        made.entities += len(part)
        advance(len(part))
    if prune:
        known = {key for key, _ in ordered}
        gone = [key for key, _ in store.scan(view) if key not in known]
        dead = [Put(view, key, view.tombstone(event_time, version)) for key in sorted(set(gone))]
        made.deleted = store.write(Batch(dead)).taken
    return made


def check_columns(frame: pl.DataFrame, names: Sequence[str], what: str) -> None:
    """Refuses a frame without columns that a job reads.

    Raises:
        MissingFieldError: Names the first one.
    """
    for name in names:
        if name not in frame.columns:
            raise MissingFieldError(
                f"{what}: column `{name}` is missing", field=name,
                hint=f"the frame has {', '.join(frame.columns)}",
            )  # fmt: skip


class _Job:
    """How far a job is, in the store."""

    def __init__(self, store: OnlineStore, run: str, view: View) -> None:
        self.store, self._name = store, f"materialize {run} {view.id}"
        self._last = store.mark(self._name)

    def is_done(self, key: int) -> bool:
        """Whether an entity was written by an earlier start of the job."""
        return self._last is not None and key <= int.from_bytes(self._last, "big", signed=True)

    def marks(self, key: int) -> dict[str, bytes]:
        """What a batch notes whose last entity this is."""
        return {self._name: key.to_bytes(8, "big", signed=True)}


def _bounds(ordered: pl.DataFrame, key: str) -> list[tuple[int, int, int]]:
    """Each entity with the rows where it begins and ends; those without one go with the first."""
    counted = ordered.group_by(key, maintain_order=True).len()
    made, start = [], 0
    begin = 0
    for entity, count in counted.iter_rows():
        if entity is not None:
            made.append((entity, begin, start + count))
            begin = start + count
        start += count
    return made


def _write_states(
    job: _Job,
    view: StateView,
    states: Mapping[int, State],
    counts: Mapping[int, int],
    on_state: OnState,
    made: Materialized,
) -> None:
    """Writes states, merged with what stands in the store; again if a tailer was first."""
    keys = sorted(states)
    for attempt in range(1, _TRIES + 1):
        found = dict(zip(keys, job.store.get_many(view.view, keys), strict=True))
        puts: list[Put] = []
        changed: dict[tuple[View, int], Stamp | None] = {}
        failures = unmerged = 0
        for key in keys:
            state, is_merged = _merged(view, states[key], counts[key], found[key])
            unmerged += not is_merged
            if state is None:
                continue
            before = found[key]
            put = view.put(key, state, before and before.stamp, counts[key])
            derived = derived_of(
                on_state, Updated(view.stream.name, key, state, put.vector.stamp, None)
            )
            failures += derived is None
            puts += [put, *(derived or ())]
            changed[view.view, key] = before and before.stamp
        try:
            written = job.store.write(Batch(puts, changed, marks=job.marks(max(counts))))
        except StoreConflictError:
            made.conflicts += 1
            if attempt == _TRIES:
                raise
            continue
        made.written += written.taken
        made.kept += len(keys) - len(changed)
        made.unmerged += unmerged
        made.outcomes["derived"] += failures
        return


def _merged(
    view: StateView, state: State, count: int, stored: Vector | None
) -> tuple[State | None, bool]:
    """What is to be written (None: what is stored stays), and whether it has all of both."""
    if stored is None:
        return state, True
    other = view.load(stored)
    try:
        merged = view.stream.merge(state, other)
    except StateMergeError:
        newest = view.put(0, state, None, count).vector.stamp
        return state if newest > stored.stamp else None, False
    compact = view.stream.compact
    is_same = bytes(compact(merged)) == bytes(compact(other))
    return None if is_same else merged, view.stream.describe(other)["in_totals"] == 0
