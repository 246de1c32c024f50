"""A feature set or bundle as text: typed graphs, the program, and how a batch computes it."""

from __future__ import annotations

import difflib
import os
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featurelib.errors import DefinitionError
from featurelib.node import INPUT, LITERAL, Node
from featurelib.operators import Source
from featurelib.program import Program
from featurelib.ssa import lines, numbers, operation, type_text
from featurelib.text_table import align

if TYPE_CHECKING:
    from featurelib.bundle import Bundle
    from featurelib.feature_set import FeatureSet

__all__ = ["BatchView", "explain", "register_batch"]


@dataclass(frozen=True, slots=True)
class BatchView:
    """How the batch engine computes a program.

    Attributes:
        ways: For each feature which way it goes, and why.
        plan: The engine's own plan as text; empty where there is none yet.
    """

    ways: Mapping[str, tuple[str, str]]
    plan: str


BatchExplainer = Callable[[Program, "Mapping[str, Any] | None"], BatchView]
_batch: list[BatchExplainer] = []


def register_batch(explainer: BatchExplainer) -> None:
    """Lets `explain` show the batch engine's side.

    This package knows no batch engine: the engine's package calls this when it is imported.

    Args:
        explainer: From a program and its fitted state (None before a fit) to a `BatchView`.
    """
    _batch[:] = [explainer]


def explain(source: Bundle | FeatureSet, *, feature: str | None = None, width: int = 100) -> str:
    """How each feature is computed, as text.

    Args:
        source: A bundle; or a feature set, whose graphs carry the author's lines.
        feature: The one feature to show; by default all.
        width: Code points a line.

    Raises:
        DefinitionError: There is no such feature.
    """
    program: Program = source.program
    names = list(program.outputs)
    if feature is not None and feature not in program.outputs:
        near = difflib.get_close_matches(feature, names, 1)
        raise DefinitionError(
            f"{source.name}: no feature `{feature}`",
            hint=f"did you mean {near[0]}?" if near else f"features: {', '.join(names)}",
        )
    shown = names if feature is None else [feature]
    state: Mapping[str, Any] | None = getattr(source, "state", None)
    if state is None and not program.fits:
        state = {}
    view = _batch[0](program.subset(shown), state) if _batch else None
    parts = [_head(source), "", "FEATURES"]
    for name in shown:
        parts += ["", *_feature(source, name, view, state, width)]
    parts += ["", "PROGRAM", "", *_program(program, shown, state, width)]
    parts += ["", "BATCH PLAN", "", *_plan(view, width)]
    return "\n".join(parts) + "\n"


def _head(source: Bundle | FeatureSet) -> str:
    count = len(source.program.outputs)
    head = f"{source.name} {source.version}: {count} feature{'s' * (count != 1)}"
    fingerprint = getattr(source, "fingerprint", None)
    if fingerprint:
        return f"{head}, bundle {fingerprint[:12]}"
    return f"{head}, {'not fitted yet' if source.program.fits else 'nothing to fit'}"


def _feature(
    source: Bundle | FeatureSet,
    name: str,
    view: BatchView | None,
    state: Mapping[str, Any] | None,
    width: int,
) -> list[str]:
    about: Any = next((f for f in _infos(source) if f.name == name), None)
    node = source.program.outputs[name]
    text = [f"{name}@{about.version}: {type_text(node)}"]
    notes = [about.description]
    if about.owner or about.tags:
        notes.append(", ".join(filter(None, [about.owner, *about.tags])))
    if view is not None:
        way, reason = view.ways[name]
        notes.append(f"batch: {way}, because {reason}")
    for note in filter(None, notes):
        for paragraph in note.splitlines():
            text += textwrap.wrap(
                paragraph, width, initial_indent="  ", subsequent_indent="  "
            )  # fmt: skip
    rows: list[tuple[str, ...]] = []
    _tree(node, numbers(source.program), state, "", "", rows, set())
    return text + align(rows, width, indent=4)


def _infos(source: Any) -> list[Any]:
    """Version and metadata of each feature: of a set its features, of a bundle what it says."""
    features = source.features
    return list(features.values()) if isinstance(features, Mapping) else list(features)


def _tree(
    node: Node,
    number: Mapping[str, int],
    state: Mapping[str, Any] | None,
    lead: str,
    below: str,
    rows: list[tuple[str, ...]],
    seen: set[str],
) -> None:
    """Adds a row for a node and for each below it; what was drawn above is only named."""
    inner = [a for a in node.args if a.op != LITERAL]
    what = operation(node, number, state)
    where = "" if node.op in (INPUT, LITERAL) or node.source is None else place(node.source)
    label = what if node.op == LITERAL else f"%{number[node.key]} {what}"
    if node.key in seen and inner:
        rows.append((f"{lead}%{number[node.key]} (above)", "", ""))
        return
    rows.append((lead + label, type_text(node), where))
    seen.add(node.key)
    for i, arg in enumerate(inner):
        last = i == len(inner) - 1
        _tree(
            arg,
            number,
            state,
            below + ("└─ " if last else "├─ "),
            below + ("   " if last else "│  "),
            rows,
            seen,
        )


def _program(
    program: Program, shown: list[str], state: Mapping[str, Any] | None, width: int
) -> list[str]:
    wanted = {n.key for n in program.subset(shown).nodes}
    rows = []
    for line in lines(program, state):
        if line.node.key in wanted:
            mark = ", ".join(f"-> {n}" for n in line.outputs) or ("fit only" * line.fit_only)
            head, _, tail = str(line).partition(" = ")
            rows.append((head, f"= {tail}", mark))
    left = max((len(h) for h, _, _ in rows if len(h) <= width // 3), default=0)
    return align([(f"{h.ljust(left)} {t}", m) for h, t, m in rows], width)


def _plan(view: BatchView | None, width: int) -> list[str]:
    if view is None:
        return textwrap.wrap(
            "Not shown: no batch engine is loaded. After `import featurelib_offline` it is.",
            width,
            initial_indent="  ",
            subsequent_indent="  ",
        )
    counts: dict[str, int] = {}
    for way, _ in view.ways.values():
        counts[way] = counts.get(way, 0) + 1
    text = [f"  {', '.join(f'{n} by {way}' for way, n in sorted(counts.items()))}", ""]
    for line in view.plan.splitlines() or ["No plan before the fit: it holds the fitted values."]:
        begins = " " * (2 + len(line) - len(line.lstrip()))
        text += textwrap.wrap(
            line.strip(),
            max(width, len(begins) + 30),
            initial_indent=begins,
            subsequent_indent=begins + "    ",
            break_on_hyphens=False,
        )
    return text


def place(source: Source) -> str:
    """A line of code for people: a path below the working directory, else the file's name."""
    path = Path(source.file)
    if not str(source).startswith(source.file):  # a notebook's cell
        return str(source)
    inside = path.is_absolute() and path.is_relative_to(Path.cwd())
    shown = os.path.relpath(path) if inside else path.name
    return f"{shown}:{source.line}"
