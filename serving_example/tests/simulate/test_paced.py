"""The simulator beside a paced server: traces, figures, and what is refused before it starts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving_example.load.replay import Replayed
from serving_example.simulate import simulate
from serving_example.simulate.latency import Model, Pool, Table
from serving_example.simulate.paced.__main__ import main
from serving_example.simulate.paced.comparison import Compared, means
from serving_example.simulate.paced.traces import TRACES
from serving_example.tests.app.world import artifact, published


@pytest.mark.parametrize("name", sorted(TRACES))
def test_a_trace_repeats_and_is_as_dense_as_its_load(name: str) -> None:
    """The same seed gives the same bits; over 400 s the rate is near the load."""
    kind = TRACES[name]
    first, again = (kind.drawn(["a", "b"], 50.0, 400.0, 0.3, 4, 1) for _ in range(2))
    assert np.array_equal(first.times, again.times) and np.array_equal(first.models, again.models)
    assert len(first) / 400 == pytest.approx(50 * kind.load, rel=0.25)
    assert set(first.rows.tolist()) == {4}
    assert np.array_equal(first.deadlines, first.times + 0.3)


def test_a_batch_takes_what_was_recorded() -> None:
    """By hand: one row runs for 3 s, three for 5 at the size of four."""
    pool = Pool((Model("a", Table({1: 3.0, 4: 5.0}), (1, 4)),))
    trace = TRACES["steady"].drawn(["a"], 1.0, 30.0, 100.0, 1, 0)
    outcome = simulate(trace, pool)
    assert {(b.size, round(b.end - b.start, 9)) for b in outcome.batches} == {(1, 3.0), (4, 5.0)}


def test_the_mean_of_the_batches_of_a_trace() -> None:
    """By hand: 2 batches of size 1 took 0.3 s each, three times what was recorded; 4 did not run.

    What ran before the trace is not counted.
    """
    before, after = {1: (1.0, 10.0), 4: (2.0, 4.0)}, {1: (1.6, 12.0), 4: (2.0, 4.0)}
    assert means(before, after, {1: 0.1, 4: 0.2}) == pytest.approx({1: 0.3, 4: 0.6})
    assert means({}, {}, {1: 0.1}) == {1: 0.1}


def test_the_difference_is_in_points() -> None:
    """Of four requests the server answers one late and refuses one: 50 %, the simulator has all."""
    trace = TRACES["steady"].drawn(["a"], 2.0, 100.0, 10.0, 1, 0).only(np.arange(4))
    outcome = simulate(trace, Pool((Model("a", Table({1: 0.1}), (1,)),)))
    latency, statuses = np.array([1.0, 11.0, 1.0, 1.0]), np.array([200, 200, 503, 200])
    one = Compared(trace, Replayed(latency, statuses, np.zeros(4)), {1: 0.1}, outcome, outcome)
    assert (one.served, one.simulated, one.points) == (0.5, 1.0, 50.0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--slo-s", "0.01"], "ends within 0.01 s"), (["--file", "{}/trace.csv"], "of 16 rows for m")],
)
def test_what_cannot_be_run_is_told(arguments: Any, told: str, tmp_path: Path, capsys: Any) -> None:
    """The command ends with 1 and the reason before it starts a server."""
    published(tmp_path / "artifacts", m=artifact())
    (tmp_path / "trace.csv").write_text("time,model,rows,deadline\n0,other,16,1\n")
    arguments = [text.format(tmp_path) for text in arguments]
    assert main(["--data", str(tmp_path), *arguments]) == 1
    assert told in capsys.readouterr().err.replace("\n", " ")


def test_a_folder_without_rankers_is_told(tmp_path: Path, capsys: Any) -> None:
    """Towers alone cannot be asked for scores."""
    published(tmp_path / "artifacts", towers=artifact("towers"))
    assert main(["--data", str(tmp_path)]) == 1
    assert "no ranker among its models" in capsys.readouterr().err
