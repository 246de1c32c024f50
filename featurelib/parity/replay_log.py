"""Reads logs of served requests: JSON lines of `featurelib_online.request_log`, or a team's own.

A team's own log is JSON lines or Parquet with two columns, ``request`` and ``answer``: objects (of
Parquet Structs) of input values and of feature values, as the border of JSON or Arrow takes them;
``at`` and ``fingerprint`` may stand beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from featurelib import borders, literals
from featurelib.bundle import Bundle
from featurelib.canonical_json import UNREADABLE
from featurelib.errors import FeaturelibError, InputError, MissingExtraError
from featurelib.fields import Field
from featurelib.json_rows import read_json

__all__ = ["Logged", "read_log"]

FORMAT = 1
"""The version of `featurelib_online.request_log` that is read."""
_PARQUET_ROWS = 8_192


@dataclass(frozen=True)
class Logged:
    """One logged request.

    Attributes:
        line: Its line, from 1 on; of Parquet its row.
        request: Inputs, canonical.
        answer: Values of features, canonical; of features that the bundle has not, as they are.
        at: When it was served, as text; empty if the log does not say.
        fingerprint: Of the set that answered; empty if the log does not say.
        error: Why it cannot be computed, if it cannot.
    """

    line: int
    request: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""
    fingerprint: str = ""
    error: str = ""


def read_log(path: str | Path, bundle: Bundle) -> Iterator[Logged]:
    """The requests of a log, in its order, one at a time.

    Raises:
        InputError: It is no JSON lines and no Parquet, or has not the columns.
        OSError: It cannot be read.
    """
    source = Path(path)
    with source.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    return _parquet(source, bundle) if is_parquet else _lines(source, bundle)


def _lines(path: Path, bundle: Bundle) -> Iterator[Logged]:
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                data = read_json(text)
            except ValueError as error:
                cut = "" if text.endswith(b"\n") else ", the last line is cut off"
                yield Logged(number, error=f"no readable JSON{cut}: {error}")
                continue
            yield _logged(number, data, bundle, "json")


def _parquet(path: Path, bundle: Bundle) -> Iterator[Logged]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError(
            f"reading {path} needs pyarrow", hint='pip install "featurelib[offline]"'
        ) from error
    try:
        file = pq.ParquetFile(path)
        names = set(file.schema_arrow.names)
        if not {"request", "answer"} <= names:
            raise InputError(
                f"{path}: expected the columns `request` and `answer`, got {', '.join(names)}",
                hint="Structs of input values and of feature values",
            )
        columns = [n for n in ("request", "answer", "at", "fingerprint") if n in names]
        number = 0
        for batch in file.iter_batches(_PARQUET_ROWS, columns=columns):
            for row in batch.to_pylist():
                number += 1
                yield _logged(number, row, bundle, "python")
    except pa.ArrowException as error:
        raise InputError(f"{path}: no readable Parquet: {error}") from None


def _logged(number: int, data: Any, bundle: Bundle, source: borders.Source) -> Logged:
    try:
        if not isinstance(data, dict) or not {"request", "answer"} <= set(data):
            raise InputError("no object with `request` and `answer`")
        version = data.get("log")
        if version not in (None, FORMAT):
            raise InputError(f"format {version!r}, this featurelib reads {FORMAT}")
        if version == FORMAT:
            plain = {n: literals.from_canonical(v) for n, v in data["request"].items()}
            request = _request(plain, bundle)
            answer = {n: literals.from_canonical(v) for n, v in data["answer"].items()}
        else:
            request = borders.canonical_row(
                data["request"], bundle.schema, where=bundle.name, source=source
            )
            answer = _answer(data["answer"], bundle, source)
        about = {n: str(data.get(n) or "") for n in ("at", "fingerprint")}
        return Logged(number, request, answer, **about)
    except FeaturelibError as error:
        return Logged(number, error=str(error).partition("\n")[0])
    except UNREADABLE as error:
        return Logged(number, error=f"no readable request: {error!r}")


def _request(values: Mapping[str, Any], bundle: Bundle) -> dict[str, Any]:
    """Canonical inputs as the bundle reads them; one that was added since takes its default."""
    made = {}
    for one in bundle.schema.fields:
        if one.name in values:
            value = borders.from_canonical(values[one.name], one.dtype)
            made[one.name] = borders.canonical(value, one, where=bundle.name)
        elif one.has_default:
            made[one.name] = one.canonical_default
        else:
            raise InputError(f"{bundle.name}: input `{one.name}` was not logged")
    return made


def _answer(values: Mapping[str, Any], bundle: Bundle, source: borders.Source) -> dict[str, Any]:
    outputs = bundle.program.outputs
    return {
        name: borders.canonical(value, Field(name, outputs[name].dtype, True), source=source)
        if name in outputs
        else value
        for name, value in values.items()
    }
