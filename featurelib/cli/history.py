"""``featurelib history``: every step of a channel."""

from __future__ import annotations

import argparse
from typing import Any

from featurelib.cli.registry_arguments import add_registry, open_registry, record_json, show


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "show every step of a channel, the last one first"
    command = commands.add_parser("history", help=about, description=about, **shared)
    command.add_argument("set", metavar="SET", help="the feature set's name")
    command.add_argument("--channel", required=True, metavar="NAME", help="candidate, stable, ...")
    add_registry(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Shows the records; the exit status is 1 if one of them cannot be read."""
    from featurelib.release.channel_records import TornRecord
    from featurelib.text_table import align

    found = open_registry(args).channel(args.set, args.channel).history()
    rows = []
    for record in reversed(found):
        if isinstance(record, TornRecord):
            rows.append([str(record.number), "cannot be read", "", "", ""])
            continue
        was = f"(was {record.previous.version})" if record.previous else ""
        step = f"{record.action} to {record.pointer.version} {was}".rstrip()
        rows.append([str(record.number), step, record.at, record.by, record.why])
    torn = [record for record in found if isinstance(record, TornRecord)]
    lines = [f"{args.set}/{args.channel}", *align(rows, args.width)]
    lines += [f"record {record.number}: {record.error}" for record in torn]
    show(args, [record_json(record) for record in reversed(found)], lines if found else [
        f"{args.set}/{args.channel} has no record"
    ])  # fmt: skip
    return 1 if torn else 0
