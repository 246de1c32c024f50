"""A difference as one HTML file: no scripts, no other files."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from featurelib import __version__
from featurelib.parity.svg import bars, histogram, is_wide, scatter
from featurelib.release.diff_counts import Moves
from featurelib.release.diff_text import (
    KINDS,
    feature_head,
    flips,
    interesting,
    moved_text,
    rows_text,
    shown_inputs,
    shown_pair,
    summary,
    unseen_text,
)

if TYPE_CHECKING:
    from featurelib.release.diff_structure import Change
    from featurelib.release.difference import Difference, FeatureChange

__all__ = ["render"]

_STYLE = """
.plot circle { fill: var(--bar); fill-opacity: .7; }
.plot line.same { stroke: var(--soft); stroke-dasharray: 3 3; }
.change { border-top: 1px solid var(--line); padding: .9rem 0 .4rem; }
.change h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
.change p { margin: .25rem 0; } pre.part { background: var(--wash); padding: .5rem .8rem; }
pre .minus { color: var(--bad); } pre .plus { color: var(--good); }
figure { margin: .4rem 1.4rem .4rem 0; display: inline-block; vertical-align: top; }
figcaption { color: var(--soft); font-size: .82rem; } .wide { overflow-x: auto; }
td.v { font-family: ui-monospace, monospace; font-size: .87em; overflow-wrap: anywhere; }
td.v { white-space: pre-wrap; }
"""


def render(found: Difference) -> str:
    """The difference as a page."""
    from featurelib.parity.report_html import STYLE

    title = f"{found.old.name} {found.old.version} → {found.new.name} {found.new.version}"
    parts = [
        f"<h1>{_text(title)}</h1>",
        f"<p>{_text(summary(found))}</p>",
        _header(found),
        *_shares(found),
        *_structure(found),
        *_features(found),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{STYLE}{_STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(parts)}\n</body></html>\n"
    )


def _header(found: Difference) -> str:
    shown = {
        "fingerprints": f"{found.old.fingerprint} → {found.new.fingerprint}",
        "rows": rows_text(found),
        "featurelib": __version__,
    }
    for kind, (many, why) in found.refused.items():
        shown[f"{KINDS[kind]} left out"] = f"{many:,}: {why}"
    if found.not_compared:
        shown["not seen"] = "; ".join(unseen_text(found))
    if found.notes:
        shown["note"] = "; ".join(found.notes)
    cells = (f'<dt>{_text(k)}</dt><dd class="code">{_text(v)}</dd>' for k, v in shown.items())
    return f"<dl>{''.join(cells)}</dl>"


def _shares(found: Difference) -> Iterator[str]:
    """Bars of the share of moved rows of each feature, the most first."""
    for kind in found.rows:
        moved = [
            (name, 100 * f.moves[kind].share)
            for name, f in found.features.items()
            if kind in f.moves and f.moves[kind].moved
        ]
        if moved:
            moved.sort(key=lambda pair: (-pair[1], pair[0]))
            yield f"<h2>Share of moved {_text(KINDS[kind])}</h2>"
            yield bars(moved, "%", names=28)


def _structure(found: Difference) -> Iterator[str]:
    for name, changes in found.structure.parts():
        if changes:
            yield f'<h2>{_text(name.capitalize())}</h2><div class="wide">{_table(changes)}</div>'


def _table(changes: Iterable[Change]) -> str:
    rows = "".join(
        f'<tr><td>{_text(c.what)}</td><td class="v">{_text(c.old or "none")}</td>'
        f'<td class="v">{_text(c.new or "none")}</td></tr>'
        for c in changes
    )
    return f"<table><tr><th>what</th><th>old</th><th>new</th></tr>{rows}</table>"


def _features(found: Difference) -> Iterator[str]:
    yield "<h2>Features</h2>"
    for change in interesting(found):
        yield f'<div class="change">{"".join(_feature(change))}</div>'
    same = [n for n, f in found.features.items() if f.status == "same" and not f.moved_rows]
    if same:
        yield f'<p class="soft">not changed: {_text(", ".join(same))}</p>'


def _feature(change: FeatureChange) -> Iterator[str]:
    yield f"<h3>{_text(change.name)}</h3><p>{_text(feature_head(change))}</p>"
    if change.part is not None:
        part = change.part
        yield f"<p>first difference in its graph: {_text(part.what)}</p>"
        sides = (
            ("minus", "-", part.old, part.old_source),
            ("plus", "+", part.new, part.new_source),
        )
        lines = (
            f'<span class="{mark}">{sign} {_text(node)}{f" ({_text(source)})" if source else ""}'
            "</span>"
            for mark, sign, node, source in sides
        )
        yield f'<pre class="part">{chr(10).join(lines)}</pre>'
    for why in change.unseen:
        yield f'<p class="bad">not seen: {_text(why)}</p>'
    for moves in change.moves.values():
        yield f"<p>{_text(moved_text(moves))}</p>"
        for line in flips(moves, change):
            yield f'<p class="soft">{_text(line)}</p>'
        yield from _plots(moves)
        if moves.examples:
            yield _examples(moves, change)


def _plots(moves: Moves) -> Iterator[str]:
    if not moves.sample:
        return
    old, new = np.array(moves.sample, np.float64).T
    many = f"{len(old):,} of the moved {KINDS[moves.kind]}"
    with np.errstate(over="ignore", invalid="ignore"):
        step = new - old
    what = "new - old"
    if is_wide(step):
        what = "powers of ten of |new - old|"
        step = np.log10(np.abs(step[np.isfinite(step) & (step != 0)]))
    yield f"<figure>{histogram(step)}<figcaption>{what}, {many}</figcaption></figure>"
    yield f"<figure>{scatter(old, new)}<figcaption>old across, new up, {many}</figcaption></figure>"


def _examples(moves: Moves, change: FeatureChange) -> str:
    assert change.old is not None and change.new is not None
    rows = []
    for example in moves.examples:
        old, new = shown_pair(example, change.old.dtype, change.new.dtype)
        rows.append(
            f'<tr><td class="n">{example.row:,}</td><td class="v">{_text(shown_inputs(example))}'
            f'</td><td class="v">{_text(old)}</td><td class="v">{_text(new)}</td></tr>'
        )
    head = '<tr><th class="n">row</th><th>inputs</th><th>old</th><th>new</th></tr>'
    return f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'


def _text(text: str) -> str:
    # Names and values are text of the user's: nothing of it may become markup.
    return html.escape(text)
