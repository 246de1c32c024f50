"""A difference for people, in lines of at most so many columns."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from featurelib.dtypes import DType
from featurelib.parity.values import bits_text
from featurelib.release.diff_counts import Example, Moves
from featurelib.release.lines import wrapped
from featurelib.ssa import constant

if TYPE_CHECKING:
    from featurelib.release.difference import Difference, FeatureChange

__all__ = [
    "KINDS", "distance_text", "feature_head", "flips", "interesting", "moved_text", "rows_text",
    "share_text", "shown_inputs", "shown_pair", "summary", "text", "unseen_text",
]  # fmt: skip

KINDS = {
    "golden": "golden rows", "generated": "generated rows", "events": "generated queries",
    "data": "given rows",
}  # fmt: skip
"""What kinds of rows are called."""
_FLIPS = {
    "to_null": "to null", "from_null": "from null", "to_nan": "to NaN", "from_nan": "from NaN",
    "to_true": "to true", "to_false": "to false", "infinite": "infinitely far",
}  # fmt: skip
_SEEDED = ("generated", "events")
_LONGEST = 160
"""Code points of one value in an example."""


def text(found: Difference, width: int) -> str:
    """The difference as text."""
    return wrapped(_lines(found), width)


def _lines(found: Difference) -> Iterator[str]:
    yield f"{found.old.name} {found.old.version} -> {found.new.name} {found.new.version}"
    yield f"  fingerprints {found.old.fingerprint[:12]} -> {found.new.fingerprint[:12]}"
    yield f"  {rows_text(found)}"
    for kind, (many, why) in found.refused.items():
        yield f"  {many:,} {KINDS[kind]} left out: {why}"
    yield from (f"  {line}" for line in unseen_text(found))
    for note in found.notes:
        yield f"  note: {note}"
    yield ""
    yield summary(found)
    for change in interesting(found):
        yield ""
        yield from _feature(change)
    for name, changes in found.structure.parts():
        if changes:
            yield ""
            yield name
        for one in changes:
            if one.old and one.new:
                yield f"  {one.what}: {one.old} -> {one.new}"
            else:
                yield f"  {one.what}: " + (
                    f"removed ({one.old})" if one.old else f"added ({one.new})"
                )
    same = [n for n, f in found.features.items() if f.status == "same" and not f.moved_rows]
    if same:
        yield ""
        yield f"not changed: {', '.join(same)}"


def rows_text(found: Difference) -> str:
    """Which rows were compared."""
    said = [
        f"{many:,} {KINDS[kind]}" + (f" (seed {found.seed})" if kind in _SEEDED else "")
        for kind, many in found.rows.items()
    ]
    return ", ".join(said) or "no rows"


def unseen_text(found: Difference) -> Iterator[str]:
    """Features that could not be compared on some rows, those that did not change too."""
    for kind, features in found.not_compared.items():
        by_reason: dict[str, list[str]] = {}
        for name, why in features.items():
            by_reason.setdefault(why, []).append(name)
        for why, names in by_reason.items():
            yield f"{KINDS[kind]}: not compared: {', '.join(names)}, because {why}"


def summary(found: Difference) -> str:
    """The one line that says it all."""
    if found.is_same:
        return "nothing is different: fingerprints, inputs, layout and every value"
    counts: dict[str, int] = dict.fromkeys(("changed", "added", "removed", "same"), 0)
    for change in found.features.values():
        counts[change.status] += 1
    said = [f"{many} {status}" for status, many in counts.items() if many]
    moved = sum(f.moved_rows > 0 for f in found.features.values())
    of_values = f"values of {moved} moved" if moved else "no value moved"
    return f"features: {', '.join(said)}; {of_values}"


def interesting(found: Difference) -> list[FeatureChange]:
    """The features that a reader must look at: changed, added, removed."""
    order = ("changed", "added", "removed", "same")
    shown = [f for f in found.features.values() if f.status != "same" or f.moved_rows]
    return sorted(shown, key=lambda f: order.index(f.status))


def feature_head(change: FeatureChange) -> str:
    """What became of a feature, without its values."""
    old, new = change.old, change.new
    if old is None or new is None:
        info = new or old
        assert info is not None
        return f"{change.status}, version {info.version}, {_type(info)}"
    said: list[str] = [change.status]
    if change.has_new_version:
        said.append(f"version {old.version} -> {new.version}")
    elif change.status == "changed":
        said.append(f"and still version {old.version}")
    else:
        said.append(f"version {old.version}")
    if _type(old) != _type(new):
        said.append(f"{_type(old)} -> {_type(new)}")
    return ", ".join(said)


def _type(info: Any) -> str:
    return f"{info.dtype}{'?' if info.nullable else ''}"


def _feature(change: FeatureChange) -> Iterator[str]:
    yield f"{change.name}: {feature_head(change)}"
    if change.part is not None:
        part = change.part
        yield f"  first difference in its graph: {part.what}"
        yield f"    - {part.old}{f' ({part.old_source})' if part.old_source else ''}"
        yield f"    + {part.new}{f' ({part.new_source})' if part.new_source else ''}"
    for why in change.unseen:
        yield f"  not seen: {why}"
    for moves in change.moves.values():
        yield f"  {moved_text(moves)}"
        for line in flips(moves, change):
            yield f"    {line}"
        for example in moves.examples:
            yield from _example(example, change)


def moved_text(moves: Moves) -> str:
    """How many rows moved."""
    what = KINDS[moves.kind]
    if not moves.rows:
        return f"{what}: not compared" + (f", because {moves.lacking}" if moves.lacking else "")
    said = f"{what}: {moves.moved:,} of {moves.rows:,} moved"
    said += f" ({share_text(moves)})" if moves.moved else ""
    return said + (f"; not all were compared, because {moves.lacking}" if moves.lacking else "")


def share_text(moves: Moves) -> str:
    """The share of moved rows in percent; what is not all is never shown as 100."""
    percent = 100 * moves.share
    if moves.moved == moves.rows:
        return "100%"
    return f"{min(percent, 99.99):.2f}%" if percent >= 0.01 else "under 0.01%"


def flips(moves: Moves, change: FeatureChange) -> Iterator[str]:
    """How far the rows moved: distances, and what became null or NaN."""
    if moves.largest is not None:
        assert change.new is not None
        dtype = change.new.dtype
        steps = [f"{100 * q:g}% within {distance_text(v, dtype)}" for q, v in moves.quantiles]
        yield f"how far: {', '.join(steps)}, largest {distance_text(moves.largest, dtype)}"
    said = [f"{n:,} {_FLIPS[k]}" for k in _FLIPS if (n := getattr(moves, k))]
    if said:
        yield ", ".join(said)


def distance_text(distance: float, dtype: DType) -> str:
    """A distance in the unit of a type: days of dates, a duration of times."""
    if not math.isfinite(distance):
        return "infinity"
    if dtype.name == "Date":
        return "1 day" if distance == 1 else f"{distance:,.0f} days"
    if dtype.is_temporal:
        return str(dt.timedelta(microseconds=distance)) if distance < 8e19 else f"{distance:g} us"
    return f"{distance:.6g}"


def _example(example: Example, change: FeatureChange) -> Iterable[str]:
    assert change.old is not None and change.new is not None
    yield f"    row {example.row:,}: {shown_inputs(example)}"
    old, new = shown_pair(example, change.old.dtype, change.new.dtype)
    yield f"      {old} -> {new}"


def shown_inputs(example: Example) -> str:
    """What the feature reads in the row of an example."""
    given = ", ".join(f"{n}={_cut(_value(v, t))}" for n, (v, t) in example.inputs.items())
    return given or "no inputs"


def shown_pair(example: Example, old: DType, new: DType) -> tuple[str, str]:
    """Both values of an example; their bits too where they are written alike."""
    shown = [_cut(_value(v, t)) for v, t in ((example.old, old), (example.new, new))]
    if shown[0] == shown[1]:
        pairs = ((example.old, old), (example.new, new))
        shown = [f"{s} ({t}, {bits_text(v, t)})" for s, (v, t) in zip(shown, pairs, strict=True)]
    return shown[0], shown[1]


def _value(value: Any, dtype: DType) -> str:
    """A value as it is written; text whole, where `constant` would cut it off."""
    if isinstance(value, bytes):
        return repr(value.decode(errors="backslashreplace"))
    if dtype.name == "Float32" and value is not None:
        return str(np.float32(value))  # the shortest text of these bits
    return constant(value, dtype)


def _cut(shown: str) -> str:
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
