"""Row kernels as a service uses them: calls, batches, JSON, tensors, trace, other processes."""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import pickle
import subprocess
import sys
from collections import OrderedDict, UserDict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import featurelib as fl
import featurelib_online as online
from featurelib import borders
from featurelib.errors import DefinitionError, FitError, InputError, UnknownFieldError
from featurelib.evaluate import Evaluator
from featurelib.parity.golden_values import same_bits
from featurelib.state import FittedState
from featurelib.tables import TableData
from parity_tests.online.all_types import SCHEMA, assert_same, random_rows
from parity_tests.online.all_types import kernel as kernel_of_everything

ROOT = Path(__file__).parents[2]
NOON = dt.datetime(2023, 11, 14, 12, tzinfo=dt.UTC)


class Flight(fl.Schema):
    carrier: str
    distance: float
    dep_delay: float | None
    time_hour: fl.Datetime


@fl.feature(version=1)
def delay_z(dep_delay: fl.Expr) -> fl.Expr:
    """Departure delay in training deviations."""
    delay = dep_delay.fill_null(0.0).clip(-30.0, 180.0)
    return ((delay - fl.mean(delay)) / fl.std(delay, ddof=0)).cast(fl.Float32)


@fl.feature(version=1)
def carrier_index(carrier: fl.Expr) -> fl.Expr:
    """Index of the carrier among the common ones."""
    return carrier.vocabulary_index(max_size=10)


@fl.feature(version=1)
def at_noon(time_hour: fl.Expr) -> fl.Expr:
    """Whether it leaves at noon, New York time."""
    return time_hour.dt.convert_time_zone("America/New_York").dt.hour() == 12


@fl.feature(version=1)
def label(carrier: fl.Expr) -> fl.Expr:
    """The carrier in lower case."""
    return carrier.str.to_lowercase()


FLIGHTS = fl.FeatureSet(
    "flights",
    version="1.0.0",
    inputs=Flight,
    features=[delay_z, carrier_index, at_noon, label],
    layout={"dense": ["delay_z"], "raw": ["distance"], "ids": ["carrier_index"]},
)
ROW = {"carrier": "UA", "distance": 733.0, "dep_delay": None, "time_hour": NOON}


def flights_bundle() -> fl.Bundle:
    state = {
        node.key: (
            node.dtype,
            TableData("strings", ("UA", "DL")) if node.dtype.name == "Table" else 2.5,
        )
        for node in FLIGHTS.program.fits
    }
    made: fl.Bundle = FLIGHTS.bind(FittedState(state))
    return made


@pytest.fixture(scope="module")
def kernel() -> online.RowKernel:
    return online.compile(flights_bundle())


def assert_row_is(row: online.Row, batch: online.Batch, at: int) -> None:
    for name, dtype in batch.types.items():
        assert same_bits(row.canonical(name), batch.canonical(name)[at], dtype), name
    for name, tensor in batch.tensors.items():
        assert row.tensors[name].tobytes() == tensor[at : at + 1].tobytes(), name


def test_a_row_is_a_mapping_of_python_values(kernel: online.RowKernel) -> None:
    """Feature to value, with the tensors of the layout beside."""
    row = kernel(ROW)
    assert dict(row) == {"delay_z": -1.0, "carrier_index": 2, "at_noon": False, "label": "ua"}
    assert list(row) == list(FLIGHTS.program.outputs) and len(row) == 4
    assert {n: t.tolist() for n, t in row.tensors.items()} == {
        "dense": [[-1.0]],
        "raw": [[733.0]],
        "ids": [[2]],
    }
    with pytest.raises(KeyError):
        row["nope"]


def test_a_call_gives_the_bits_of_the_reference_evaluator() -> None:
    """Every type with edge values, one row at a time and many at once."""
    made = kernel_of_everything()
    rows = random_rows(np.random.default_rng(11), 60)
    batch = made.many(rows)
    evaluator = Evaluator(made.bundle.program, made.bundle.state)
    for at, row in enumerate(rows):
        expected = evaluator.row(borders.canonical_row(row, SCHEMA))
        alone = made(row)
        for name, dtype in made.types.items():
            assert same_bits(alone.canonical(name), expected[name], dtype), name
        assert_row_is(alone, batch, at)


def test_a_row_may_be_a_model_or_any_mapping(kernel: online.RowKernel) -> None:
    """A pydantic instance, a read-only mapping and a dict of NumPy scalars are the same row."""
    expected = kernel.many([ROW])
    numpy_row = ROW | {"distance": np.float64(733.0), "carrier": np.str_("UA")}
    for given in (Flight(**ROW), MappingProxyType(ROW), numpy_row):
        assert_row_is(kernel(given), expected, 0)
        assert_same(kernel.many([given]), expected)


def test_batches_longer_than_a_chunk_keep_the_order_of_their_rows() -> None:
    """Chunks of rows are joined as they came."""
    made = kernel_of_everything()
    rows = random_rows(np.random.default_rng(5), 600)
    batch = made.many(rows)
    assert len(batch) == 600
    for at in (0, 255, 256, 257, 511, 512, 599):
        assert_row_is(made(rows[at]), batch, at)
    assert len(made.many([])) == 0


def test_bad_rows_are_left_out_and_named(kernel: online.RowKernel) -> None:
    """With errors="collect" good rows are computed, and no bad row is lost."""
    bad = {
        1: ROW | {"distance": "far"},
        2: {"carrier": "UA"},
        300: ROW | {"label": 1},
        301: None,
        599: ROW | {"time_hour": NOON.replace(tzinfo=None)},
    }
    rows = [bad.get(i, ROW) for i in range(600)]
    batch = kernel.many(rows, errors="collect")
    assert [e.row for e in batch.errors] == list(bad)
    assert len(batch) == 600 - len(bad)
    assert "field `distance` takes Float64, got 'far' (str)" in batch.errors[0].reason
    assert all("flights" in e.reason for e in batch.errors)
    assert_same(batch, kernel.many([ROW] * (600 - len(bad))))


