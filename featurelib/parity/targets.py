"""What a parity check is asked about: a bundle file, or a feature set in a module."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from featurelib.bundle import Bundle, load
from featurelib.dtypes import DType
from featurelib.errors import MissingExtraError, ParityError
from featurelib.feature_set import FeatureSet
from featurelib.fields import InputSchema
from featurelib.node import Node
from featurelib.parity.edge_values import edge_values
from featurelib.parity.event_engines import Events
from featurelib.parity.values import Rows
from featurelib.state import FittedState
from featurelib.tables import TableData

__all__ = [
    "Given", "bind_for_parity", "find_target", "made_up_state", "read_data", "read_events",
    "read_given", "read_rows",
]  # fmt: skip


class Given(NamedTuple):
    """What a check is asked about.

    Attributes:
        bundle: Definition and fitted state.
        rows: Rows of the user's, or None.
        events: Records of the user's and queries about them, or None.
        notes: What a reader of the report should know.
    """

    bundle: Bundle
    rows: Rows | None
    events: Events | None
    notes: tuple[str, ...]


def read_given(
    target: str, data: str | None = None, events: Mapping[str, str] | None = None
) -> Given:
    """A target with the files that it is checked on.

    Args:
        target: A bundle's file, or ``module:name`` of a feature set.
        data: A file of rows; of queries, if there are events.
        events: The files of each event source.

    Raises:
        FeaturelibError: One of them cannot be read, or does not fit.
    """
    found = find_target(target)
    if data is None:
        bundle, notes = bind_for_parity(found)
        return Given(bundle, None, None, notes)
    frame = read_data(data, found, queries=bool(events))
    bundle, notes = bind_for_parity(found, frame, events or None)
    if not events:
        return Given(bundle, read_rows(bundle, frame), None, notes)
    asked, left_out = read_events(bundle, frame, events)
    return Given(bundle, None, asked, notes + left_out)


def find_target(target: str) -> Bundle | FeatureSet:
    """The bundle in a file, or the feature set that ``module:name`` names.

    Raises:
        ParityError: There is no such file, module or name, or it is neither.
    """
    if ":" not in target or Path(target).is_file():
        if not Path(target).is_file():
            raise ParityError(
                f"no file {target}",
                hint="name a bundle's file, or a feature set: package.module:name",
            )
        return load(target)
    module_name, _, name = target.rpartition(":")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # as `python -m` does
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ParityError(
            f"{target}: {error}", hint="run it where the module can be imported"
        ) from error
    found = getattr(module, name, None)
    if not isinstance(found, (Bundle, FeatureSet)):
        raise ParityError(f"{target}: `{name}` is no feature set and no bundle, but {found!r}")
    return found


def bind_for_parity(
    target: Bundle | FeatureSet, frame: Any = None, events: Mapping[str, Any] | None = None
) -> tuple[Bundle, tuple[str, ...]]:
    """The bundle to check, with notes for the report.

    A feature set that needs a fit is fitted on `frame`; without one its fitted values are made up:
    whether engines agree does not depend on which values a fit found. With `events` the frame has
    queries, and the aggregates are joined first.
    """
    if isinstance(target, Bundle):
        return target, ()
    if not target.needs_fit:
        return target.bind(), ()
    if frame is not None:
        from featurelib_offline import fit

        return target.bind(fit(target, frame, events=events)), ("fitted on the given data",)
    made = made_up_state(target.program.fits)
    return target.bind(made), ("no data to fit on: the fitted values are made up",)


def made_up_state(fits: tuple[Node, ...]) -> FittedState:
    """A value for each fitted node of the type that its analyzer finds."""
    made = {}
    for i, node in enumerate(fits):
        kind = node.dtype.table
        value = _scalar(node.dtype, i) if kind is None else _table(kind, node.args[0].dtype)
        made[node.key] = (node.dtype, value)
    return FittedState(made)


def _scalar(dtype: DType, i: int) -> bool | int | float | bytes:
    if dtype.kind in ("b", "v"):
        return True if dtype.kind == "b" else b"made up"
    return 1.5 + i if dtype.kind == "f" else 2 + i


def _table(kind: str, dtype: DType) -> TableData:
    if kind == "strings":
        texts = [v.decode() for v in edge_values(dtype) if len(v) < 20]
        return TableData(kind, tuple(dict.fromkeys(texts)), "made up")
    if kind == "f64":
        return TableData(kind, (-10.0, -0.5, 0.0, 1.0, 2.5, 60.0, 1e6), "made up")
    if kind in ("integers", "i64", "u64"):
        low, high = dtype.bounds if kind == "integers" else (0, 100)
        return TableData(kind, tuple(v for v in (0, 1, 2, 7, 100) if low <= v <= high), "made up")
    raise ParityError(f"no values are known for a fitted table of kind {kind}")


def read_data(path: str, target: Bundle | FeatureSet, *, queries: bool = False) -> Any:
    """A file as a Polars frame, its columns as the target reads them; others are left out.

    Args:
        path: The file.
        target: What reads it.
        queries: Whether the file lacks the columns that aggregates fill.

    Raises:
        InputError: There is no such file, or a value in it does not fit its field.
    """
    try:
        from featurelib_offline.files import read_files, readable
    except ImportError as error:
        raise MissingExtraError(
            f"reading {path} needs polars and pyarrow", hint='pip install "featurelib[parity]"'
        ) from error
    schema = target.schema if isinstance(target, Bundle) else target.inputs
    schema = target.request if queries else schema
    with readable(path):
        frame = read_files(path, replace(schema, extra="ignore"), where=target.name)
        with frame.naming_faults():
            return frame.checked().collect(engine="streaming")


def read_rows(bundle: Bundle, frame: Any, most: int | None = None) -> Rows:
    """The rows of a frame, as the border reads them.

    Args:
        bundle: Its input schema; other columns are left out.
        frame: What `featurelib_offline.transform` takes.
        most: Take at most so many rows, from the front.

    Raises:
        InputError: A column is missing, or a value does not fit its field.
    """
    return rows_of(frame, bundle.schema, bundle.name, most)


def rows_of(frame: Any, schema: InputSchema, where: str, most: int | None = None) -> Rows:
    """The rows of a frame as a schema reads them; see `read_rows`."""
    from featurelib.parity.polars_engines import rows_values
    from featurelib_offline.foreign import column_names
    from featurelib_offline.frames import read_frame

    names = column_names(frame) or ()
    kept = [n for n in names if n not in schema.by_name]
    columns = read_frame(frame, schema, where=where, keep=kept).columns()
    made = columns.select(schema.names).collect(engine="in-memory")
    if most is not None:
        made = made.head(most)
    values = {f.name: rows_values(made[f.name], f.dtype) for f in schema}
    return Rows(schema, values, len(made))


def read_events(
    target: Bundle | FeatureSet, frame: Any, events: Mapping[str, str]
) -> tuple[Events, tuple[str, ...]]:
    """Records in files, and the queries of a frame about them; with notes for the report.

    Records that are not of their source's schema (``bad_value``) are left out, and a note counts
    them: not every engine can be given them.

    Args:
        target: What asks.
        frame: Its queries, as `read_data` gives them.
        events: The files of each event source.

    Raises:
        InputError: There are no such files, or their columns do not fit.
        DefinitionError: A source is given that nobody reads, or one is not given.
    """
    from featurelib_offline.files import read_files, readable
    from featurelib_offline.point_in_time import check_sources

    definition = target.aggregates
    if definition is None:
        raise ParityError(f"{target.name}: events are given, but the set has no aggregates")
    check_sources(definition, events)
    made, notes = {}, []
    for name, plan in definition.sources.items():
        with readable(events[name]):
            good, bad = read_files(
                events[name], plan.schema, where=f"event source `{name}`"
            ).split()
            made[name] = rows_of(good.collect(engine="streaming"), plan.schema, name)
            left_out = len(bad.select("row").collect(engine="streaming"))
        if left_out:
            notes.append(f"records of `{name}` left out as bad_value: {left_out:,}")
    return Events(made, rows_of(frame, target.request, target.name)), tuple(notes)
