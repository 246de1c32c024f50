"""The command of the training: ``python -m serving_example.train --out DIR``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from featurelib.errors import FeaturelibError
from serving_example.progress import Progress
from serving_example.train.data import load
from serving_example.train.metrics import bootstrap
from serving_example.train.pipeline import Options, run
from serving_example.train.report import Measured
from serving_example.train.variants import QUICK, VARIANTS, chosen


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 if everything was written, 1 with the reason if not."""
    args = _parser().parse_args(argv)
    console = Console(stderr=True)
    start = time.monotonic()
    try:
        with Progress(console) as progress:
            models = run(args.out, load(args.data), options(args.quick, args.models), progress)
    except (FeaturelibError, OSError) as error:
        console.print(f"error: {error}", style="red", soft_wrap=True, markup=False)
        return 1
    console.print(_table(models))
    console.print(
        f"{args.out}: {time.monotonic() - start:.0f} s; see {args.out / 'report.html'}",
        soft_wrap=True,
    )
    return 0


def options(quick: bool, models: int | None) -> Options:
    """What is trained.

    Args:
        quick: Little of everything: some ratings, some users, one epoch.
        models: How many; None for all, of a quick training for the defaults alone.

    Raises:
        DefinitionError: There are not so many models, or the defaults would be missing.
    """
    if not quick:
        return Options(chosen(len(VARIANTS) if models is None else models))
    few = chosen(QUICK if models is None else models)
    fast = tuple(replace(variant, epochs=1) for variant in few)
    return Options(fast, negatives=4, ratings=20_000, users=100)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving_example.train",
        description="Trains towers and rankers on MovieLens 100k, and writes what a service needs.",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument("--data", type=Path, metavar="PLACE",
                        help="folder with ml-100k.inter, .item, .user, or the wheel of recbole "
                             "(default: the installed package)")  # fmt: skip
    parser.add_argument("--quick", action="store_true",
                        help="two models on part of the data, in seconds: for tests")  # fmt: skip
    parser.add_argument("--models", type=int, metavar="N",
                        help=f"the first N models ({QUICK} to {len(VARIANTS)})")  # fmt: skip
    return parser


def _table(models: Sequence[Measured]) -> Table:
    table = Table("model", "NDCG@10", "recall@100", "weights", "training")
    for model in models:
        evaluation = model.evaluation
        table.add_row(
            model.variant.name, str(bootstrap(evaluation.ndcg)), str(bootstrap(evaluation.recall)),
            f"{model.parameters:,}", f"{model.train_s:.1f} s",
        )  # fmt: skip
    return table


if __name__ == "__main__":
    sys.exit(main())
