"""``featurelib promote``: points a channel to a release."""

from __future__ import annotations

import argparse
from typing import Any

from featurelib.cli.registry_arguments import add_step, open_registry, record_json, show, step_of


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "point a channel of a registry to a release"
    command = commands.add_parser(
        "promote",
        help=about,
        description="Points a channel to a release, after verifying it. Services that follow the "
        "channel take it. Of two writers one is first, and the other is told.",
        **shared,
    )
    command.add_argument("set", metavar="SET", help="the feature set's name")
    command.add_argument("target", metavar="VERSION", help="the released version")
    add_step(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Promotes; a channel that points there already stays as it is."""
    channel = open_registry(args).channel(args.set, args.channel)
    before = channel.last()
    record = channel.promote(args.target, **step_of(args))
    was = f"from {record.previous.version} to" if record.previous else "to"
    moved = f"moved {was}" if record.number > before else "points already to"
    lines = [f"{args.set}/{args.channel} {moved} {args.target} (record {record.number})"]
    show(args, {**record_json(record), "is_new": record.number > before}, lines)
    return 0
