"""The command: ``python -m serving_example.simulate.paced --data DIR``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from featurelib.errors import FeaturelibError, InputError
from serving_example.devices import Recording
from serving_example.scheduler import DEFAULT_POLICY, POLICIES
from serving_example.simulate.bounds import device_rate
from serving_example.simulate.latency import Model, Table
from serving_example.simulate.paced.comparison import Compared, compared, overhead_s
from serving_example.simulate.paced.server import Setup, asked, serving, some_rankers
from serving_example.simulate.paced.traces import TRACES
from serving_example.simulate.report import markdown
from serving_example.simulate.trace import Trace, read, write

__all__ = ["main"]

HEAD = (
    "trace", "load", "requests", "server, %", "simulated, %", "points", "as recorded, %",
    "batches longer by, %", "P95 server, ms", "P95 simulated, ms", "sent late, P99 ms",
)  # fmt: skip
AIM = 5.0
"""Points of a hundred by which the two may differ."""
C_S, LARGEST_S, REQUESTS_A_BATCH = 0.05, 0.2, 16
"""Where nothing was recorded: seconds of a batch however small, and what the largest takes more;
and how many requests the largest batch holds. So two devices at load 1 do 128 requests a second,
and what a machine of two cores needs for them is little beside the batches."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 if both agree, 2 if they differ by more than `AIM`, 1 if it cannot."""
    args = _parser().parse_args(argv)
    console = Console(stderr=True)
    try:
        setup, rows, rate = _setup(args)
        traces = _traces(args, setup, rows, rate)
        console.print(
            f"{setup.devices} paced devices, {len(setup.rankers)} models, {rows} rows a request: "
            f"load 1 is {rate:.0f} requests a second; {setup.recording.source}", soft_wrap=True,
        )  # fmt: skip
        made: list[tuple[str, float, Compared]] = []
        with serving(setup) as url:
            routes = {name: asked(url, name, rows) for name in setup.rankers}
            lost_s = overhead_s(url, setup.rankers[0], routes, setup, rows)
            console.print(
                f"beside its batch a request that comes alone takes {1e3 * lost_s:.1f} ms"
            )
            for name, load, trace in traces:
                made.append((name, load, compared(url, trace, routes, setup, lost_s)))
                time.sleep(1.0)  # what the last requests left behind is done
        rows_of = [list(HEAD), *(_row(setup, *one) for one in made)]
        print(markdown(rows_of))
        if args.out:
            args.out.mkdir(parents=True, exist_ok=True)
            (args.out / "paced.md").write_text(markdown(rows_of) + "\n", encoding="utf-8")
            for name, _, trace in traces:
                write(trace, args.out / f"{name}.csv")
    except (FeaturelibError, OSError) as error:
        console.print(f"error: {error}", style="red", soft_wrap=True, markup=False)
        return 1
    return 2 if any(abs(one.points) > AIM for _, _, one in made) else 0


def _setup(args: argparse.Namespace) -> tuple[Setup, int, float]:
    """What is served, the rows of a request, and the requests a second at load 1."""
    rankers, ladder = some_rankers(args.data, args.models)
    if args.recording:
        recording = Recording.read(args.recording)
    else:
        run_s = {size: C_S + LARGEST_S * size / ladder[-1] for size in ladder}
        source = f"assumed: {C_S:g} s a batch and {LARGEST_S:g} s more for one of {ladder[-1]} rows"
        recording = Recording(source, run_s, 0.0, 1, 1_000_000)
    setup = Setup(args.data, tuple(rankers), args.devices, recording, args.policy)
    rows = max(1, ladder[-1] // REQUESTS_A_BATCH)
    rate = device_rate(Model("any", Table(recording.run_s), ladder), args.slo_s, rows)
    if not rate:
        raise InputError(f"no batch of {recording.source} ends within {args.slo_s:g} s",
                         hint="--slo-s")  # fmt: skip
    return setup, rows, args.devices * rate


def _traces(
    args: argparse.Namespace, setup: Setup, rows: int, rate: float
) -> list[tuple[str, float, Trace]]:
    """Names, loads and traces; a file's models are the rankers, in order."""
    if args.file is None:
        made = {name: TRACES[name] for name in args.trace}
        return [
            (name, kind.load, kind.drawn(setup.rankers, rate, args.seconds, args.slo_s, rows,
                                         args.seed))
            for name, kind in made.items()
        ]  # fmt: skip
    trace = read(args.file)
    wrong = [name for name in trace.model_names if name not in setup.rankers]
    if wrong or (trace.rows != rows).any():
        raise InputError(
            f"{args.file}: expected requests of {rows} rows for {', '.join(setup.rankers)}",
            hint="--out writes such files",
        )
    load = len(trace) / max(trace.seconds, 1e-9) / rate
    return [(args.file.stem, load, trace)]


def _row(setup: Setup, name: str, load: float, one: Compared) -> list[str]:
    statuses = one.replayed.statuses
    answered = one.replayed.latency_s[statuses // 100 == 2]
    quantile = np.quantile(answered, 0.95) if len(answered) else np.nan
    recorded = setup.recording.run_s
    longer = np.mean([one.took[size] / recorded[size] - 1.0 for size in recorded])
    return [
        name, f"{load:.2g}", f"{len(one.trace):,}", f"{100 * one.served:.2f}",
        f"{100 * one.simulated:.2f}", f"{one.points:+.2f}",
        f"{100 * one.as_recorded.attainment:.2f}", f"{100 * longer:.1f}",
        f"{1e3 * quantile:.0f}", f"{1e3 * one.outcome.latency(0.95):.0f}",
        f"{1e3 * np.quantile(one.replayed.lag_s, 0.99):.1f}",
    ]  # fmt: skip


def _names(text: str) -> list[str]:
    names = list(TRACES) if text == "all" else text.split(",")
    wrong = [name for name in names if name not in TRACES]
    if wrong:
        raise argparse.ArgumentTypeError(f"no `{wrong[0]}`: expected {', '.join(TRACES)}, or all")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving_example.simulate.paced",
        description="Sends traces to a server of paced devices, in a process of its own, and runs "
        "them through the simulator: how many requests does each answer in time?",
        epilog=f"Status 0: they differ by at most {AIM:g} points on each trace; 2: by more; 1: it "
        "could not run.",
    )
    told = "; ".join(f"{name}: {kind.title}, load {kind.load:g}" for name, kind in TRACES.items())
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR",
        help="a service's folder: bundle, artifacts, store, log; it is read alone")  # fmt: skip
    add("--trace", type=_names, default=list(TRACES), metavar="NAMES",
        help=f"separated by commas: {told}")  # fmt: skip
    add("--file", type=Path, help="a trace that --out wrote, or one of the same models and rows")
    add("--seconds", type=float, default=25.0, help="of each trace (%(default)s)")
    add("--devices", type=int, default=2, help="paced devices (%(default)s)")
    add("--models", type=int, default=4, help="models at most (%(default)s)")
    add("--recording", type=Path, help="what a device takes; assumed without it")
    add("--policy", choices=list(POLICIES), default=DEFAULT_POLICY, help="(%(default)s)")
    add("--slo-s", type=float, default=0.75, help="seconds from arrival to deadline (%(default)s)")
    add("--seed", type=int, default=0, help="of the traces (%(default)s)")
    add("--out", type=Path, metavar="DIR", help="folder for paced.md and the traces")
    return parser


if __name__ == "__main__":
    sys.exit(main())
