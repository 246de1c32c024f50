"""A service put together from its options: bundle, models, store, log, caches and two ports."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import socket
import time
from pathlib import Path

import featurelib as fl
from featurelib.errors import FeaturelibError
from serving_example.app import admin, openapi
from serving_example.app.application import Application
from serving_example.app.caching import CacheOptions
from serving_example.app.devices import devices_of
from serving_example.app.films import Films
from serving_example.app.keys import ApiKey, KeysError
from serving_example.app.limits import Limits
from serving_example.app.profile_file import ProfileFile
from serving_example.app.routes import Routes
from serving_example.app.server import Server, bound
from serving_example.app.service import Service
from serving_example.artifacts import ArtifactStore
from serving_example.caches import ArtifactCache, FeaturePolicy, Policy
from serving_example.store import (
    EventLog,
    OnlineStore,
    StoreError,
    open_log,
    open_store,
    wall_clock,
)
from serving_example.store.trimming import LEAST, Trimmer

__all__ = ["assembled"]

_MIB = 1 << 20
_SOFT = 0.9
"""The share of its TTL after which an answer that is asked for is renewed. After a third of it a
sixth of what is made would be made for hits that do not need it yet: see docs/caching.md."""


def assembled(
    options: argparse.Namespace,
    keys: list[ApiKey] | None,
    stack: contextlib.ExitStack,
) -> tuple[Server, str]:
    """Puts a server together, all of it warm.

    Args:
        options: Of the command ``serve``.
        keys: Who may ask; None for anyone.
        stack: What is to be closed after the server is put there.

    Returns:
        The server, and what is said of it.

    Raises:
        FeaturelibError: An option or a file cannot be used.
        OSError: A file or a port cannot be had.
    """
    shown = (options.host, options.port, options.share_port)
    sockets = [
        stack.enter_context(contextlib.closing(bound(host, port, is_shared=is_shared)))
        for host, port, is_shared in (shown, ("127.0.0.1", options.admin_port, False))
    ]
    data: Path = options.data
    bundle = fl.load(options.bundle or data / "bundle.json")
    place = options.store or str(data / "store")
    devices = devices_of(options.device or ["cpu"], options.memory)
    service = Service(
        artifacts=_artifacts(options), devices=devices,
        takes_turns=not options.own_threads and [device.kind for device in devices] == ["cpu"],
        check=lambda inputs: inputs.check(bundle), clock=time.monotonic,
        id_prefix=f"{socket.gethostname()[:20]}-{secrets.token_hex(3)}", keys=keys,
        limits=_limits(options), pinned=_pinned(options),
        policy=options.policy, is_admitting=not options.no_admission,
        profiles=ProfileFile(data / "profiles.json"),
    )  # fmt: skip
    stack.callback(service.close)
    store = open_store(place, is_resident=True)
    event_log = open_log(options.log or str(data / "log"))
    stack.callback(store.close)
    stack.callback(event_log.close)
    films = Films(
        service, bundle, store, event_log, wall_clock, towers=options.towers,
        ranker=options.ranker, caches=_caches(options, "://" in place),
        tails=not options.no_tailer, trimmer=_trimmer(options, event_log, store, stack),
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
    names = ", ".join(served.name for served in service.repository.all())
    public, admin_port = server.ports
    return server, f"http://{options.host}:{public}, admin on {admin_port}, models {names}"


def _artifacts(options: argparse.Namespace) -> ArtifactStore | ArtifactCache:
    """The models: where they were published, or a cache on this machine before that."""
    source = ArtifactStore(options.artifacts or options.data / "artifacts")
    if options.artifact_cache is None:
        return source
    size = int(options.artifact_cache_size * _MIB)
    return ArtifactCache(source, options.artifact_cache, max_bytes=size, clock=time.monotonic)


def _caches(options: argparse.Namespace, is_remote: bool) -> CacheOptions:
    """Which caches there are. A store in this process answers faster than a cache before it."""
    features = options.feature_cache
    if features is None:
        features = 256 if is_remote else 0
    results = None
    if options.result_cache:
        ttl = options.result_ttl
        results = Policy(max_bytes=int(options.result_cache * _MIB), soft_s=_SOFT * ttl, hard_s=ttl)
    return CacheOptions(
        results, FeaturePolicy(max_bytes=int(features * _MIB)), options.result_break_even
    )


def _trimmer(
    options: argparse.Namespace,
    event_log: EventLog,
    store: OnlineStore,
    stack: contextlib.ExitStack,
) -> Trimmer | None:
    """What makes the log forget; None where another process does."""
    if options.no_tailer:
        return None
    if options.keep_events < LEAST:
        raise StoreError(
            f"expected --keep-events of at least {LEAST}, got {options.keep_events}",
            hint="a store whose machine dies reads its last events again",
        )
    readers = [store]
    for place in options.log_reader:
        readers.append(open_store(place))
        stack.callback(readers[-1].close)
    return Trimmer(event_log, readers, keep=options.keep_events)


def _limits(options: argparse.Namespace) -> Limits:
    if not 0.0 < options.timeout_ms < 1e7:
        raise FeaturelibError(f"expected --timeout-ms above 0, got {options.timeout_ms:g}")
    return Limits(compute_s=options.timeout_ms / 1000)


def _pinned(options: argparse.Namespace) -> list[str]:
    """The models that stay: those that every recommendation needs, unless told otherwise."""
    if options.pin is None:
        return [options.ranker, options.towers]
    return [name for name in options.pin.split(",") if name]


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
