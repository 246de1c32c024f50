"""``featurelib history``: every step of a channel."""

from __future__ import annotations

import argparse
from typing import Any

from featurelib.cli.registry_arguments import (
    add_registry,
    open_registry,
    paragraph,
    record_json,
    show,
)


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

    found = open_registry(args).channel(args.set, args.channel).history()
    torn = [record for record in found if isinstance(record, TornRecord)]
    texts = []
    for record in reversed(found):
        if isinstance(record, TornRecord):
            texts.append(f"{record.number}  CANNOT BE READ: {record.error}")
            continue
        was = f" (was {record.previous.version})" if record.previous else ""
        step = f"{record.action} to {record.pointer.version}{was}, {record.at} by {record.by}"
        texts.append(f"{record.number}  {step}{f': {record.why}' if record.why else ''}")
    lines = [f"{args.set}/{args.channel}{'' if found else ' has no record'}"]
    lines += [line for text in texts for line in paragraph(text, args.width)]
    show(args, [record_json(record) for record in reversed(found)], lines)
    return 1 if torn else 0
