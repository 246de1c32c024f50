"""``featurelib lock``: what is released, by its hashes, and whether it is still as it was."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featurelib.cli.extras import UsageError, extra

if TYPE_CHECKING:
    from featurelib.release.lock import Checked


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "lock what is released; --check finds what has changed since"
    command = commands.add_parser(
        "lock",
        help=about,
        description="Adds to featurelib.lock every op, table and released version of a feature set "
        "of the repository that the working directory is in. A released entry never changes.",
        **shared,
    )
    command.add_argument(
        "--check", action="store_true", help="write nothing; fail if the lock is not up to date"
    )
    command.add_argument(
        "--migrate", action="store_true", help="write a lock of an older recipe by the newest one"
    )
    command.add_argument(
        "--base", metavar="LOCK", help="with --check: an earlier lock, which must be in this one"
    )
    command.add_argument("--json", action="store_true", help="print JSON, for machines")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Checks or writes the lock; the exit status is 1 if anything stands in the way."""
    if args.check and args.migrate:
        raise UsageError(
            "--check writes nothing, and --migrate writes", hint="run one after the other"
        )
    if args.base and not args.check:
        raise UsageError("--base is compared by --check", hint="add --check")
    with extra("parity", "lock"):
        from featurelib.release import lock
        from featurelib.release.lock_file import LockFile
        from featurelib.release.repository import Repository

        repository = Repository.find()
        if args.check:
            base = LockFile.read(Path(args.base)) if args.base else None
            found = lock.check(repository, base)
        else:
            found = lock.migrate(repository) if args.migrate else lock.add(repository)
    if args.json:
        print(json.dumps(_plain(found), indent=1))
    else:
        _tell(found, args)
    return 1 if found.findings else 0


def _plain(found: Checked) -> dict[str, Any]:
    return {
        "passed": not found.findings,
        "recipe": found.lock.recipe,
        "entries": len(found.entries),
        "added": list(found.added),
        "findings": [f.to_json() for f in found.findings],
    }


def _tell(found: Checked, args: argparse.Namespace) -> None:
    from featurelib.release.findings import lines

    for line in lines(found.findings, args.width):
        print(line)
    if found.findings:
        count = len(found.findings)
        print(f"featurelib.lock: {count} finding{'s' if count > 1 else ''}", end="")
        print("" if args.check else "; nothing was written")
        return
    kinds = [name.partition(" ")[0] for name in found.entries]
    held = ", ".join(
        f"{kinds.count(kind)} {word}{'' if kinds.count(kind) == 1 else 's'}"
        for kind, word in (
            ("set", "set version"), ("feature", "feature"), ("op", "op"), ("table", "table"),
        )
    )  # fmt: skip
    done = "nothing released has changed"
    if args.migrate:
        done = f"migrated to recipe {found.lock.recipe}"
    elif not args.check:
        done = f"{len(found.added)} added" if found.added else "up to date"
    print(f"featurelib.lock: {held}: {done}")
