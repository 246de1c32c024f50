"""``featurelib golden``: rows and values that freeze what a released set means."""

from __future__ import annotations

import argparse
from typing import Any

from featurelib.cli.extras import extra
from featurelib.cli.targets import BUNDLE_HELP, load_bundle


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
    record.add_argument("bundle", metavar="BUNDLE", help=BUNDLE_HELP)
    record.add_argument("data", metavar="DATA", help="files or a glob of rows")
    record.add_argument("-o", "--output", required=True, metavar="DIR", help="where to write")
    record.set_defaults(run=run_record)
    verify = actions.add_parser(
        "verify", help="compare recorded values", description="Compares recorded values.", **shared
    )
    verify.add_argument("bundle", metavar="BUNDLE", help=BUNDLE_HELP)
    verify.add_argument("golden", metavar="DIR", help="what `golden record` wrote")
    verify.set_defaults(run=run_verify)


def run_record(args: argparse.Namespace) -> int:
    """Records."""
    with extra("parity", "golden record"):
        from featurelib.parity.golden_features import record

        record(load_bundle(args.bundle), args.data, args.output)
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Verifies; the exit status is 1 if a value differs."""
    with extra("parity", "golden verify"):
        from featurelib.parity.golden_features import verify

        verify(load_bundle(args.bundle), args.golden)
    return 0
