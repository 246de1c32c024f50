"""An online stream answers, bit for bit, what the oracle finds in the plain list of records."""

from __future__ import annotations

import datetime as dt
import pickle
import random
import threading
from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import DefinitionError, InputError
from featurelib_online import stream
from parity_tests.soak import amount, examples
from parity_tests.windows import oracle, ordered, strategies
from parity_tests.windows.strategies import MICROSECOND, ORIGIN, STEP
from parity_tests.windows.streamed import Told, compiled, long_history, plain, stream_of

PLAIN_ROW = {
    "user": "ann", "at": ORIGIN, "got": ORIGIN, "seq": 0, "id": 1, "gone": False, "x": 1.5,
    "f": 1.0, "n": 3, "u": 4, "flag": True, "word": "a",
}  # fmt: skip


UTC = pl.Datetime("us", "UTC")
COLUMNS = {
    "user": pl.String, "at": UTC, "got": UTC,
    "seq": pl.Int32, "id": pl.Int64, "gone": pl.Boolean, "x": pl.Float64, "f": pl.Float32,
    "n": pl.Int64, "u": pl.UInt64, "flag": pl.Boolean, "word": pl.String,
}  # fmt: skip


def numbers() -> stream.Stream:
    """Sums and their kin over two windows."""
    return compiled("numbers", "x", ("left", "long"), 8, True, 6, 2)


@examples(25, soak=1500)
@given(strategies.asked(), strategies.records(), st.lists(strategies.moments(-9, 13), max_size=4))
def test_answers_are_the_oracles(asked, rows, times) -> None:
    """Values, nulls and reasons are the oracle's, whatever the order of delivery; so are refusals.

    Where aggregates have totals the order is that of arrival. At the newest arrival and later this
    holds for every answer; a query of the past may also be told that what it asks for is not kept
    any more.
    """
    made = stream_of(asked)
    told, state = Told(made.definition), made.new()
    before = made.refused.copy()
    mine = [row for row in rows if row["user"] in ("ann", None)]
    if made.plan.has_totals:
        mine = ordered.by_arrival(mine, asked.arrival, 0)
    for row in mine:
        refusal = told.hear(row)
        outcome = made.apply(state, row)
        assert outcome == refusal if refusal else outcome in ("taken", "known", "beyond_kept")
    newest = told.newest_arrival
    told.check(made, state, [newest, newest + 1, *map(strategies.microseconds, times)])
    counted = made.refused - before
    del counted["beyond_kept"]
    assert counted == oracle.refusals(told.records, told.spec)


_ASKED = (
    ("numbers", "x"), ("numbers", "n"), ("numbers", "u"), ("ordered", "x"), ("counted", "x"),
    ("counted", "n"),
)  # fmt: skip
_HISTORIES = ((64, False), (150, True), (400, False))
LONG = [
    (*asked, *history)
    for i, asked in enumerate(_ASKED)
    for history in amount(_HISTORIES[i % 3 :][:1], soak=_HISTORIES)
]
"""Family of aggregates, argument, how many events are kept, whether values span many powers."""


@pytest.mark.parametrize("family, argument, kept, wild", LONG)
def test_long_histories_are_answered_as_by_the_oracle(family, argument, kept, wild) -> None:
    """With hundreds of events, where whole chunks answer, nothing differs either.

    By default each family with each of its arguments is asked about one history, and each history
    is asked by two of them; in a soak about all.
    """
    windows = ("left", "few", "long", "life", "tiles", "rows_now", "month")
    made = compiled(family, argument, windows, kept, True, 6, 2)
    told, state = Told(made.definition), made.new()
    compared = 0
    for i, row in enumerate(ordered.by_arrival(long_history(kept, 400, wild), True, kept)):
        told.hear(row)
        made.apply(state, row)
        if i % 130 == 129:
            newest = told.newest_arrival
            compared += told.check(made, state, [newest, newest + 1, newest - 3_000_000_000])
    assert compared > 50


def test_delivery_in_any_order_gives_one_state() -> None:
    """A shuffled history gives the same answers and, compacted, the same bytes."""
    made = compiled("numbers", "x", ("left", "long"), 64, True, 6, 2)
    rows = long_history(7, 300, True)
    states = []
    for seed in range(3):
        order = rows.copy()
        random.Random(seed).shuffle(order)
        state = made.new()
        for row in order:
            made.apply(state, row)
        states.append(made.compact(state))
    assert states[0] == states[1] == states[2]


def test_a_record_says_what_became_of_it() -> None:
    """New, told again, withdrawn, too late, ahead, without a time, of a wrong type."""
    made = numbers()
    state, before = made.new(), made.refused.copy()
    assert made.apply(state, PLAIN_ROW) == "taken"
    assert made.apply(state, PLAIN_ROW) == "known"
    assert made.apply(state, PLAIN_ROW | {"gone": True, "got": ORIGIN + STEP}) == "taken"
    assert made.apply(state, PLAIN_ROW | {"gone": True, "got": ORIGIN + 2 * STEP}) == "known"
    for row, reason in (
        ({"got": ORIGIN + 13 * STEP}, "late"),
        ({"got": ORIGIN - 5 * STEP}, "ahead"),
        ({"user": None}, "null_key"),
        ({"at": None}, "null_time"),
        ({"id": None}, "null_id"),
        ({"got": None}, "null_arrival"),
        ({"x": "one"}, "bad_value"),
        ({"x": "one", "id": None}, "null_id"),
    ):
        assert made.apply(state, PLAIN_ROW | row) == reason
        assert (made.refused - before)[reason] >= 1
    assert made.apply(state, [PLAIN_ROW]) == "bad_value"
    assert state.events == 1


