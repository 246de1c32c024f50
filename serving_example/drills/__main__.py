"""The drills: ``python -m serving_example.drills --help``."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from serving_example.drills.faults import faults
from serving_example.drills.findings import Finding, table
from serving_example.drills.hangups import hangups
from serving_example.drills.lives import cycles, soak
from serving_example.drills.overload import overload
from serving_example.drills.pace import Pace
from serving_example.drills.stampede import stampede
from serving_example.drills.worlds import apart

Drill = Callable[[argparse.Namespace, Pace], list[Finding]]


def _fleet(options: argparse.Namespace, pace: Pace) -> list[Finding]:
    """Needs the client, which is a distribution of its own; `make drills` says where it lies."""
    from serving_example.drills.fleet import fleet

    return fleet(apart, pace, options.outage)


DRILLS: dict[str, Drill] = {
    "overload": lambda o, pace: overload(apart, pace, o.seconds),
    "device": lambda o, pace: faults(apart, pace, o.seconds),
    "stampede": lambda o, pace: stampede(apart, o.waiters),
    "hang-up": lambda o, pace: hangups(apart, pace, o.seconds),
    "fleet": _fleet,
    "load-unload": lambda o, pace: cycles(apart, o.cycles),
    "soak": lambda o, pace: soak(apart, pace, 60 * o.minutes),
}


def main(arguments: list[str] | None = None) -> int:
    """Runs drills; gives 0 if all aims are met, else 1."""
    options = _parser().parse_args(arguments)
    pace = Pace(options.slow)
    found: list[Finding] = []
    for name in options.names or [name for name in DRILLS if name != "soak"]:
        print(f"{name} ...", file=sys.stderr, flush=True)
        found += DRILLS[name](options, pace)
    text = table(found)
    print(text, end="")
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "drills.md").write_text(text, encoding="utf-8")
    load = os.getloadavg()[0]
    print(f"load of the machine at the end: {load:.1f} of {os.cpu_count()} cores", file=sys.stderr)
    return int(any(not one.is_met for one in found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving_example.drills",
        description="What the service does when things go wrong. Devices are paced: they take "
        "times that were assumed, so that this machine is not what is measured.",
        epilog="Status 0: all aims are met; 1: one is missed.",
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", choices=[[], *DRILLS],
        help=f"which: {', '.join(DRILLS)}; all but soak without one")  # fmt: skip
    add("--seconds", type=float, default=4.0, help="of each step of a drill (%(default)s)")
    add("--slow", type=float, default=1.0,
        help="devices, objective and clients so many times slower: on a busy machine")  # fmt: skip
    add("--outage", type=float, default=10.0, help="seconds, for the fleet (%(default)s)")
    add("--waiters", type=int, default=5_000, help="of the stampede (%(default)s)")
    add("--cycles", type=int, default=10_000, help="of loads and unloads (%(default)s)")
    add("--minutes", type=float, default=30.0, help="of the soak (%(default)s)")
    add("--out", type=Path, metavar="DIR", help="writes drills.md there")
    return parser


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    sys.exit(main())
