"""``featurelib keys``: keys that sign releases."""

from __future__ import annotations

import argparse
from typing import Any

from featurelib.cli.registry_arguments import add_json, add_registry, open_registry, show


def add(commands: Any, **shared: Any) -> None:
    """Adds the command's arguments."""
    about = "make keys that sign releases, show them, trust them"
    command = commands.add_parser("keys", help=about, description=about, **shared)
    actions = command.add_subparsers(title="actions", metavar="ACTION", required=True)
    new = actions.add_parser(
        "new",
        help="make a key",
        description="Makes an Ed25519 key: FILE, which only you can read, and FILE.pub.",
        **shared,
    )
    new.add_argument("file", metavar="FILE", help="the private key's file; it must not exist")
    add_json(new)
    new.set_defaults(run=run_new)
    shown = actions.add_parser(
        "show",
        help="show the public key and its id",
        description="Shows the public key of a file, private or public, and its id.",
        **shared,
    )
    shown.add_argument("file", metavar="FILE", help="a private or a public key's file")
    add_json(shown)
    shown.set_defaults(run=run_show)
    trust = actions.add_parser(
        "trust",
        help="let a registry ask for signatures",
        description="Writes the public keys into the registry's registry.json: from then on every "
        "release must be signed with one of them. It is written once, and changed by hand.",
        **shared,
    )
    trust.add_argument("files", metavar="PUBLIC_KEY", nargs="+", help="a public key's file")
    add_registry(trust)
    trust.set_defaults(run=run_trust)


def run_new(args: argparse.Namespace) -> int:
    """Makes a key."""
    from featurelib.release.signing import new_key, public_key

    private, public = new_key(args.file)
    key = public_key(public)
    lines = [
        f"key {key.id[:16]}",
        f"  {private}  signs: keep it where your secrets are",
        f"  {public}  checks signatures: give it to services",
    ]
    show(args, {"id": key.id, "private": str(private), "public": str(public)}, lines)
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Shows a public key."""
    from featurelib.release.signing import public_key, read_private_key

    with open(args.file, "rb") as file:
        is_private = b"PRIVATE KEY" in file.read()
    key = read_private_key(args.file).public if is_private else public_key(args.file)
    show(args, {"id": key.id, "public_key": key.pem}, [f"key {key.id}", key.pem.rstrip()])
    return 0


def run_trust(args: argparse.Namespace) -> int:
    """Lets a registry ask for signatures."""
    registry = open_registry(args)
    keys = registry.trust(args.files)
    lines = [f"{registry.where} asks for signatures from now on; it trusts"]
    lines += [f"  {key}" for key in keys]
    show(args, {"registry": registry.where, "keys": list(keys)}, lines)
    return 0
