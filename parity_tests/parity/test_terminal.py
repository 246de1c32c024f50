"""What `featurelib parity` prints is readable in a narrow terminal, and whole in a pipe."""

import dataclasses
import io

import pytest
from rich.console import Console

from featurelib.parity import all_engines, run_parity
from featurelib_offline.native import registry

TARGET = "parity_tests.parity.test_gate_can_fail:TRIPS"


def printed(width: int) -> tuple[int, list[str]]:
    out = io.StringIO()
    code = run_parity(TARGET, rows=120, seed=1, console=Console(file=out, width=width))
    return code, out.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_engine_is_one_line(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and numbers of an engine stand on one line, and no line is too long."""
    monkeypatch.setenv("COLUMNS", str(width))
    code, lines = printed(width)
    assert code == 0
    assert max(map(len, lines)) <= width
    for engine in all_engines():
        (line,) = [
            s for s in lines if s.startswith(f"{engine.name}  ") or s[:32].rstrip() == engine.name
        ]
        assert line.split()[-1] == "0"


@pytest.fixture
def wrong_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    """A native lowering of `clip` that ends at 90."""
    old = registry.lowerings()["clip@1"]
    wrong = dataclasses.replace(old, rule=lambda node, args: args[0].clip(0.0, 90.0))
    monkeypatch.setitem(registry.LOWERINGS, "clip@1", wrong)


@pytest.mark.usefixtures("wrong_clip")
def test_a_failure_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mismatch is wrapped between words; its bits stay whole."""
    monkeypatch.setenv("COLUMNS", "60")
    code, lines = printed(60)
    assert code == 1
    assert max(map(len, lines)) <= 60
    assert any("first op that differs: clip@1" in line for line in lines)
    assert any("0x4056800000000000" in line for line in lines)


@pytest.mark.usefixtures("wrong_clip")
def test_a_pipe_gets_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads the output finds each line as it was written, however long."""
    monkeypatch.delenv("COLUMNS", raising=False)
    code, lines = printed(60)
    assert code == 1
    assert [s for s in lines if s.startswith("  row, shrunk: {'fare': ") and s.endswith("}")]
