"""The report as one HTML file: no scripts, no other files, readable in ten years."""

from __future__ import annotations

import html
import platform
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from importlib import metadata
from typing import Any

import numpy as np

from featurelib import __version__
from featurelib.borders import from_canonical
from featurelib.dtypes import DType
from featurelib.parity.compare import Mismatch, op_lines, shown_value
from featurelib.parity.compare_events import EventMismatch
from featurelib.parity.report import EventSection, Report, Section
from featurelib.parity.svg import bars, histogram
from featurelib.parity.values import Values

__all__ = ["STYLE", "render"]

_PACKAGES = ("numpy", "polars", "numba", "llvmlite")
_NUMBER = ' class="n"'
STYLE = """
:root { --ink: #1d2430; --soft: #667085; --line: #e4e7ec; --bar: #3d6fb4; --bad: #b42318;
  --good: #177245; --paper: #fff; --wash: #f7f8fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaee; --soft: #98a2b3; --line: #333a46;
  --bar: #7aa7e0; --bad: #f97066; --good: #5fc992; --paper: #15181e; --wash: #1c2028; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1120px; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
.verdict { display: inline-block; padding: .15rem .7rem; border-radius: 1rem; color: var(--paper);
  font-weight: 600; } .passed { background: var(--good); } .failed { background: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.2rem; margin: 1rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
code, pre, td.n, dd.code { font-family: ui-monospace, monospace; font-size: .87em; }
table { border-collapse: collapse; } th { text-align: left; color: var(--soft); font-weight: 500; }
th, td { padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; } tr.bad td { color: var(--bad); }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 1rem; }
.card { border: 1px solid var(--line); border-radius: 8px; padding: .7rem .9rem; }
.card h3 { margin: 0; font-size: .95rem; overflow-wrap: anywhere; }
.card p { margin: .1rem 0 .5rem; color: var(--soft); font-size: .82rem; }
.mismatch { border-left: 4px solid var(--bad); background: var(--wash); padding: .6rem 1rem;
  margin: .8rem 0; } pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0; }
.plot rect { fill: var(--bar); } .plot line { stroke: var(--line); }
.plot text { font: 10px system-ui, sans-serif; fill: var(--soft); } .bad { color: var(--bad); }
.soft, .none { color: var(--soft); font-size: .82rem; }
"""


def render(report: Report) -> str:
    """The report as a page."""
    bundle = report.bundle
    title = f"Parity of {bundle.name} {bundle.version}"
    verdict = "passed" if report.passed else "failed"
    parts = [
        f"<h1>{_text(title)}</h1>",
        f'<p><span class="verdict {verdict}">{verdict}</span> {_text(_summary(report))}</p>',
        _header(report),
        *map(_engines, report.events),
        *map(_engines, report.sections),
        *_mismatches(report),
        *_features(report),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}: {verdict}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(parts)}\n</body></html>\n"
    )


def _summary(report: Report) -> str:
    rows = sum(s.rows for s in report.sections)
    found = sum(s.found for s in report.events) + sum(s.found for s in report.sections)
    features = len(report.bundle.program.outputs)
    engines = max((len(s.runs) for s in report.sections), default=0)
    says = "the same bits from all" if found == 0 else f"{found} differences"
    return f"{rows:,} rows, {features} features, {engines} engines: {says}"


def _header(report: Report) -> str:
    versions = {"featurelib": __version__, "Python": platform.python_version()}
    versions |= {p: v for p in _PACKAGES if (v := _version(p))}
    shown = {
        "fingerprint": report.bundle.fingerprint,
        "seed": str(report.seed),
        "versions": ", ".join(f"{k} {v}" for k, v in versions.items()),
        "machine": f"{platform.system()} {platform.machine()}",
        "golden features": "; ".join(report.golden) or "none were looked for",
    }
    if report.notes:
        shown["note"] = "; ".join(report.notes)
    cells = (f'<dt>{_text(k)}</dt><dd class="code">{_text(v)}</dd>' for k, v in shown.items())
    return f"<dl>{''.join(cells)}</dl>"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _engines(section: Section | EventSection) -> str:
    rows = []
    for run in section.runs:
        name = f"{run.engine} (rows without {run.lacks})" if run.lacks else run.engine
        each = 1e6 * run.seconds / max(run.rows, 1)
        wrong = run.error or f"{run.differing:,}"
        mark = "bad" if run.error or run.differing else ""
        rows.append(
            f'<tr class="{mark}"><td>{_text(name)}</td>'
            f'<td class="n">{run.rows:,}</td><td class="n">{run.first_seconds:.3f}</td>'
            f'<td class="n">{run.seconds:.3f}</td>'
            f'<td class="n">{each:,.2f}</td><td class="n">{_text(wrong)}</td></tr>'
        )
    head = "".join(
        f"<th{_NUMBER if i else ''}>{h}</th>"
        for i, h in enumerate(
            ("engine", "rows", "first row, s", "all rows, s", "µs a row", "differing values")
        )
    )
    return (
        f"<h2>Engines on {section.rows:,} {_text(section.where)}</h2>"
        f"<table><tr>{head}</tr>{''.join(rows)}</table>"
        '<p class="soft">Times are of this check and no benchmark: the first row compiles, and a '
        "row kernel’s time includes making the Python objects that it is given.</p>"
    )


