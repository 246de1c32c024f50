"""``featurelib release``: a bundle with its golden rows becomes a release in a registry."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featurelib.cli.extras import UsageError
from featurelib.cli.registry_arguments import add_registry, open_registry, release_json, show

if TYPE_CHECKING:
    from featurelib.bundle import Bundle
    from featurelib.release import Registry
    from featurelib.release.hotfix import Hotfix


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "put a bundle with its golden rows into a registry"
    command = commands.add_parser(
        "release",
        help=about,
        description="Puts a bundle with its golden rows into a registry, as a release that is "
        "never changed. It appears whole or not at all; the same once more changes nothing.",
        **shared,
    )
    command.add_argument("bundle", metavar="BUNDLE", help="the bundle's file")
    command.add_argument(
        "--golden",
        metavar="FILE",
        help="its golden rows (default golden_data/features/SET/VERSION/features.jsonl)",
    )
    command.add_argument(
        "--hotfix", metavar="FILE", help="the declaration of a hotfix: hotfix.toml, or JSON"
    )
    command.add_argument("--key", metavar="FILE", help="the private key that signs it")
    command.add_argument(
        "--previous",
        metavar="VERSION",
        help="the version before (default: the highest released one below)",
    )
    command.add_argument(
        "--discard-leftovers",
        action="store_true",
        help="first remove what a try left that died half-way; only when nobody is at it",
    )
    add_registry(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Releases."""
    from featurelib.cli.targets import load_bundle
    from featurelib.release.signing import read_private_key

    registry = open_registry(args)
    bundle = load_bundle(args.bundle)
    named = Path("golden_data", "features", bundle.name, bundle.version, "features.jsonl")
    golden = Path(args.golden) if args.golden else named
    if not golden.is_file():
        raise UsageError(
            f"{golden}: there are no golden rows, and a release has some",
            hint=f"featurelib golden record {args.bundle} DATA, or --golden FILE",
        )
    key = read_private_key(args.key) if args.key else None
    declaration = None
    if args.hotfix:
        declaration = _declaration(args, registry, bundle)
    if args.discard_leftovers:
        registry.discard_leftovers(bundle.name, bundle.version)
    release = registry.release(
        bundle,
        golden.read_bytes(),
        declaration=declaration,
        previous=args.previous,
        key=key,
    )
    signed = f"signed by {key.public.id[:16]}" if key else "not signed"
    follows = release.manifest.previous
    lines = [
        f"{release.name} {release.version} is released in {registry.where}",
        f"  after    {follows or 'nothing: it is the first'}"
        + (", as a declared hotfix" if declaration else ""),
        f"  digest   {release.digest[:16]}, {signed}",
        f"  next     featurelib promote {release.name} {release.version} --channel candidate",
    ]
    show(args, {**release_json(release), "registry": registry.where}, lines)
    return 0


def _declaration(args: argparse.Namespace, registry: Registry, bundle: Bundle) -> Hotfix:
    """The declaration in a file, checked against the release before."""
    from featurelib.release.hotfix_file import read

    before = args.previous or registry.previous(bundle.name, bundle.version)
    if before is None:
        raise UsageError(
            f"{bundle.name} {bundle.version} has no release before it in {registry.where}, and a "
            "hotfix mends one",
            hint="release the version with the fault first, or name it: --previous VERSION",
        )
    return read(args.hotfix, registry.fetch(bundle.name, before).bundle, bundle)
