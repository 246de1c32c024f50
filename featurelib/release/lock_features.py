"""Features whose definition changed since they were released, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from featurelib.bundle import Bundle
from featurelib.feature import Feature
from featurelib.feature_set import FeatureSet
from featurelib.fingerprint import node_fingerprints
from featurelib.program import ops_of
from featurelib.release.findings import Finding
from featurelib.release.repository import Recorded, Repository

__all__ = ["changed_features"]


def changed_features(
    repository: Repository,
    definition: FeatureSet,
    released: Sequence[tuple[Recorded, Bundle]],
) -> Iterator[Finding]:
    """Features of a definition that mean something else than a release of the same version."""
    for _, bundle in released:
        if bundle.name == definition.name:
            yield from _against(repository, definition, bundle)


def _against(repository: Repository, definition: FeatureSet, bundle: Bundle) -> Iterator[Finding]:
    is_same = bundle.version == definition.version
    now = _fingerprints(definition, bundle)
    written = {f.name: f for f in definition.features}
    of = f"of {bundle.name}"
    for name, info in bundle.features.items():
        feature = written.get(name)
        if feature is None:
            if is_same:
                yield _newer_set(f"feature {name} {of}", bundle, "it is gone from the definition")
            continue
        subject, where = f"feature {name}@{feature.version} {of}", _where(repository, feature)
        if now.get(name) == info.fingerprint:
            if is_same and feature.version != info.version:
                yield _newer_set(subject, bundle, f"it was released as version {info.version}")
        elif feature.version == info.version:
            yield Finding(
                subject,
                f"its meaning changed since {bundle.name} {bundle.version} was released"
                + _newer_ops(definition, bundle, name),
                f"make it version {feature.version + 1}: @fl.feature(version="
                f"{feature.version + 1})"
                + (f", in a new version of {bundle.name}" if is_same else "")
                + "; or put the released definition back",
                where,
            )
        elif is_same:
            yield _newer_set(subject, bundle, "it changed, with a new version of its own", where)
    if is_same:
        for name in written.keys() - bundle.features.keys():
            yield _newer_set(f"feature {name} {of}", bundle, "it was added")
        if definition.layout != bundle.layout:
            yield _newer_set(f"layout {of}", bundle, "it is not the released one")


def _newer_ops(definition: FeatureSet, bundle: Bundle, feature: str) -> str:
    """The ops that a feature uses in another version than its release did."""
    now, then = (
        {op.name: op for op in ops_of(program.subset([feature]).nodes)}
        for program in (definition.program, bundle.program)
    )
    moved = [
        f"{now[n].key} (then {then[n].key})"
        for n in now.keys() & then.keys()
        if now[n].version != then[n].version
    ]
    return f": it uses {', '.join(sorted(moved))}" if moved else ""


def _newer_set(subject: str, bundle: Bundle, what: str, where: str = "") -> Finding:
    return Finding(
        subject,
        f"{what}, and {bundle.name} {bundle.version} is released",
        f"give the set {bundle.name} a new version",
        where,
    )


def _fingerprints(definition: FeatureSet, bundle: Bundle) -> dict[str, str]:
    """Fingerprints of the definition on a release's fitted state.

    A feature whose fit is not among what that release fitted is left out: it is another feature.
    """
    program, state = definition.program, bundle.state
    known = [
        name
        for name in program.outputs
        if all(node.key in state for node in program.subset([name]).fits)
    ]
    part = program.subset(known)
    aggregates = definition.aggregates.fingerprints if definition.aggregates else None
    digests = node_fingerprints(part, state, definition.inputs, aggregates)
    return {name: digests[part.outputs[name].key] for name in known}


def _where(repository: Repository, feature: Feature) -> str:
    source = feature.source
    return f"{repository.shown(source.file)}:{source.line}" if source else ""
