"""A writer that dies at the n-th call into the file system, for every n; run as a process.

    python -m parity_tests.release.dying KIND MATERIAL TEMPLATE WORK

For each step (release, promote, rollback, a first release) and each n the registry of TEMPLATE is
copied to a folder of WORK, and a child process does the step there. A profile hook counts its calls
into the operating system; at the n-th the child writes half of what it was to write, if it writes,
and is gone without any clean-up. The last n of a step is the one where the child came to its end.
Printed is a JSON list of ``[step, n, call, folder]``.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from featurelib.release import Registry
from featurelib.release.signing import read_private_key
from parity_tests.release.object_store import ObjectStore

STEP: dict[str, Any] = {"by": "a writer", "at": "2024-03-10T07:00:00Z"}
CALLS = {"open", "mkdir", "link", "rename", "replace", "fsync", "write", "close", "flock",
         "unlink", "remove", "rmdir", "scandir", "listdir"}  # fmt: skip
OWNERS = {"posix", "fcntl", "_io", "io"}
STEPS = ("first", "release", "promote", "rollback")
DIED, DONE = 9, 0


def open_kind(kind: str, folder: Path) -> Registry:
    """The registry in a folder."""
    if kind == "objects":
        return Registry(ObjectStore(folder).location())
    return Registry(folder)


def take(step: str, registry: Registry, material: Path) -> None:
    """One step; the same once more is a retry."""
    stable = registry.channel("rides", "stable")
    if step == "promote":
        stable.promote("2.0.0", **STEP, after=2)
    elif step == "rollback":
        stable.rollback(**STEP, after=2)
    else:
        version = "1.0.0" if step == "first" else "3.0.0"
        bundle = (material / f"{version}.json").read_bytes()
        golden = (material / f"{version}.jsonl").read_bytes()
        registry.release(bundle, golden, key=read_private_key(material / "key"))


def main(kind: str, material: Path, template: Path, work: Path) -> None:
    """Dies everywhere."""
    found = []
    warm = shutil.copytree(template, work / "warm")
    take("release", open_kind(kind, warm), material)  # children inherit what is loaded once
    for step in STEPS:
        n = 0
        while True:
            n += 1
            folder = work / f"{step}-{n}"
            if step == "first":
                folder.mkdir()
            else:
                shutil.copytree(template, folder)
            report, status = _dies(n, lambda: take(step, open_kind(kind, folder), material))  # noqa: B023
            found.append([step, n, report, str(folder)])
            if status == DONE:
                break
            assert status == DIED, (step, n, report, status)
    print(json.dumps(found))


def _dies(n: int, action: Callable[[], None]) -> tuple[str, int]:
    """What a child called when it died, and how it ended."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            sys.setprofile(_Death(n, writes))
            action()
            sys.setprofile(None)
            status = DONE
        finally:
            os._exit(status)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        report = pipe.read()
    return report, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class _Death:
    """Counts calls into the operating system, and dies at the n-th."""

    def __init__(self, n: int, report: int) -> None:
        self.left = n
        self.report = report

    def __call__(self, frame: Any, event: str, function: Any) -> None:
        if event != "c_call" or getattr(function, "__name__", "") not in CALLS:
            return
        owner = getattr(function, "__module__", None) or type(function.__self__).__module__
        if owner not in OWNERS:
            return
        self.left -= 1
        if self.left:
            return
        if function is os.write:
            handle, rest = frame.f_locals["handle"], frame.f_locals["rest"]
            os.write(handle, rest[: len(rest) // 2])
        os.write(self.report, f"{function.__name__} in {frame.f_code.co_name}".encode())
        os._exit(DIED)


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:5]))
