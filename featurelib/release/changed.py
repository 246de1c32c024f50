"""What changes: features, ops and inputs, by name or between two bundles."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from featurelib.bundle import Bundle
from featurelib.errors import ReleaseError
from featurelib.fingerprint import node_fingerprints
from featurelib.program import ops_of

__all__ = ["Changed", "changed_between", "digests", "named"]

Kind = Literal["feature", "op", "input"]


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that changes.

    Attributes:
        kind: ``feature``, ``op`` or ``input``.
        name: Its name; of an op ``name@version``.
        fingerprint: What it is known by; of an op its name and version.
    """

    kind: Kind
    name: str
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.kind} `{self.name}`"


def named(
    bundle: Bundle, features: Sequence[str], ops: Sequence[str] = (), inputs: Sequence[str] = ()
) -> tuple[Changed, ...]:
    """Things of a bundle by name.

    Raises:
        ReleaseError: The bundle has no such feature, op or input.
    """
    found = [
        Changed(
            "feature", n, bundle.fingerprints[_known(bundle, "feature", n, bundle.fingerprints)]
        )
        for n in features
    ]
    used = _ops(bundle)
    found += [Changed("op", n, _known(bundle, "op", n, used)) for n in ops]
    columns = _input_fingerprints(bundle)
    found += [
        Changed("input", n, columns[_known(bundle, "input that is read", n, columns)])
        for n in inputs
    ]
    return tuple(found)


def _known(bundle: Bundle, what: str, name: str, known: Collection[str]) -> str:
    if name in known:
        return name
    near = difflib.get_close_matches(name, list(known), 1)
    raise ReleaseError(
        f"{bundle.name} {bundle.version}: no {what} `{name}`",
        hint=f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}",
    )


def changed_between(old: Bundle, new: Bundle) -> tuple[Changed, ...]:
    """What of the old bundle is not in the new one any more as it was."""
    found = [
        Changed("feature", name, fingerprint)
        for name, fingerprint in old.fingerprints.items()
        if new.fingerprints.get(name) != fingerprint
    ]
    kept = _ops(new)
    found += [Changed("op", key, key) for key in _ops(old) if key not in kept]
    columns = _input_fingerprints(new)
    found += [
        Changed("input", name, fingerprint)
        for name, fingerprint in _input_fingerprints(old).items()
        if columns.get(name) != fingerprint
    ]
    return tuple(found)


def digests(bundle: Bundle) -> dict[str, str]:
    """The fingerprint of each node that serving computes, by its key."""
    aggregates = bundle.aggregates.fingerprints if bundle.aggregates else None
    return node_fingerprints(bundle.program, bundle.state, bundle.schema, aggregates)


def _input_fingerprints(bundle: Bundle) -> dict[str, str]:
    """The fingerprint of each input that a feature reads when it is served, by name."""
    known = digests(bundle)
    return {name: known[node.key] for name, node in bundle.program.inputs.items()}


def _ops(bundle: Bundle) -> list[str]:
    """The ops of every program of a bundle, each once."""
    return [op.key for op in ops_of(n for p in bundle.programs for n in p.nodes)]
