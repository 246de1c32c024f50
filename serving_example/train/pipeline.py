"""From the ratings to what a service starts with: bundle, model artifacts, offline data, report.

    OUT/bundle.json          definition and fitted state
    OUT/artifacts/           models and their names
    OUT/offline/*.parquet    events, profiles, catalogue: what `materialize` reads
    OUT/report.html          what was measured

The same data, options and machine give the same bytes of the bundle and of every model's weights.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch import nn

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.errors import FeaturelibError
from featurelib_offline import fit
from serving_example import definition
from serving_example.artifacts import ArtifactStore
from serving_example.devices.ladder import DEFAULT_SIZES
from serving_example.instants import microseconds_of
from serving_example.models import artifact_of, differing_rows, make, shapes_of
from serving_example.progress import Progress
from serving_example.train import features
from serving_example.train.data import MovieLens
from serving_example.train.evaluate import CANDIDATES, Asked, Evaluation, measure
from serving_example.train.metrics import ranked
from serving_example.train.report import POPULARITY, Measured, report
from serving_example.train.split import Seen, Split, split
from serving_example.train.training import Groups, train
from serving_example.train.variants import DEFAULT, Variant

__all__ = ["Options", "run"]

Baselines = dict[str, Evaluation]


@dataclass(frozen=True)
class Options:
    """How much a training takes.

    Attributes:
        variants: The models; both defaults are among them.
        negatives: Films beside each rating.
        ratings: How many ratings models learn from, the newest ones; None for all.
        users: How many users are asked, the first ones; None for all.
        jobs: Models that learn at a time, in a thread each. It moves no bit.
        seed: Of the negatives.
    """

    variants: Sequence[Variant]
    negatives: int = 20
    ratings: int | None = None
    users: int | None = None
    jobs: int = 2
    seed: int = 7


def run(out: Path, data: MovieLens, options: Options, progress: Progress) -> list[Measured]:
    """Trains, measures and writes everything.

    Args:
        out: The folder; it is made if it is not there.
        data: The ratings.
        options: How much.
        progress: Is told how far it is.

    Returns:
        The models, in the order of the variants.

    Raises:
        FeaturelibError: A model's scores depend on the batch on this machine.
        OSError: A file cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_offline(out / "offline", data)
    parts = split(data.events)
    users, films = (
        frame[key].to_numpy()
        for frame, key in ((data.profiles, "user_id"), (data.catalogue, "item_id"))
    )
    seen = Seen(parts.train, users, films)
    with progress.stage("fit the features"):
        bundle = fitted(data, parts)
        bundle.save(out / "bundle.json")
    with progress.stage("join the training pairs"):
        groups = groups_of(bundle, data, parts, seen, options)
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # for the threads of this process that are made from here on, too
    try:
        trained = _train_all(bundle, groups, options, progress)
        learned = len(groups)
        del groups  # as large as what comes next
        with progress.stage("join the test pairs"):
            asked = Asked.of(bundle, data, _fewer(parts, options.users), seen)
        models, baselines = _measure_all(out, bundle, asked, parts, seen, trained, progress)
    finally:
        torch.set_num_threads(before)
    store = ArtifactStore(out / "artifacts")
    names = {m.variant.name: m.digest for m in models}
    store.publish(names | {name: names[of] for name, of in DEFAULT.items()})
    told = _told(bundle, learned, asked, options)
    (out / "report.html").write_text(report(told, baselines, models), encoding="utf-8")
    return models


def write_offline(folder: Path, data: MovieLens) -> None:
    """The Parquet files that `materialize` reads."""
    folder.mkdir(exist_ok=True)
    data.events.write_parquet(folder / "events.parquet")
    data.profiles.write_parquet(folder / "profiles.parquet")
    data.catalogue.write_parquet(folder / "catalogue.parquet")


def fitted(data: MovieLens, parts: Split) -> Bundle:
    """The bundle, fitted on the training ratings and on nothing of the test."""
    asked = parts.train.select("user_id", "item_id", requested_at="rated_at")
    films = definition.feature_set()
    events = features.events_of(data.events)
    return films.bind(fit(films, features.queries(data, asked), events=events))


def groups_of(
    bundle: Bundle, data: MovieLens, parts: Split, seen: Seen, options: Options
) -> Groups:
    """What models learn from: each rating beside films that its user had not rated by then."""
    ratings = parts.train if options.ratings is None else parts.train.tail(options.ratings)
    negatives = features.draw_negatives(seen, ratings, options.negatives, options.seed)
    pairs = features.with_negatives(ratings, negatives)
    rows = features.queries(data, pairs)
    tensors = features.tensors(bundle, rows, features.events_of(data.events))
    films = np.column_stack([ratings["item_id"].to_numpy(), negatives])
    return Groups.of(
        tensors,
        np.searchsorted(seen.users, ratings["user_id"].to_numpy()),
        np.searchsorted(seen.films, films),
        microseconds_of(ratings["rated_at"]),
        seen,
    )


