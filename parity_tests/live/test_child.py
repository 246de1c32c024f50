"""Releases are compiled in a process of their own; whatever becomes of it, the service goes on."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from featurelib.jit.cache import generator_hash
from featurelib.release import Registry
from featurelib_online.live.child import warm_in_child
from featurelib_online.live.warm import main
from featurelib_online.live.warming import warm
from parity_tests.live.versions import (
    STEP,
    folder_of,
    following,
    numbers_in,
    released,
    request,
    until,
    wrong,
)

COMMAND = [sys.executable, "-m", "featurelib_online.live.warm"]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A registry with a stable release, and one that may follow it."""
    made = Registry(tmp_path / "registry")
    for number in (1, 2):
        released(made, number)
    made.channel("trips", "stable").promote("1.1.0", **STEP)
    return made


def interpreter(folder: Path, action: str) -> str:
    """An interpreter that does something else once a file `bad` stands beside it."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\n[ -e {folder}/bad ] && {action}\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("action", "stage", "says"),
    [
        ("kill -9 $$", "died", "it ended with signal 9"),
        ("{ echo no space left >&2; exit 3; }", "died", "exit status 3: no space left"),
    ],
)
def test_a_child_that_dies_or_hangs_changes_nothing(
    registry: Registry, tmp_path: Path, action: str, stage: str, says: str
) -> None:
    """The release is not taken, the one before goes on, and the status says what happened."""
    python = interpreter(tmp_path, action)
    options = {"in_child": True, "python": python}
    with following(registry, **options) as service:
        (tmp_path / "bad").touch()
        registry.channel("trips", "stable").promote("1.2.0", **STEP)
        until(lambda: service.status().state == "refused")
        refused = service.status().refused
        assert refused is not None
        assert (refused.version, refused.stage) == ("1.2.0", stage)
        assert says in refused.error
        assert numbers_in(service(request(1)), request(1)) == {1}
        assert service.metrics[f"refused_{stage}"] == 1
        (tmp_path / "bad").unlink()
        registry.channel("trips", "stable").rollback(**STEP, to="1.1.0")
        until(lambda: service.status().state == "serving")


def test_a_child_that_takes_too_long_is_ended(registry: Registry, tmp_path: Path) -> None:
    """It is killed, and what it was doing is said."""
    (tmp_path / "bad").touch()
    made = warm_in_child(
        registry.fetch("trips", "1.1.0"),
        text_limit=1 << 16,
        within_s=0.3,
        wait=threading.Event().wait,
        python=interpreter(tmp_path, "exec sleep 600"),
        nice=0,
    )
    assert (made.outcome, made.error) == ("time", "not ready within 0.3 s")


def test_closing_ends_a_child_that_is_at_work(registry: Registry, tmp_path: Path) -> None:
    """The service does not wait for a compiler to stop."""
    python = interpreter(tmp_path, "{ touch " + str(tmp_path / "began") + "; exec sleep 600; }")
    with following(registry, in_child=True, python=python) as service:
        (tmp_path / "bad").touch()
        registry.channel("trips", "stable").promote("1.2.0", **STEP)
        until((tmp_path / "began").exists)
        assert service.status().state == "warming"
    assert service.status().state == "closed"
    assert numbers_in(service(request(1)), request(1)) == {1}


def test_what_the_child_compiled_is_only_loaded_here(registry: Registry) -> None:
    """The machine code comes from the cache that the child has filled."""
    version = released(registry, 9)  # which no other test of this process has compiled
    registry.channel("trips", "stable").promote(version, **STEP)
    with following(registry, in_child=True) as service:
        assert service.current.release.version == version
        assert service.current.kernel.kernel.machine.from_cache


def test_the_command_says_whether_a_release_may_serve(registry: Registry) -> None:
    """It exits with 0 or 1, and its last line is the result."""
    bad = wrong(registry, 4)
    for version, code, outcome in (("1.1.0", 0, "ready"), (bad, 1, "golden")):
        done = subprocess.run(
            [*COMMAND, str(folder_of(registry, version))],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["outcome"] == outcome


def test_a_folder_without_a_release_is_no_release(tmp_path: Path) -> None:
    """What cannot be read is not ready."""
    made = warm(tmp_path)
    assert not made.is_ready
    assert "bundle.json" in made.error


def test_a_service_does_not_load_what_other_code_compiled(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    """The package was exchanged under a running service: it would compile by itself."""
    folder = str(folder_of(registry, "1.1.0"))
    assert main([folder, "--code", "0" * 64]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["outcome"] == "compile"
    assert said["error"].endswith("restart the service")
    assert main([folder, "--code", generator_hash()]) == 0


def test_the_child_ends_with_its_parent(registry: Registry) -> None:
    """When the service is gone its end of the pipe is closed, and the child does not go on."""
    done = subprocess.run(
        [*COMMAND, str(folder_of(registry, "1.1.0")), "--while-stdin"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120, env=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == 2
