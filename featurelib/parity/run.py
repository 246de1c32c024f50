"""The parity check: the same rows through every engine, compared by bits."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from featurelib.bundle import Bundle
from featurelib.parity.compare import differences, error_text, investigate
from featurelib.parity.engines import (
    BatchKernel,
    Engine,
    Outputs,
    PartialEngine,
    Reference,
    all_engines,
    taken,
)
from featurelib.parity.event_engines import (
    EventEngine,
    Events,
    all_event_engines,
    keeping_fewer,
)
from featurelib.parity.generate_events import generate_events
from featurelib.parity.generate_rows import edge_rows, generate_rows
from featurelib.parity.joined_engines import joined_engines, joined_rows
from featurelib.parity.report import EngineRun, EventSection, Report, Section
from featurelib.parity.run_events import check_events
from featurelib.parity.values import Array, Rows, Values

__all__ = ["Progress", "check", "check_rows"]

Progress = Callable[[str, int, int], None]
"""Told what is being done, and how many steps of how many are done."""

_RECORDS_A_QUERY = 10
"""Generated records of each event source for one generated query."""
_MOST_MISMATCHES = 8
"""Differences that are looked into; each is shrunk and traced, all are counted."""


def check(
    bundle: Bundle,
    *,
    rows: int = 20_000,
    seed: int = 0,
    data: Rows | None = None,
    engines: Sequence[Engine] | None = None,
    reference_rows: int = 2_000,
    progress: Progress | None = None,
    events: Events | None = None,
    event_engines: Sequence[EventEngine] | None = None,
) -> Report:
    """Runs generated rows, then the given ones, through every engine.

    Aggregates of the bundle are compared first, on generated events and on the given ones. Where
    they agree, rows with their answers go through every engine, and through those that join the
    events themselves.

    Args:
        bundle: Definition and fitted state.
        rows: How many rows to generate.
        seed: Of their generator.
        data: Rows of the user's.
        engines: By default all; the reference is always among them.
        reference_rows: How many rows the reference evaluator takes: the edges, and a sample.
        progress: Told how far the check is.
        events: Records of the user's for each event source, with the queries: rows of the bundle's
            request.
        event_engines: Of the aggregates; by default all.
    """
    engines = list(engines or all_engines())
    steps = len(engines) * (1 + (data is not None))
    joins = _joins(bundle, rows, seed, events)
    sections: list[Section] = []
    compared: list[EventSection] = []
    few = None if bundle.aggregates is None else keeping_fewer(bundle.aggregates, rows)
    if few is not None and rows:
        asked = generate_events(few, rows, max(1, rows // _RECORDS_A_QUERY), seed)
        told = _Part("queries, few events kept", 0, len(event_engines or ()), progress)
        compared.append(check_events(few, asked, event_engines, told.where, told))
    for where, asked in joins:
        found, joined = _join(bundle, asked, where, engines, event_engines, seed, progress)
        compared.append(found)
        sections += joined
    if rows:
        made = generate_rows(bundle, rows, seed)
        part = _Part("generated rows", 0, steps, progress)
        first = min(edge_rows(bundle), rows)
        sections.append(
            check_rows(bundle, made, engines, part.where, seed, reference_rows, first, part)
        )
    if data is not None:
        part = _Part("given rows", len(sections) * len(engines), steps, progress)
        sections.append(
            check_rows(bundle, data, engines, part.where, seed, reference_rows, 0, part)
        )
    return Report(bundle, seed, tuple(sections), events=tuple(compared))


def _joins(bundle: Bundle, rows: int, seed: int, given: Events | None) -> list[tuple[str, Events]]:
    """The events that aggregates are compared on, and what they are."""
    if bundle.aggregates is None:
        return []
    found = []
    if rows:
        queries = max(1, rows // _RECORDS_A_QUERY)
        whole = generate_rows(bundle, queries, seed)
        request = Rows(bundle.request, {n: whole.columns[n] for n in bundle.request.names}, queries)
        made = generate_events(bundle.aggregates, rows, queries, seed, request)
        found.append(("generated queries", made))
    return found if given is None else [*found, ("given queries", given)]


def _join(
    bundle: Bundle, events: Events, where: str, engines: Sequence[Engine],
    event_engines: Sequence[EventEngine] | None, seed: int, progress: Progress | None,
) -> tuple[EventSection, list[Section]]:  # fmt: skip
    """Compares the aggregates on events, and then the features of what was joined."""
    assert bundle.aggregates is not None
    part = _Part(where, 0, len(event_engines or all_event_engines()), progress)
    found = check_events(bundle.aggregates, events, event_engines, where, part)
    if not found.passed or found.expected is None:
        return found, []
    rows = joined_rows(bundle, events.queries, found.expected)
    engines = [*engines, *joined_engines(bundle.aggregates, events)]
    part = _Part(f"{where}, joined", 0, len(engines), progress)
    return found, [check_rows(bundle, rows, engines, part.where, seed, progress=part)]


@dataclass
class _Part:
    """The progress of one section within the whole."""

    where: str
    done: int
    steps: int
    progress: Progress | None

    def __call__(self, what: str, advance: int) -> None:
        self.done += advance
        if self.progress is not None:
            self.progress(f"{self.where}: {what}", self.done, self.steps)


def check_rows(
    bundle: Bundle,
    rows: Rows,
    engines: Sequence[Engine],
    where: str = "rows",
    seed: int = 0,
    reference_rows: int = 2_000,
    edges: int = 0,
    progress: Callable[[str, int], None] | None = None,
    sampled: Collection[str] = (),
) -> Section:
    """Compares all engines on these rows.

    What is expected is the reference evaluator's value in the rows that it takes, the batch
    kernel's in the others.

    Args:
        bundle: Definition and fitted state.
        rows: The rows.
        engines: The engines; reference and batch kernel are run in any case.
        where: What the rows are, for people.
        seed: Of the sample that the reference takes.
        reference_rows: The size of that sample.
        edges: Rows at the front that come into the sample first.
        progress: Told what runs now, and how many engines more are done.
        sampled: Names of other engines that take the reference's sample only.
    """
    tell = progress or (lambda what, advance: None)
    order = [*dict.fromkeys([Reference().name, BatchKernel().name, *(e.name for e in engines)])]
    by_name: dict[str, Engine] = {}
    always: list[Engine] = [Reference(), BatchKernel()]
    for engine in [*always, *engines]:
        by_name[engine.name] = engine
    sample = _sample(len(rows), reference_rows, edges, seed)
    able = {n: taken(e, rows) for n, e in by_name.items()}
    chosen = {n: np.flatnonzero(rows_of) for n, rows_of in able.items()}
    for name in {Reference().name, *sampled}.intersection(by_name):
        chosen[name] = sample[able[name][sample]]
    outputs: dict[str, Outputs | str] = {}
    seconds: dict[str, tuple[float, float]] = {}
    for name in order:
        tell(name, 0)
        given = rows if len(chosen[name]) == len(rows) else rows.take(chosen[name])
        start = time.perf_counter()
        _guarded(by_name[name], bundle, given.take(slice(0, 1)))
        ready = time.perf_counter()
        outputs[name] = _guarded(by_name[name], bundle, given)
        seconds[name] = (time.perf_counter() - ready, ready - start)
        tell(name, 1)
    expected = _expected(outputs, sample)
    compared = {
        n: o
        if isinstance(o, str) or len(chosen[n]) == len(rows)
        else _spread(o, expected, chosen[n])
        for n, o in outputs.items()
    }
    partial = {
        n: chosen[n] for n, e in by_name.items() if n in sampled or isinstance(e, PartialEngine)
    }
    found = differences(expected, compared, partial)
    looked_at = []
    for difference in found[:_MOST_MISMATCHES]:
        tell(f"looking into `{difference.feature or difference.error[:40]}`", 0)
        looked_at.append(investigate(bundle, difference, by_name, rows, where))
    runs = tuple(
        EngineRun(
            name,
            len(chosen[name]),
            *seconds[name],
            sum(len(d.rows) for d in found if name in d.engines),
            failed if isinstance(failed := outputs[name], str) else "",
            _lacks(by_name[name], len(rows) - int(able[name].sum())),
        )
        for name in order
    )
    return Section(where, len(rows), runs, tuple(looked_at), len(found), expected)


def _guarded(engine: Engine, bundle: Bundle, rows: Rows) -> Outputs | str:
    try:
        return engine.compute(bundle, rows)
    except Exception as error:
        return error_text(error)


def _lacks(engine: Engine, left_out: int) -> str:
    return engine.lacks if isinstance(engine, PartialEngine) and left_out else ""


def _sample(rows: int, most: int, edges: int, seed: int) -> Array:
    """Indices of the rows for the reference: those in front, and others without order."""
    if rows <= most:
        return np.arange(rows)
    front = min(edges, most)
    rest = np.random.default_rng([seed, rows]).permutation(rows - front)[: most - front]
    chosen: Array = np.concatenate([np.arange(front), front + np.sort(rest)])
    return chosen


def _expected(outputs: Mapping[str, Outputs | str], sample: Array) -> Outputs:
    """The batch kernel's values, the reference's where it has them."""
    reference, batch = outputs[Reference().name], outputs[BatchKernel().name]
    if isinstance(batch, str):
        # Another engine that has all rows stands in; the batch kernel is reported for its error.
        others = (o for n, o in outputs.items() if n != Reference().name)
        batch = next((o for o in others if not isinstance(o, str)), {})
    if isinstance(reference, str):
        return batch
    return _spread(reference, batch, sample)


def _spread(values: Outputs, over: Outputs, sample: Array) -> Outputs:
    """`over` with the values of some rows replaced."""
    made = {}
    for name, column in over.items():
        data, valid = column.data.copy(), column.valid.copy()
        data[sample], valid[sample] = values[name].data, values[name].valid
        made[name] = Values(column.dtype, data, valid)
    return made
