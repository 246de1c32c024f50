"""``featurelib point-in-time``: queries in files with the aggregates of their time, as Parquet."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from featurelib.cli.extras import UsageError, extra
from featurelib.cli.targets import count, event_files, load_any, output


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "join aggregates over events to rows, as they were at each row's time"
    command = commands.add_parser("point-in-time", help=about, description=about, **shared)
    command.add_argument(
        "target", metavar="TARGET", help="a bundle's file, or a feature set as module:name"
    )
    command.add_argument(
        "queries",
        metavar="IN",
        nargs="+",
        help="rows with entities and times: Parquet, CSV, JSON lines or Arrow IPC",
    )
    command.add_argument(
        "--events",
        action="append",
        default=[],
        required=True,
        metavar="SOURCE=FILES",
        help="records of an event source, a path or a glob; once for each source",
    )
    command.add_argument("-o", "--output", required=True, metavar="OUT", help="the Parquet file")
    command.add_argument(
        "--keep", action="append", default=[], metavar="COLUMN", help="a column that goes along"
    )
    command.add_argument(
        "--reasons", action="store_true", help="add a column NAME.reason for each aggregate"
    )
    command.add_argument(
        "--partition-rows",
        type=count,
        metavar="N",
        help="records that are sorted together (default: 12,000,000)",
    )
    command.add_argument("--quiet", action="store_true", help="no progress bar")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the job; refused records are counted on standard error."""
    events = event_files(args.events)
    output(args.output)
    target = load_any(args.target)
    if target.aggregates is None:
        raise UsageError(
            f"{args.target} has no aggregates over events",
            hint="FeatureSet(..., aggregates={...}, as_of=...)",
        )
    with extra("offline", "point-in-time"):
        import featurelib_offline as offline

        more = {"partition_rows": args.partition_rows} if args.partition_rows else {}
        done = offline.point_in_time_job(
            target.aggregates,
            list(args.queries),
            events,
            args.output,
            request=target.request,
            keep=args.keep,
            reasons=args.reasons,
            progress=not args.quiet and sys.stdout.isatty(),
            **more,
        )
    print(
        f"{done.output}: {done.rows:,} rows from {done.records:,} records in {done.seconds:.1f} s"
    )
    for name, reasons in (done.refused_records or {}).items():
        for reason, number in reasons.items():
            print(f"{name}: {number:,} records refused: {reason}", file=sys.stderr)
    return 0
