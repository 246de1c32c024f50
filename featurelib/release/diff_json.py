"""A difference as plain data. Floats are numbers for people; example values have their bits too."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from featurelib.bundle import Bundle, FeatureInfo
from featurelib.dtypes import DType
from featurelib.parity.values import bits_text
from featurelib.release.diff_counts import Example, Moves
from featurelib.ssa import value_text

if TYPE_CHECKING:
    from featurelib.release.difference import Difference, FeatureChange

__all__ = ["FORMAT", "plain_value", "to_json"]

FORMAT = 1
"""Version of the keys; a key is only ever added within one."""


def to_json(found: Difference) -> dict[str, Any]:
    """The difference as plain data: dictionaries, lists, text, numbers, truth values and None."""
    return {
        "format": FORMAT,
        "old": _bundle(found.old),
        "new": _bundle(found.new),
        "same": found.is_same,
        "rows": dict(found.rows),
        "refused": {k: {"rows": n, "first": why} for k, (n, why) in found.refused.items()},
        "seed": found.seed,
        "notes": list(found.notes),
        "structure": found.structure.to_json(),
        "features": {name: _feature(f) for name, f in found.features.items()},
    }


def _bundle(bundle: Bundle) -> dict[str, Any]:
    return {"set": bundle.name, "version": bundle.version, "fingerprint": bundle.fingerprint}


def _feature(change: FeatureChange) -> dict[str, Any]:
    return {
        "status": change.status,
        "old": _info(change.old),
        "new": _info(change.new),
        "moved_rows": change.moved_rows,
        "rows": change.rows,
        "part": change.part.to_json() if change.part else None,
        "moves": {kind: _moves(m, change) for kind, m in change.moves.items()},
        "unseen": list(change.unseen),
    }


def _info(info: FeatureInfo | None) -> dict[str, Any] | None:
    if info is None:
        return None
    return {
        "version": info.version,
        "type": str(info.dtype),
        "nullable": info.nullable,
        "fingerprint": info.fingerprint,
    }


def _moves(moves: Moves, change: FeatureChange) -> dict[str, Any]:
    counts = (
        "rows", "moved", "to_null", "from_null", "to_nan", "from_nan", "to_true", "to_false",
        "measured", "infinite",
    )  # fmt: skip
    assert change.old is not None and change.new is not None
    types = (change.old.dtype, change.new.dtype)
    return {
        **{name: getattr(moves, name) for name in counts},
        "distance": {
            "quantiles": {str(q): _number(v) for q, v in moves.quantiles},
            "largest": _number(moves.largest),
        },
        "examples": [_example(e, *types) for e in moves.examples],
        "not_compared": moves.lacking or None,
    }


def _number(value: float | None) -> float | str | None:
    """JSON has no infinity: it is written as text."""
    return str(value) if value is not None and math.isinf(value) else value


def _example(example: Example, old: DType, new: DType) -> dict[str, Any]:
    return {
        "row": example.row,
        "inputs": {name: plain_value(v, t) for name, (v, t) in example.inputs.items()},
        "old": {"value": plain_value(example.old, old), "bits": bits_text(example.old, old)},
        "new": {"value": plain_value(example.new, new), "bits": bits_text(example.new, new)},
    }


def plain_value(value: Any, dtype: DType) -> Any:
    """A canonical value as JSON takes it; NaN, infinities and times as text."""
    from featurelib.borders import from_canonical

    if value is None or isinstance(value, bool):
        return value
    if dtype.inner is not None:
        return [plain_value(v, dtype.inner) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    shown = from_canonical(value, dtype)
    return shown if isinstance(shown, (int, str)) else value_text(shown)
