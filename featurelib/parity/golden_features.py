"""Golden features: rows of a feature set with the values that a release gave.

A folder ``golden_data/features/<set>/<version>`` holds ``features.jsonl``. Its first line is a
header, with the fitted state; each other line is one row: inputs and outputs in canonical form,
floats by their bits. Replayed is what the definition says now, on the fitted state of then.

The values are **recorded by the reference evaluator**, and the header says so. They freeze what a
release meant; they do not prove that it was right, which golden cases of ops and rows worked by
hand are for. So a folder of a released version is never written over.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from featurelib import __version__, canonical_json, dtypes, literals
from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.errors import ParityError
from featurelib.parity.compare import shown_value
from featurelib.parity.engines import Engine, Reference, taken
from featurelib.parity.values import Rows, Values
from featurelib.state import FittedState

__all__ = ["Golden", "GoldenDifference", "golden_path", "read_golden", "record", "verify"]

FORMAT = 1
FILE = "features.jsonl"
_SAYS = (
    "recorded by the reference evaluator: these values freeze the meaning of this version and "
    "do not prove it"
)


@dataclass(frozen=True)
class GoldenDifference:
    """A value that is not the recorded one.

    Attributes:
        engine: Which engine gave it.
        feature: The feature.
        row: Index of the row in the file.
        inputs: The row.
        recorded: The recorded value, canonical.
        got: The engine's value.
        dtype: Type of both.
    """

    engine: str
    feature: str
    row: int
    inputs: dict[str, Any]
    recorded: Any
    got: Any
    dtype: DType

    def __str__(self) -> str:
        return (
            f"feature `{self.feature}`, golden row {self.row}, {self.engine}: recorded "
            f"{shown_value(self.recorded, self.dtype)}, got {shown_value(self.got, self.dtype)}; "
            f"inputs {self.inputs}"
        )


def golden_path(root: str | os.PathLike[str], bundle: Bundle) -> Path:
    """Where the golden features of a bundle's set and version are, below ``golden_data``."""
    return Path(root) / "features" / bundle.name / bundle.version


def record(bundle: Bundle, rows: Rows, path: str | os.PathLike[str]) -> Path:
    """Writes rows with the reference evaluator's values.

    Args:
        bundle: Definition and fitted state.
        rows: The rows; `featurelib.parity.targets.read_rows` makes them of a frame.
        path: The folder, usually `golden_path(...)`.

    Returns:
        The file.

    Raises:
        ParityError: The folder holds a recording already: a released version keeps its values.
    """
    folder = Path(path)
    target = folder / FILE
    if target.exists():
        raise ParityError(
            f"{target} is recorded already, and a released version keeps its values",
            hint="give the set a new version, and record that",
        )
    outputs = Reference().compute(bundle, rows)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{FILE}.{os.getpid()}"
    header = {
        "format": FORMAT,
        "set": bundle.name,
        "version": bundle.version,
        "featurelib": __version__,
        "fingerprint": bundle.fingerprint,
        "oracle": _SAYS,
        "rows": len(rows),
        "inputs": {n: dtypes.to_json(v.dtype) for n, v in rows.columns.items()},
        "outputs": {n: dtypes.to_json(v.dtype) for n, v in outputs.items()},
        "state": bundle.state.to_json(),
    }
    try:
        with partial.open("w", encoding="utf-8") as file:
            for line in [header, *_lines(rows, outputs)]:
                file.write(canonical_json.dumps(line) + "\n")
        os.link(partial, target)  # refuses a file that came in between
    except FileExistsError:
        raise ParityError(f"{target} is recorded already") from None
    finally:
        partial.unlink(missing_ok=True)
    return target


def _lines(rows: Rows, outputs: dict[str, Values]) -> Iterator[Any]:
    for i in range(len(rows)):
        given = {n: literals.canonical(v) for n, v in rows.canonical(i).items()}
        made = {n: literals.canonical(v.canonical(i)) for n, v in outputs.items()}
        yield {"in": given, "out": made}


@dataclass(frozen=True)
class Golden:
    """A recording.

    Attributes:
        rows: The rows.
        outputs: Their values, by feature.
        state: The fitted state that they were computed with.
    """

    rows: Rows
    outputs: dict[str, Values]
    state: FittedState


def read_golden(bundle: Bundle, path: str | os.PathLike[str]) -> Golden:
    """The recording of a set.

    Args:
        bundle: The set as it is now.
        path: The folder, or the file itself.

    Raises:
        ParityError: There is no recording, or it is of another set, version or types.
    """
    target = Path(path) if Path(path).is_file() else Path(path) / FILE
    try:
        with target.open(encoding="utf-8") as file:
            header, *lines = map(json.loads, file)
    except OSError as error:
        raise ParityError(
            f"{target}: {error.strerror}", hint="record golden features first: golden record"
        ) from error
    except ValueError as error:
        raise ParityError(f"{target}: no readable golden features: {error}") from error
    if header.get("format") != FORMAT:
        raise ParityError(
            f"{target}: format {header.get('format')!r}, this featurelib reads {FORMAT}"
        )
    named = (header["set"], header["version"])
    if named != (bundle.name, bundle.version):
        raise ParityError(
            f"{target} is of {' '.join(named)}, not of {bundle.name} {bundle.version}"
        )
    if len(lines) != header["rows"]:
        raise ParityError(
            f"{target}: expected {header['rows']} rows, got {len(lines)}: it is cut off"
        )
    missing = [n for n in bundle.schema.names if n not in header["inputs"]]
    gone = [n for n in header["outputs"] if n not in bundle.program.outputs]
    if missing or gone:
        what = (
            f"input `{missing[0]}` is not recorded" if missing else f"feature `{gone[0]}` is gone"
        )
        raise ParityError(f"{target}: {what}", hint="a change of a set is a new version of it")
    rows = [{n: literals.from_canonical(v) for n, v in line["in"].items()} for line in lines]
    outputs = {
        name: Values.of(
            [literals.from_canonical(line["out"][name]) for line in lines], dtypes.from_json(dtype)
        )
        for name, dtype in header["outputs"].items()
    }
    state = FittedState.from_json(header["state"])
    if any(node.key not in state for node in bundle.program.fits):
        raise ParityError(
            f"{target}: the set asks a fit for something else than when this was recorded",
            hint="a change of a set is a new version of it",
        )
    return Golden(Rows.of(rows, bundle.schema), outputs, state)


def verify(
    bundle: Bundle, path: str | os.PathLike[str], engines: list[Engine] | None = None
) -> list[GoldenDifference]:
    """Recomputes recorded rows; what is not equal to the recording, bit for bit.

    Args:
        bundle: The definition; the fitted state is the recorded one.
        path: The folder, or the file itself.
        engines: By default the reference evaluator alone.

    Returns:
        For each engine and feature the first row that differs; empty if all are equal.
    """
    golden = read_golden(bundle, path)
    rows, judged = golden.rows, dataclasses.replace(bundle, state=golden.state)
    found = []
    for engine in engines or [Reference()]:
        given = np.flatnonzero(taken(engine, rows))
        outputs = engine.compute(judged, rows.take(given))
        for name, recorded in golden.outputs.items():
            expected, got = recorded.take(given), outputs[name]
            if got.dtype != expected.dtype:
                raise ParityError(f"feature `{name}` was {expected.dtype}, and is {got.dtype} now")
            wrong = expected.differs(got)
            if wrong.any():
                at = int(wrong.argmax())
                row, values = int(given[at]), (expected.canonical(at), got.canonical(at))
                found.append(
                    GoldenDifference(engine.name, name, row, rows.python(row), *values, got.dtype)
                )
    return found
