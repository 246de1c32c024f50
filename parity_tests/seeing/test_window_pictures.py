"""Pictures of windows show what is answered, and those of docs/windows.md are current.

To draw them again: python -m parity_tests.seeing.test_window_pictures
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib_offline as offline
from featurelib.errors import DefinitionError, InputError
from featurelib.windows import EventSource, define, last, lifetime
from featurelib.windows import picture as said
from featurelib.windows.picture_clock import DAY, Clock
from featurelib.windows.picture_marks import shape, stacked
from featurelib_online import stream
from parity_tests.seeing.window_cases import MANY, NAMES, NOON, PICTURES, Rating, rated, ratings
from parity_tests.soak import examples
from parity_tests.windows import oracle, strategies
from parity_tests.windows.described import oracle_records, spec_of

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "windows"
WINDOWS = sorted(strategies.WINDOWS)
ALL = 1000


def drawn(name: str) -> said.WindowPicture:
    """A picture of the docs."""
    case = PICTURES[name]
    return offline.window_picture(
        {NAMES[name]: case.aggregate}, NAMES[name], case.records, case.as_of
    )


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_of_the_docs_are_current(name: str) -> None:
    """The file is what is drawn today, and the page shows it."""
    stale = f"docs/windows/{name}.svg is stale: {__doc__}"
    assert (FOLDER / f"{name}.svg").read_text(encoding="utf-8") == drawn(name).svg + "\n", stale
    assert f"](windows/{name}.svg)" in (DOCS / "windows.md").read_text(encoding="utf-8")


def test_no_other_picture_lies_there() -> None:
    """Every file of the folder is one of these pictures."""
    assert {p.stem for p in FOLDER.iterdir()} == set(PICTURES)


@examples(20, soak=600)
@given(
    strategies.records(), strategies.moments(-2, 9), st.sampled_from(WINDOWS), st.booleans(),
    st.sampled_from([3, 6, ALL]),
)  # fmt: skip
def test_what_is_drawn_inside_is_what_the_oracle_has_inside(
    rows, as_of, window, is_filtered, most
) -> None:
    """The full marks are the events of the window, in its order, whatever was delivered how.

    Where the window reaches what is not kept, the answer is null, and the full marks are those of
    its events that are kept.
    """
    ours = [r for r in rows if r["user"] in ("ann", None)]
    rows = [r | {"n": i} for i, r in enumerate([*ours, _PLAIN])]
    part = strategies.source(max_events=most).over(strategies.WINDOWS[window])
    part = part.where(strategies.FLAG) if is_filtered else part
    definition = define({"numbers": part.last_k(strategies.N, 64)})
    frame = pl.DataFrame(rows, schema=_SCHEMA)
    picture = offline.window_picture(definition, "numbers", frame, as_of)
    q = strategies.microseconds(as_of)
    spec = spec_of(definition, "things")
    records = oracle_records(definition.sources["things"], rows)
    (answers,) = oracle.answers(records, [(b"ann", q)], spec)
    expected, reason = answers["numbers"]
    if reason == "beyond_kept":
        assert picture.answer == "null (beyond_kept)"
        (answers,) = oracle.answers(records, [(b"ann", q)], spec | {"max_events": ALL})
        lost = set(picture.records(said.NOT_KEPT))
        expected = [n for n in answers["numbers"][0] or [] if n not in lost]
    assert picture.records(said.INSIDE) == list(expected or [])
    refused = sum(oracle.refusals(records, spec).values())
    assert len(picture.records(said.REFUSED)) + len(picture.unplaced) == refused
    _check_kept(picture, most, rows, q)


@functools.cache
def _stream(most: int) -> stream.Stream:
    """What is kept does not depend on windows: one stream for all."""
    part = strategies.source(max_events=most).over(strategies.WINDOWS["left"])
    return stream.compile(define({"n": part.count(strategies.N)}))


def _check_kept(picture, most, rows, q) -> None:
    """An online state that was told all until then has lost what is drawn as not kept."""
    made = _stream(most)
    state = made.new()
    for row in rows:
        if row["got"] is not None and strategies.microseconds(row["got"]) <= q:
            made.apply(state, row)
    lost = picture.records(said.NOT_KEPT)
    told = made.describe(state)
    assert not lost or state.events == told["max_events"]
    assert all(rows[i]["at"] <= told["oldest"] for i in lost)
    for state_name in (said.INSIDE, said.FILTERED):
        assert all(rows[i]["at"] >= told["oldest"] for i in picture.records(state_name))


_PLAIN = {
    "user": "ann", "at": strategies.ORIGIN, "got": strategies.ORIGIN, "seq": 0, "id": 1,
    "gone": False, "x": 1.0, "f": 1.0, "u": 1, "flag": True, "word": "a",
}  # fmt: skip
_TIME = pl.Datetime("us", "UTC")
_SCHEMA = {
    "user": pl.String, "at": _TIME, "got": _TIME, "seq": pl.Int32, "id": pl.Int64,
    "gone": pl.Boolean, "x": pl.Float64, "f": pl.Float32, "n": pl.Int64, "u": pl.UInt64,
    "flag": pl.Boolean, "word": pl.String,
}  # fmt: skip


def test_every_event_says_why_it_is_not_inside() -> None:
    """Each state of an event is told, in the pictures of the docs by hand."""
    delivered = drawn("delivered")
    assert delivered.answer == "4.5"
    assert delivered.records(said.INSIDE) == [0, 2]
    assert delivered.records(said.REFUSED) == [1]
    assert delivered.records(said.WITHDRAWN) == [4]
    assert delivered.records(said.NOT_ARRIVED) == [6]
    assert [m.deliveries for m in delivered.marks if m.record == 2] == [2]
    by_rows = drawn("rows")
    assert by_rows.records(said.FILTERED) == [3] and by_rows.records(said.NO_VALUE) == [4]
    assert by_rows.records(said.OUTSIDE) == [0, 1] and by_rows.records(said.INSIDE) == [2, 5]
    assert drawn("kept").records(said.NOT_KEPT) == [0, 1, 2]
    assert drawn("kept").answer == "null (beyond_kept)"


@pytest.mark.parametrize("window", [lifetime(), last(hours=3, resolution=dt.timedelta(hours=1))])
def test_an_event_in_a_total_is_drawn_inside(window) -> None:
    """Totals count what is not kept; only what was lost, and makes the answer null, is not kept.

    A record may come an hour late. Of three kept the first leaves after 115 minutes, the second
    after 105, the third after 70. Of two kept the third leaves after 50 and the fourth after 45.
    """

    def made(kept: int) -> said.WindowPicture:
        counted = {"n": ratings(kept).over(window).count()}
        return offline.window_picture(counted, "n", MANY, NOON)

    three, two = made(3), made(2)
    assert three.answer == "6" and three.records(said.INSIDE) == [0, 1, 2, 3, 4, 5]
    assert two.answer == "null (beyond_kept)"
    assert two.records(said.NOT_KEPT) == [2, 3] and two.records(said.INSIDE) == [0, 1, 4, 5]


def test_the_ends_of_a_window_are_seen() -> None:
    """Of two events at the start and two at the query, `left` takes the first two."""
    assert drawn("left").records(said.INSIDE) == [1, 2, 3, 4]
    assert drawn("right").records(said.INSIDE) == [3, 4, 5, 6]


@pytest.mark.parametrize("name", WINDOWS)
def test_ends_are_drawn_where_answers_change(name: str) -> None:
    """Of events around each end, those inside are those that the brackets say."""
    aggregates = {"n": strategies.source().over(strategies.WINDOWS[name]).count()}
    as_of = strategies.ORIGIN + 7 * strategies.STEP + 3 * strategies.MICROSECOND
    q = strategies.microseconds(as_of)
    start = offline.window_picture(aggregates, "n", [_PLAIN], as_of).start
    ends = [t + k for t in (start, q) if t is not None for k in (-1, 0, 1)]
    times = [strategies.EPOCH + t * strategies.MICROSECOND for t in ends]
    rows = [_PLAIN | {"id": i, "at": t, "got": t, "n": 0} for i, t in enumerate(times)]
    picture = offline.window_picture(aggregates, "n", rows, as_of)
    inside = {ends[i] for i in picture.records(said.INSIDE)}
    after = {start: picture.has_start, start + 1: True} if start is not None else {}
    wanted = after | {q - 1: True, q: picture.sees_now}
    newest = sorted(t for t, is_inside in wanted.items() if is_inside)
    assert inside == set(newest[-(picture.rows or len(newest)) :])


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_whole(name: str) -> None:
    """It is XML without scripts or addresses, and every text lies within its width."""
    svg = drawn(name).svg
    root = ElementTree.fromstring(svg)
    assert "<script" not in svg and "href" not in svg
    width = float(root.attrib["width"])
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        x, half = float(text.attrib["x"]), 2.8 * len(text.text or "")
        middle = x if text.attrib.get("text-anchor") == "middle" else x + half
        assert middle - half >= 0 and middle + half <= width, text.text


def test_marks_are_told_apart_without_colour() -> None:
    """No two states have one shape when classes are taken away, but for what is filled."""
    shapes = {re.sub(r'class="(?!full|faded)\w+" ', "", shape(s, 0.0, 0.0)) for s in said.STATES}
    assert len(shapes) == len(said.STATES)


def test_what_authors_write_is_escaped() -> None:
    """A name or an entity is text, never markup."""
    records = [rated(0, -10, user_id="<b>&")]
    aggregates = {"<script>": ratings().over(PICTURES["left"].aggregate.window).count()}
    picture = offline.window_picture(aggregates, "<script>", records, NOON)
    ElementTree.fromstring(picture.svg)
    assert "<script>" not in picture.svg and "&lt;b&gt;&amp;" in picture.svg


def test_a_record_without_a_time_is_told_and_not_drawn() -> None:
    """It stands in the notes with its reason; so is one without a key."""
    records = [rated(0, -10), rated(1, -5) | {"rated_at": None}, rated(2, -5, user_id=None)]
    picture = offline.window_picture({"n": PICTURES["left"].aggregate}, "n", records, NOON)
    assert picture.unplaced == ("null_time",)
    assert "refused without a place: null_time" in " ".join(
        ElementTree.fromstring(picture.svg).itertext()
    )
    assert [m.reason for m in picture.marks if m.state == said.REFUSED] == ["null_key"]
    nobody = offline.window_picture(
        {"n": PICTURES["left"].aggregate}, "n", records[2:], NOON, entity="ann"
    )
    assert [m.reason for m in nobody.marks] == ["null_key"] and nobody.answer == "0"


def test_what_cannot_be_drawn_is_refused() -> None:
    """No such aggregate; several entities; a wall of records; no records."""
    aggregates = {"n": PICTURES["left"].aggregate}
    with pytest.raises(DefinitionError, match="no aggregate `m`"):
        offline.window_picture(aggregates, "m", [rated(0, 0)], NOON)
    two = [rated(0, 0), rated(1, 0, user_id="bob")]
    with pytest.raises(InputError, match="'ann', 'bob'"):
        offline.window_picture(aggregates, "n", two, NOON)
    bob = offline.window_picture(aggregates, "n", two, NOON + dt.timedelta(1), entity="bob")
    assert [m.record for m in bob.marks] == [0]
    with pytest.raises(InputError, match="takes String, got 5"):
        offline.window_picture(aggregates, "n", two, NOON, entity=5)
    with pytest.raises(InputError, match="500 records at most, got 501"):
        offline.window_picture(aggregates, "n", [rated(i, -i) for i in range(501)], NOON)
    with pytest.raises(InputError, match="expected records"):
        offline.window_picture(aggregates, "n", 7, NOON)
    with pytest.raises(InputError, match="got 0"):
        offline.window_picture(aggregates, "n", [], NOON)


@examples(15, soak=400)
@given(
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2037, 1, 1)),
    st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_clocks_are_those_of_the_zone(instant, zone) -> None:
    """Wall time, local midnight and the size of a change are zoneinfo's."""
    utc = instant.replace(tzinfo=dt.UTC)
    us = strategies.microseconds(utc)
    local, clock = utc.astimezone(ZoneInfo(zone)), Clock(zone)
    assert clock.wall(us) == local.replace(tzinfo=None)
    midnight = strategies.EPOCH + dt.timedelta(microseconds=clock.midnight(us))
    assert midnight == local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    later = (utc + dt.timedelta(days=1)).astimezone(ZoneInfo(zone))
    changes = clock.changes(us, us + DAY)
    assert len(changes) == (local.utcoffset() != later.utcoffset())
    for tick in clock.ticks(us, us + DAY, 7):
        assert us <= tick.time <= us + DAY and tick.clock.endswith(":00")


def test_stacked_marks_do_not_cover_each_other() -> None:
    """Stretches on one level are apart; the first one stands lowest."""
    stretches = [(0.0, 10.0), (5.0, 8.0), (11.0, 12.0), (5.0, 30.0), (9.0, 9.5)]
    assert stacked(stretches) == [0, 1, 0, 2, 1]


def test_a_source_without_arrivals_is_drawn() -> None:
    """Events arrive when they happen, and no line leads to an arrival."""
    source = EventSource("plain", Rating, key="user_id", time="rated_at", id="rating_id")
    aggregates = {"n": source.over(PICTURES["left"].aggregate.window).count()}
    picture = offline.window_picture(aggregates, "n", PICTURES["delivered"].records[:2], NOON)
    assert picture.records(said.INSIDE) == [1, 0] and "arrival" not in picture.svg


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in PICTURES:
        drawn(each).save(FOLDER / f"{each}.svg")
