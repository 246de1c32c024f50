"""The releases of the set `flights` in `golden_data/registry`, as their authors wrote them.

1.1.0 adds two features to 1.0.0, and one of them is wrong: it goes from the clock's reading back to
an instant, and takes the first of two where clocks show an hour twice. 1.1.1 is the hotfix.
"""

from __future__ import annotations

import featurelib as fl
from parity_tests.feature_sets.flights import Flight, flights
from parity_tests.feature_sets.flights_time import NEW_YORK

__all__ = ["HOTFIX", "RELEASES"]


@fl.feature(version=1, owner="schedules", tags=["time"])
def minutes_into_day(time_hour: fl.Expr, minute: fl.Expr) -> fl.Expr:
    """Minutes that New York's clocks show since midnight when it should leave."""
    hour = time_hour.dt.convert_time_zone(NEW_YORK).dt.hour()
    return hour.cast(fl.Int16) * 60 + minute.cast(fl.Int16)


@fl.feature(version=1, owner="schedules", tags=["time"])
def hours_into_week(time_hour: fl.Expr) -> fl.Expr:
    """Hours gone since New York's Monday began."""
    local = time_hour.dt.convert_time_zone(NEW_YORK)
    clock = local.dt.replace_time_zone("UTC", ambiguous="earliest")
    departs = clock.dt.replace_time_zone(
        NEW_YORK, ambiguous="earliest", non_existent="shift_forward"
    )
    return (departs - local.dt.truncate("1w")).dt.total_hours()


wrong_week = hours_into_week


@fl.feature(version=2, owner="schedules", tags=["time"])  # type: ignore[no-redef]
def hours_into_week(time_hour: fl.Expr) -> fl.Expr:
    """Hours gone since New York's Monday began."""
    local = time_hour.dt.convert_time_zone(NEW_YORK)
    return (local - local.dt.truncate("1w")).dt.total_hours()


def _release(version: str, *added: fl.Feature) -> fl.FeatureSet:
    return fl.FeatureSet(
        flights.name, version=version, inputs=Flight, features=[*flights.features, *added],
        layout={tensor.name: tensor.members for tensor in flights.layout.tensors},
        description=flights.description,
    )  # fmt: skip


RELEASES = (
    flights,
    _release("1.1.0", minutes_into_day, wrong_week),
    _release("1.1.1", minutes_into_day, hours_into_week),
)
"""Oldest first."""
# The hour that clocks show twice in the night from Saturday to Sunday, since 2007 in November.
_TWICE = (
    "(time_hour.dt.convert_time_zone('America/New_York').dt.hour() == 1)"
    " & time_hour.dt.convert_time_zone('America/New_York').dt.month().is_in([10, 11])"
)
HOTFIX = f"""set = "flights"
from = "1.1.0"
to = "1.1.1"
reason = "hours_into_week was an hour short in the second of the two hours from 1 to 2 in autumn"
approved_by = "the owners of schedules"
accepts = []

[features.hours_into_week]
rows = "{_TWICE}"
"""
