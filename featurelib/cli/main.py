"""Arguments in, an exit status out: 0 done, 1 failed, 2 asked wrongly.

A failure is one clean message on standard error; `--debug` adds the traceback. Each command is a
module with `add` (its arguments) and `run` (what it does), and loads what it needs when it runs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from typing import TextIO

from featurelib.cli import (
    diff,
    explain,
    fit,
    gate,
    golden,
    history,
    impact,
    keys,
    lock,
    parity,
    point_in_time,
    promote,
    release,
    replay,
    rollback,
    status,
    trace,
    transform,
)
from featurelib.cli.extras import UsageError
from featurelib.errors import FeaturelibError

_COMMANDS = (
    fit,
    transform,
    point_in_time,
    explain,
    trace,
    parity,
    golden,
    replay,
    diff,
    impact,
    lock,
    gate,
    release,
    promote,
    rollback,
    status,
    history,
    keys,
)
_NARROW, _WIDE = 60, 120


class _Help(argparse.HelpFormatter):
    """Help as wide as the terminal, within reason."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=22, width=terminal_width() - 2)


def terminal_width() -> int:
    """Columns to write for."""
    return min(max(shutil.get_terminal_size((100, 24)).columns, _NARROW), _WIDE)


def parser() -> argparse.ArgumentParser:
    """The arguments of every command."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--debug", action="store_true", help="show the traceback of a failure as well"
    )
    top = argparse.ArgumentParser(
        prog="featurelib",
        description="One definition of a feature for training and serving, with the same bits.",
        formatter_class=_Help,
    )
    top.add_argument("-V", "--version", action="store_true", help="show the version and stop")
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    for module in _COMMANDS:
        module.add(commands, parents=[common], formatter_class=_Help)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: What stands after ``featurelib``; by default the process's arguments.

    Returns:
        The exit status.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        args = parser().parse_args(argv)
    except SystemExit as stop:  # argparse has said what is wrong, or shown the help
        return stop.code if isinstance(stop.code, int) else 2
    if args.version:
        from featurelib import __version__

        print(f"featurelib {__version__}")
        return 0
    if not hasattr(args, "run"):
        parser().print_help(sys.stderr)
        return 2
    args.width = terminal_width()
    try:
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader has seen enough: `featurelib explain ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        _say(sys.stderr, "interrupted")
        return 130
    except Exception as error:
        if args.debug:
            traceback.print_exception(error)
        return _failure(error, debug=args.debug)


def _failure(error: Exception, *, debug: bool) -> int:
    """Says what went wrong; the exit status for it."""
    if isinstance(error, FeaturelibError):
        _say(sys.stderr, str(error))
        return 2 if isinstance(error, UsageError) else 1
    if isinstance(error, OSError):
        named = f"{error.filename}: " if error.filename else ""
        _say(sys.stderr, f"{named}{error.strerror or error}")
        return 1
    _say(sys.stderr, f"unexpected {type(error).__name__}: {error}")
    if not debug:
        print("Hint: --debug shows where it happened", file=sys.stderr)
    return 1


def _say(stream: TextIO, message: str) -> None:
    is_plain = not stream.isatty() or "NO_COLOR" in os.environ
    head = "featurelib: " if is_plain else "\x1b[31mfeaturelib:\x1b[0m "
    print(head + message, file=stream)
