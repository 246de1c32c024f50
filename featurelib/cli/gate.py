"""``featurelib gate``: everything that one release must pass, on one page."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from featurelib.cli.extras import extra
from featurelib.cli.registry_arguments import add_registry, open_registry
from featurelib.cli.targets import add_events, asked_events, count


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "check everything that one release must pass"
    command = commands.add_parser(
        "gate",
        help=about,
        description="Checks the lock, golden rows, parity of all engines, the version policy, and "
        "that a hotfix moves what it declares and nothing else. Status 1 if the release must not "
        "go out.",
        **shared,
    )
    command.add_argument(
        "release",
        nargs="?",
        metavar="RELEASE",
        help="a release folder, a bundle's file, or module:name of a set in pyproject.toml "
        "(default: its only set)",
    )
    command.add_argument(
        "--from",
        dest="old",
        metavar="RELEASE",
        help="the release before (default: the newest recorded one that is older)",
    )
    command.add_argument(
        "--hotfix",
        metavar="FILE",
        help="a declared hotfix (default: hotfix.toml, if it is of this version)",
    )
    command.add_argument("--data", metavar="FILE", help="rows to look at besides generated ones")
    add_events(command)
    command.add_argument(
        "--rows", type=count, default=20_000, metavar="N", help="generated rows (default 20,000)"
    )
    command.add_argument("--seed", type=int, default=0, metavar="S", help="of the generated rows")
    command.add_argument(
        "--base", metavar="LOCK", help="an earlier lock, which must be in this one"
    )
    command.add_argument(
        "--models",
        action="append",
        default=[],
        metavar="PATH",
        help="what models remember (fl.ModelInputs): a file, or a folder of these",
    )
    add_registry(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the gate; the exit status is 1 if the release must not go out."""
    events = asked_events(args)
    with extra("parity", "gate"):
        from featurelib.release.gate import Asked, gate
        from featurelib.release.gate_target import before, find, hotfix_of
        from featurelib.release.hotfix_models import earlier_in
        from featurelib.release.lock_file import LockFile
        from featurelib.release.repository import Repository

        repository = Repository.find()
        new = find(repository, args.release)
        old = find(repository, args.old) if args.old else before(repository, new.bundle)
        asked = Asked(
            repository, new, old,
            Path(args.hotfix) if args.hotfix else hotfix_of(repository, new),
            args.data, args.rows, args.seed,
            LockFile.read(Path(args.base)) if args.base else None, events, tuple(args.models),
            earlier_in(open_registry(args), new.bundle.name) if args.registry else None,
        )  # fmt: skip

        def tell(what: str) -> None:
            if sys.stderr.isatty():
                print(f"\r\x1b[K{what} ...", end="", file=sys.stderr, flush=True)

        report = gate(asked, tell)
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if args.json:
        print(json.dumps(report.to_json(), indent=1))
    else:
        print(report.text(args.width), end="")
    return 0 if report.passed else 1
