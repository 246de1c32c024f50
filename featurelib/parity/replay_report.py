"""What a replay found, as text, as JSON and as a page."""

from __future__ import annotations

import html
from typing import Any

from featurelib.parity.replay import FeatureReplay, Replay
from featurelib.parity.report_html import STYLE
from featurelib.parity.svg import bars
from featurelib.parity.values import bits_text
from featurelib.text_table import align

__all__ = ["as_json", "lines", "page"]

_COUNTS = ("compared", "mismatches", "missing", "extra")


def _verdict(found: Replay) -> str:
    if not found.requests:
        return "nothing could be computed again"
    compared = sum(f.compared for f in found.features.values())
    if found.passed:
        return f"{compared:,} values, the same bits"
    others = {
        "values differ": found.mismatches,
        "are missing": sum(f.missing for f in found.features.values()),
        "are extra": sum(f.extra for f in found.features.values()),
        "lines are unreadable": found.refused,
    }
    said = ", ".join(f"{count:,} {what}" for what, count in others.items() if count)
    return f"{compared:,} values compared: {said}"


def _served_by(found: Replay) -> list[str]:
    """Who answered, where it was not the bundle itself."""
    said = []
    for fingerprint, count in found.fingerprints.most_common():
        if not fingerprint:
            said.append(f"{count:,} requests do not say what answered them")
        elif fingerprint != found.bundle.fingerprint:
            said.append(f"{count:,} requests were answered by the set {fingerprint[:12]}")
    return said


def _differing(found: Replay) -> dict[str, FeatureReplay]:
    return {n: f for n, f in found.features.items() if f.mismatches or f.missing or f.extra}


def lines(found: Replay, width: int) -> list[str]:
    """The result as text for a terminal."""
    bundle = found.bundle
    named = f"{bundle.name} {bundle.version} {bundle.fingerprint[:12]}"
    counted = f"{found.requests:,} requests, {len(bundle.program.outputs)} features"
    said = [f"{named}: {counted}", *_served_by(found)]
    said += [f"line {number}: {why}" for number, why in found.unreadable]
    differing = _differing(found)
    if differing:
        table = [("FEATURE", *(c.upper() for c in _COUNTS))]
        table += [
            (name, *(f"{getattr(about, c):,}" for c in _COUNTS))
            for name, about in differing.items()
        ]  # fmt: skip
        said += align(table, width, indent=0)
    for name, about in differing.items():
        said += [f"{name}: {sample}" for sample in about.samples]
    return [*said, _verdict(found)]


def as_json(found: Replay) -> dict[str, Any]:
    """The result as JSON data; values by their bits."""
    return {
        "set": found.bundle.name,
        "version": found.bundle.version,
        "fingerprint": found.bundle.fingerprint,
        "passed": found.passed,
        "requests": found.requests,
        "answered_by": dict(found.fingerprints),
        "unreadable": found.refused,
        "first_unreadable": [{"line": n, "why": why} for n, why in found.unreadable],
        "features": {
            name: {
                **{c: getattr(about, c) for c in _COUNTS},
                "samples": [
                    {
                        "line": s.line,
                        "at": s.at,
                        "request": {k: str(v) for k, v in s.request.items()},
                        "logged": bits_text(s.logged, s.dtype),
                        "computed": bits_text(s.computed, s.dtype),
                    }
                    for s in about.samples
                ],
            }
            for name, about in found.features.items()
        },
    }


def page(found: Replay, log: str) -> str:
    """The result as one HTML file."""
    bundle, verdict = found.bundle, "passed" if found.passed else "failed"
    title = f"Replay of {log} by {bundle.name} {bundle.version}"
    wrong = [(n, f.mismatches) for n, f in found.features.items() if f.mismatches]
    wrong.sort(key=lambda pair: -pair[1])
    rows = "".join(
        f'<tr class="{"bad" if name in _differing(found) else ""}"><td>{html.escape(name)}</td>'
        + "".join(f'<td class="n">{getattr(about, c):,}</td>' for c in _COUNTS)
        + "</tr>"
        for name, about in found.features.items()
    )
    head = "".join(f'<th class="n">{c}</th>' for c in _COUNTS)
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f'<p><span class="verdict {verdict}">{verdict}</span> {html.escape(_verdict(found))}</p>',
        *(f"<p>{html.escape(text)}</p>" for text in _served_by(found)),
        *(f'<p class="bad">line {n}: {html.escape(why)}</p>' for n, why in found.unreadable),
        *(
            ["<h2>Values that differ</h2>", bars(sorted(wrong, key=lambda p: -p[1])[:12])]
            * bool(wrong)
        ),
        f"<h2>Features</h2><table><tr><th>feature</th>{head}</tr>{rows}</table>",
        *(
            f'<div class="mismatch"><h3>{html.escape(name)}</h3>'
            + "".join(f"<pre>{html.escape(str(s))}</pre>" for s in about.samples)
            + "</div>"
            for name, about in found.features.items()
            if about.samples
        ),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(parts)}\n</body></html>\n"
    )
