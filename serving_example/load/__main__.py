"""The load generator: ``python -m serving_example.load --help``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from featurelib.errors import FeaturelibError
from serving_example.load.load import Load, run
from serving_example.load.report import Second

_HELP = {
    "rate": "arrivals a second",
    "seconds": "for how long requests arrive",
    "connections": "kept open; an arrival that finds none free waits for one, and that counts",
    "depth": "requests under way on one connection; above 1 they are pipelined",
    "users": "user keys, from 1",
    "zipf": "a user of rank r is drawn with a weight of r**-ZIPF",
    "events": "share of requests that are ratings",
    "items": "films that are rated, from 1",
    "path": "of a request, with {user}",
    "events_path": "of a rating",
    "within_ms": "the objective: answers in time are counted",
    "grace_s": "after the last arrival, for answers that are still to come",
    "tick_ms": "how often sockets are looked at; latencies are at most so much too high",
    "seed": "of all draws",
    "pid": "of the server, to tell what CPU it takes",
}


def main(arguments: list[str] | None = None) -> int:
    """Runs a load; gives 0 if every request had an answer 2xx, else 2, or 1 if it could not run."""
    options = _parser().parse_args(arguments)
    names = [field.name for field in dataclasses.fields(Load)]
    given: dict[str, Any] = {n: getattr(options, n) for n in names if n != "headers"}
    headers = list(options.header)
    try:
        if options.key_file:
            headers.append(f"Authorization: Bearer {options.key_file.read_text().strip()}")
        report = run(Load(**given, headers=tuple(headers)), _silent if options.quiet else _tell)
    except (OSError, ValueError, FeaturelibError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if options.json is not None:
        figures = report.figures()
        figures["load"].pop("headers")  # a key may stand there
        text = json.dumps(figures, indent=1) + "\n"
        if str(options.json) == "-":
            sys.stdout.write(text)
        else:
            options.json.write_text(text)
    if str(options.json) != "-":
        print("\n".join(report.lines()))
    return 2 if report.others or report.unfinished else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving_example.load",
        description="An open loop of requests: Poisson arrivals, users drawn by Zipf's law, "
        "latency from the time at which a request was to be sent.",
        epilog="Status 0: every request had an answer 2xx; 2: some had not; 1: it could not run.",
    )
    add = parser.add_argument
    add("url", help="of the server: http://127.0.0.1:8000")
    for field in dataclasses.fields(Load):
        if field.name in _HELP:
            add(
                f"--{field.name.replace('_', '-')}", type=type(field.default),
                default=field.default, help=f"{_HELP[field.name]} (%(default)s)",
            )  # fmt: skip
    add(
        "--churn", dest="churn_s", type=float, nargs="?", const=600.0, default=0.0,
        metavar="SECONDS", help="every rank has another user about once in so many seconds "
        "(600 if none are given; without it never)",
    )  # fmt: skip
    add("--header", action="append", default=[], help="one more header: 'Name: value'")
    add("--key-file", type=Path, help="a file with an API key")
    add("--json", type=Path, metavar="FILE", help="all figures as JSON; - for the output")
    add("--quiet", action="store_true", help="tells nothing while it runs")
    return parser


def _tell(second: Second) -> None:
    p95 = "-" if second.p95_ms is None else f"{second.p95_ms:.1f} ms"
    print(
        f"{second.at_s:6.1f} s  {second.answers:7,}/s  P95 {p95:>9}  in flight "
        f"{second.in_flight:6,}  others {second.others:,}", file=sys.stderr,
    )  # fmt: skip


def _silent(second: Second) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
