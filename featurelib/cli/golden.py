"""``featurelib golden``: rows and values that freeze what a released set means."""

from __future__ import annotations

import argparse
from typing import Any

from featurelib.cli.extras import extra
from featurelib.cli.targets import count, load_any

_TARGET = "a bundle's file, or module:name"
_FOLDER = "the folder (default golden_data/features/SET/VERSION)"


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "record rows with their values, or verify them"
    command = commands.add_parser("golden", help=about, description=about, **shared)
    actions = command.add_subparsers(title="actions", metavar="ACTION", required=True)
    record = actions.add_parser(
        "record",
        help="values of rows, by the reference evaluator",
        description="Records rows with their values, by the reference evaluator. "
        "A released version is never overwritten.",
        **shared,
    )
    record.add_argument("target", metavar="TARGET", help=_TARGET)
    record.add_argument("data", metavar="DATA", help="a file of rows")
    record.add_argument("-o", "--output", metavar="DIR", help=_FOLDER)
    record.add_argument("--rows", type=count, metavar="N", help="record at most so many rows")
    record.set_defaults(run=run_record)
    verify = actions.add_parser(
        "verify",
        help="compute recorded rows again, by every engine",
        description="Computes recorded rows again, by every engine, and compares bits.",
        **shared,
    )
    verify.add_argument("target", metavar="TARGET", help=_TARGET)
    verify.add_argument("--golden", metavar="DIR", help=_FOLDER)
    verify.set_defaults(run=run_verify)


def run_record(args: argparse.Namespace) -> int:
    """Records."""
    with extra("parity", "golden record"):
        from featurelib.parity.command import golden_record

        load_any(args.target)
        return golden_record(args.target, args.data, args.output, args.rows)


def run_verify(args: argparse.Namespace) -> int:
    """Verifies; the exit status is 1 if a value differs."""
    with extra("parity", "golden verify"):
        from featurelib.parity.command import golden_verify

        load_any(args.target)
        return golden_verify(args.target, args.golden)
