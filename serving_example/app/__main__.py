"""The service from the command line: ``python -m serving_example.app --help``."""

from __future__ import annotations

import argparse
import contextlib
import gc
import ipaddress
import logging
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import featurelib as fl
from featurelib.errors import FeaturelibError
from serving_example.app import admin, openapi
from serving_example.app.application import Application
from serving_example.app.caching import CacheOptions
from serving_example.app.films import Films
from serving_example.app.keys import ApiKey, Keys, KeysError, new_key, write_key
from serving_example.app.routes import Routes
from serving_example.app.server import Server, bound
from serving_example.app.service import Service
from serving_example.artifacts import ArtifactStore
from serving_example.caches import FeaturePolicy, Policy
from serving_example.devices import Device, PacedDevice, Recording, cpu_device, cuda_device
from serving_example.store import open_log, open_store, wall_clock
from serving_example.store.trimming import KEPT, LEAST, Trimmer

log = logging.getLogger("serving_example")
_MIB = 1 << 20


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
    add("--store", help="the online store: a folder (DATA/store), or redis://...")
    add("--log", help="the event log: a folder (DATA/log), or redis://...")
    add("--no-tailer", action="store_true", help="another process applies and trims the log")
    add("--keep-events", type=_kept, default=KEPT, help="so many applied events stay in the log")
    add("--log-reader", action="append", default=[], metavar="STORE",
        help="another store that is filled from this log, which waits for it")  # fmt: skip
    add("--host", default="127.0.0.1", help="address of the public port")
    add("--port", type=int, default=8000, help="the public port; 0 for a free one")
    add("--admin-port", type=int, default=8001, help="the admin port, on 127.0.0.1")
    add("--admin-token-file", type=Path, help="made with a random token if it is not there")
    add("--keys", type=Path, help="the file of API keys; without it anyone may ask")
    add(
        "--device", default="cpu", help="cpu, cuda, cuda:1, or paced:FILE: the CPU in recorded time"
    )
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
        help="no kept recommendation is older; after a third of it, it is renewed (%(default)s)",
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
    return parser


def _key(options: argparse.Namespace) -> int:
    text, stored = new_key(options.name, secrets.token_bytes, options.rate, options.burst)
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
        sockets = [
            stack.enter_context(contextlib.closing(bound(host, port)))
            for host, port in ((options.host, options.port), ("127.0.0.1", options.admin_port))
        ]
        server, told = _server(options, keys, sockets, stack)
        log.info("ready in %.1f s: %s", time.monotonic() - started, told)
        server.run()
    return 0


def _server(
    options: argparse.Namespace,
    keys: list[ApiKey] | None,
    sockets: list[socket.socket],
    stack: contextlib.ExitStack,
) -> tuple[Server, str]:
    """The server, all of it warm; what is to be closed after it is put on the stack."""
    data: Path = options.data
    bundle = fl.load(options.bundle or data / "bundle.json")
    place = options.store or str(data / "store")
    service = Service(
        artifacts=ArtifactStore(options.artifacts or data / "artifacts"),
        device=_device(options.device), check=lambda inputs: inputs.check(bundle),
        clock=time.monotonic,
        id_prefix=f"{socket.gethostname()[:20]}-{secrets.token_hex(3)}", keys=keys,
    )  # fmt: skip
    stack.callback(service.close)
    store, event_log = open_store(place), open_log(options.log or str(data / "log"))
    stack.callback(store.close)
    stack.callback(event_log.close)
    trimmer = None
    if not options.no_tailer:
        others = [open_store(reader) for reader in options.log_reader]
        for other in others:
            stack.callback(other.close)
        trimmer = Trimmer(event_log, [store, *others], keep=options.keep_events)
    films = Films(
        service, bundle, store, event_log, wall_clock, towers=options.towers,
        ranker=options.ranker, caches=_caches(options, "://" in place),
        tails=not options.no_tailer, trimmer=trimmer,
    )  # fmt: skip
    stack.callback(films.close)
    applications: list[tuple[Application, socket.socket]] = []
    server = Server(
        applications, service.delivery, on_drain=service.drain,
        drain_s=options.drain, notice_s=options.notice,
    )  # fmt: skip
    service.load(options.models.split(",") if options.models else None)
    made = [*service.routes(server.on_loop), *films.routes(server.on_loop)]
    made.append(openapi.route(made, films.contracts, films.events_request))
    routes = Routes([*made, *admin.routes(service, options.keys, server.stop)])
    token = _admin_token(options.admin_token_file)
    applications += [
        (service.application(routes), sockets[0]),
        (service.application(routes, token), sockets[1]),
    ]
    films.start()
    gc.collect()
    gc.freeze()  # what is here stays: a collection need not look at it again
    names = ", ".join(served.name for served in service.repository.all())
    public, admin_port = server.ports
    return server, f"http://{options.host}:{public}, admin on {admin_port}, models {names}"


def _caches(options: argparse.Namespace, is_remote: bool) -> CacheOptions:
    """Which caches there are. A store in this process answers faster than a cache before it."""
    features = options.feature_cache
    if features is None:
        features = 256 if is_remote else 0
    results = None
    if options.result_cache:
        ttl = options.result_ttl
        results = Policy(max_bytes=int(options.result_cache * _MIB), soft_s=ttl / 3, hard_s=ttl)
    return CacheOptions(
        results, FeaturePolicy(max_bytes=int(features * _MIB)), options.result_break_even
    )


def _device(name: str) -> Device:
    if name == "cpu":
        return cpu_device()
    kind, _, index = name.partition(":")
    if kind == "paced" and index:
        return PacedDevice(cpu_device(), Recording.read(Path(index)))
    if kind != "cuda" or not (index or "0").isdigit():
        raise FeaturelibError(f"expected --device cpu, cuda, cuda:N or paced:FILE, got {name!r}")
    return cuda_device(int(index or 0))


def _kept(text: str) -> int:
    """How many events stay in the log."""
    if not text.isdigit() or int(text) < LEAST:
        raise argparse.ArgumentTypeError(
            f"expected at least {LEAST}, which a store may have to read again, got {text!r}"
        )
    return int(text)


def _admin_token(path: Path | None) -> str:
    """The token in the file, which is made for its owner's eyes if it is not there."""
    if path is None:
        return secrets.token_urlsafe(32)  # nobody knows it: the admin port answers nobody
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    token = path.read_text().strip()
    if len(token) < 20:
        raise KeysError(f"{path}: an admin token has at least 20 characters, got {len(token)}")
    return token


if __name__ == "__main__":
    sys.exit(main())
