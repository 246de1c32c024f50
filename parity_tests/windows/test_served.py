"""A bundle with aggregates in serving: a request and states in, the kernel's features out."""

from __future__ import annotations

import datetime as dt
import functools
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import featurelib as fl
import featurelib_online as online
from featurelib.errors import DefinitionError, InputError, StateVersionError
from featurelib.parity import check
from featurelib.windows import EventSource, calendar, last, rows
from featurelib_online import stream

NOW = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
NAMES = ("things.user", "things.friend", "others")
NARROW = ("f", "i32", "i16", "i8", "u32", "u16", "u8", "flag", "day", "when", "long", "x")


class Thing(fl.Schema):
    """A record with a column of every width."""

    user: str
    at: fl.Datetime
    id: int
    x: float | None
    f: fl.Float32 | None
    i32: fl.Int32 | None
    i16: fl.Int16 | None
    i8: fl.Int8 | None
    u32: fl.UInt32 | None
    u16: fl.UInt16 | None
    u8: fl.UInt8 | None
    flag: bool | None
    day: fl.Date | None
    when: fl.Datetime | None
    long: fl.Duration | None


class Other(fl.Schema):
    """A record of another source."""

    shop: int
    at: fl.Datetime
    id: int
    x: float


class Request(fl.Schema):
    """What is asked."""

    user: str
    friend: str = "nobody"
    shop: int
    now: fl.Datetime
    text: str
    limit: float


THINGS = EventSource("things", Thing, key="user", time="at", id="id", max_events=20)
OTHERS = EventSource("others", Other, key="shop", time="at", id="id", max_events=20)
DAY = THINGS.over(last(days=1))


def aggregates() -> dict[str, Any]:
    """Values and lists of every width, of three entities."""
    made: dict[str, Any] = {}
    for name in NARROW:
        made[f"max_{name}"] = DAY.max(fl.col(name))
        made[f"last_{name}"] = DAY.last_k(fl.col(name), 5)
        made[f"friend_{name}"] = THINGS.over(rows(2)).last(fl.col(name)).on("friend")
    made["counts"] = DAY.count_of(fl.col("i8"), [1, 2, 3])
    made["since"] = DAY.time_since_last()
    made["mean"] = DAY.mean(fl.col("x"))
    made["shop_today"] = OTHERS.over(calendar("day", "Asia/Kathmandu")).sum(fl.col("x"))
    return made


def feature_set(names: list[str], **more: Any) -> fl.FeatureSet:
    """Every aggregate as a feature, and a text of the request's own."""
    features = [fl.Feature(f"of_{n}", version=1, expr=fl.col(n)) for n in names]
    features.append(fl.Feature("text_too", version=1, expr=fl.col("text")))
    features.append(
        fl.Feature("share", version=1, expr=fl.col("mean").fill_null(0.5) * fl.col("limit"))
    )
    return fl.FeatureSet(
        "served", version="1.0.0", inputs=Request, features=features, aggregates=aggregates(),
        as_of="now", layout={"dense": ["share"]}, **more,
    )  # fmt: skip


REQUEST = {"user": "ann", "friend": "bob", "shop": 7, "now": NOW, "text": "héllo", "limit": 4.0}


@functools.cache
def served() -> stream.Served:
    """All of it, compiled by the test that asks first: collecting tests compiles nothing."""
    return stream.Served(feature_set(list(aggregates())).bind())


@functools.cache
def states() -> dict[str, Any]:
    """Of two users and a shop; some values are null."""
    made = {name: served().streams[name.partition(".")[0]].new() for name in served().names}
    rng = np.random.default_rng(1)
    for user, name in (("ann", "things.user"), ("bob", "things.friend")):
        for i in range(12):
            at, n = NOW - (i + 1) * HOUR / 2, int(rng.integers(0, 4))
            values: dict[str, Any] = dict.fromkeys(NARROW[1:7], n)
            values |= {
                "f": n / 3,
                "x": -n / 7,
                "flag": n > 1,
                "day": at.date(),
                "when": at,
                "long": i * HOUR,
            }
            record = {"user": user, "at": at, "id": i, **values}
            if i % 5 == 0:
                record |= dict.fromkeys(NARROW)
            assert served().streams["things"].apply(made[name], record) == "taken"
    for i in range(40):
        record = {"shop": 7, "at": NOW - i * HOUR, "id": i, "x": 0.1 * i}
        served().streams["others"].apply(made["others"], record)
    return made


def by_answers(request: dict[str, Any], given: dict[str, Any]) -> Any:
    """The features by way of a mapping of answers."""
    row = dict(request)
    for name, plan in served().bundle.aggregates.aggregates.items():
        of = next(n for n in given if n in (plan.source, f"{plan.source}.{plan.entity}"))
        made = served().streams[plan.source]
        state = made.new() if given[of] is None else given[of]
        row[name] = made.query(state, request["now"])[name]
    return online.compile(served().bundle)(row)