def test_an_event_before_all_that_are_kept_is_told_so() -> None:
    """When as many newer events are kept as may be, an older one is `beyond_kept`, and counted."""
    made = numbers()
    state = made.new()
    for i in range(8):
        made.apply(state, PLAIN_ROW | {"id": i})
    lost = made.refused["beyond_kept"]
    earlier = ORIGIN - STEP
    assert made.apply(state, PLAIN_ROW | {"at": earlier, "got": earlier}) == "beyond_kept"
    assert made.refused["beyond_kept"] == lost + 1 and state.events == 8
    assert made.load(bytes(state)) == state  # which event is the newest lost one is sealed too
    answers = made.query(state, ORIGIN + STEP)
    assert answers["long_count"] is None and answers.reasons["long_count"] == "beyond_kept"


def test_columns_are_applied_as_their_rows_are() -> None:
    """Each row goes to the state of its entity; outcomes are counted; a new entity has a state."""
    made = compiled("numbers", "x", ("left", "long"), 64, True, 6, 2)
    rows = long_history(13, 300, True)
    for i, row in enumerate(rows):
        row["user"] = ("ann", "bob", None)[i % 3 if i < 30 else i % 2]
    outcomes: Counter[str] = Counter()
    expected = {"ann": made.new(), "bob": made.new()}
    for row in rows:
        outcomes[made.apply(expected.get(row["user"], made.new()), row)] += 1
    before, states = made.refused.copy(), {"ann": made.new()}
    frame = pl.DataFrame(rows, schema=COLUMNS)
    found = made.apply_columns(states, frame)
    assert found == outcomes and found["null_key"] == 10
    assert {k: made.compact(s) for k, s in states.items()} == {
        k: made.compact(s) for k, s in expected.items()
    }
    refused = {k: n for k, n in outcomes.items() if k not in ("taken", "known")}
    assert made.refused - before == refused


def test_bad_columns_are_refused_before_the_first_record() -> None:
    """A column of another type changes no state."""
    states: dict[str, stream.State] = {}
    frame = pl.DataFrame([PLAIN_ROW], schema=COLUMNS).with_columns(x=pl.lit("one"))
    with pytest.raises(InputError, match="`x`"):
        numbers().apply_columns(states, frame)
    assert not states


def test_query_times_are_datetimes_with_a_zone_or_microseconds() -> None:
    """Both name one moment; another zone too; a time without a zone is refused."""
    made = numbers()
    state = made.new()
    made.apply(state, PLAIN_ROW)
    moment = ORIGIN + MICROSECOND
    local = moment.astimezone(dt.timezone(dt.timedelta(hours=-5)))
    told = [dict(made.query(state, q)) for q in (moment, local, strategies.microseconds(moment))]
    assert told[0] == told[1] == told[2] and told[0]["left_sum"] == 1.5
    far = (2**70, -(2**70), 253_402_300_800_000_000, -62_135_596_800_000_001, 1_700_000_000 * 10**9)
    for wrong in (moment.replace(tzinfo=None), "now", 1.0, None, *far):
        with pytest.raises(InputError, match="as_of"):
            made.query(state, wrong)
        if wrong is not None:
            with pytest.raises(InputError, match="as_of"):
                made.compact(state, wrong)
    for q in (253_402_300_799_999_999, -62_135_596_800_000_000):
        assert made.query(state, q)["left_count"] == 0


def test_a_stream_travels_between_processes() -> None:
    """Its copy reads the states of the first one."""
    made = numbers()
    state = made.new()
    made.apply(state, PLAIN_ROW)
    copy = pickle.loads(pickle.dumps(made))
    moment = ORIGIN + STEP
    assert dict(copy.query(copy.load(bytes(state)), moment)) == dict(made.query(state, moment))


def test_what_is_no_definition_is_refused() -> None:
    """So is the name of a source that is not there."""
    with pytest.raises(DefinitionError, match="bundle with aggregates"):
        stream.compile("bundle.json")
    with pytest.raises(DefinitionError, match="things"):
        stream.compile(numbers().definition, source="others")


def test_threads_with_a_state_each_share_a_stream() -> None:
    """Eight threads give what one gives."""
    made = compiled("ordered", "x", ("left", "few"), 100, True, 6, 2)
    rows = long_history(3, 200, False)
    found: list[object] = [None] * 8

    def work(k: int) -> None:
        state = made.new()
        for row in rows:
            made.apply(state, row)
        found[k] = plain(list(made.query(state, rows[-1]["got"]).values()))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(found))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [found[0]] * 8
