"""The commands of a page: ours are called in this process, all else is run by a shell.

What a page shows is what a command prints; that `featurelib` starts as a process of its own is
tested in `cli/`. A command in a process costs a second, most of it imports.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from featurelib.cli.main import main

_OURS = re.compile(r"featurelib [^|&;<>$`*?\\]*")
"""A command that needs nothing of a shell but its quotes."""


def said(command: str, folder: Path, settings: Mapping[str, str], status: int) -> tuple[str, int]:
    """What a command prints on both streams, and its exit status.

    Args:
        command: As typed.
        folder: Where it was typed.
        settings: Environment variables beside those of this process.
        status: Of the command before it: what ``$?`` is.
    """
    if _OURS.fullmatch(command):
        with _alone_in(folder, settings) as out:
            code = _exit_status(shlex.split(command)[1:])
        return out.getvalue(), code
    script = f"exec 2>&1\n(exit {status})\n{command}\n"
    done = subprocess.run(
        ["sh", "-c", script], cwd=folder, env={**os.environ, **settings}, capture_output=True,
        text=True, timeout=600, check=False,
    )  # fmt: skip
    return done.stdout, done.returncode


def _exit_status(arguments: list[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as stop:  # argparse
        return int(stop.code or 0)


@contextlib.contextmanager
def _alone_in(folder: Path, settings: Mapping[str, str]) -> Iterator[io.StringIO]:
    """As a new process in a folder would be: what it imports there is forgotten afterwards."""
    variables, path, modules = dict(os.environ), sys.path.copy(), set(sys.modules)
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    os.environ.update(settings)
    importlib.invalidate_caches()
    out = io.StringIO()
    try:
        streams = contextlib.redirect_stdout(out), contextlib.redirect_stderr(out)
        with contextlib.chdir(folder), streams[0], streams[1]:
            yield out
    finally:
        sys.dont_write_bytecode, sys.path[:] = bytecode, path
        os.environ.clear()
        os.environ.update(variables)
        for name in set(sys.modules) - modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file is not None and Path(file).is_relative_to(folder):
                del sys.modules[name]
