"""``featurelib diff``: what moves between two bundles."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from featurelib.cli.extras import extra
from featurelib.cli.progress import RowCounter
from featurelib.cli.targets import add_events, asked_events, count, load_any, output

GOLDEN = "golden_data"


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "show which features, values, inputs and tensors differ between two bundles"
    command = commands.add_parser("diff", help=about, description=about, **shared)
    target = "a bundle's file, or module:name"
    command.add_argument("old", metavar="OLD", help=target)
    command.add_argument("new", metavar="NEW", help=target)
    command.add_argument(
        "--data",
        metavar="FILE",
        help="rows to compare besides: Parquet, CSV, JSON lines or Arrow IPC; what the other "
        "side has no fitted value for is fitted on them",
    )
    add_events(command)
    command.add_argument(
        "--rows", type=count, default=20_000, metavar="N", help="generated rows (default 20,000)"
    )
    command.add_argument("--seed", type=int, default=0, metavar="S", help="of the generated rows")
    command.add_argument(
        "--golden",
        action="append",
        metavar="FILE",
        help="golden features whose rows are compared (default: those of either side in "
        "golden_data, or beside its bundle.json)",
    )
    command.add_argument("--report", metavar="HTML", help="where to write a page with plots")
    command.add_argument("--json", action="store_true", help="print JSON for machines")
    command.add_argument(
        "--exit-code", action="store_true", help="exit with 1 if anything is different"
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the difference."""
    with extra("parity", "diff"):
        from featurelib.release.diff import compare
        from featurelib.release.targets import bind_both, golden_files

        if args.report:
            output(args.report)
        events = asked_events(args)
        old, new, notes = bind_both(load_any(args.old), load_any(args.new), args.data, events)
        golden = args.golden or golden_files(GOLDEN, ((args.old, old), (args.new, new)))
        with RowCounter("comparing", is_shown=not args.json) as counter:
            done: dict[str, int] = {}

            def tell(kind: str, rows: int, total: int | None) -> None:
                done[kind] = rows
                counter.update(sum(done.values()))

            found = compare(
                old, new, rows=args.rows, seed=args.seed, data=args.data, events=events,
                golden=golden, notes=notes, progress=tell,
            )  # fmt: skip
    if args.report:
        Path(args.report).write_text(found.html(), encoding="utf-8")
    if args.json:
        print(json.dumps(found.to_json(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print(found.text(args.width), end="")
    if args.report:
        print(f"report: {args.report}", file=sys.stderr if args.json else sys.stdout)
    return int(args.exit_code and not found.is_same)