@pytest.mark.parametrize(
    "unknown",
    [(), ("things.user",), ("things.friend", "others"), ("things.user", "things.friend", "others")],
)
def test_features_are_those_of_the_answers(unknown: tuple[str, ...]) -> None:
    """Every type and width, lists too, of known entities and of unknown ones: the same bits."""
    given = {n: None if n in unknown else s for n, s in states().items()}
    for hours in (0, 3, 24, 100_000):
        request = REQUEST | {"now": NOW + hours * HOUR}
        expected, found = by_answers(request, given), served()(request, given)
        for name in served().bundle.program.outputs:
            assert repr(found.canonical(name)) == repr(expected.canonical(name)), name
        assert found.tensors["dense"].tobytes() == expected.tensors["dense"].tobytes()
    assert found["text_too"] == "héllo"


def test_requests_together_have_the_blocks_that_each_has_alone() -> None:
    """Known entities beside unknown ones; one that does not fit fails the call by name."""
    asked = [REQUEST, REQUEST | {"limit": 2.0}, REQUEST | {"now": NOW + 3 * HOUR}, REQUEST]
    given = [states(), dict.fromkeys(NAMES), states(), dict.fromkeys(NAMES)]
    few = stream.Served(feature_set(["max_x", "mean", "friend_x"]).bind())
    mine = [{name: one[name] for name in few.names} for one in given]
    alone = [few(one, its).block for one, its in zip(asked, mine, strict=True)]
    assert few.blocks(asked, mine) == alone and few.blocks([], []) == []
    with pytest.raises(InputError, match=r"the state `things\.user` is missing"):
        served().blocks(asked, [states(), {}, states(), states()])


def test_every_engine_agrees_with_it() -> None:
    """The parity check serves generated requests with states that are told as time goes on."""
    found = check(served().bundle, rows=200, seed=1)
    assert found.passed, "\n".join(found.lines())
    assert found.sections[0].runs[-1].engine == "served with states"
    assert found.sections[0].runs[-1].rows == 20


def test_it_says_whose_states_a_request_needs() -> None:
    """A source that is read of one entity has its name; of two, the field's too."""
    assert sorted(served().names) == sorted(NAMES)
    assert served().entities(REQUEST) == {
        "things.user": ("things", "ann"),
        "things.friend": ("things", "bob"),
        "others": ("others", 7),
    }  # fmt: skip
    without = {n: v for n, v in REQUEST.items() if n != "friend"}
    assert served().entities(without)["things.friend"].key == "nobody"
    assert served().entities(Request(**REQUEST)) == served().entities(REQUEST)
    with pytest.raises(InputError, match="`user`"):
        served().entities({n: v for n, v in REQUEST.items() if n != "user"})
    with pytest.raises(InputError, match="field `shop` takes Int64, got 'x'"):
        served().entities(REQUEST | {"shop": "x"})


def test_states_of_aggregates_that_no_feature_reads_are_not_asked_for() -> None:
    """A name is as it would be if all were read, so reading one more renames nothing."""
    few = stream.Served(feature_set(["max_x"]).bind())
    assert few.names == ("things.user",)
    assert few(REQUEST, {"things.user": None})["of_max_x"] is None


def test_what_does_not_fit_is_named() -> None:
    """A missing state, what is none, one too many, one of another source: each says the way out."""
    with pytest.raises(InputError, match=r"the state `others` is missing\nHint: .* None where"):
        served()(REQUEST, {n: s for n, s in states().items() if n != "others"})
    with pytest.raises(InputError, match=r"the state `others` is missing"):
        served()(REQUEST, {n.replace("others", "shops"): s for n, s in states().items()})
    with pytest.raises(InputError, match=r"expected a state as `others`, got b''"):
        served()(REQUEST, states() | {"others": b""})
    with pytest.raises(InputError, match=r"no state is called 'more'"):
        served()(REQUEST, states() | {"more": None})
    with pytest.raises(
        StateVersionError, match=r"`others` .* was not made by the stream of `others`"
    ):
        served()(REQUEST, states() | {"others": states()["things.user"]})
    with pytest.raises(InputError, match=r"`now`"):
        served()({n: v for n, v in REQUEST.items() if n != "now"}, states())
    with pytest.raises(InputError, match=r"`mean`"):
        served()(REQUEST | {"mean": 1.0}, states())
    with pytest.raises(DefinitionError, match="a bundle with aggregates"):
        stream.Served(fl.FeatureSet("none", version="1.0.0", inputs=Request, features=[
            fl.Feature("f", version=1, expr=fl.col("limit"))]).bind())  # fmt: skip
    assert served()(REQUEST, states())["of_counts"] == by_answers(REQUEST, states())["of_counts"]


def test_tensors_go_to_given_buffers() -> None:
    """`out=` is filled as the kernel fills it."""
    out = {"dense": np.zeros((1, 1))}
    made = served()(REQUEST, states(), out=out)
    assert out["dense"][0, 0] == made["share"]


def test_threads_and_processes() -> None:
    """Calls side by side give what one gives, and so does one that travelled."""
    expected = dict(served()(REQUEST, states()))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: dict(served()(REQUEST, states())), range(200)))
    assert all(repr(f) == repr(expected) for f in found)
    again = pickle.loads(pickle.dumps(served()))
    assert repr(dict(again(REQUEST, states()))) == repr(expected)
