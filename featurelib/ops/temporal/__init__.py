"""Dates, datetimes and durations: parts, zones, truncation, sums, months."""

from featurelib.ops.temporal import (
    arithmetic,
    calendar,
    dates,
    durations,
    months,
    offsets,
    parts,
    truncate,
    zones,
)
from featurelib.ops.temporal.arithmetic import TEMPORAL, temporal_add, temporal_sub

__all__ = [
    "TEMPORAL",
    "arithmetic",
    "calendar",
    "dates",
    "durations",
    "months",
    "offsets",
    "parts",
    "temporal_add",
    "temporal_sub",
    "truncate",
    "zones",
]
