"""The report of a simulation: one HTML file that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np

from serving_example.simulate.studies import Point, Study
from serving_example.train.figures import curves

__all__ = ["markdown", "report", "rows"]

HEAD = ("offered", "policy", "goodput/s", "of the bound", "in time", "others in time", "P99, ms",
        "batch", "busy", "loads", "why released", "why not answered")  # fmt: skip

_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Scheduler: simulation</title>
<style>body{font:15px/1.5 system-ui,sans-serif;color:#222;margin:0}
main{max-width:64rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;font-size:.85em}
td,th{padding:.15rem .5rem;border-bottom:1px solid #ddd;text-align:right}
td:nth-child(3),td:nth-last-child(-n+2){text-align:left}td:not(:nth-last-child(-n+2)){
white-space:nowrap}svg{max-width:100%;height:auto}</style>
<main><h1>Scheduler: simulation</h1>
<p>The scheduler of the service, with its policies, in simulated time. Devices are times only:
nothing here was measured on a device. The bound is what no policy can beat on the same trace;
goodput counts answers in time.</p>"""


def rows(study: Study, points: Sequence[Point]) -> list[list[str]]:
    """The cells of a study's table under its field and `HEAD`, one row a point and policy."""
    made = []
    for point in points:
        for policy, f in point.policies.items():
            made.append([
                f"{point.value:g}", f"{point.offered / point.seconds:,.0f}/s", policy,
                f"{f.good / point.seconds:,.0f}", f"{f.of_bound:.3f}",
                f"{100 * f.attainment:.2f} %", f"{100 * f.others:.2f} %",
                f"{1000 * f.p99_s:.1f}", f"{f.mean_batch:.1f}", f"{100 * f.busy:.0f} %",
                f"{f.loads}", _counts(f.reasons), _counts(f.whys),
            ])  # fmt: skip
    return made


def markdown(study: Study, points: Sequence[Point]) -> str:
    """Shares of the bound as a table of Markdown, a row a point and a column a policy."""
    policies = list(points[0].policies)
    lines = [
        "| " + " | ".join([study.field, "offered/s", "bound/s", *policies]) + " |",
        "|" + "---:|" * (len(policies) + 3),
    ]
    for p in points:
        cells = [f"{p.value:g}", f"{p.offered / p.seconds:,.0f}", f"{p.bound / p.seconds:,.0f}"]
        cells += [f"{p.policies[name].of_bound:.3f}" for name in policies]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def report(told: Mapping[str, str], studies: Sequence[tuple[Study, Sequence[Point]]]) -> str:
    """The HTML text.

    Args:
        told: Facts of the run, shown as they are.
        studies: What was varied, and what came of it.
    """
    facts = "".join(
        f"<tr><td>{html.escape(k)}</td><td>{html.escape(v)}</td></tr>" for k, v in told.items()
    )
    parts = [_HEAD, f"<table>{facts}</table>"]
    for study, points in studies:
        parts += [f"<h2>{html.escape(study.title)}</h2>", *_plots(study, points),
                  _table([study.field, *HEAD], rows(study, points))]  # fmt: skip
    return "\n".join([*parts, "</main>"])


def _plots(study: Study, points: Sequence[Point]) -> list[str]:
    places = np.array([p.value for p in points])
    rate = {
        name: (places, np.array([p.policies[name].good / p.seconds for p in points]))
        for name in points[0].policies
    }
    rate["bound"] = (places, np.array([p.bound / p.seconds for p in points]))
    rate["bound by rates alone"] = (places, np.array([p.fluid / p.seconds for p in points]))
    share = {
        name: (places, np.array([p.policies[name].of_bound for p in points]))
        for name in points[0].policies
    }
    return [
        curves("Goodput", study.label, "in time, requests per second", rate),
        curves("Goodput over the bound", study.label, "share", share),
    ]


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

    return "\n".join(["<table>", line(head, "th"), *(line(x, "td") for x in lines), "</table>"])


def _counts(counts: Mapping[str, int]) -> str:
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count:,}" for name, count in ranked)
