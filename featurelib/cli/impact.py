"""``featurelib impact``: which models and sets read what changes."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from featurelib.cli.extras import UsageError, extra
from featurelib.cli.registry_arguments import add_registry, open_registry
from featurelib.cli.targets import load_any

if TYPE_CHECKING:
    from featurelib.bundle import Bundle
    from featurelib.release.hotfix import Hotfix
    from featurelib.release.hotfix_models import Earlier


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "list the models and sets that read what changes"
    command = commands.add_parser(
        "impact",
        help=about,
        description=f"{about}: between OLD and NEW, or the features, ops and inputs of OLD that "
        "are named.",
        **shared,
    )
    command.add_argument("old", metavar="OLD", help="a bundle's file, or module:name")
    command.add_argument("new", metavar="NEW", nargs="?", help="what comes after it")
    for what in ("features", "ops", "inputs"):
        command.add_argument(
            f"--{what}", type=_names, default=[], metavar="A,B", help=f"{what} that will change"
        )
    command.add_argument(
        "--models",
        action="append",
        default=[],
        metavar="PATH",
        help="what models remember (fl.ModelInputs): a file, or a folder of these",
    )
    command.add_argument(
        "--sets",
        action="append",
        default=[],
        metavar="PATH",
        help="other bundles: a file, or a folder of these",
    )
    command.add_argument(
        "--hotfix", metavar="FILE", help="a declared hotfix from OLD to NEW, and what it accepts"
    )
    add_registry(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints who is concerned."""
    asked = bool(args.features or args.ops or args.inputs)
    if asked == (args.new is not None):
        raise UsageError(
            "expected either NEW, or names of what will change",
            hint="featurelib impact OLD NEW, or featurelib impact OLD --features fare_z,city_index",
        )
    if args.hotfix and args.new is None:
        raise UsageError("--hotfix goes with NEW", hint="featurelib impact OLD NEW --hotfix FILE")
    with extra("parity", "impact"):
        from featurelib.feature_set import FeatureSet
        from featurelib.release import hotfix_file
        from featurelib.release.changed import changed_between, named
        from featurelib.release.consumers import find_consumers
        from featurelib.release.hotfix_models import earlier_in
        from featurelib.release.impact import impact
        from featurelib.release.impact_text import text
        from featurelib.release.targets import bind_both

        target = load_any(args.old)
        if isinstance(target, FeatureSet) and target.needs_fit:
            raise UsageError(
                f"{args.old}: the set needs a fit, and models know features by fitted values too",
                hint="give the file of the bundle that models were trained with",
            )
        new: Bundle | None = None
        hotfix: Hotfix | None = None
        earlier: Earlier | None = None
        if args.new is not None:
            old, new, _ = bind_both(target, load_any(args.new))
            changed = changed_between(old, new)
            if args.hotfix:
                hotfix = hotfix_file.read(args.hotfix, old, new)
            if args.registry:
                earlier = earlier_in(open_registry(args), old.name)
        else:
            old, _, _ = bind_both(target, target)
            changed = named(old, args.features, args.ops, args.inputs)
        consumers = find_consumers(args.models, args.sets)
        found = impact(old, changed, consumers, new, hotfix, earlier)
    if args.json:
        print(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        print(text(found, args.width), end="")
    return 0


def _names(text: str) -> list[str]:
    """Names with commas between them: an argument's type."""
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"expected names like a,b, got {text!r}")
    return names
