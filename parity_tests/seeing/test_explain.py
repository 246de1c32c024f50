"""`explain` and a trace: what they show is what is computed, under the same numbers."""

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import featurelib as fl
import featurelib_offline as offline
from featurelib.explain import explain
from featurelib.node import LITERAL
from featurelib.ssa import constant, lines, numbers
from featurelib.trace import trace
from parity_tests.feature_sets.flights import flights
from parity_tests.seeing.small import bundle, row, small

ROOT = Path(__file__).parents[2]


def test_every_value_has_a_line_and_a_type() -> None:
    """The program lists each node but constants once, arguments before their users."""
    shown = lines(flights.program)
    assert [line.node for line in shown] == [n for n in flights.program.nodes if n.op != LITERAL]
    for line in shown:
        assert str(line).startswith(f"%{line.number}: {line.node.dtype}")
        read = re.findall(r"%(\d+)", line.operation)
        assert all(int(number) < line.number for number in read)


def test_explain_shows_every_feature_with_the_authors_lines() -> None:
    """Each feature has its heading, its description and the file and line of its ops."""
    text = explain(flights)
    for item in flights.features:
        assert f"\n{item.name}@{item.version}: " in text
        assert " ".join(item.description.split())[:40] in " ".join(text.split())
    assert "flights.py:" in text and "flights_time.py:" in text


def test_explain_of_one_feature_keeps_the_numbers_of_the_set() -> None:
    """A value is %n in the whole explanation, in that of one feature, and in a trace."""
    number = numbers(small.program)[small.program.outputs["delay_z"].key]
    head = f"%{number}: Float32"
    assert head in explain(small) and head in explain(small, feature="delay_z")
    assert "rush_hour" not in explain(small, feature="delay_z")
    (step,) = [s for s in trace(bundle, row) if "delay_z" in s.line.outputs]
    assert step.label.startswith(f"%{number} ")


def test_an_unknown_feature_is_refused_with_the_nearest_name() -> None:
    """A typo is answered with the name that was meant."""
    with pytest.raises(fl.FeaturelibError, match="did you mean delay_z"):
        explain(small, feature="delay_x")


@pytest.mark.parametrize("source", [small, bundle, flights])
def test_explain_fits_sixty_columns(source: fl.FeatureSet | fl.Bundle) -> None:
    """No line is longer than the terminal, but where Polars' plan has no place to break."""
    text = explain(source, width=60).partition("\nBATCH PLAN")[0]
    assert max(map(len, text.splitlines())) <= 60


def test_the_batch_side_is_that_of_the_plan() -> None:
    """The way and reason of each feature are those that the batch plan takes."""
    text = " ".join(explain(bundle).split())
    names = {"native": "native Polars", "kernel": "column kernel"}
    for choice in offline.plan(bundle).choices:
        assert f"batch: {names[choice.way]}, because {choice.reason}" in text
    assert 'DF ["' in text


def test_features_that_read_no_column_are_explained() -> None:
    """A set of constants has a plan: they are as long as the frame."""
    one = fl.Feature("one", version=1, expr=fl.lit(1.0))
    constants = fl.FeatureSet("constants", version="1.0.0", inputs=small.inputs, features=[one])
    text = explain(constants.bind())
    assert "it reads no column" in text and "python_udf" in text


def test_before_a_fit_there_are_ways_and_no_plan() -> None:
    """What needs no fitted value is shown."""
    assert "batch: " in explain(small) and "No plan before the fit" in explain(small)


def test_fitted_values_stand_beside_their_analyzers() -> None:
    """A bundle shows what the fit found."""
    mean = next(v for v in bundle.state.values() if isinstance(v, float))
    assert f"fit mean@1 %{numbers(small.program)[small.program.fits[0].args[0].key]}" in (
        explain(bundle)
    )
    assert f"-> {mean!r}" in explain(bundle)


def test_without_the_batch_engine_explain_says_so() -> None:
    """In a process that has not imported it, nothing of it is loaded."""
    code = (
        "import sys\nfrom parity_tests.feature_sets.flights import flights\n"
        "print(flights.explain())\nassert 'polars' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, timeout=120, env=environment, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no batch engine is loaded" in done.stdout


def test_constants_are_written_as_an_author_would() -> None:
    """Text is quoted and cut, times are ISO 8601, null is null."""
    assert constant(None, fl.dtypes.FLOAT64) == "null"
    assert constant(True, fl.dtypes.BOOL) == "true"
    assert constant("Zürich".encode(), fl.dtypes.STRING) == '"Zürich"'
    assert constant(b"x" * 100, fl.dtypes.STRING) == f'"{"x" * 32}…"'
    assert constant(0, fl.dtypes.DATE) == "1970-01-01"
    noon = int(dt.datetime(2013, 7, 1, 16, tzinfo=dt.UTC).timestamp()) * 1_000_000
    zoned = fl.dtypes.datetime_type("America/New_York")
    assert constant(noon, zoned) == "2013-07-01T12:00:00-04:00 America/New_York"
    assert constant(-0.0, fl.dtypes.FLOAT64) == "-0.0"


def test_a_trace_has_every_served_value_once() -> None:
    """All that serving computes but constants and tables; what only a fit reads is left out."""
    steps = trace(bundle, row)
    served = [
        n for n in bundle.program.serving_nodes if n.op != LITERAL and n.dtype.name != "Table"
    ]
    assert {s.line.node.key for s in steps} == {n.key for n in served}
    assert len(steps) == len(served)
    outputs = {name: s.value for s in steps for name in s.line.outputs}
    assert outputs["rush_hour"] is True and outputs["city_index"] == 2
