"""The cache of machine code, and what is shown while machine code is made."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from featurelib.errors import CompileError, UnsafeCacheError
from featurelib.jit import cache
from featurelib.jit.progress import Progress, is_watched, progress, tell

ROOT = Path(__file__).parents[2]
SET = """
import sys
sys.path.insert(0, {folder!r})
import featurelib as fl, featurelib_online as online
from featurelib.jit.compile import digest
import own_ops  # registers the op
schema = fl.InputSchema.from_fields({{"x": float, "s": str}})
features = [
    fl.Feature("bucket", version=1, expr=fl.col("s").hash_bucket(10)),
    fl.Feature("own", version=1, expr=fl.col("x").own()),
]
made = fl.FeatureSet("s", version="1.0.0", inputs=schema, features=features)
kernel = online.compile(made)
row = kernel({{"x": 2.0, "s": "a"}})
key = digest(made.program, {{}}, False)
print(row["own"], kernel.kernel.machine.from_cache, key, file=sys.stdout)
"""
OPS = """
from featurelib.dtypes import Float64
from featurelib.op import Nulls, kernel_function, op

@kernel_function
def helper(x: Float64) -> Float64:
    return x * {factor}


@op("own", version=1, nulls=Nulls.PROPAGATE)
def own(x: Float64) -> Float64:
    \"\"\"{doc}\"\"\"
    return helper(x) + 1.0
"""


def run_set(folder: Path, factor: float, doc: str = "An op of a team.") -> tuple[float, bool, str]:
    """The value, whether it came from the cache, and the key, in a process of its own."""
    (folder / "own_ops.py").write_text(OPS.format(factor=factor, doc=doc))
    environment = os.environ | {
        "FEATURELIB_CACHE_DIR": str(folder / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", SET.format(folder=str(folder))],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    value, from_cache, key = done.stdout.split()
    return float(value), from_cache == "True", key


def test_a_second_process_starts_from_the_cache_until_a_body_changes(tmp_path: Path) -> None:
    """The key follows every body, those of other packages and what they call included."""
    first = run_set(tmp_path, 3.0)
    assert first[:2] == (7.0, False)
    folder = tmp_path / "cache"
    assert folder.stat().st_mode & 0o777 == 0o700
    before = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert any(name.startswith("row-") for name in before), "the reader is cached with the rest"
    assert run_set(tmp_path, 3.0) == (7.0, True, first[2])
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()} == before
    # Only a function that the body calls has changed: another key, and the new value.
    changed = run_set(tmp_path, 5.0)
    assert changed[:2] == (11.0, False) and changed[2] != first[2]
    # A docstring changes no key of a program; and a file that was cut off is compiled again, and
    # written again whole.
    program = max(folder.glob("program-*"), key=lambda p: p.stat().st_mtime_ns)
    whole = program.stat().st_size
    program.write_bytes(program.read_bytes()[:1000])
    assert run_set(tmp_path, 5.0, "Other words.") == (11.0, False, changed[2])
    assert program.stat().st_size == whole
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o702])
def test_a_directory_that_others_can_write_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """Whoever can write machine code there can run it here; the error says what to do."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(mode)
    monkeypatch.setenv("FEATURELIB_CACHE_DIR", str(folder))
    with pytest.raises(UnsafeCacheError, match=f"mode 0{mode:o}") as caught:
        cache.directory()
    assert f"chmod 700 {folder}" in str(caught.value)
    folder.chmod(0o755)
    assert cache.directory() == folder


def test_a_directory_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner could change its mode."""
    monkeypatch.setenv("FEATURELIB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(UnsafeCacheError, match="belongs to another user"):
        cache.directory()


def test_a_directory_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the variable that names another one."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FEATURELIB_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(CompileError, match="cannot be used") as caught:
        cache.directory()
    assert "FEATURELIB_CACHE_DIR" in str(caught.value)


def test_without_a_variable_it_is_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only the user can enter it."""
    monkeypatch.delenv("FEATURELIB_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.directory() == tmp_path / "featurelib"
    assert (tmp_path / "featurelib").stat().st_mode & 0o777 == 0o700


class Screen(io.StringIO):
    """A terminal that says when something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        count = super().write(text)
        self.written.set()
        return count


def test_long_work_shows_how_far_it_is() -> None:
    """One line that is written over, and at the end how long it took."""
    screen = Screen()
    with progress("compiling 3 features", 2, stream=screen, after_s=0.0):
        tell("log1p")
        tell("add")
        tell("log1p")
        assert screen.written.wait(30)
    text = screen.getvalue()
    assert "\r" in text and text.endswith("\n")
    assert re.search(r"compiling 3 features: done in \d+\.\d s *\n$", text)
    work = Progress("compiling 3 features", 2)
    work.tell("log1p")
    assert work.line(3.2) == "compiling 3 features: 3 s, step 1 of 2, log1p"


def test_short_work_shows_nothing() -> None:
    """What is done within the time says nothing, also if it fails."""
    screen = Screen()
    with pytest.raises(KeyError), progress("compiling", stream=screen, after_s=60.0):
        raise KeyError
    assert screen.getvalue() == ""


def test_only_a_person_is_shown_progress() -> None:
    """A terminal and a notebook are; a log file, a pipe or no stream at all are not."""

    class OutStream(io.StringIO):
        """As a notebook's: no terminal, but its text is shown."""

    OutStream.__module__ = "ipykernel.iostream"
    assert is_watched(Screen()) and is_watched(OutStream())
    assert not is_watched(io.StringIO()) and not is_watched(None)


def test_a_stream_that_is_closed_stops_no_compile() -> None:
    """What is shown is a courtesy."""
    screen: Any = Screen()
    with progress("compiling", stream=screen, after_s=0.0):
        assert screen.written.wait(30)
        screen.close()
