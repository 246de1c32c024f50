"""What is not the same in two bundles without computing a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from featurelib.bundle import META, Bundle
from featurelib.fields import Field, InputSchema
from featurelib.layout_difference import differences
from featurelib.node import FIT
from featurelib.program import ops_of, topological
from featurelib.release.diff_graph import fitted_text
from featurelib.schema_json import field_to_json
from featurelib.ssa import analyzer_of, constant
from featurelib.tables import TableData

__all__ = ["Change", "Structure", "structure"]

_PARTS = ("inputs", "aggregates", "ops", "state", "layout", "metadata")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same on both sides.

    Attributes:
        what: The thing: an input's name, an op, a tensor and what of it.
        old: How it was, empty where it was not.
        new: How it is, empty where it is not.
    """

    what: str
    old: str
    new: str

    def to_json(self) -> dict[str, Any]:
        """Plain data; null where the thing is not there."""
        return {"what": self.what, "old": self.old or None, "new": self.new or None}


@dataclass(frozen=True, slots=True)
class Structure:
    """Everything that is not the same but the graphs of features.

    Attributes:
        inputs: Input columns: type, nullability, default, constraints.
        aggregates: Aggregates over events, by their fingerprints.
        ops: Ops and versions that one side alone uses.
        state: Fitted values of analyzers that both sides have.
        layout: Tensors, members, their order, types and widths.
        metadata: Descriptions, owners and tags; they move no value and no fingerprint.
    """

    inputs: tuple[Change, ...]
    aggregates: tuple[Change, ...]
    ops: tuple[Change, ...]
    state: tuple[Change, ...]
    layout: tuple[Change, ...]
    metadata: tuple[Change, ...]

    def parts(self) -> Iterable[tuple[str, tuple[Change, ...]]]:
        """Each part by name."""
        return ((name, getattr(self, name)) for name in _PARTS)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {name: [c.to_json() for c in changes] for name, changes in self.parts()}


def structure(old: Bundle, new: Bundle) -> Structure:
    """Compares two bundles."""
    return Structure(
        tuple(_inputs(old.request, new.request)),
        tuple(_aggregates(old, new)),
        tuple(_ops(old, new)),
        tuple(_state(old, new)),
        tuple(
            Change(what, "" if a == "none" else a, "" if b == "none" else b)
            for what, a, b in differences(old.layout, new.layout)
        ),
        tuple(_metadata(old, new)),
    )


def _inputs(old: InputSchema, new: InputSchema) -> Iterable[Change]:
    for name in dict.fromkeys((*old.names, *new.names)):
        a, b = (_field(s.by_name.get(name)) for s in (old, new))
        if a != b:
            yield Change(f"`{name}`", a, b)
    if old.extra != new.extra:
        yield Change("other fields", old.extra, new.extra)


def _field(field: Field | None) -> str:
    """Type, default and constraints; the description is none of its meaning."""
    if field is None:
        return ""
    said = f"{field.dtype}{'?' if field.nullable else ''}"
    if field.has_default:
        said += f", default {constant(field.canonical_default, field.dtype)}"
    plain = Field(field.name, field.dtype)
    for name, limit in field.constraints.given().items():
        shown = constant(limit, plain.dtype) if name in ("ge", "gt", "le", "lt") else repr(limit)
        said += f", {name}={shown}"
    return said


def _aggregates(old: Bundle, new: Bundle) -> Iterable[Change]:
    sides = [b.aggregates.fingerprints if b.aggregates else {} for b in (old, new)]
    for name in dict.fromkeys((*sides[0], *sides[1])):
        a, b = (side.get(name, "")[:12] for side in sides)
        if sides[0].get(name) != sides[1].get(name):
            yield Change(f"`{name}`", *(_aggregate(x, name, f) for x, f in ((old, a), (new, b))))


def _aggregate(bundle: Bundle, name: str, fingerprint: str) -> str:
    if not fingerprint or not bundle.aggregates:
        return ""
    plan = bundle.aggregates.aggregates[name]
    return f"{plan.dtype} over {plan.source}, {plan.window}, fingerprint {fingerprint}"


def _ops(old: Bundle, new: Bundle) -> Iterable[Change]:
    sides = [[op.key for op in ops_of(n for p in b.programs for n in p.nodes)] for b in (old, new)]
    for key in sorted({*sides[0]} ^ {*sides[1]}):
        yield Change(f"`{key}`", *("used" if key in side else "" for side in sides))


def _state(old: Bundle, new: Bundle) -> Iterable[Change]:
    """Fitted values that moved, of analyzers that are the same."""
    readers: dict[str, list[str]] = {}
    for name, node in new.program.outputs.items():
        for below in topological([node], through_fits=True):
            if below.op == FIT:
                readers.setdefault(below.key, []).append(name)
    was, now = old.state.to_json(), new.state.to_json()
    for node in new.program.fits:
        if node.key in was and was[node.key] != now[node.key]:
            names = ", ".join(f"`{n}`" for n in readers[node.key])
            a, b = old.state[node.key], new.state[node.key]
            shown = (fitted_text(a, node.dtype), fitted_text(b, node.dtype))
            if isinstance(a, TableData) and isinstance(b, TableData) and shown[0].startswith("<"):
                shown = _tables(a, b)
            yield Change(f"{analyzer_of(node)[0]} of {names}", *shown)


def _tables(old: TableData, new: TableData) -> tuple[str, str]:
    """Two tables: how long they are, and how many entries one alone has."""
    sides = old.content, new.content
    lost, gained = len({*sides[0]} - {*sides[1]}), len({*sides[1]} - {*sides[0]})
    order = ", in another order" if not lost and not gained else ""
    return (
        f"{len(sides[0]):,} entries, {lost:,} of them gone",
        f"{len(sides[1]):,} entries, {gained:,} of them new{order}",
    )


def _metadata(old: Bundle, new: Bundle) -> Iterable[Change]:
    for name in (n for n in old.meta if n in new.meta):
        for key in META[1:]:
            a, b = (_said(m[name][key]) for m in (old.meta, new.meta))
            if a != b:
                yield Change(f"{key} of `{name}`", a, b)
    if old.description != new.description:
        yield Change("description of the set", old.description, new.description)
    descriptions: list[Mapping[str, str]] = [
        {f["name"]: f.get("description", "") for f in map(field_to_json, b.request)}
        for b in (old, new)
    ]
    for name in descriptions[0].keys() & descriptions[1].keys():
        if descriptions[0][name] != descriptions[1][name]:
            yield Change(f"description of input `{name}`", *(d[name] for d in descriptions))


def _said(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(value)
