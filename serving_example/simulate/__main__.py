"""The command: ``python -m serving_example.simulate --study load --out DIR``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from featurelib.errors import FeaturelibError
from serving_example.progress import Progress
from serving_example.scheduler import POLICIES
from serving_example.simulate.report import HEAD, markdown, report, rows
from serving_example.simulate.setting import Setting
from serving_example.simulate.studies import STUDIES, Point, Study, measured, recorded
from serving_example.simulate.trace import read

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 if it was done, 1 with the reason if not."""
    args = _parser().parse_args(argv)
    console = Console(stderr=True)
    start = time.monotonic()
    try:
        base = _setting(args)
        studies = [] if args.trace else [_study(name, args) for name in args.study]
        made: list[tuple[Study, list[Point]]] = []
        with Progress(console) as progress:
            for study in studies:
                total = len(study.values) * len(args.policy)
                with progress.stage(study.title, total) as done:
                    points = measured(
                        study, base, args.policy, args.seed, done, admits_all=args.admit_all
                    )
                made.append((study, points))
            if args.trace:
                trace = read(args.trace)
                with progress.stage("A recorded trace", len(args.policy)) as done:
                    made.append(
                        recorded(
                            trace, base, args.policy, args.seed, done, admits_all=args.admit_all
                        )
                    )
        for study, points in made:
            console.print(_table(study, points))
        if args.out:
            args.out.mkdir(parents=True, exist_ok=True)
            told = {f.name: str(getattr(base, f.name)) for f in fields(base)}
            told |= {"seed": str(args.seed), "admit all": str(args.admit_all)}
            (args.out / "report.html").write_text(report(told, made), encoding="utf-8")
            tables = "\n\n".join(f"{s.title}\n\n{markdown(s, p)}" for s, p in made)
            (args.out / "tables.md").write_text(tables + "\n", encoding="utf-8")
    except (FeaturelibError, OSError) as error:
        console.print(f"error: {error}", style="red", soft_wrap=True, markup=False)
        return 1
    where = f"; see {args.out / 'report.html'}" if args.out else ""
    console.print(f"{time.monotonic() - start:.0f} s{where}", soft_wrap=True)
    return 0


def _setting(args: argparse.Namespace) -> Setting:
    given = {f.name: getattr(args, f.name, None) for f in fields(Setting)}
    return replace(Setting(), **{name: v for name, v in given.items() if v is not None})


def _study(name: str, args: argparse.Namespace) -> Study:
    study = STUDIES[name]
    if name == "load" and args.loads:
        return replace(study, values=tuple(args.loads))
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


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving_example.simulate",
        description="Runs the scheduler of the service in simulated time: every policy on the same "
        "trace, beside the most that any policy could get.",
    )
    base = Setting()
    policies, studies = list(POLICIES), list(STUDIES)
    add = parser.add_argument
    add("--policy", type=_names(policies), default=policies, metavar="NAMES",
        help=f"separated by commas: {', '.join(policies)} (default: all)")  # fmt: skip
    add("--study", type=_names(studies), default=["load"], metavar="NAMES",
        help=f"what is varied: {', '.join(studies)}, or all (default: load)")  # fmt: skip
    add("--load", dest="loads", type=_numbers, metavar="X,Y",
        help="loads of the study of load, as shares of what the devices can do")  # fmt: skip
    add("--trace", type=Path, metavar="FILE",
        help="a recorded trace instead of studies: Parquet or CSV of time, model, rows, deadline, "
             "tenant")  # fmt: skip
    add("--sizes", type=_sizes, metavar="A,B",
        help=f"rows at which batches run (default: {','.join(map(str, base.sizes))})")  # fmt: skip
    for name, kind, what in (
        ("devices", int, "equal devices"),
        ("models", int, "equal models"),
        ("zipf", float, "exponent of how models are asked for; 0 is even"),
        ("slots", int, "models that a device has memory for; default: all"),
        ("load-s", float, "seconds of loading a model"),
        ("slo-s", float, "seconds from arrival to deadline"),
        ("cv", float, "deviation of gaps over their mean: 1 is Poisson; 0: spells and silences"),
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
    add("--out", type=Path, metavar="DIR", help="folder for report.html and tables.md")
    return parser


def _table(study: Study, points: Sequence[Point]) -> Table:
    table = Table(study.field, *HEAD[:-2], title=study.title)
    for row in rows(study, points):
        table.add_row(*row[:-2])
    return table


if __name__ == "__main__":
    sys.exit(main())
