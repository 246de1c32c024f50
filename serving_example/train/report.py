"""The report of a training: one HTML file that needs nothing else.

It shows what was measured, on what, and what to think of it. No row of the data stands in it:
GroupLens does not allow that its data is passed on.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving_example.train import figures
from serving_example.train.evaluate import CANDIDATES, Evaluation, K, difference
from serving_example.train.metrics import Interval, bootstrap
from serving_example.train.variants import DEFAULT, Variant

__all__ = ["POPULARITY", "Measured", "report"]

POPULARITY = "popularity before the moment"
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Measured:
    """A model and what it is worth.

    Attributes:
        variant: What was trained.
        digest: Its artifact.
        evaluation: What its scores are worth.
        losses: The mean loss of each part of the training, in order.
        parameters: How many weights it has.
        bytes: Of its weights.
        train_s: Seconds of training, of one thread.
        us_per_row: Microseconds a row takes in batches of the largest size, of one thread.
    """

    variant: Variant
    digest: str
    evaluation: Evaluation
    losses: Sequence[float]
    parameters: int
    bytes: int
    train_s: float
    us_per_row: float


def report(
    told: Mapping[str, str], baselines: Mapping[str, Evaluation], models: Sequence[Measured]
) -> str:
    """The HTML text.

    Args:
        told: Facts of the run, shown as they are: counts, versions, digests.
        baselines: Orders that nothing was learned for; `POPULARITY` is one of them.
        models: The models, in the order of their training.
    """
    base = baselines[POPULARITY]
    all_of = {**baselines, **{m.variant.name: m.evaluation for m in models}}
    ndcg = {name: bootstrap(e.ndcg) for name, e in all_of.items()}
    better = {m.variant.name: difference(m.evaluation.ndcg, base.ndcg) for m in models}
    rankers = [m for m in models if m.variant.kind == "ranker"]
    ranked = {m.variant.name for m in rankers}
    losses = {
        m.variant.name: (np.linspace(0, 1, len(m.losses) + 1)[1:], np.array(m.losses))
        for m in rankers
    }
    parts = [
        _head(),
        _paragraphs(told),
        "<h2>Against popularity</h2>",
        _table(baselines, models, base),
        figures.intervals(f"NDCG@{K} over all films, mean and 95 % interval over users",
                          ndcg, list(baselines), zero=False),
        figures.intervals(f"NDCG@{K}: difference to {POPULARITY}, same users",
                          better, [], zero=True),
        "<h2>Candidates</h2>",
        figures.curves(
            "What the first films hold of a user's test", "films", "recall",
            {n: _recall_curve(e) for n, e in all_of.items() if n not in ranked},
        ),
        "<h2>Cost</h2>",
        figures.scatter("microseconds a row, one thread", f"NDCG@{K}",
                        {m.variant.name: (m.us_per_row, ndcg[m.variant.name]) for m in models}),
        figures.curves("Rankers", "share of the training", "mean loss of a group", losses),
        "</main>",
    ]  # fmt: skip
    return "\n".join(parts)


def _recall_curve(evaluation: Evaluation) -> tuple[Array, Array]:
    places = np.arange(1, evaluation.found.shape[1] + 1)
    return places[9::10], evaluation.found.mean(axis=0)[9::10]


def _head() -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Films: training</title>\n'
        "<style>body{font:15px/1.5 system-ui,sans-serif;color:#222;margin:0}"
        "main{max-width:72rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}"
        "td,th{padding:.2rem .5rem;border-bottom:1px solid #ddd;text-align:right}"
        "td:first-child,th:first-child{text-align:left}td{white-space:nowrap;line-height:1.3}"
        "th{vertical-align:bottom}small{color:#777}svg{max-width:100%;height:auto}"
        "code{font-size:.85em}.base{color:#777}</style>\n<main><h1>Films: training</h1>"
    )


def _paragraphs(told: Mapping[str, str]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(k)}</td><td>{html.escape(v)}</td></tr>" for k, v in told.items()
    )
    return f"""<p>Ratings are those of MovieLens 100k, collected by the
<a href="https://grouplens.org/datasets/movielens/100k/">GroupLens</a> Research Project at the
University of Minnesota (F. M. Harper and J. A. Konstan, 2015, <i>The MovieLens Datasets: History
and Context</i>, ACM TiiS 5, 4). They were read from the package recbole and are not part of this
report.</p>
<table>{rows}</table>
<h2>How it is measured</h2>
<p>The test is each user's last ratings by time, and by their order in the file where times are
equal. A user is asked once, at the time of the first of them; every feature is what it was strictly
before, by featurelib's point-in-time join. Candidates are all films that the user had not rated in
training. A film of the test is right, whatever its stars; <i>liked</i> counts only those with four
stars or more. Intervals are 95 % by 2,000 draws of users; differences are for the same users.</p>
<p>Two things to keep in mind. The split is by user, so weights have seen ratings that others gave
after a user's moment; {POPULARITY} has not, and for that reason popularity over all training
ratings stands beside it. And users of this data rated in one or two sittings, films in the order of
a page: real traffic is harder.</p>"""


def _table(
    baselines: Mapping[str, Evaluation], models: Sequence[Measured], base: Evaluation
) -> str:
    head = ("", f"NDCG@{K}", "difference", f"of {CANDIDATES} candidates",
            f"recall@{CANDIDATES}", f"NDCG@{K} liked", "weights", "training", "a row")  # fmt: skip
    lines = ["<table><tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"]
    for name, evaluation in baselines.items():
        lines.append(_line([name, *_cells(evaluation, base), "", "", ""], "base"))
    for model in models:
        name = model.variant.name
        shown = f"<b>{name}</b>" if name in DEFAULT.values() else name
        shown += f"<br><small><code>{model.digest[:12]}</code></small>"
        cost = [
            f"{model.parameters:,}<br><small>{model.bytes / 1024:,.0f} KiB</small>",
            f"{model.train_s:.1f} s",
            f"{model.us_per_row:.2f} us",
        ]  # fmt: skip
        lines.append(_line([shown, *_cells(model.evaluation, base), *cost], ""))
    told = "In bold: what a service takes by default. Below a name: how its artifact begins."
    return "\n".join([*lines, f"</table><p>{told}</p>"])


def _cells(evaluation: Evaluation, base: Evaluation) -> list[str]:
    of = evaluation.of_candidates
    return [
        _shown(bootstrap(evaluation.ndcg)),
        "" if evaluation is base else _shown(difference(evaluation.ndcg, base.ndcg)),
        "" if of is None else _shown(bootstrap(of)),
        _shown(bootstrap(evaluation.recall)),
        _shown(bootstrap(evaluation.liked)),
    ]


def _shown(interval: Interval) -> str:
    """The mean, and its interval in a line below."""
    mean, _, rest = str(interval).partition(" ")
    return f"{mean}<br><small>{rest}</small>"


def _line(cells: Sequence[str], css: str) -> str:
    return f'<tr class="{css}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
