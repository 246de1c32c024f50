"""``featurelib trace``: every value of one row."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from featurelib.cli.extras import UsageError
from featurelib.cli.targets import BUNDLE_HELP, load_bundle


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "show every value that is computed for one row"
    command = commands.add_parser("trace", help=about, description=about, **shared)
    command.add_argument("bundle", metavar="BUNDLE", help=BUNDLE_HELP)
    command.add_argument(
        "--row", required=True, metavar="JSON", help="a JSON object, @FILE, or - for standard input"
    )
    command.add_argument("--feature", metavar="NAME", help="show only what this feature reads")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the values as a table: what made it, the value, and whose value it is."""
    from featurelib.errors import DefinitionError
    from featurelib.ssa import value_text
    from featurelib.text_table import align
    from featurelib.trace import trace

    bundle = load_bundle(args.bundle)
    steps = trace(bundle, _row(args.row), source="json")
    if args.feature is not None:
        if args.feature not in bundle.program.outputs:
            raise DefinitionError(
                f"{bundle.name}: no feature `{args.feature}`",
                hint=f"features: {', '.join(bundle.program.outputs)}",
            )
        wanted = {n.key for n in bundle.program.subset([args.feature]).serving_nodes}
        steps = tuple(s for s in steps if s.line.node.key in wanted)
    rows = [
        (
            f"%{s.line.number} {s.line.operation}",
            value_text(s.value),
            ", ".join(f"-> {n}" for n in s.line.outputs),
        )
        for s in steps
    ]
    print("\n".join(align([("VALUE", "IS", "FEATURE"), *rows], args.width, indent=0)))
    return 0


def _row(text: str) -> dict[str, Any]:
    from featurelib.json_rows import read_json

    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        text = Path(text[1:]).read_text(encoding="utf-8")
    try:
        row = read_json(text)
    except ValueError as error:
        raise UsageError(
            f"--row: no readable JSON: {error}", hint="""quote it: --row '{"carrier": "UA"}'"""
        ) from None
    if not isinstance(row, dict):
        raise UsageError(f"--row: expected a JSON object, got {text.strip()[:40]}")
    return row
