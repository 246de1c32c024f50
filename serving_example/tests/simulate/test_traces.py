"""Traces that are drawn, and traces that were recorded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featurelib.errors import InputError
from serving_example.simulate import arrivals
from serving_example.simulate.trace import Trace, merged, read, write


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def fields(trace: Trace) -> Any:
    names = [
        (trace.model_names[m], trace.tenant_names[t])
        for m, t in zip(trace.models, trace.tenants, strict=True)
    ]
    return [
        *zip(
            trace.times.tolist(), trace.deadlines.tolist(), trace.rows.tolist(), names, strict=True
        )
    ]


def gaps_cv(times: Any) -> float:
    gaps = np.diff(times)
    return float(gaps.std() / gaps.mean())


def test_a_seed_gives_the_same_trace() -> None:
    """Two generators of one seed draw equal bits, another seed does not."""

    def draw(seed: int) -> Any:
        g = generator(seed)
        times = arrivals.gamma(100.0, 5.0, 2.0, g)
        return fields(arrivals.drawn(times, g, models="abc", shares=arrivals.zipf(3, 1.0), slo_s=1))

    assert draw(1) == draw(1) != draw(2)


@pytest.mark.parametrize("cv", [1.0, 4.0, 8.0])
def test_gaps_of_a_gamma_have_the_deviation_that_was_asked_for(cv: float) -> None:
    """Over 100,000 gaps: the mean within 5 % and the deviation within 10 %, 3 of their own."""
    times = arrivals.gamma(1000.0, 100.0, cv, generator())
    assert len(times) == pytest.approx(100_000, rel=0.05)
    assert gaps_cv(times) == pytest.approx(cv, rel=0.1)
    assert np.all(np.diff(times) >= 0) and times[-1] < 100.0


def test_poisson_is_a_gamma_of_one() -> None:
    """The deviation of its gaps is their mean, and they are spread over the time."""
    times = arrivals.poisson(1000.0, 50.0, generator())
    assert gaps_cv(times) == pytest.approx(1.0, rel=0.03)
    assert len(times) == pytest.approx(50_000, rel=0.03)


def test_spells_are_followed_by_silence() -> None:
    """With spells of 1 s and silences of 3 s the mean rate is kept over 2,000 of them; the gaps
    deviate more than Poisson's.
    """
    times = arrivals.on_off(20.0, 8000.0, 1.0, 3.0, generator())
    assert len(times) == pytest.approx(160_000, rel=0.1)
    assert gaps_cv(times) > 2.0


def test_steps_have_their_rates() -> None:
    """100, then 600, then 100 requests a second, two seconds each."""
    times = arrivals.steps([(100.0, 2.0), (600.0, 2.0), (100.0, 2.0)], generator())
    counts = np.histogram(times, [0.0, 2.0, 4.0, 6.0])[0]
    assert counts == pytest.approx([200, 1200, 200], rel=0.25)


def test_models_are_drawn_by_their_shares() -> None:
    """Zipf 1.0 over three: 6/11, 3/11, 2/11; exponent 0 is even."""
    assert arrivals.zipf(3, 1.0) == pytest.approx([6 / 11, 3 / 11, 2 / 11])
    assert arrivals.zipf(4, 0.0).tolist() == [0.25] * 4
    times = np.linspace(0.0, 1.0, 11_000)
    made = arrivals.drawn(times, generator(), models="abc", shares=arrivals.zipf(3, 1.0),
                          slo_s=[0.1, 0.2, 0.3])  # fmt: skip
    assert np.bincount(made.models) == pytest.approx([6000, 3000, 2000], rel=0.1)
    assert (made.deadlines - made.times)[made.models == 2] == pytest.approx(0.3)


@pytest.mark.parametrize("name", ["recorded.parquet", "recorded.csv"])
def test_a_recorded_trace_is_read_as_it_was_written(name: str, tmp_path: Path) -> None:
    """Times keep their bits, names are kept, two traces are one in order of time."""
    parts = [
        arrivals.drawn(arrivals.poisson(50.0, 2.0, generator(seed)), generator(seed), models=models,
                       shares=arrivals.zipf(2, 0.0), slo_s=0.1, rows=seed, tenant=f"tenant {seed}")
        for seed, models in ((1, "ab"), (2, "bc"))
    ]  # fmt: skip
    whole = merged(parts)
    assert fields(whole) == sorted(fields(parts[0]) + fields(parts[1]))
    assert whole.model_names == ("a", "b", "c")
    write(whole, tmp_path / name)
    assert fields(read(tmp_path / name)) == fields(whole)


def test_a_file_may_have_any_order_and_no_tenants(tmp_path: Path) -> None:
    """Requests are sorted by time."""
    path = tmp_path / "recorded.csv"
    path.write_text("model,time,deadline,rows\nb,2.5,3,1\na,1,1.5,7\n")
    assert fields(read(path)) == [(1.0, 1.5, 7, ("a", "")), (2.5, 3.0, 1, ("b", ""))]


@pytest.mark.parametrize(
    "text, message",
    [
        ("time,model,rows\n1,a,1\n", "no column `deadline`"),
        ("time,model,rows,deadline\n1,a,1,later\n", "later"),
        ("time,model,rows,deadline\n1,a,0,2\n", "request 0: got row=0"),
        ("time,model,rows,deadline\n3,a,1,2\n", r"request 0: got deadline=2\.0"),
        ("time,model,rows,deadline\nnan,a,1,2\n", "request 0: got time=nan"),
    ],
)
def test_a_wrong_file_is_refused(text: str, message: str, tmp_path: Path) -> None:
    """The message names the place and the value."""
    path = tmp_path / "recorded.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read(path)
