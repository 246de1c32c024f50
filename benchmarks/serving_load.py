"""A million users and an open loop, on the cores of the service: docs/serving-benchmarks.md.

    python -m benchmarks.serving_load --data DIR --seconds 300

``DIR`` is what ``make serve`` made, with a store that ``serving_example.store salt`` has given a
million users (15 GB); without ``--data`` both are made in a folder that is removed afterwards.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.serving import Served, process_cpu, served
from benchmarks.serving_world import USERS, make_world
from benchmarks.tables import Table, machine
from serving_example.load import Load, run

__all__ = ["main"]

CACHES: dict[str, tuple[str, ...]] = {
    "on": (),
    "no results": ("--result-cache", "0"),
    "all three off": ("--result-cache", "0", "--feature-cache", "0"),
}
"""Options by what is switched off. Before LMDB there is no cache of features, and artifacts are
kept only with ``--artifact-cache``."""
_HITS = re.compile(
    r'featurelib_cache_total\{cache="results",event="([a-z_]+)"\} ([0-9.e+]+)', re.ASCII
)
HEADER = (
    *(
        "caches",
        "offered/s",
        "seconds",
        "answered/s",
        "in 50 ms/s",
        "P50, ms",
        "P95, ms",
        "P99, ms",
    ),
    *("refused", "errors", "from results", "server us", "generator us"),
)
ENOUGH_MS = 50.0


def main(arguments: list[str] | None = None) -> int:
    """Runs the loads and prints the tables."""
    options = _parser().parse_args(arguments)
    with contextlib.ExitStack() as stack:
        data = options.data
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            make_world(data)
            salt(data, options.users)
        print(f"{machine()}\n")
        for name in options.caches:
            print(_page(name, data, options).markdown(), flush=True)
    return 0


def salt(data: Path, users: int) -> None:
    """Gives users up to an id the histories of those of MovieLens."""
    told = ("--store", data / "store", "--bundle", data / "bundle.json")
    command = (sys.executable, "-m", "serving_example.store", "salt", *told)
    more = ("--histories", USERS, "--users", users)
    subprocess.run([str(part) for part in (*command, *more)], check=True, capture_output=True)


def _page(name: str, data: Path, options: argparse.Namespace) -> Table:
    """A table of one setting of the caches: the rate that is asked for, then the highest."""
    table = Table(f"{options.users:,} users, {options.events:.0%} events, caches: {name}", HEADER)
    more = (*CACHES[name], *options.serve)
    if "--result-cache" not in more:
        more = (*more, "--result-ttl", str(options.result_ttl))
    with _warm(data, more, options) as service:
        if options.rate:
            table.rows.append(_row(name, _run(service, options.rate, options.seconds, options)))
        best: float = 0.0
        low, high = options.search
        rate = low
        while options.search_s and rate <= high:
            told = _run(service, rate, options.search_s, options)
            table.rows.append(_row(name, told))
            if not _holds(told):
                break
            best, rate = rate, rate * options.step
            time.sleep(1.0)
        if options.search_s:
            table.notes.append(
                f"The highest rate that was tried and held P95 <= {ENOUGH_MS:g} ms with every "
                f"request answered: {best:,.0f}/s."
            )
    return table


def _holds(told: dict[str, Any]) -> bool:
    """Whether all were answered, and 95 of 100 in time."""
    others = sum(n for status, n in told["statuses"].items() if not status.startswith("2"))
    p95 = told["latency_ms"]["p95"]
    return not (others or told["unfinished"]) and p95 is not None and p95 <= ENOUGH_MS


class _Service(NamedTuple):
    """Processes on one port, and the file with the token of their admin ports."""

    servers: list[Served]
    token: Path


@contextlib.contextmanager
def _warm(data: Path, more: tuple[str, ...], options: argparse.Namespace) -> Iterator[_Service]:
    """A service that has been asked for a few seconds."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = _Service([], folder / "token")
        more = (*more, "--admin-token-file", str(made.token))
        if options.processes > 1:
            more = (*more, "--share-port")
        for _ in range(options.processes):
            server = stack.enter_context(served(data, *more))
            _listens(server.admin)
            if not made.servers:  # the others are beside it
                more = (*more, "--port", str(server.port), "--no-tailer")
            made.servers.append(server)
        _run(made, 1_000, 3, options)
        yield made


