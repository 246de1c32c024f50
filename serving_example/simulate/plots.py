"""The plots of the report; every title says that it was simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving_example.scheduler import DEFAULT_POLICY, POLICIES
from serving_example.simulate.drills import Course, Drill
from serving_example.simulate.studies import Point, Study
from serving_example.train.figures import svg

__all__ = ["course_plot", "study_plots"]

_COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7")
"""Told apart by those who see some colours alike too (Okabe and Ito, Color Universal Design, 2008);
the default policy is black."""
_MARKS = ("s", "^", "v", "D", "P", "X")
_HEIGHT = 3.6


def study_plots(study: Study, points: Sequence[Point]) -> list[str]:
    """Goodput, and goodput over the bound, over what is varied."""
    places = [p.value for p in points]
    policies = list(points[0].policies)

    def rates(axes: Any) -> None:
        for name in policies:
            rate = [p.policies[name].good / p.seconds for p in points]
            axes.plot(places, rate, label=name, **_look(name))
        axes.plot(places, [p.bound / p.seconds for p in points], "--", color="#666", label="bound")
        axes.plot(
            places, [p.fluid / p.seconds for p in points], ":", color="#666",
            label="bound by rates alone",
        )  # fmt: skip
        axes.set_title(f"{study.title}: goodput, simulated")
        axes.set_ylabel("answers in time a second")
        axes.set_ylim(bottom=0.0)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        _over(axes, study, places)

    def shares(axes: Any) -> None:
        for name in policies:
            axes.plot(places, [p.policies[name].of_bound for p in points], label=name,
                      **_look(name))  # fmt: skip
        axes.axhline(1.0, linestyle="--", color="#666", label="bound")
        axes.set_title(f"{study.title}: goodput over the bound, simulated")
        axes.set_ylabel("share of the bound")
        axes.set_ylim(0.0, 1.05)
        _over(axes, study, places)

    return [svg(rates, _HEIGHT), svg(shares, _HEIGHT)]


def course_plot(drill: Drill, courses: Mapping[str, Course]) -> str:
    """Attainment before, in and behind a trouble, over time."""

    def draw(axes: Any) -> None:
        for name, course in courses.items():
            look = _look(name) | {"marker": ""}
            axes.plot(course.times, 100 * course.attained, label=name, **look)
        course = next(iter(courses.values()))
        axes.axvspan(0.0, course.ends - course.begins, color="#888", alpha=0.15, label="trouble",
                     linewidth=0)  # fmt: skip
        axes.set_title(f"{drill.title}: simulated")
        axes.set_xlabel("seconds from its beginning")
        axes.set_ylabel("in time, % of those who came")
        axes.set_ylim(0.0, 105.0)
        _legend(axes)

    return svg(draw, _HEIGHT)


def _look(policy: str) -> dict[str, Any]:
    """How a policy is drawn, the same in every plot."""
    if policy == DEFAULT_POLICY:
        return {"color": "black", "marker": "o", "markersize": 4, "linewidth": 2.2, "zorder": 5}
    place = [name for name in POLICIES if name != DEFAULT_POLICY].index(policy) % len(_COLOURS)
    return {
        "color": _COLOURS[place], "marker": _MARKS[place], "markersize": 4, "linewidth": 1.2,
    }  # fmt: skip


def _over(axes: Any, study: Study, places: Sequence[float]) -> None:
    if study.is_logarithmic:
        axes.set_xscale("log")
        axes.set_xticks(places, [f"{place:g}" for place in places])
        axes.set_xticks([], minor=True)
    elif len(places) == 1:
        axes.set_xticks(places, [f"{places[0]:g}"])
    axes.set_xlabel(study.label)
    _legend(axes)


def _legend(axes: Any) -> None:
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8, frameon=False)