@dataclass(frozen=True)
class _Trained:
    variant: Variant
    module: nn.Module
    losses: list[float]
    train_s: float


def _train_all(
    bundle: Bundle, groups: Groups, options: Options, progress: Progress
) -> list[_Trained]:
    shapes = shapes_of(bundle).to_json()
    modules = []
    for variant in options.variants:  # before any thread: torch has one generator for all of them
        torch.manual_seed(variant.seed)
        modules.append(make(variant.kind, {"shapes": shapes, **variant.config}))

    def one(variant: Variant, module: nn.Module) -> _Trained:
        torch.set_num_threads(1)
        start = time.thread_time()
        with progress.model(variant.name) as tell:
            losses = train(module, variant, groups, tell)
        return _Trained(variant, module, losses, time.thread_time() - start)

    with ThreadPoolExecutor(options.jobs) as pool:
        return list(pool.map(one, options.variants, modules))


def _measure_all(
    out: Path, bundle: Bundle, asked: Asked, parts: Split, seen: Seen,
    trained: Sequence[_Trained], progress: Progress,
) -> tuple[list[Measured], Baselines]:  # fmt: skip
    """Artifacts and figures of all models; the default towers choose the rankers' candidates."""
    store, size = ArtifactStore(out / "artifacts"), DEFAULT_SIZES[-1]
    by_name = {t.variant.name: t for t in trained}
    scores, cost = {}, {}
    with progress.stage("score all films", total=len(trained)) as advance:
        for name, it in by_name.items():
            start = time.thread_time()
            scores[name] = asked.scores(it.module, size)
            cost[name] = (time.thread_time() - start) / asked.known.size * 1e6
            advance()
    towers = ranked(scores[DEFAULT["towers"]], asked.known, CANDIDATES)
    models = []
    with progress.stage("prove and store", total=len(trained)) as advance:
        for name, it in by_name.items():
            result = measure(asked, scores[name], towers if it.variant.kind == "ranker" else None)
            _prove(name, it.module, asked)
            artifact = artifact_of(
                it.module, name=name, bundle=bundle, ladder=DEFAULT_SIZES, metrics=result.metrics()
            )
            weights = sum(w.numel() for w in it.module.parameters())
            models.append(
                Measured(it.variant, store.put(artifact), result, it.losses, weights,
                         len(artifact.weights), it.train_s, cost[name])
            )  # fmt: skip
            advance()
    often = np.bincount(
        np.searchsorted(seen.films, parts.train["item_id"].to_numpy()), minlength=len(seen.films)
    )
    overall = np.broadcast_to(often.astype(np.float64), asked.known.shape)
    return models, {
        POPULARITY: measure(asked, asked.popularity, towers),
        "popularity in all of training": measure(asked, overall, towers),
    }


def _prove(name: str, module: nn.Module, asked: Asked) -> None:
    """Refuses to store a model whose scores move with the batch."""
    rows = {n: x[: DEFAULT_SIZES[-1]] for n, x in asked.tensors.items()}
    bad = differing_rows(module, rows, DEFAULT_SIZES)
    if bad:
        raise FeaturelibError(
            f"{name}: {bad} of {DEFAULT_SIZES[-1]} rows have other scores at other sizes of the "
            f"ladder {DEFAULT_SIZES}",
            hint="this machine's torch takes more rows together: use a ladder of larger sizes",
        )


def _fewer(parts: Split, users: int | None) -> Split:
    if users is None:
        return parts
    moments = parts.moments.head(users)
    test = parts.test.join(moments.select("user_id"), on="user_id", maintain_order="left")
    return Split(parts.train, test, moments)


def _told(bundle: Bundle, learned: int, asked: Asked, options: Options) -> dict[str, str]:
    users, films = asked.known.shape
    return {
        "features": f"{bundle.name} {bundle.version}, {len(bundle.features)} features",
        "fingerprint": bundle.fingerprint,
        "training": f"{learned:,} ratings, each beside {options.negatives} films",
        "test": f"{users:,} users, {int(asked.wanted.sum()):,} ratings held back, {films:,} films",
        "made by": f"featurelib {fl.__version__}, torch {torch.__version__}, "
        f"polars {pl.__version__}",
    }
