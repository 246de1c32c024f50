"""The golden features of the flights: recorded rows, and rows that were worked by hand."""

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import featurelib as fl
import featurelib_online as online
from featurelib.errors import ParityError
from featurelib.evaluate import Evaluator
from featurelib.parity.engines import Engine, Reference, RowKernelEngine
from featurelib.parity.golden_features import read_golden, record, verify
from featurelib.parity.golden_values import decode, encode, same_bits
from featurelib_offline import fit
from parity_tests.feature_sets.flights import flights, load_flights

FOLDER = Path(__file__).parents[2] / "golden_data" / "features" / "flights" / "1.0.0"
BY_HAND = [json.loads(line) for line in (FOLDER / "by_hand.jsonl").read_text().splitlines()]


@cache
def golden_bundle() -> fl.Bundle:
    """The bundle that stands beside the recording."""
    return fl.load(FOLDER / "flights-1.0.0.json")


@cache
def kernel() -> online.RowKernel:
    return online.compile(golden_bundle())


def given(line: dict[str, Any]) -> dict[str, Any]:
    """The canonical input values of a row worked by hand."""
    return {field.name: decode(line["in"][field.name], field.dtype) for field in flights.inputs}


def judge(line: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """What is not as the oracles say; every feature has a value by hand."""
    types = {name: node.dtype for name, node in flights.program.outputs.items()}
    assert line["out"].keys() == types.keys()
    return [
        f"{name}: {cell['out']!r} ({cell['oracle']}), got {encode(values[name], types[name])!r}"
        for name, cell in line["out"].items()
        if not same_bits(decode(cell["out"], types[name]), values[name], types[name])
    ]


@pytest.mark.parametrize("line", BY_HAND, ids=lambda line: line["why"])
def test_rows_worked_by_hand(line: dict[str, Any]) -> None:
    """The reference gives every value that was worked out without featurelib, bit for bit."""
    bundle = golden_bundle()
    assert not judge(line, Evaluator(bundle.program, bundle.state).row(given(line)))


def test_row_kernel_on_rows_worked_by_hand() -> None:
    """The row kernel gives the same values from Python objects."""
    for line in BY_HAND:
        types = {field.name: field.dtype for field in flights.inputs}
        row = {n: fl.borders.from_canonical(v, types[n]) for n, v in given(line).items()}
        answer = kernel()(row)
        assert not judge(line, {name: answer.canonical(name) for name in answer}), line["why"]


def test_a_wrong_value_is_seen() -> None:
    """The judge names feature, both values and oracle: -0.0 is not 0.0, True is not 1."""
    line = BY_HAND[0]
    bundle = golden_bundle()
    values = Evaluator(bundle.program, bundle.state).row(given(line))
    values |= {"dep_delay_log": -values["dep_delay_log"], "is_weekend": 0, "tail_suffix": None}
    wrong = judge(line, values)
    assert [w.partition(":")[0] for w in wrong] == ["dep_delay_log", "is_weekend", "tail_suffix"]
    assert "mpmath" in wrong[0]


@pytest.mark.parametrize("engine", [Reference(), RowKernelEngine()], ids=lambda e: e.name)
def test_recorded_rows(engine: Engine) -> None:
    """The definition of today gives every recorded value, bit for bit."""
    assert not verify(flights.bind(golden_bundle().state), FOLDER, [engine])


def test_the_recording_is_of_the_bundle_beside_it() -> None:
    """Recording and bundle have one fitted state, and the bundle is today's definition."""
    bundle = golden_bundle()
    assert read_golden(bundle, FOLDER).state == bundle.state
    assert bundle.fingerprint == flights.bind(bundle.state).fingerprint


def test_fitting_again_gives_the_golden_state() -> None:
    """The fit of the first nine months is the recorded one, whatever the order of rows."""
    frame = load_flights(keep=["month"]).filter(pl.col("month") <= 9).drop("month")
    assert fit(flights, frame.sample(fraction=1.0, shuffle=True, seed=5)) == golden_bundle().state


def test_a_recorded_version_is_never_written_over(tmp_path: Path) -> None:
    """Recording again into the folder of a version is refused, and changes nothing."""
    shutil.copy(FOLDER / "features.jsonl", tmp_path)
    before = (tmp_path / "features.jsonl").read_bytes()
    rows = read_golden(golden_bundle(), FOLDER).rows
    with pytest.raises(ParityError, match="recorded already"):
        record(golden_bundle(), rows, tmp_path)
    assert (tmp_path / "features.jsonl").read_bytes() == before
