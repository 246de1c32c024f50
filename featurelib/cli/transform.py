"""``featurelib transform``: the features of files, as Parquet."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from featurelib.cli.extras import UsageError, extra
from featurelib.cli.targets import BUNDLE_HELP, load_bundle, output
from featurelib.errors import FeaturelibError

_SHOWN = 5


class RefusedRows(FeaturelibError):
    """Rows did not fit the schema, and nobody said where they go."""


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "compute the features of files, streaming, to Parquet"
    command = commands.add_parser("transform", help=about, description=about, **shared)
    command.add_argument("bundle", metavar="BUNDLE", help=BUNDLE_HELP)
    command.add_argument(
        "inputs",
        metavar="IN",
        nargs="+",
        help="files, globs or directories: Parquet, CSV, JSON lines or Arrow IPC",
    )
    command.add_argument("-o", "--output", required=True, metavar="OUT", help="the Parquet file")
    command.add_argument(
        "--keep", action="append", default=[], metavar="COLUMN", help="a column that goes along"
    )
    command.add_argument(
        "--errors",
        choices=("raise", "collect"),
        default="raise",
        help="stop at a row that does not fit the schema (the default), or leave it out",
    )
    command.add_argument(
        "--refused", metavar="FILE", help="with --errors collect: where those rows go, as Parquet"
    )
    command.add_argument("--quiet", action="store_true", help="no progress bar")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the job; the exit status is 1 if rows were refused and nobody asked where they go."""
    if args.refused and args.errors != "collect":
        raise UsageError("--refused goes with --errors collect")
    for path in (args.output, args.refused):
        if path:
            output(path)
    with extra("offline", "transform"):
        import featurelib_offline as offline

        done = offline.job(
            load_bundle(args.bundle),
            list(args.inputs),
            args.output,
            keep=args.keep,
            progress=not args.quiet and sys.stdout.isatty(),
            errors=args.errors,
        )
    print(
        f"{done.output}: {done.rows:,} rows in {done.seconds:.1f} s, {done.rows_per_s:,.0f} rows/s"
    )
    if done.refused is None or not done.refused.height:
        return 0
    if args.refused:
        done.refused.write_parquet(args.refused)
        print(f"{args.refused}: {done.refused.height:,} rows refused")
        return 0
    for row in done.refused.head(_SHOWN).iter_rows(named=True):
        print(f"row {row['row']}: {'; '.join(row['reasons'])}", file=sys.stderr)
    raise RefusedRows(
        f"{done.refused.height:,} rows were refused", hint="--refused FILE keeps them"
    )
