"""What the command says when it is asked wrongly, or cannot do what it is asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from featurelib.cli import main
from parity_tests.cli import trips

ROOT = Path(__file__).parents[2]
COMMANDS = ("fit", "transform", "explain", "trace", "parity", "golden")
HEAVY = {"llvmlite", "numba", "pandas", "polars", "pyarrow", "pytest", "rich", "hypothesis"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder, as the working directory."""
    trips.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def in_a_process(code: str) -> subprocess.CompletedProcess[str]:
    """Runs Python in a fresh interpreter that finds this checkout."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)


def test_help_needs_the_base_install_only() -> None:
    """--help of every command loads no compiler, no frame library and no tool."""
    code = (
        "import sys\nfrom featurelib.cli import main\n"
        f"codes = [main([*c, '--help']) for c in [[], *([c] for c in {COMMANDS!r})]]\n"
        "assert codes == [0] * len(codes), codes\n"
        "print('LOADED', *{m.partition('.')[0] for m in sys.modules})"
    )
    done = in_a_process(code)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert not loaded & HEAVY


@pytest.mark.parametrize("command", [[], *([c] for c in COMMANDS), ["golden", "record"]])
def test_help_fits_a_narrow_terminal(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line of help is longer than 60 columns where the terminal has 60."""
    monkeypatch.setenv("COLUMNS", "60")
    assert main([*command, "--help"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 60


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing asked is asked wrongly: the help goes to standard error, the status is 2."""
    assert main([]) == 2
    assert "commands:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["explain", "nope"], "no such file"),
        (["explain", "no_such_module:trips"], "no module 'no_such_module'"),
        (["explain", "trip_features:trip"], "feature sets of trip_features: trips"),
        (["explain", "trip_features:Trip"], "and no feature set"),
        (["fit", "trip_features", "good.csv", "-o", "b.json"], "as module:name"),
        (["trace", "b.json", "--row", "{1}"], "No such file"),
        (["transform", "b.json", "good.csv", "-o", "o.parquet", "--refused", "r"], "collect"),
        (["parity", "trip_features:trips", "--rows", "0"], "a whole number from 1 on, got '0'"),
        (["nonsense"], "invalid choice"),
    ],
)
def test_a_wrong_question_names_what_is_wrong(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asked wrongly: one clean message on standard error, nothing on standard output."""
    status = main(argv)
    shown = capsys.readouterr()
    assert status == (1 if said == "No such file" else 2)
    assert said in shown.err and "Traceback" not in shown.err and not shown.out


@pytest.mark.parametrize(
    "argv",
    [
        ["fit", "trip_features:trips", "good.csv", "-o"],
        ["transform", "b.json", "good.csv", "-o"],
        ["transform", "b.json", "good.csv", "-o", "o.parquet", "--errors", "collect", "--refused"],
        ["parity", "trip_features:trips", "--rows", "10", "--report"],
    ],
)
@pytest.mark.parametrize(
    ("target", "said"), [("nowhere/o.x", "nowhere: no such directory"), (".", ".: Is a directory")]
)
def test_a_place_that_cannot_be_written_is_named_before_the_work(
    argv: list[str], target: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No rows are read, no engine runs, and no file appears."""
    before = sorted(Path().iterdir())
    assert main([*argv, target]) == 1
    shown = capsys.readouterr()
    assert said in shown.err and not shown.out
    assert sorted(p for p in Path().iterdir() if p.name != "__pycache__") == before


def test_a_failure_hides_its_traceback_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """A module that raises is named with its line; --debug shows the traceback too."""
    assert main(["explain", "broken_features:x"]) == 1
    clean = capsys.readouterr().err
    assert "ZeroDivisionError" in clean and "broken_features.py:1" in clean
    assert "Traceback" not in clean
    assert main(["explain", "broken_features:x", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "package", "extra"),
    [
        (["fit", "trip_features:trips", "good.csv", "-o", "b.json"], "polars", "offline"),
        (["transform", "b.json", "good.csv", "-o", "o.parquet"], "pyarrow", "offline"),
        (["fit", "trip_features:trips", "good.csv", "-o", "b.json"], "numba", "offline"),
        (["parity", "trip_features:trips"], "rich", "parity"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    argv: list[str], package: str, extra: str
) -> None:
    """Where a package is not installed, the message says which extra has it."""
    code = (
        f"import sys\nsys.modules[{package!r}] = None\n"
        f"from featurelib.cli import main\nsys.exit(main({argv!r}))"
    )
    done = in_a_process(code)
    assert done.returncode == 1
    assert package in done.stderr and f"featurelib[{extra}]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_seen_enough_is_no_failure_to_report() -> None:
    """A closed pipe ends the command without a word."""
    command = (
        f"{sys.executable} -m featurelib.cli explain parity_tests.feature_sets.flights:flights"
        " | head -n 1"
    )
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.startswith("flights 1.0.0") and not done.stderr


def test_the_page_on_the_command_line_names_every_command() -> None:
    """docs/command-line.md has a row for each."""
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert all(f"`featurelib {command} " in page for command in COMMANDS)
