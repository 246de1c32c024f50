"""Flights of 2013, replayed event by event by tail number and by airport; all in `make soak`."""

from __future__ import annotations

import datetime as dt

from parity_tests.soak import amount
from parity_tests.windows.flights_events import by_aircraft, by_airport, load_departures
from parity_tests.windows.replay import check_replay, some_keys

UNTIL = dt.datetime(2013, amount(3, soak=12), amount(1, soak=31), 12, tzinfo=dt.UTC)
"""Two months are 50,000 flights of three airports, which fill all that is kept of each."""


def test_every_aircraft_is_answered_as_then() -> None:
    """Before each departure, an aircraft's last flights are in training what they were online."""
    records, queries = load_departures()
    of_some = some_keys(records["tailnum"], amount(8, soak=1))
    known = queries.filter(of_some & records["tailnum"].is_not_null())
    joined = check_replay(by_aircraft(), records.filter(of_some), known)
    assert len(joined) > amount(39_000, soak=330_000)
    assert joined["delay_mean_5"].null_count() < 0.05 * len(joined)


def test_every_airport_is_answered_as_then() -> None:
    """So are an airport's last hours, with what is not kept any more and in three partitions."""
    records, queries = load_departures()
    early = records["scheduled"] < UNTIL
    size = early.sum() * 4 // 9
    joined = check_replay(
        by_airport(), records.filter(early), queries.filter(early), partition_rows=size
    )
    assert len(joined) > amount(50_000, soak=330_000)
    assert joined["flights_1h"].max() > 20
    # Three days of JFK are about 1,000 flights: sometimes more than are kept.
    assert set(joined["flights_3d.reason"].unique().to_list()) == {None, "beyond_kept"}
