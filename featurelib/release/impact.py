"""Who reads what changes: models by the fingerprints that they store, other bundles by theirs.

A feature is known by its fingerprint and not by its name: the same computation in another set has
the same one, and a feature that computes on it holds a node of that fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from featurelib.bundle import Bundle
from featurelib.errors import LayoutMismatchError, ReleaseError
from featurelib.layout_difference import differences
from featurelib.model_inputs import ModelInputs
from featurelib.node import INPUT
from featurelib.program import topological
from featurelib.release.changed import Changed, digests
from featurelib.release.consumers import Consumers
from featurelib.release.hotfix import Hotfix
from featurelib.release.hotfix_models import Earlier, Link, refusal

__all__ = ["SAYS", "Impact", "ModelImpact", "SetImpact", "Verdict", "impact"]

Verdict = Literal["runs", "accepted", "accepts", "retrain", "other"]
FORMAT = 1
SAYS = {
    "runs": "may run: what it reads is the same",
    "accepted": "may run: a hotfix accepts it",
    "accepts": "may run only where a hotfix accepts it, else must be trained again",
    "retrain": "must be trained again: its tensors are not the same",
    "other": "was trained on neither of the two",
}
"""Verdicts in words."""


@dataclass(frozen=True, slots=True)
class ModelImpact:
    """What a change means for one model.

    Attributes:
        path: The file of its inputs.
        trained_with: The bundle that it was trained with, for people.
        fingerprint: What a hotfix names it by in `accepts`.
        verdict: ``runs``, ``accepted``, ``accepts`` (no hotfix does yet), ``retrain`` or
            ``other``.
        reasons: What is not the same for it; and where the history of releases is known, which of
            them keeps it from running.
    """

    path: str
    trained_with: str
    fingerprint: str
    verdict: Verdict
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetImpact:
    """What of a change another bundle holds.

    Attributes:
        path: Its file.
        name: Its set and version.
        features: For each feature that is concerned why, by name.
    """

    path: str
    name: str
    features: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Impact:
    """Who reads what changes.

    Attributes:
        source: The bundle in which it changes.
        changed: What changes.
        within: Other features of this bundle that hold the same computation, and which; empty
            where it is known what comes after, because `changed` then has all of them.
        models: Every model that was looked at.
        sets: Other bundles that hold any of it.
        looked_at: How many models and how many bundles were looked at.
        unread: Files that look like one of these and cannot be read, with the reason.
    """

    source: str
    changed: tuple[Changed, ...]
    within: dict[str, tuple[str, ...]]
    models: tuple[ModelImpact, ...]
    sets: tuple[SetImpact, ...]
    looked_at: tuple[int, int]
    unread: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain data; its keys are those of docs/diff.md."""
        return {
            "format": FORMAT,
            "source": self.source,
            "changed": [
                {"kind": c.kind, "name": c.name, "fingerprint": c.fingerprint} for c in self.changed
            ],
            "within": {n: list(why) for n, why in self.within.items()},
            "models": [
                {
                    "path": m.path,
                    "trained_with": m.trained_with,
                    "fingerprint": m.fingerprint,
                    "verdict": m.verdict,
                    "reasons": list(m.reasons),
                }
                for m in self.models
            ],
            "sets": [
                {
                    "path": s.path,
                    "set": s.name,
                    "features": {n: list(why) for n, why in s.features.items()},
                }
                for s in self.sets
            ],
            "looked_at": {"models": self.looked_at[0], "bundles": self.looked_at[1]},
            "unread": dict(self.unread),
        }


