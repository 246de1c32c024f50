"""``featurelib replay``: served answers computed again in batch, and compared bit for bit."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featurelib.cli.extras import extra
from featurelib.cli.progress import RowCounter
from featurelib.cli.targets import BUNDLE_HELP, load_bundle, output

if TYPE_CHECKING:
    from featurelib.parity.replay import Replay


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "compute logged requests again and compare their answers bit for bit"
    command = commands.add_parser("replay", help=about, description=about, **shared)
    command.add_argument(
        "log", metavar="LOG", help="JSON lines of a RequestLog; or JSON lines or Parquet of yours"
    )
    command.add_argument("--bundle", required=True, metavar="B", help=BUNDLE_HELP)
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    command.add_argument("--report", metavar="HTML", help="where to write a page")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Replays the log; the exit status is 1 if a value differs or a line cannot be read."""
    bundle = load_bundle(args.bundle)
    target = output(args.report) if args.report else None
    with extra("offline", "replay"):
        from featurelib.parity.polars_engines import PolarsEngine
        from featurelib.parity.replay import replay
        from featurelib.parity.replay_log import read_log
        from featurelib.parity.replay_report import as_json, lines, page

        engine = PolarsEngine("in-memory")
    with RowCounter("replaying", is_shown=not args.json) as counter:
        found: Replay = replay(
            bundle, read_log(args.log, bundle), engine=engine, progress=counter.update
        )
    if target is not None:
        Path(target).write_text(page(found, args.log), encoding="utf-8")
    shown = [json.dumps(as_json(found), indent=2)] if args.json else lines(found, args.width)
    print("\n".join(shown))
    return 0 if found.passed else 1
