"""What a parity check is asked about: a bundle file, or a feature set in a module."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from featurelib.bundle import Bundle, load
from featurelib.dtypes import DType
from featurelib.errors import MissingExtraError, ParityError
from featurelib.feature_set import FeatureSet
from featurelib.node import Node
from featurelib.parity.edge_values import edge_values
from featurelib.parity.values import Rows
from featurelib.state import FittedState
from featurelib.tables import TableData

__all__ = ["bind_for_parity", "find_target", "made_up_state", "read_data", "read_rows"]


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
    target: Bundle | FeatureSet, frame: Any = None
) -> tuple[Bundle, tuple[str, ...]]:
    """The bundle to check, with notes for the report.

    A feature set that needs a fit is fitted on `frame`; without one its fitted values are made up:
    whether engines agree does not depend on which values a fit found.
    """
    if isinstance(target, Bundle):
        return target, ()
    if not target.needs_fit:
        return target.bind(), ()
    if frame is not None:
        from featurelib_offline import fit

        return target.bind(fit(target, frame)), ("fitted on the given data",)
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


def _scalar(dtype: DType, i: int) -> bool | int | float:
    if dtype.kind == "b":
        return True
    return 1.5 + i if dtype.kind == "f" else 2 + i


def _table(kind: str, dtype: DType) -> TableData:
    if kind == "strings":
        texts = [v.decode() for v in edge_values(dtype) if len(v) < 20]
        return TableData(kind, tuple(dict.fromkeys(texts)), "made up")
    if kind == "f64":
        return TableData(kind, (-10.0, -0.5, 0.0, 1.0, 2.5, 60.0, 1e6), "made up")
    if kind in ("integers", "i64", "u64"):
        low, high = dtype.bounds
        return TableData(kind, tuple(v for v in (0, 1, 2, 7, 100) if low <= v <= high), "made up")
    raise ParityError(f"no values are known for a fitted table of kind {kind}")


def read_data(path: str, target: Bundle | FeatureSet) -> Any:
    """A file as a Polars frame, its columns as the target reads them; others are left out.

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
    from featurelib.parity.polars_engines import rows_values
    from featurelib_offline.foreign import column_names
    from featurelib_offline.frames import read_frame

    names = column_names(frame) or ()
    kept = [n for n in names if n not in bundle.schema.by_name]
    columns = read_frame(frame, bundle.schema, where=bundle.name, keep=kept).columns()
    made = columns.select(bundle.schema.names).collect(engine="in-memory")
    if most is not None:
        made = made.head(most)
    values = {f.name: rows_values(made[f.name], f.dtype) for f in bundle.schema}
    return Rows(bundle.schema, values, len(made))
