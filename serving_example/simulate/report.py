"""The report of a simulation: one HTML file that needs nothing else, and tables of Markdown."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from serving_example.simulate.drills import Course, Drill
from serving_example.simulate.plots import course_plot, study_plots
from serving_example.simulate.studies import Point, Study

__all__ = ["Made", "courses", "markdown", "report", "shares", "tables"]

Rows = list[list[str]]

_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Scheduler: simulation</title>
<style>body{font:15px/1.5 system-ui,sans-serif;color:#222;margin:0}
main{max-width:72rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;font-size:.85em;margin:1rem 0}
td,th{padding:.15rem .6rem;border-bottom:1px solid #ddd;text-align:right;vertical-align:top;
white-space:nowrap}
.wide td:nth-child(3),.wide th:nth-child(3),.left td,.left th{text-align:left}
.wide td:nth-last-child(-n+2),.wide th:nth-last-child(-n+2){text-align:left;white-space:normal}
svg{max-width:100%;height:auto;display:block;margin:1rem 0}
summary{cursor:pointer}</style>
<main><h1>Scheduler: simulation</h1>
<p><b>All of this was simulated:</b> the scheduler of the service, with its policies, in simulated
time. Devices are times only, and nothing here was measured on a device. Goodput counts answers in
time. The bound is what no policy can beat on the same trace; load 1 is what the devices could do
with nothing but the largest batches that are in time.</p>"""

_ABOUT_COURSES = """<p>Attainment, the share of requests in time, before, in and behind the trouble.
It is back when each tenth of a second has 0.99 from then on; the longest is what a request waited
for whatever end it had.</p>"""
_ABOUT_SETTING = """<h2>Setting</h2><p>What a study does not vary or fix itself. Names that end in
<code>_s</code> are seconds; a batch of b rows takes a_s * b + c_s.</p>"""


@dataclass
class Made:
    """What a command has simulated.

    Attributes:
        studies: What was varied, and what came of it.
        drills: What befell the pool, and its course by policy.
    """

    studies: list[tuple[Study, Sequence[Point]]] = field(default_factory=list)
    drills: list[tuple[Drill, Mapping[str, Course]]] = field(default_factory=list)


def shares(study: Study, points: Sequence[Point]) -> Rows:
    """Shares of the bound: a head, then a row a point with a cell a policy."""
    policies = list(points[0].policies)
    made = [[study.field, "offered/s", "bound/s", *policies]]
    for p in points:
        cells = [f"{p.value:g}", f"{p.offered / p.seconds:,.0f}", f"{p.bound / p.seconds:,.0f}"]
        made.append([*cells, *(f"{p.policies[name].of_bound:.3f}" for name in policies)])
    return made


def courses(drills: Sequence[tuple[Drill, Mapping[str, Course]]]) -> Rows:
    """How troubles went: a head, then a row a trouble and policy."""
    made = [
        ["trouble", "policy", "before", "while it lasts", "after", "back, s", "longest wait, s"]
    ]
    for drill, by_policy in drills:
        made += [
            [drill.title, policy, f"{c.before:.3f}", f"{c.during:.3f}", f"{c.after:.3f}",
             f"{c.back_s:.1f}", f"{c.longest_s:.2f}"]
            for policy, c in by_policy.items()
        ]  # fmt: skip
    return made


def tables(made: Made) -> str:
    """All of it as tables of Markdown, each under its title."""
    parts = [f"{s.title} (simulated)\n\n{markdown(shares(s, p))}" for s, p in made.studies]
    if made.drills:
        parts.append(f"Devices in trouble (simulated)\n\n{markdown(courses(made.drills))}")
    return "\n\n".join(parts) + "\n"


def markdown(rows: Rows) -> str:
    """A table of Markdown; texts are at the left, numbers at the right."""
    is_text = [not cell.replace(",", "").replace(".", "").isdigit() for cell in rows[-1]]
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([
        lines[0], "|" + "".join("---|" if text else "---:|" for text in is_text), *lines[1:]
    ])  # fmt: skip


def report(told: Mapping[str, str], made: Made) -> str:
    """The HTML text.

    Args:
        told: Facts of the run, shown as they are.
        made: What came of it.
    """
    parts = [_HEAD]
    for study, points in made.studies:
        parts += [
            f"<h2>{html.escape(study.title)}</h2>", *study_plots(study, points),
            f"<p>Goodput over the bound, by {html.escape(study.label)}:</p>",
            _table(shares(study, points)),
            "<details><summary>Everything that was counted</summary>",
            _table(_details(study, points), "wide"), "</details>",
        ]  # fmt: skip
    if made.drills:
        parts += ["<h2>Devices in trouble</h2>"]
        parts += [course_plot(drill, by_policy) for drill, by_policy in made.drills]
        parts += [
            _ABOUT_COURSES, _table(courses(made.drills), "left"),
        ]  # fmt: skip
    facts = [["setting", "value"], *([name, value] for name, value in told.items())]
    parts += [_ABOUT_SETTING, _table(facts, "left"), "</main>"]
    return "\n".join(parts)


def _details(study: Study, points: Sequence[Point]) -> Rows:
    made = [[
        study.field, "offered/s", "policy", "goodput/s", "of the bound", "in time, %",
        "others in time, %", "P99, ms", "requests a batch", "busy, %", "loads",
        "batches by why they went", "requests by why they were not answered",
    ]]  # fmt: skip
    for point in points:
        for policy, f in point.policies.items():
            made.append([
                f"{point.value:g}", f"{point.offered / point.seconds:,.0f}", policy,
                f"{f.good / point.seconds:,.0f}", f"{f.of_bound:.3f}",
                f"{100 * f.attainment:.2f}", f"{100 * f.others:.2f}",
                f"{1000 * f.p99_s:.1f}", f"{f.mean_batch:.1f}", f"{100 * f.busy:.0f}",
                f"{f.loads}", _counts(f.reasons), _counts(f.whys),
            ])  # fmt: skip
    return made


def _table(rows: Rows, kind: str = "") -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

    head, *lines = rows
    body = "\n".join([line(head, "th"), *(line(cells, "td") for cells in lines)])
    return f'<table class="{kind}">\n{body}\n</table>'


def _counts(counts: Mapping[str, int]) -> str:
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count:,}" for name, count in ranked)
