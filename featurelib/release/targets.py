"""The two bundles of a comparison: files, or feature sets whose fitted values must be had."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from featurelib.bundle import Bundle
from featurelib.feature_set import FeatureSet
from featurelib.parity.golden_features import FILE, golden_path
from featurelib.parity.targets import made_up_state, read_data
from featurelib.state import FittedState

__all__ = ["bind_both", "golden_files"]

RELEASED = "bundle.json", "golden.jsonl"
"""What a release folder calls its bundle and its golden rows."""


def bind_both(
    old: Bundle | FeatureSet,
    new: Bundle | FeatureSet,
    data: str | None = None,
    events: Mapping[str, str] | None = None,
) -> tuple[Bundle, Bundle, tuple[str, ...]]:
    """Both sides as bundles, with notes for the report.

    An analyzer of a feature set has the value that the other side's bundle has for the same
    analyzer, so that what no one changed does not move. Others are fitted on `data`; without data
    their values are made up, the same on both sides.

    Args:
        old: The one side.
        new: The other side.
        data: Files of rows.
        events: Files of each event source that a side reads; `data` then has queries.
    """
    known = [s.state for s in (old, new) if isinstance(s, Bundle)]
    fits = {n.key: n for s in (old, new) if isinstance(s, FeatureSet) for n in s.program.fits}
    made = made_up_state(tuple(fits.values()))
    notes: dict[str, None] = {}

    def bound(side: Bundle | FeatureSet) -> Bundle:
        if isinstance(side, Bundle):
            return side
        if not side.needs_fit:
            return side.bind()
        values: dict[str, Any] = {}
        found: FittedState | None = None
        for node in side.program.fits:
            state = next((s for s in known if node.key in s), None)
            if state is None and data is not None:
                found = state = found or fit_on(side, data, events)
            whose = (
                ("fitted on the given data" if state is found else "those of the other side")
                if state is not None
                else "made up: there is no data to fit on"
            )
            state = state or made
            values[node.key] = (state.dtype(node.key), state[node.key])
            notes[f"{side.name} {side.version}: fitted values are {whose}"] = None
        return side.bind(FittedState(values))

    return bound(old), bound(new), tuple(notes)


def fit_on(side: FeatureSet, data: str, events: Mapping[str, str] | None = None) -> FittedState:
    """The fitted state of a set on files of rows, or of queries about events."""
    from featurelib_offline import fit

    if not events or side.aggregates is None:
        return fit(side, read_data(data, side))
    mine = {name: files for name, files in events.items() if name in side.aggregates.sources}
    return fit(side, read_data(data, side, queries=True), events=mine)


def golden_files(root: str | os.PathLike[str], sides: Iterable[tuple[str, Bundle]]) -> list[Path]:
    """The golden features of both sides that are there.

    Args:
        root: The folder of golden data.
        sides: What the command was given for a side, and its bundle.
    """
    found: dict[Path, None] = {}
    for given, bundle in sides:
        path = Path(given)
        beside = path.with_name(RELEASED[1])
        recorded = golden_path(root, bundle) / FILE
        for file in (beside if path.name == RELEASED[0] else recorded, recorded):
            if file.is_file():
                found[file] = None
                break
    return list(found)