def _listens(port: int) -> None:
    """Waits until a port answers: a service says where it will be a moment before it is there."""
    until = time.monotonic() + 10.0
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _run(
    service: _Service, rate: float, seconds: float, options: argparse.Namespace
) -> dict[str, Any]:
    url = f"http://127.0.0.1:{service.servers[0].port}"
    hits, misses, cpu_s = _counted(service)
    load = Load(
        url, rate=rate, seconds=seconds, users=options.users, events=options.events,
        connections=options.connections, headers=tuple(options.header), within_ms=ENOUGH_MS,
        grace_s=5.0, churn_s=options.churn,
    )  # fmt: skip
    told = run(load).figures()
    after = _counted(service)
    looked, sent = after[0] - hits + after[1] - misses, sum(told["statuses"].values())
    return {
        **told, "from_results": (after[0] - hits) / looked if looked else 0.0,
        "server_us": 1e6 * (after[2] - cpu_s) / max(sent, 1),
    }  # fmt: skip


def _counted(service: _Service) -> tuple[float, float, float]:
    """Hits and misses of the caches of results, and CPU seconds, of all processes."""
    token = service.token.read_text().strip()
    caches = [_cache(f"http://127.0.0.1:{one.admin}", token) for one in service.servers]
    hits, misses = (sum(cache.get(n, 0.0) for cache in caches) for n in ("hits", "misses"))
    return hits, misses, sum(process_cpu(one.pid) for one in service.servers)


def _cache(url: str, token: str) -> dict[str, float]:
    """What the cache of results has counted."""
    asked = urllib.request.Request(f"{url}/metrics", headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        text = answer.read().decode()
    return {name: float(count) for name, count in _HITS.findall(text)}


def _row(name: str, told: dict[str, Any]) -> tuple[str, ...]:
    load, ms = told["load"], told["latency_ms"]
    refused = sum(told["statuses"].get(status, 0) for status in ("429", "503", "504"))
    errors = sum(n for s, n in told["statuses"].items() if not s.startswith("2")) - refused
    return (
        name, f"{load['rate']:,.0f}", f"{load['seconds']:g}", f"{told['reached_per_s']:,.0f}",
        f"{told['in_time_per_s']:,.0f}", *(_ms(ms[q]) for q in ("p50", "p95", "p99")),
        f"{refused:,}", f"{errors + told['unfinished']:,}", f"{told['from_results']:.0%}",
        f"{told['server_us'] or 0:.0f}", f"{told['generator_us']:.0f}",
    )  # fmt: skip


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving_load",
        description="The recommender under an open loop of a million users, as Markdown.",
    )
    add = parser.add_argument
    add("--data", type=Path, help="DATA of serving_example.app, with a salted store")
    add("--users", type=int, default=1_000_000, help="(%(default)s)")
    add("--rate", type=float, default=10_000.0, help="of the long run; 0 for none (%(default)s)")
    add("--seconds", type=float, default=300.0, help="of the long run (%(default)s)")
    add("--search", type=float, nargs=2, default=(2_000.0, 40_000.0), metavar=("LOW", "HIGH"),
        help="rates between which the highest is looked for")  # fmt: skip
    add("--search-s", type=float, default=15.0, help="of each of those runs; 0: none (%(default)s)")
    add("--step", type=float, default=1.2, help="from one rate to the next (%(default)s)")
    add("--events", type=float, default=0.01, help="share of ratings (%(default)s)")
    add("--churn", type=float, default=600.0, help="seconds in which every rank has another user")
    add("--connections", type=int, default=256, help="(%(default)s)")
    add("--result-ttl", type=float, default=10.0, help="seconds (%(default)s)")
    add("--caches", nargs="+", choices=list(CACHES), default=list(CACHES), help="(all)")
    add("--header", action="append", default=[], help="of each request: 'X-Timeout-Ms: 50'")
    add("--processes", type=int, default=1, help="that share the port (%(default)s)")
    add("--serve", action="append", default=[], help="one more word of the service's command")
    return parser


if __name__ == "__main__":
    sys.exit(main())
