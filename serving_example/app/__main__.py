"""The service from the command line: ``python -m serving_example.app --help``."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import logging
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

from featurelib.errors import FeaturelibError
from serving_example.app.keys import Keys, KeysError, new_key, write_key
from serving_example.app.starting import starting

log = logging.getLogger("serving_example")
KEPT = 1_000_000
"""Events that stay in the log although they are applied: about 300 MB of ratings. A store that goes
back, to a backup or because its machine died amid its last batch, finds there what it misses."""


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; gives its exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    options = _parser().parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except (FeaturelibError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving_example.app", description="The recommender as a service."
    )
    commands = parser.add_subparsers(required=True)
    serve = commands.add_parser("serve", help="answer requests until SIGTERM")
    serve.set_defaults(command=_serve)
    add = serve.add_argument
    add("--data", type=Path, default=Path("."), help="the folder in which the next four lie")
    add("--bundle", type=Path, help="the features: a bundle's file (DATA/bundle.json)")
    add("--artifacts", type=Path, help="the folder of model artifacts (DATA/artifacts)")
    add(
        "--artifact-cache",
        type=Path,
        metavar="DIR",
        help="keeps artifacts on this machine, where --artifacts lies on another one",
    )
    add("--artifact-cache-size", type=float, default=4096, metavar="MIB", help="(%(default)s)")
    add("--store", help="the online store: a folder (DATA/store), or redis://...")
    add("--log", help="the event log: a folder (DATA/log), or redis://...")
    add("--share-port", action="store_true", help="other processes serve on the public port too")
    add("--no-tailer", action="store_true", help="another process applies and trims the log")
    add("--keep-events", type=int, default=KEPT, help="applied events that stay in the log")
    add("--log-reader", action="append", default=[], metavar="STORE",
        help="another store that is filled from this log, which waits for it")  # fmt: skip
    add("--host", default="127.0.0.1", help="address of the public port")
    add("--port", type=int, default=8000, help="the public port; 0 for a free one")
    add("--admin-port", type=int, default=8001, help="the admin port, on 127.0.0.1")
    add("--admin-token-file", type=Path, help="made with a random token if it is not there")
    add("--keys", type=Path, help="the file of API keys; without it anyone may ask")
    add("--device", action="append", metavar="[N*]DEVICE",
        help="cpu, cuda, cuda:1, or paced:FILE: the CPU in recorded time; 2*cpu for two; may be "
        "given again (cpu)")  # fmt: skip
    add("--own-threads", action="store_true",
        help="a single CPU computes on a thread of its own too, for models that take long: not "
        "in turns with requests")  # fmt: skip
    add("--memory", type=float, metavar="MIB", help="what models may take of each device")
    add("--policy", default="hybrid", help="which works run next (%(default)s)")
    add("--no-admission", action="store_true", help="takes work that will be late")
    add("--timeout-ms", type=float, default=1000.0, metavar="MS",
        help="for what devices compute, where a request does not say (%(default)s)")  # fmt: skip
    add("--pin", metavar="NAMES",
        help="models that stay, with commas between them (ranker and towers)")  # fmt: skip
    add("--models", help="names to load, with commas between them; all of the manifest without it")
    add("--towers", default="towers", help="the model that finds candidates")
    add("--ranker", default="ranker", help="the model that ranks where a request names none")
    add("--drain", type=float, default=20.0, help="seconds that requests have to end at SIGTERM")
    add("--notice", type=float, default=0.0, help="seconds not ready before the port closes")
    add(
        "--result-cache",
        type=float,
        default=64,
        metavar="MIB",
        help="keeps recommendations in so many MiB; 0: makes each (%(default)s)",
    )
    add(
        "--result-ttl",
        type=float,
        default=30.0,
        metavar="S",
        help="no kept recommendation is older; after 0.9 of it, it is renewed (%(default)s)",
    )
    add("--result-break-even", action="store_true", help="looks only while hits pay for looking")
    add(
        "--feature-cache",
        type=float,
        metavar="MIB",
        help="keeps what is read of users (256 for a store behind a network, else 0)",
    )
    key = commands.add_parser("key", help="make an API key, print it once, store its hash")
    key.set_defaults(command=_key)
    key.add_argument("name", help="whose it is")
    key.add_argument("--keys", type=Path, required=True, help="the file of API keys")
    key.add_argument("--rate", type=float, default=100.0, help="requests a second")
    key.add_argument("--burst", type=float, default=200.0, help="requests at once")
    key.add_argument("--weight", type=float, default=1.0, help="of answers: above 0, at most 1")
    return parser


def _key(options: argparse.Namespace) -> int:
    text, stored = new_key(
        options.name, secrets.token_bytes, options.rate, options.burst, options.weight
    )
    write_key(options.keys, stored)
    print(text)
    return 0


def _serve(options: argparse.Namespace) -> int:
    started = time.monotonic()
    keys = Keys.read(options.keys) if options.keys else None
    if keys is None and not ipaddress.ip_address(options.host).is_loopback:
        raise KeysError(
            f"--host {options.host} can be reached from outside, and no keys are asked for",
            hint="give --keys FILE, or serve on 127.0.0.1",
        )
    with contextlib.ExitStack() as stack:
        with starting():
            from serving_example.app.assembly import assembled  # torch: not for --help

            server, told = assembled(options, keys, stack)
        log.info("ready in %.1f s: %s", time.monotonic() - started, told)
        server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
