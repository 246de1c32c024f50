"""The command: ``python -m serving_example.simulate --study load --out DIR``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from featurelib.errors import FeaturelibError
from serving_example.progress import Progress
from serving_example.scheduler import POLICIES
from serving_example.simulate.drills import DRILLS, drilled
from serving_example.simulate.report import Made, courses, report, shares, tables
from serving_example.simulate.setting import Setting
from serving_example.simulate.studies import STUDIES, Study, measured, recorded
from serving_example.simulate.trace import read

__all__ = ["main"]

FAULTS = "faults"
"""The study of devices in trouble: nothing is varied, one thing after another befalls the pool."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 if it was done, 1 with the reason if not."""
    args = _parser().parse_args(argv)
    console = Console(stderr=True)
    start = time.process_time()
    try:
        base, made = _setting(args), Made()
        with Progress(console) as progress:
            if args.trace:
                trace = read(args.trace)
                with progress.stage("A recorded trace", len(args.policy)) as done:
                    made.studies.append(
                        recorded(
                            trace, base, args.policy, args.seed, done, admits_all=args.admit_all
                        )
                    )
            else:
                _simulate(args, base, progress, made)
        took = time.process_time() - start
        for study, points in made.studies:
            console.print(_table(f"{study.title}: of the bound", shares(study, points)))
        if made.drills:
            console.print(_table("Devices in trouble: in time", courses(made.drills)))
        if args.out:
            args.out.mkdir(parents=True, exist_ok=True)
            told = {f.name: str(getattr(base, f.name)) for f in fields(base)}
            told |= {"seed": str(args.seed), "admit all": str(args.admit_all)}
            (args.out / "report.html").write_text(report(told, made), encoding="utf-8")
            (args.out / "tables.md").write_text(tables(made), encoding="utf-8")
    except (FeaturelibError, OSError) as error:
        console.print(f"error: {error}", style="red", soft_wrap=True, markup=False)
        return 1
    where = f"; see {args.out / 'report.html'}" if args.out else ""
    console.print(f"{took:.0f} s of CPU{_speed(made, took)}{where}", soft_wrap=True)
    return 0


def _simulate(args: argparse.Namespace, base: Setting, progress: Progress, made: Made) -> None:
    """Runs the studies, and the drills where they are among them."""
    for name in args.study:
        if name == FAULTS:
            continue
        study = _study(name, args)
        with progress.stage(study.title, len(study.values) * len(args.policy)) as done:
            points = measured(study, base, args.policy, args.seed, done, admits_all=args.admit_all)
        made.studies.append((study, points))
    if FAULTS in args.study:
        with progress.stage("Devices in trouble", len(DRILLS) * len(args.policy)) as done:
            for drill in DRILLS.values():
                made.drills.append((drill, drilled(drill, base, args.policy, args.seed, done)))


def _speed(made: Made, seconds: float) -> str:
    """How fast the studies went, bounds and all."""
    figures = [f for _, points in made.studies for p in points for f in p.policies.values()]
    if not figures or made.drills or seconds <= 0.0:
        return ""
    offered = sum(len(p.policies) * p.offered for _, points in made.studies for p in points)
    events = sum(f.events for f in figures)
    return f": {offered:,} requests and {events:,} events, {events / seconds:,.0f} events a second"


def _setting(args: argparse.Namespace) -> Setting:
    given = {f.name: getattr(args, f.name, None) for f in fields(Setting)}
    return replace(Setting(), **{name: v for name, v in given.items() if v is not None})


def _study(name: str, args: argparse.Namespace) -> Study:
    study = STUDIES[name]
    if name == "load" and args.loads:
        return replace(study, values=tuple(args.loads))
    if name == "devices" and args.pools:
        return replace(study, values=args.pools)
    return study


def _names(known: Sequence[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        names = list(known) if text == "all" else text.split(",")
        wrong = [name for name in names if name not in known]
        if wrong:
            raise argparse.ArgumentTypeError(
                f"no `{wrong[0]}`: expected {', '.join(known)}, or all"
            )
        return names

    return read


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _counts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving_example.simulate",
        description="Runs the scheduler of the service in simulated time: every policy on the same "
        "trace, beside the most that any policy could get.",
    )
    base = Setting()
    policies, studies = list(POLICIES), [*STUDIES, FAULTS]
    add = parser.add_argument
    add("--policy", type=_names(policies), default=policies, metavar="NAMES",
        help=f"separated by commas: {', '.join(policies)} (default: all)")  # fmt: skip
    add("--study", type=_names(studies), default=["load"], metavar="NAMES",
        help=f"what is varied: {', '.join(STUDIES)}; {FAULTS}: what befalls devices; or all "
             "(default: load)")  # fmt: skip
    add("--load", dest="loads", type=_numbers, metavar="X,Y",
        help="loads of the study of load, as shares of what the devices can do")  # fmt: skip
    add("--pools", type=_counts, metavar="N,M", help="devices of the study of larger pools")
    add("--trace", type=Path, metavar="FILE",
        help="a recorded trace instead of studies: Parquet or CSV of time, model, rows, deadline, "
             "tenant")  # fmt: skip
    add("--sizes", type=_counts, metavar="A,B",
        help=f"rows at which batches run (default: {','.join(map(str, base.sizes))})")  # fmt: skip
    for name, kind, what in (
        ("devices", int, "equal devices"),
        ("models", int, "equal models"),
        ("zipf", float, "exponent of how models are asked for; 0 is even"),
        ("slots", int, "models that a device has memory for; default: all"),
        ("load-s", float, "seconds of loading a model"),
        ("slo-s", float, "seconds from arrival to deadline"),
        ("cv", float, "deviation of gaps over their mean: 1 is Poisson; 0: spells and silences"),
        ("spell-s", float, "mean seconds of a spell, and of the silence behind it"),
        ("a-s", float, "seconds a row of a batch"),
        ("c-s", float, "seconds a batch"),
        ("noise", float, "how much longer batches take than their profile, a mean share"),
        ("requests", int, "requests of a trace"),
    ):
        default = getattr(base, name.replace("-", "_"))
        shown = "" if default is None else f" (default: {default})"
        add(f"--{name}", type=kind, metavar="N", help=what + shown)
    add("--admit-all", action="store_true",
        help="refuse nothing for being late by prediction, whatever the policy")  # fmt: skip
    add("--seed", type=int, default=0, help="of arrivals and noise (default: 0)")
    add(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for report.html, the report with plots, and tables.md",
    )
    return parser


def _table(title: str, rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=f"{title} (simulated)", box=box.SIMPLE, show_edge=False, padding=0)
    for head, *cells in zip(*rows, strict=True):
        table.add_column(head, no_wrap=True, min_width=max(map(len, [head, *cells])))
    for row in rows[1:]:
        table.add_row(*row)
    return table


if __name__ == "__main__":
    sys.exit(main())
