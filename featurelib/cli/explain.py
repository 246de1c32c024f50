"""``featurelib explain``: how features are computed."""

from __future__ import annotations

import argparse
import contextlib
import importlib
from typing import Any

from featurelib.cli.targets import load_any


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "show typed graphs, the program, and which way the batch plan takes"
    command = commands.add_parser("explain", help=about, description=about, **shared)
    command.add_argument("target", metavar="BUNDLE_OR_SET", help="a bundle's file, or module:name")
    command.add_argument("--feature", metavar="NAME", help="show only this feature")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the explanation; without the extra `offline` it has no batch plan and says so."""
    from featurelib.explain import explain

    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module("featurelib_offline")
    print(explain(load_any(args.target), feature=args.feature, width=args.width), end="")
    return 0
