"""How feature sets and bundles show themselves in a notebook: a table and a lineage picture.

Colours are the surroundings' own (`currentColor`) with one accent that reads on light and on dark
ground, so no theme has to be known. Every text of the author's is escaped.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from featurelib.lineage import lineage_svg
from featurelib.program import Program
from featurelib.ssa import type_text

if TYPE_CHECKING:
    from featurelib.bundle import Bundle
    from featurelib.feature_set import FeatureSet
    from featurelib.layout import Layout

_MOST_DRAWN = 150
"""Features in a picture; more would be a wall."""
_OPEN_ROWS = 12
"""Features up to which the table is open at first."""
_STYLE = """<style>
.fl-set{font:13px/1.45 system-ui,sans-serif;max-width:100%}
.fl-set h4{font-size:15px;margin:0 0 2px}
.fl-set .fl-sub{opacity:.7;margin:0 0 8px}
.fl-set .fl-scroll{overflow:auto;max-height:480px;
  border:1px solid rgba(128,128,128,.35);border-radius:6px;margin:6px 0}
.fl-set table{border-collapse:collapse;width:100%;margin:0;font-size:12px}
.fl-set th,.fl-set td{text-align:left!important;padding:4px 10px;
  border-bottom:1px solid rgba(128,128,128,.2);vertical-align:top}
.fl-set td:nth-child(1),.fl-set td:nth-child(2){
  font-family:ui-monospace,monospace;white-space:nowrap}
.fl-set .fl-tag{border:1px solid rgba(128,128,128,.5);border-radius:8px;
  padding:0 6px;margin-right:3px;font-size:11px;white-space:nowrap}
.fl-set summary{cursor:pointer}
.fl-lineage{font:10px system-ui,sans-serif;display:block}
.fl-lineage text{fill:currentColor}
.fl-lineage path{fill:none;stroke:currentColor;stroke-opacity:.22}
.fl-lineage rect{fill:currentColor;fill-opacity:.05;stroke:currentColor;stroke-opacity:.4}
.fl-lineage .fl-out rect,.fl-lineage .fl-fit rect{
  fill:#3987c9;fill-opacity:.16;stroke:#3987c9;stroke-opacity:.8}
.fl-lineage circle{fill:#d98324}
.fl-lineage g:hover path{stroke:#d98324;stroke-opacity:1;stroke-width:1.6}
.fl-lineage g:hover rect{stroke:#d98324;stroke-opacity:1}
</style>"""


def feature_set_html(features: FeatureSet) -> str:
    """A feature set as a table of features and a lineage picture."""
    state = "to be fitted" if features.needs_fit else "nothing to fit"
    return _page(
        f"Feature set {features.name} {features.version}",
        features.description,
        [_count(features.program), state, *_tensors(features.layout)],
        features.program,
        list(features.features),
    )


def bundle_html(bundle: Bundle) -> str:
    """A bundle as a table of features and a lineage picture."""
    return _page(
        f"Bundle {bundle.name} {bundle.version}",
        bundle.description,
        [
            _count(bundle.program),
            f"fingerprint {bundle.fingerprint[:12]}",
            *_tensors(bundle.layout),
        ],
        bundle.program,
        list(bundle.features.values()),
    )


def _page(
    title: str, description: str, facts: list[str], program: Program, infos: list[Any]
) -> str:
    rows = "".join(_row(info, type_text(program.outputs[info.name])) for info in infos)
    is_open = " open" if len(infos) <= _OPEN_ROWS else ""
    about = f"<p>{escape(description)}</p>" if description else ""
    return (
        f'{_STYLE}<div class="fl-set"><h4>{escape(title)}</h4>'
        f'<p class="fl-sub">{escape(" · ".join(facts))}</p>{about}{_picture(program)}'
        f"<details{is_open}><summary>{len(infos)} features</summary>"
        '<div class="fl-scroll"><table><thead><tr><th>Feature</th><th>Type</th><th>Version</th>'
        "<th>Description</th><th>Owner</th><th>Tags</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></details></div>"
    )


def _picture(program: Program) -> str:
    drawn, more = program, len(program.outputs) - _MOST_DRAWN
    note = ""
    if more > 0:
        drawn = program.subset(list(program.outputs)[:_MOST_DRAWN])
        note = f'<p class="fl-sub">The first {_MOST_DRAWN} features; {more} more in the table.</p>'
    if not drawn.outputs:
        return ""
    key = '<p class="fl-sub">Inputs left, features right; an orange dot reads fitted values.</p>'
    return f'<div class="fl-scroll">{lineage_svg(drawn)}</div>{key if drawn.fits else ""}{note}'


def _row(info: Any, dtype: str) -> str:
    tags = "".join(f'<span class="fl-tag">{escape(tag)}</span>' for tag in info.tags)
    cells = [info.name, dtype, str(info.version), info.description, info.owner]
    return f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in cells)}<td>{tags}</td></tr>"


def _count(program: Program) -> str:
    return f"{len(program.outputs)} features of {len(program.inputs)} inputs"


def _tensors(layout: Layout) -> list[str]:
    return [f"tensor {t.name}: {t.shape_text}" for t in layout.tensors]
