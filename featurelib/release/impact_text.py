"""Who reads what changes, for people."""

from __future__ import annotations

from collections.abc import Iterator

from featurelib.release.impact import SAYS, Impact, Verdict
from featurelib.release.lines import wrapped

__all__ = ["text"]

_ORDER: tuple[Verdict, ...] = ("retrain", "accepts", "other", "accepted", "runs")


def text(found: Impact, width: int = 100) -> str:
    """The impact in lines of at most so many columns.

    Args:
        found: What was found.
        width: Columns of the terminal, from 60 on.
    """
    return wrapped(_lines(found), width)


def _lines(found: Impact) -> Iterator[str]:
    yield f"{found.source}: what changes"
    for one in found.changed:
        yield f"  {one} {one.fingerprint[:12] if one.kind != 'op' else ''}".rstrip()
    if not found.changed:
        yield "  nothing"
    if found.within:
        yield ""
        yield "other features of this set that hold the same computation"
        for name, why in found.within.items():
            yield f"  {name}: {', '.join(why)}"
    yield ""
    yield f"models ({found.looked_at[0]} looked at)"
    for verdict in _ORDER:
        these = [m for m in found.models if m.verdict == verdict]
        if these:
            yield f"  {SAYS[verdict]}"
        for model in these:
            yield f"    {model.path}"
            yield f"      trained with {model.trained_with}, fingerprint"
            yield f"      {model.fingerprint}"
            yield from (f"      {why}" for why in model.reasons)
    yield ""
    yield f"other bundles ({found.looked_at[1]} looked at)"
    for other in found.sets:
        yield f"  {other.name}: {other.path}"
        for name, why in other.features.items():
            yield f"    {name}: {', '.join(why)}"
    if not found.sets:
        yield "  none holds any of it"
    if found.unread:
        yield ""
        yield "not read"
        yield from (f"  {path}: {why}" for path, why in found.unread.items())