def _mismatches(report: Report) -> Iterable[str]:
    shown = [_event_mismatch(m) for s in report.events for m in s.mismatches]
    shown += [_mismatch(m) for s in report.sections for m in s.mismatches]
    if shown:
        yield "<h2>Mismatches</h2>"
    for mismatch in shown:
        yield f'<div class="mismatch">{mismatch}</div>'


def _event_mismatch(found: EventMismatch) -> str:
    rows = _answers(found.answers, found.engines)
    told = "\n".join(line[2:] for line in found.told())
    return f"<h3>{_text(found.about)}</h3><pre>{_text(told)}</pre><table>{rows}</table>"


def _answers(answers: Mapping[str, str], wrong: Collection[str]) -> str:
    """What each engine gave, a row each."""
    return "".join(
        f'<tr class="{"bad" if name in wrong else ""}"><td>{_text(name)}</td>'
        f"<td><code>{_text(answer)}</code></td></tr>"
        for name, answer in answers.items()
    )


def _mismatch(found: Mismatch) -> str:
    values = {name: shown_value(value, found.dtype) for name, value in found.values.items()}
    rows = _answers(values, found.engines)
    op = found.first_op
    first = "no op differs by itself" if op is None else op.signature
    trace = [] if op is None else [line.strip() for line in op_lines(op)[1:]]
    inputs = [str(row) for row in found.inputs[:4]]
    return (
        f"<h3>{_text(found.feature)}</h3><p>{found.count:,} of the {_text(found.where)}, first row "
        f"{found.row}. First op that differs: <code>{_text(first)}</code></p>"
        f"<pre>{_text(chr(10).join(inputs))}</pre><table>{rows}</table>"
        f"<pre>{_text(chr(10).join(trace))}</pre>"
    )


def _features(report: Report) -> Iterable[str]:
    for section in reversed(report.sections):
        if section.outputs:
            yield f'<h2>Values in the {_text(section.where)}</h2><div class="grid">'
            for name, values in section.outputs.items():
                yield _card(name, values)
            yield "</div>"
            return


def _card(name: str, values: Values) -> str:
    present = values.take(values.valid)
    total = max(len(values), 1)
    said = [str(values.dtype), f"null {100 * (1 - len(present) / total):.1f}%"]
    if values.dtype.is_float and len(present):
        odd = 100 * (1 - float(np.isfinite(present.data).mean()))
        said += [f"not finite {odd:.1f}%"] if odd else []
    return (
        f'<div class="card"><h3>{_text(name)}</h3><p>{_text(", ".join(said))}</p>'
        f"{_plot(present)}</div>"
    )


def _plot(present: Values) -> str:
    dtype = present.dtype
    if dtype.is_numeric:
        return histogram(present.data.astype(np.float64), is_whole=dtype.is_integer)
    if dtype.is_temporal and len(np.unique(present.data)) > 8:
        plot = histogram(present.data.astype(np.float64) / _unit(dtype))
        return f"{plot}<p>{_unit_name(dtype)}</p>"
    counts: Counter[str] = Counter(_name(present.canonical(i), dtype) for i in range(len(present)))
    return bars(counts.most_common(6))


def _name(value: Any, dtype: DType) -> str:
    if isinstance(value, tuple):
        return f"{len(value)} elements" if dtype.size is None else str(list(value))
    return str(from_canonical(value, dtype))


def _unit(dtype: DType) -> float:
    return {"Date": 365.2425, "Datetime": 31_556_952e6}.get(dtype.name, 3600e6)


def _unit_name(dtype: DType) -> str:
    return "hours" if dtype.name == "Duration" else "years since 1970"


def _text(text: str) -> str:
    # Names of features and values are text of the user's: nothing of it may become markup.
    return html.escape(text)
