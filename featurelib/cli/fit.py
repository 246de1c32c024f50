"""``featurelib fit``: a feature set and training data to a bundle."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from featurelib.cli.extras import extra
from featurelib.cli.progress import RowCounter
from featurelib.cli.targets import SET_HELP, count, load_set, output


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "fit a feature set on data and write a bundle"
    command = commands.add_parser("fit", help=about, description=about, **shared)
    command.add_argument("set", metavar="SET", help=SET_HELP)
    command.add_argument(
        "data", metavar="DATA", nargs="+", help="files, globs or directories of training rows"
    )
    command.add_argument("-o", "--output", required=True, metavar="BUNDLE", help="where to write")
    command.add_argument(
        "--threads", type=count, default=1, metavar="N", help="threads of the analyzers (default 1)"
    )
    command.add_argument("--quiet", action="store_true", help="no progress")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fits and saves."""
    with extra("offline", "fit"):
        import featurelib_offline as offline

    features = load_set(args.set)
    target = output(args.output)
    begin = time.perf_counter()
    with RowCounter("fit", is_shown=not args.quiet) as counter:
        state = offline.fit(
            features, list(args.data), threads=args.threads, progress=counter.update
        )
    bundle = features.bind(state)
    bundle.save(target)
    seconds = time.perf_counter() - begin
    print(f"{target}: {features.name} {features.version}, {len(bundle.features)} features")
    print(f"fingerprint {bundle.fingerprint[:12]}, {counter.rows:,} rows read in {seconds:.1f} s")
    sys.stdout.flush()
    return 0
