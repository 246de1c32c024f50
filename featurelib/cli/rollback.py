"""``featurelib rollback``: points a channel to the release that it had before."""

from __future__ import annotations

import argparse
from typing import Any

from featurelib.cli.registry_arguments import add_step, open_registry, record_json, show, step_of


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "point a channel to the release that it had before"
    command = commands.add_parser(
        "rollback",
        help=about,
        description="Points a channel to the release that it had before, after verifying that "
        "one. A second rollback goes one promotion further back.",
        **shared,
    )
    command.add_argument("set", metavar="SET", help="the feature set's name")
    command.add_argument(
        "--to", metavar="VERSION", help="a version that was promoted here (default: the one before)"
    )
    add_step(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Rolls back; a channel that points to ``--to`` already stays as it is."""
    channel = open_registry(args).channel(args.set, args.channel)
    before = channel.last()
    record = channel.rollback(to=args.to, **step_of(args))
    is_new = record.number > before
    was = f"back from {record.previous.version} to" if record.previous else "back to"
    moved = f"moved {was}" if is_new else "points already to"
    lines = [f"{args.set}/{args.channel} {moved} {record.pointer.version} (record {record.number})"]
    show(args, {**record_json(record), "is_new": is_new}, lines)
    return 0
