"""``featurelib parity``: the same bits from every engine, or which op differs first."""

from __future__ import annotations

import argparse
from typing import Any

from featurelib.cli.extras import UsageError, extra
from featurelib.cli.targets import add_events, asked_events, count, load_any, output


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "compare every engine bit for bit"
    command = commands.add_parser("parity", help=about, description=about, **shared)
    command.add_argument("target", metavar="TARGET", help="a bundle's file, or module:name")
    command.add_argument("--data", metavar="FILE", help="rows to compare after the generated ones")
    add_events(command)
    command.add_argument(
        "--rows", type=count, default=20_000, metavar="N", help="generated rows (default 20,000)"
    )
    command.add_argument("--seed", type=int, default=0, metavar="S", help="of the generated rows")
    command.add_argument("--report", metavar="HTML", help="where to write a report with plots")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the comparison; the exit status is 1 if anything differs."""
    with extra("parity", "parity"):
        from featurelib.parity.command import run_parity

        if args.report:
            output(args.report)
        # A target that is none is refused in the words of every command.
        target = load_any(args.target)
        if args.events and target.aggregates is None:
            raise UsageError(f"{args.target} has no aggregates, so it takes no --events")
        events = asked_events(args)
        return run_parity(
            args.target,
            data=args.data,
            rows=args.rows,
            seed=args.seed,
            report=args.report,
            events=events,
        )
