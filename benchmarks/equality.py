"""Peers must do the same work: floats at most an ulp or two away, all else equal, and said so."""

from __future__ import annotations

from typing import Any

import numpy as np

MOST_ULPS = {4: 1, 8: 2}
"""By bytes of a float. A peer's log1p is another library's: rounded to Float32 it may fall on the
other neighbour. Polars divides by a constant by multiplying with its reciprocal: two roundings."""


class WrongPeerError(AssertionError):
    """A peer does not compute the workload."""


def ulps(ours: Any, theirs: Any) -> int:
    """The largest distance of two arrays of floats in ulps.

    Args:
        ours: Values of one sign each place, no NaN.
        theirs: As many, of the same type.
    """
    words = np.dtype(f"i{ours.dtype.itemsize}")
    a, b = (np.ascontiguousarray(x).view(words).astype(np.int64) for x in (ours, theirs))
    return int(np.abs(a - b).max(initial=0))


def check(peer: str, ours: Any, theirs: Any, most: int | None = None) -> int:
    """Compares floats by ulps and all else exactly.

    Args:
        peer: Who, for the error.
        ours: The values.
        theirs: The peer's, of the same shape and type.
        most: The distance in ulps that is let through; `MOST_ULPS` if left out.

    Returns:
        The distance in ulps, 0 where all bits are equal.

    Raises:
        WrongPeerError: The values differ by more.
    """
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        raise WrongPeerError(
            f"{peer}: expected {ours.dtype} {ours.shape}, got {theirs.dtype} {theirs.shape}"
        )
    if ours.dtype.kind != "f":
        if not np.array_equal(ours, theirs):
            at = np.flatnonzero((ours != theirs).ravel())[0]
            raise WrongPeerError(
                f"{peer}: expected {ours.ravel()[at]} at {at}, got {theirs.ravel()[at]}"
            )
        return 0
    distance = ulps(ours, theirs)
    most = MOST_ULPS[ours.dtype.itemsize] if most is None else most
    if distance > most:
        raise WrongPeerError(f"{peer}: {distance} ulps away, expected at most {most}")
    return distance


def told(distance: int) -> str:
    """The distance in words for a table."""
    return "all bits" if distance == 0 else f"floats within {distance} ulp"