def impact(
    source: Bundle,
    changed: Sequence[Changed],
    consumers: Consumers,
    new: Bundle | None = None,
    hotfix: Hotfix | None = None,
    earlier: Earlier | None = None,
) -> Impact:
    """Who reads what changes. A model may run where `hotfix_models.check_model` lets it.

    Args:
        source: The bundle in which it changes.
        changed: What changes.
        consumers: Models and other bundles.
        new: What comes after `source`; None if that is not written yet.
        hotfix: The declared hotfix that `new` is, taken as signed: it is, once it is released so.
        earlier: Gives `source` and the releases before it, with the hotfixes that they were;
            None if only `hotfix` is known.

    Raises:
        ReleaseError: `source` is no release of that history, or is another one.
    """
    here = _concerned(source, changed) if new is None else {}
    own = {c.name for c in changed if c.kind == "feature"}
    affected = {source.fingerprints[n] for n in here}  # asked for only before there is a new one
    old, next_one = _links(source, new, hotfix, earlier)
    models = tuple(
        _against(path, model, old, next_one, earlier)
        if next_one is not None
        else _reading(path, model, affected, changed)
        for path, model in consumers.models.items()
    )
    sets = []
    for path, bundle in consumers.bundles.items():
        if bundle.fingerprint in {b.fingerprint for b in (source, new) if b is not None}:
            continue
        concerned = _concerned(bundle, changed)
        if concerned:
            sets.append(SetImpact(path, f"{bundle.name} {bundle.version}", concerned))
    return Impact(
        f"{source.name} {source.version}",
        tuple(changed),
        {n: why for n, why in here.items() if n not in own},
        models,
        tuple(sets),
        (len(consumers.models), len(consumers.bundles)),
        dict(consumers.unread),
    )


def _concerned(bundle: Bundle, changed: Sequence[Changed]) -> dict[str, tuple[str, ...]]:
    """Features of a bundle that hold what changes, and what they hold of it."""
    wanted = {c.fingerprint: c for c in changed}
    known, found = digests(bundle), {}
    for name, root in bundle.program.outputs.items():
        held: dict[str, None] = {}
        for node in topological([root], through_fits=True):
            for key in (known.get(node.key, ""), node.op):
                what = wanted.get(key)
                # A feature that is a bare input would be held by all that read it.
                if what and (what.kind != "feature" or node is root or node.op != INPUT):
                    held[str(what)] = None
        if held:
            found[name] = tuple(held)
    return found


def _links(
    source: Bundle, new: Bundle | None, hotfix: Hotfix | None, earlier: Earlier | None
) -> tuple[Link, Link | None]:
    """The two bundles as releases of a history."""
    old = Link(source) if new is None or earlier is None else earlier(source.version)
    if old.bundle.fingerprint != source.fingerprint:
        raise ReleaseError(
            f"{source.name} {source.version} has the fingerprint {source.fingerprint}, that of the "
            f"registry has {old.bundle.fingerprint}",
            hint="take the bundle of the registry's release",
        )
    return old, None if new is None else Link(new, hotfix, True, source.version)


def _against(
    path: str, model: ModelInputs, old: Link, new: Link, earlier: Earlier | None
) -> ModelImpact:
    """A model that is to be served by the new bundle."""
    reasons = tuple(_mismatches(model, new.bundle))
    refused = refusal(model, new, earlier)
    verdict: Verdict = "accepted" if reasons else "runs"
    if refused is not None:
        verdict = "retrain" if differences(model.layout, new.bundle.layout) else "accepts"
        if refusal(model, old, earlier) is not None:
            verdict = "other"
        if earlier is not None:
            reasons += (refused.why,)
    return ModelImpact(path, model.trained_with, model.fingerprint, verdict, reasons)


def _mismatches(model: ModelInputs, bundle: Bundle) -> Iterator[str]:
    try:
        model.check(bundle)
    except LayoutMismatchError as error:
        for what, trained, given in error.differences:
            yield f"{what}: {trained} -> {given}"


def _reading(
    path: str, model: ModelInputs, affected: set[str], changed: Sequence[Changed]
) -> ModelImpact:
    """A model, before anybody wrote what comes after."""
    names = {c.name for c in changed if c.kind == "input"}
    reasons = [f"reads feature `{n}`" for n, f in model.features.items() if f in affected]
    reasons += [f"reads input `{n}`" for n in model.inputs if n in names]
    verdict: Verdict = "accepts" if reasons else "runs"
    return ModelImpact(path, model.trained_with, model.fingerprint, verdict, tuple(reasons))
