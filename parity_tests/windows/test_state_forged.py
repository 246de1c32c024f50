"""States that a stream did not make: of another definition, or with a checksum that fits a lie."""

from __future__ import annotations

import datetime as dt
import functools

import numpy as np
import polars as pl
import pytest

import featurelib as fl
from featurelib.errors import StateFormatError, StateVersionError
from featurelib.jit.windows import layout as at
from featurelib.windows import EventSource, define, last, lifetime
from featurelib_online import stream

START = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)
NOW = START + dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
_WORD = (1 << 64) - 1
_PRIMES = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F


class Reading(fl.Schema):
    """A number at a time."""

    meter: int
    at: fl.Datetime
    id: int
    x: float | None


@functools.cache
def made(kind: str) -> stream.Stream:
    """Sums, or estimates, over all events, of which four are kept."""
    source = EventSource("readings", Reading, key="meter", time="at", id="id", max_events=4)
    x, ever = fl.col("x"), source.over(lifetime())
    return stream.compile(
        define(
            {"sum": ever.sum(x), "day": source.over(last(days=2)).var(x, ddof=0)}
            if kind == "sums"
            else {
                "middle": ever.approx_quantile(x, 0.5, precision=7, max_buckets=64),
                "distinct": ever.approx_n_unique(x, precision=4),
            }
        )
    )


def row(i: int) -> dict[str, object]:
    """One reading."""
    return {"meter": 1, "at": START + i * HOUR, "id": i, "x": i + 0.5}


def filled(kind: str, n: int = 12) -> stream.State:
    """A state that was told readings."""
    state = made(kind).new()
    for i in range(n):
        made(kind).apply(state, row(i))
    return state


def mixed(words: np.ndarray, seed: int) -> int:
    """The hash of words, written once more."""
    h = seed
    for word in words.tolist():
        h = ((h ^ (word & _WORD)) * _PRIMES[0]) & _WORD
        h ^= h >> 29
    return (h * _PRIMES[1]) & _WORD


def seal(words: np.ndarray, header_words: int) -> None:
    """Writes the checksum of the header."""
    h = mixed(words[: at.S_CHECK], _PRIMES[0])
    h = mixed(words[at.S_CHECK + 1 : header_words], h)
    words[at.S_CHECK] = np.uint64(h).astype(np.int64)


def leaf_of(kind: str, words: np.ndarray) -> np.ndarray:
    """The one leaf of the lifetime's totals, which stands at the end of a state."""
    plan = made(kind).plan
    size = int(plan.head_of(words)[at.TOTALS_HEAD + at.F_SIZE])
    return words[-size:]


def seal_leaf(kind: str, words: np.ndarray) -> None:
    """Writes the checksum of the leaf, and that of the header."""
    plan = made(kind).plan
    head = plan.header_words - plan.totals.head_words
    words[head + at.T_CHECK] = np.uint64(mixed(leaf_of(kind, words), 1)).astype(np.int64)
    seal(words, plan.header_words)


def test_a_checksum_can_be_made_by_anybody() -> None:
    """What is sealed here and says the truth is taken: the tests below forge well."""
    for kind in ("sums", "estimates"):
        words = filled(kind).words.copy()
        seal_leaf(kind, words)
        assert made(kind).load(words.tobytes()) == filled(kind)


@pytest.mark.parametrize("field", [at.A_UNIT, at.A_TOP, at.A_WIDE])
@pytest.mark.parametrize("value", [-(1 << 40), -1, 0, 1, 1073, 1 << 40])
def test_units_that_do_not_fit_the_values_are_refused(field: int, value: int) -> None:
    """Sums are made in units: with a wrong one a state would give other numbers."""
    words = filled("sums").words.copy()
    true = int(words[at.HEADER + field])
    words[at.HEADER + field] = value
    seal(words, made("sums").plan.header_words)
    if value == true:
        made("sums").load(words.tobytes())
        return
    with pytest.raises(StateFormatError, match="damaged"):
        made("sums").load(words.tobytes())


BUCKETS = at.NODE_HEAD + 1
"""Where the table of buckets stands in a leaf: behind its count."""
FIRST, COUNTS = BUCKETS + 1, BUCKETS + 1 + 64
REGISTERS = COUNTS + 64 + 1
"""Registers stand behind the table, and behind a count of their own."""
LIES = {
    "a billion buckets": (BUCKETS, 10**9),
    "fewer buckets than there are": (BUCKETS, 3),
    "too many buckets once": (BUCKETS, -1),
    "no number of buckets": (BUCKETS, -2),
    "a negative count": (COUNTS, -5),
    "a count too large": (COUNTS + 1, 1 << 62),
    "buckets in another order": (FIRST, _WORD >> 1),
    "a count of a bucket that is not there": (COUNTS + 63, 1),
    "ranks that no hash has": (REGISTERS, -1),
}


@pytest.mark.parametrize("place, value", LIES.values(), ids=LIES)
def test_estimates_that_cannot_be_are_refused(place: int, value: int) -> None:
    """A number in a table says how far to read: it is looked at before anything goes by it."""
    words = filled("estimates").words.copy()
    assert leaf_of("estimates", words)[BUCKETS] == 8  # eight events left, each in its own bucket
    leaf_of("estimates", words)[place] = value
    seal_leaf("estimates", words)
    with pytest.raises(StateFormatError, match="damaged"):
        made("estimates").load(words.tobytes())


def test_a_state_of_another_stream_is_refused_by_every_call() -> None:
    """It is not changed, and the error says the way out."""
    mine, other = made("sums"), filled("estimates")
    before, ours = bytes(other), filled("sums")
    frame = pl.DataFrame(
        [row(20), {**row(21), "meter": 2}], schema_overrides={"at": pl.Datetime("us", "UTC")}
    )
    states = {1: ours, 2: other}
    for call in (
        lambda: mine.apply(other, row(20)),
        lambda: mine.apply_columns(states, frame),
        lambda: mine.query(other, NOW),
        lambda: mine.merge(ours, other),
        lambda: mine.merge(other, ours),
        lambda: mine.compact(other),
        lambda: mine.compact(other, NOW),
        lambda: mine.describe(other),
    ):
        with pytest.raises(StateVersionError, match=r"another definition.*\n.*a new one"):
            call()
    assert bytes(other) == before and ours == filled("sums")
    assert mine.query(ours, NOW)["sum"] == sum(i + 0.5 for i in range(12))


def test_a_view_is_never_of_more_events_than_a_query_has_memory_for() -> None:
    """Its header is looked at: a state that says it is larger than any is refused."""
    plan = made("sums").plan
    words = filled("sums", 2).words.copy()
    larger = plan.max_capacity + at.CHUNK
    grown = np.zeros(plan.state_words(larger) + 64, np.int64)
    grown[: len(words)] = words
    grown[[at.S_WORDS, at.S_CAPACITY]] = len(grown), larger
    with pytest.raises(StateFormatError, match="damaged"):
        made("sums").view(grown.tobytes())
    words[[at.S_FIRST, at.S_END]] = 0, 5  # four are kept
    with pytest.raises(StateFormatError, match="damaged"):
        made("sums").view(words.tobytes())
