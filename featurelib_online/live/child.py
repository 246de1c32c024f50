"""The child process that compiles a release, so that the service does not."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from featurelib import canonical_json
from featurelib.jit import cache
from featurelib_online.live.warming import Warmed, warm

if TYPE_CHECKING:
    from featurelib.release import Release

__all__ = ["warm_in_child", "warm_release"]

_LOOK_S = 0.02
_PIECE = 1 << 17
_SHOWN = 2_000
"""Characters of what a child said last that an error shows."""


def warm_in_child(
    release: Release,
    *,
    text_limit: int,
    within_s: float,
    wait: Callable[[float], bool],
    python: str,
    nice: int,
) -> Warmed:
    """Warms a release in a process of its own, which is ended when it takes too long.

    Args:
        release: The release, verified.
        text_limit: The row limit of text.
        within_s: Seconds that it may take.
        wait: Waits so many seconds and says whether to stop: the ``wait`` of a `threading.Event`.
        python: The interpreter.
        nice: How far it lets others go first, as nice(1).
    """
    start = time.perf_counter()
    with TemporaryDirectory(prefix="featurelib-warm-") as name:
        folder = Path(name)
        _write(release, folder)
        command = [python, "-P", "-m", "featurelib_online.live.warm", name]
        command += ["--text-limit", str(text_limit), "--nice", str(nice), "--while-stdin"]
        command += ["--code", cache.generator_hash()]
        paths = [os.path.abspath(path) for path in sys.path]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            try:
                child = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=out, stderr=err, env=environment
                )
            except OSError as error:
                return Warmed("died", f"{python} cannot be started: {error}")
            try:
                is_late = _wait(child, start + within_s, wait)
            finally:
                _end(child)
        seconds = time.perf_counter() - start
        if is_late:
            return Warmed("time", f"not ready within {within_s:g} s", seconds)
        return _result(folder, child.returncode, seconds)


def warm_release(release: Release, *, text_limit: int) -> Warmed:
    """Warms a release in this process: requests wait for the compiler meanwhile."""
    with TemporaryDirectory(prefix="featurelib-warm-") as name:
        _write(release, Path(name))
        return warm(Path(name), text_limit=text_limit)


def _write(release: Release, folder: Path) -> None:
    _put(folder / "bundle.json", release.bundle.to_bytes())
    _put(folder / "golden.jsonl", release.golden)
    if release.declaration is not None:
        data = canonical_json.dumps(release.declaration.to_json()).encode()
        _put(folder / "declaration.json", data)


def _put(path: Path, data: bytes) -> None:
    """Writes a file in pieces: a thread that wakes up on this core waits for the kernel, too."""
    with path.open("wb", buffering=0) as file:
        for at in range(0, len(data), _PIECE):
            file.write(data[at : at + _PIECE])


def _wait(child: subprocess.Popen[bytes], until: float, wait: Callable[[float], bool]) -> bool:
    """Waits for the child; whether it took too long."""
    while child.poll() is None:
        if time.perf_counter() > until:
            return True
        if wait(_LOOK_S):
            return False
    return False


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.kill()
    child.wait()
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()


def _result(folder: Path, code: int, seconds: float) -> Warmed:
    lines = (folder / "out").read_bytes().splitlines()
    try:
        said = json.loads(lines[-1])
        return Warmed(str(said["outcome"]), str(said["error"]), seconds)
    except (IndexError, KeyError, TypeError, ValueError):
        last = (folder / "err").read_bytes()[-_SHOWN:].decode("utf-8", "replace").strip()
        how = f"signal {-code}" if code < 0 else f"exit status {code}"
        return Warmed("died", f"it ended with {how}{': ' if last else ''}{last}", seconds)
