"""``featurelib status``: what is released, and where each channel points."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from featurelib.cli.registry_arguments import (
    add_registry,
    open_registry,
    paragraph,
    record_json,
    show,
)

if TYPE_CHECKING:
    from featurelib.release import Registry


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "show what is released, and where each channel points"
    command = commands.add_parser(
        "status",
        help=about,
        description="Shows what is released, and where each channel points. Every release that a "
        "channel points to is verified.",
        **shared,
    )
    command.add_argument(
        "set", metavar="SET", nargs="?", help="only this feature set (default: all)"
    )
    add_registry(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Shows the registry; the exit status is 1 if a channel's release or record is refused."""
    registry = open_registry(args)
    names = registry.sets()
    if args.set is not None:
        from featurelib.errors import UnknownReleaseError

        if args.set not in names:
            raise UnknownReleaseError(
                f"{registry.where} knows no feature set {args.set!r}",
                hint=f"its sets: {', '.join(names) or 'none'}",
            )
        names = [args.set]
    content = {name: _set_json(registry, name) for name in names}
    lines = [line for name in names for line in _lines(name, content[name], args.width)]
    empty = [f"{registry.where} has no release"]
    show(args, {"registry": registry.where, "sets": content}, lines or empty)
    channels = [c for found in content.values() for c in found["channels"].values()]
    return 1 if any(channel["refused"] for channel in channels) else 0


def _set_json(registry: Registry, name: str) -> dict[str, Any]:
    channels = {n: _channel_json(registry, name, n) for n in registry.channels(name)}
    return {"versions": registry.versions(name), "channels": channels}


def _channel_json(registry: Registry, set_name: str, name: str) -> dict[str, Any]:
    from featurelib.errors import RegistryAwayError, ReleaseError

    channel = registry.channel(set_name, name)
    found: dict[str, Any] = {"record": None, "signed_by": None, "refused": None}
    try:
        record = channel.current()
        if record is not None:
            found["record"] = record_json(record)
            found["signed_by"] = channel.fetch_of(record).signed_by
    except RegistryAwayError:
        raise
    except ReleaseError as error:
        found["refused"] = str(error)
    return found


def _lines(name: str, content: dict[str, Any], width: int) -> list[str]:
    lines = [f"{name}: released {', '.join(reversed(content['versions'])) or 'none'}"]
    longest = max(map(len, content["channels"]), default=0)
    for channel, found in content["channels"].items():
        record, signer = found["record"], found["signed_by"]
        state = f"signed by {signer[:16]}" if signer else "verified, signature not asked for"
        if found["refused"]:
            state = f"REFUSED: {found['refused']}"
        if record is not None:
            since = f"record {record['number']}, {record['at']} by {record['by']}"
            why = f": {record['why']}" if record["why"] else ""
            state = f"{record['version']}  {since}{why}; {state}"
        lines += paragraph(f"{channel.ljust(longest)}  {state}", width)
    return lines