def test_the_first_bad_row_stops_a_batch(kernel: online.RowKernel) -> None:
    """By default an error names the set, the field, the value and the row."""
    with pytest.raises(InputError, match=r"flights: field `distance` .*'far' \(str\)") as caught:
        kernel.many([*[ROW] * 299, ROW | {"distance": "far"}])
    assert (caught.value.row, caught.value.field) == (299, "distance")
    assert_same(kernel.many([ROW] * 3), kernel.many((ROW, ROW, ROW)))
    with pytest.raises(UnknownFieldError, match="`seats` is not in the input schema"):
        kernel(ROW | {"seats": 1})
    for row in (7, None, [ROW], "UA"):
        with pytest.raises(InputError, match="flights: a row is a mapping or a pydantic model"):
            kernel(row)
    with pytest.raises(DefinitionError, match='expected errors="raise" or "collect"'):
        kernel.many([ROW], errors="ignore")


def test_json_is_an_object_or_an_array_of_them(kernel: online.RowKernel) -> None:
    """Times are text with an offset; an array gives a batch."""
    text = json.dumps(ROW | {"time_hour": "2023-11-14T07:00:00-05:00"})
    alone, batch = kernel.json(text), kernel.json(f"[{text}, {text}]".encode())
    assert isinstance(alone, online.Row) and isinstance(batch, online.Batch)
    assert_same(batch, kernel.many([ROW, ROW]))
    assert_row_is(alone, batch, 1)
    with pytest.raises(InputError, match="flights"):
        kernel.json(b'{"carrier": NaN}')


def test_a_trace_has_every_node_and_ends_in_the_row(kernel: online.RowKernel) -> None:
    """Outputs stand in it with the values of a call, and so do the inputs."""
    traced = kernel.trace(ROW)
    for name, value in kernel(ROW).items():
        labels = [label for label in traced if label.endswith(f"-> {name}")]
        assert [traced[label] for label in labels] == [value]
    assert [v for label, v in traced.items() if label.endswith(" carrier")] == ["UA"]


@pytest.mark.parametrize("kind", [OrderedDict, UserDict, MappingProxyType, lambda r: Flight(**r)])
def test_a_row_of_any_class_is_read_by_machine_code(kernel: online.RowKernel, kind: Any) -> None:
    """Its values are not looked at one by one in Python, which takes a hundred times as long."""
    rows = [kind(ROW) for _ in range(3)]
    expected = kernel.many([ROW] * 3)
    called = set()
    sys.setprofile(lambda frame, event, arg: called.add(frame.f_code.co_qualname))
    try:
        batch, one = kernel.many(rows), kernel(rows[0])
    finally:
        sys.setprofile(None)
    assert_same(batch, expected)
    assert dict(one) == expected[0]
    assert "mapping_of" in called and not called & {"canonical", "canonical_row"}


def test_an_unfitted_set_is_not_compiled() -> None:
    """A set with analyzers needs a fit, and says so."""
    with pytest.raises(FitError, match="flights: no fitted value"):
        online.compile(FLIGHTS)


def _served(kernel: online.RowKernel, row: dict[str, Any], results: Any) -> None:
    results.put((kernel.fingerprint, dict(kernel(row)), kernel(row).tensors["ids"].tolist()))


def test_a_kernel_travels_to_a_spawned_process(kernel: online.RowKernel) -> None:
    """It goes as its bundle's JSON and is the same kernel there."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    child = context.Process(target=_served, args=(kernel, ROW, results))
    child.start()
    fingerprint, row, ids = results.get(timeout=120)
    child.join()
    assert fingerprint == kernel.fingerprint
    assert row == dict(kernel(ROW)) and ids == [[2]]


def test_bundles_and_kernels_are_pickled_as_data(kernel: online.RowKernel) -> None:
    """Nothing in the pickle but our functions and JSON."""
    bundle = pickle.loads(pickle.dumps(kernel.bundle))
    assert bundle == kernel.bundle
    again = pickle.loads(pickle.dumps(kernel))
    assert again.fingerprint == kernel.fingerprint
    assert_same(again.many([ROW]), kernel.many([ROW]))


def test_a_call_loads_no_frame_library(tmp_path: Path) -> None:
    """Serving from a saved bundle, rows and columns, imports no polars, pandas or pyarrow."""
    flights_bundle().save(tmp_path / "flights.json")
    code = f"""
import sys, datetime as dt, numpy as np
import featurelib as fl, featurelib_online as online
kernel = online.compile(fl.load({str(tmp_path / "flights.json")!r}))
noon = dt.datetime(2023, 11, 14, 12, tzinfo=dt.UTC)
row = {{"carrier": "UA", "distance": 733.0, "dep_delay": None, "time_hour": noon}}
assert kernel(row)["carrier_index"] == 2
kernel.many([row]); kernel.trace(row)
kernel.json('{{"carrier":"UA","distance":1,"dep_delay":null,"time_hour":"2023-11-14T12:00:00Z"}}')
columns = {{n: np.array([v], object) for n, v in row.items()}}
assert kernel.columns(columns).tensors["ids"].tolist() == [[2]]
print(sorted({{m.partition(".")[0] for m in sys.modules}}
             & {{"polars", "pandas", "pyarrow", "rich", "torch", "featurelib_offline"}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
