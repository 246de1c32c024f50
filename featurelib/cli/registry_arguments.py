"""What the commands that work on a registry share: which registry, whose keys, who acts, JSON."""

from __future__ import annotations

import argparse
import datetime as dt
import getpass
import json
import os
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from featurelib.cli.extras import UsageError

if TYPE_CHECKING:
    from featurelib.release import Registry, Release
    from featurelib.release.channel_records import Pointer, Record, TornRecord

VARIABLE = "FEATURELIB_REGISTRY"
"""The environment variable that names a registry."""


def add_registry(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of every command that reads a registry."""
    command.add_argument(
        "--registry",
        metavar="R",
        default=os.environ.get(VARIABLE),
        help=f"a directory, or a URL that fsspec knows (default: ${VARIABLE})",
    )
    command.add_argument(
        "--public-key",
        action="append",
        metavar="FILE",
        help="a trusted public key; releases must be signed with one "
        "(default: those that the registry names)",
    )
    add_json(command)


def add_json(command: argparse.ArgumentParser) -> None:
    """Adds ``--json``."""
    command.add_argument("--json", action="store_true", help="print JSON, for machines")


def add_step(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of a command that moves a channel."""
    command.add_argument("--channel", required=True, metavar="NAME", help="candidate, stable, ...")
    command.add_argument("--why", default="", metavar="TEXT", help="why, for the history")
    command.add_argument("--by", metavar="TEXT", help="who does it (default: this user)")
    command.add_argument(
        "--after",
        type=int,
        metavar="N",
        help="only if record N (0: none) is still the last one; status shows its number",
    )
    add_registry(command)


def open_registry(args: argparse.Namespace) -> Registry:
    """The registry that the arguments name.

    Raises:
        UsageError: They name none.
        ReleaseError: It, or a key, cannot be used.
    """
    from featurelib.release import Registry

    if not args.registry:
        raise UsageError("no registry is given", hint=f"--registry R, or set {VARIABLE}")
    return Registry(args.registry, public_keys=args.public_key)


def step_of(args: argparse.Namespace) -> dict[str, Any]:
    """Who moves a channel, when, why, and after which record."""
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    by = args.by if args.by is not None else getpass.getuser()
    return {"by": by, "at": now, "why": args.why, "after": args.after}


def show(args: argparse.Namespace, content: Any, lines: Sequence[str]) -> None:
    """Prints the content as JSON if that was asked for, else the lines."""
    if args.json:
        print(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines))


def paragraph(text: str, width: int) -> list[str]:
    """Text on as many lines as it needs, indented; what goes on stands further right."""
    return textwrap.wrap(
        text, width, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False
    )


def release_json(release: Release) -> dict[str, Any]:
    """A verified release for machines."""
    return {
        "set": release.name,
        "version": release.version,
        "release": release.digest,
        "fingerprint": release.manifest.fingerprint,
        "previous": release.manifest.previous,
        "is_hotfix": release.declaration is not None,
        "signed_by": release.signed_by,
    }


def record_json(record: Record | TornRecord) -> dict[str, Any]:
    """A record for machines."""
    from featurelib.release.channel_records import TornRecord

    if isinstance(record, TornRecord):
        return {"number": record.number, "error": record.error}
    return {
        "number": record.number,
        "set": record.set,
        "channel": record.channel,
        "action": record.action,
        **_pointer_json(record.pointer),
        "previous": _pointer_json(record.previous) if record.previous else None,
        "restores": record.restores,
        "by": record.by,
        "at": record.at,
        "why": record.why,
    }


def _pointer_json(pointer: Pointer) -> Mapping[str, str]:
    return {"version": pointer.version, "release": pointer.release}
