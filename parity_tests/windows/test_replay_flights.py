"""All flights of 2013, replayed event by event by tail number and by airport."""

from __future__ import annotations

from parity_tests.feature_sets.flights_data import ROWS
from parity_tests.windows.flights_events import by_aircraft, by_airport, load_departures
from parity_tests.windows.replay import check_replay


def test_every_aircraft_is_answered_as_then() -> None:
    """Before each departure, an aircraft's last flights are in training what they were online."""
    records, queries = load_departures()
    known = queries.filter(records["tailnum"].is_not_null())
    joined = check_replay(by_aircraft(), records, known)
    assert len(joined) > 0.99 * ROWS
    assert joined["delay_mean_5"].null_count() < 0.05 * ROWS


def test_every_airport_is_answered_as_then() -> None:
    """So are an airport's last hours, with what is not kept any more and in three partitions."""
    records, queries = load_departures()
    joined = check_replay(by_airport(), records, queries, partition_rows=150_000)
    assert joined["flights_1h"].max() > 20
    # Three days of JFK are about 1,000 flights: sometimes more than are kept.
    assert set(joined["flights_3d.reason"].unique().to_list()) == {None, "beyond_kept"}
