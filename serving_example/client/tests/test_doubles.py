"""The public doubles: what they answer, what they record, and how pytest finds them."""

import asyncio
import datetime as dt
import http.client
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib_client import (
    CallError,
    Client,
    ContractVersionError,
    DeadlineError,
    OverloadError,
    RefusedError,
    Tensor,
    UnavailableError,
)
from featurelib_client.testing import (
    LOST,
    NO_SERVER,
    AsyncFakeTransport,
    FakeServer,
    FakeTransport,
    ManualClock,
    Request,
    recommended,
    refused,
)
from featurelib_client.wire import Failure, Sent
from parity_tests.soak import examples

RATING = {
    "rating_id": 1, "user_id": 42, "item_id": 7, "rating": 4.0,
    "rated_at": dt.datetime(2026, 11, 23, tzinfo=dt.UTC),
}  # fmt: skip


def test_the_fake_server_answers_as_the_service_does(service: int) -> None:
    """Told the same films, the double and the service give answers that differ in no field that
    both have from their input, and refuse the same requests with the same words for programs.
    """
    fake = FakeServer()
    fake.recommends(42, [(i, i / 8) for i in range(3)])
    with Client(f"http://127.0.0.1:{service}", timeout_s=5.0) as real, fake.client() as double:
        ours, theirs = double.recommend(42, k=3), real.recommend(42, k=3)
        assert (ours.items, ours.flags, ours.contract_version) == (
            theirs.items, theirs.flags, theirs.contract_version,
        )  # fmt: skip
        assert double.ready() is real.ready() is True
        assert set(ours.details.model_dump()) == set(theirs.details.model_dump())  # type: ignore[union-attr]
    told = {"Content-Type": "application/json", "X-Contract-Version": "7"}
    asked = http.client.HTTPConnection("127.0.0.1", service, timeout=10)
    asked.request("POST", "/v1/recommend", b'{"user_id": 1}', told)
    real_answer = asked.getresponse()
    body = json.loads(real_answer.read())["error"]
    asked.close()
    headers = [(name.encode(), text.encode()) for name, text in told.items()]
    transport = FakeTransport(fake.handle)
    made: Any = transport.send(Sent(b"POST", b"/v1/recommend", headers, b'{"user_id": 1}', 1e9))
    mine = json.loads(made.body)["error"]
    assert made.status == real_answer.status and set(mine) == set(body)
    assert (mine["code"], mine["reason"]) == (body["code"], body["reason"])
    known = real_answer.headers["X-Contract-Versions"].split(",")
    assert sorted(map(int, known)) == sorted(
        map(int, made.headers[b"x-contract-versions"].split(b","))
    )


@pytest.mark.parametrize("versions", [(2, 1), (2,), (1,)])
def test_the_fake_server_speaks_the_versions_it_is_told(versions: tuple[int, ...]) -> None:
    """A client gets the newest version that both speak, and the same films by each."""
    server = FakeServer(versions=versions)
    server.recommends(42, {7: 0.5, 3: 0.25}, flags=["stale"])
    with server.client() as client:
        got = client.recommend(42)
    assert [(item.item_id, item.score) for item in got.items] == [(7, 0.5), (3, 0.25)]
    assert got.contract_version == max(versions)
    assert got.flags == (("stale",) if 2 in versions else ())


def test_a_fake_server_of_the_future_is_a_version_error() -> None:
    """Code that must bear a newer server is tested by naming versions that no client speaks."""
    with FakeServer(versions=(4, 3)).client() as client, pytest.raises(ContractVersionError) as e:
        client.recommend(1)
    assert sorted(e.value.theirs) == [3, 4]


def test_a_user_without_films_gets_some() -> None:
    """Without a script there are films all the same: as many as asked for, or the candidates."""
    with FakeServer().client() as client:
        assert [item.item_id for item in client.recommend(1, k=3).items] == [1, 2, 3]
        some = client.recommend(1, k=2, candidates=[9, 8, 7])
    assert [item.item_id for item in some.items] == [9, 8]


def test_failures_cost_no_time_and_are_seen() -> None:
    """Scripted failures are retried by the client's own rules, on the server's clock."""
    server = FakeServer()
    server.next(NO_SERVER, refused(503, "overloaded", "queue_full", retry_after_s=2.0), LOST)
    with server.client(timeout_s=60.0, max_attempts=4, backoff_s=0.1) as client:
        assert client.recommend(1).about.attempts == 4
    assert server.clock.slept == [0.05, 2.0, 0.2]
    ids = [request.headers["x-request-id"] for request in server.requests]
    assert len(set(ids)) == 4
    server.always(refused(429, "overloaded", "rate"))
    with server.client() as client, pytest.raises(OverloadError):
        client.recommend(1)
    server.always(None)
    with server.client() as client:
        assert client.recommend(1).items


@given(takes_s=st.floats(0.0, 3.0), timeout_s=st.floats(0.001, 3.0))
@examples(15, soak=500)
def test_a_slow_fake_server_ends_with_the_deadline(takes_s: float, timeout_s: float) -> None:
    """A request that takes longer than its deadline ends there, and not a moment later."""
    server = FakeServer(takes_s=takes_s)
    began = server.clock.now
    with server.client(timeout_s=timeout_s, max_attempts=1) as client:
        try:
            client.recommend(1)
            assert server.clock.now <= began + timeout_s + 1e-9
        except DeadlineError:
            assert server.clock.now == pytest.approx(began + timeout_s)
            assert takes_s > timeout_s - 1e-9


def test_ratings_are_kept_and_count_once() -> None:
    """What was rated is there for a test to look at, however often it was sent."""
    server = FakeServer()
    with server.client() as client:
        first = client.rate([RATING, {**RATING, "rating_id": 2}])
        again = client.rate([RATING])
    assert (first.accepted, first.first_offset, first.offset) == (2, 1, 2)
    assert again.offset == 3 and sorted(server.ratings) == [1, 2]
    assert server.ratings[1]["item_id"] == 7


@given(values=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5), is_array=st.booleans())
@examples(15, soak=500)
def test_a_model_gets_and_gives_tensors(values: list[int], is_array: bool) -> None:
    """A function stands for a model; values come and go unchanged, as JSON and as bytes."""
    server, seen = FakeServer(), list[Any]()

    def twice(inputs: dict[str, Tensor]) -> dict[str, object]:
        seen.append(inputs["x"].values())
        return {"y": inputs["x"], "z": np.array([1.5])}

    server.infers("m/1", twice)
    shape = (len(values),)
    given: Any = np.array(values, np.int32) if is_array else Tensor("INT32", shape, values)
    with server.client() as client:
        got = client.infer("m/1", {"x": given})
        assert seen == [values] and got.outputs["y"].values() == values
        assert got.outputs["z"].numpy().tolist() == [1.5]
        assert list(client.infer("m/1", {"x": given}, outputs=["z"]).outputs) == ["z"]
        for model, outputs in (("other", None), ("m/1", ["w"])):
            with pytest.raises(RefusedError):
                client.infer(model, {"x": given}, outputs=outputs)


def test_a_rating_whose_answer_was_lost_is_answered_once_more() -> None:
    """All attempts of a call have one key, by which the server knows them; two calls have two."""
    server = FakeServer()

    def lost(request: Request) -> Failure:
        server.handle(request)  # it ran, and its answer went astray
        return LOST

    server.next(lost)
    with server.client() as client:
        assert [client.rate([RATING]).offset for _ in range(2)] == [1, 2]
    keys = [request.headers["idempotency-key"] for request in server.requests]
    assert len(keys) == 4 and len(set(keys)) == 2 and keys[0] == keys[1] == keys[2]


def test_a_model_runs_once_for_a_key() -> None:
    """As the service does: the answer that was lost is given again; another body is refused."""
    server, ran = FakeServer(), list[float]()

    def remembers(inputs: Any) -> Any:
        ran.extend(inputs["x"].values())
        return {"y": Tensor("INT64", (1,), [len(ran)])}

    def lost(request: Request) -> Failure:
        server.handle(request)
        return LOST

    server.infers("m", remembers)
    server.next(lost)
    one, other = (Tensor("FP64", (1,), [value]) for value in (1.5, 2.5))
    with server.client() as client:
        for _ in range(2):
            got = client.infer("m", {"x": one}, idempotency_key="k")
            assert got.outputs["y"].values() == [1]
        with pytest.raises(RefusedError) as told:
            client.infer("m", {"x": other}, idempotency_key="k")
    assert ran == [1.5] and told.value.reason == "idempotency_key_reused"


def test_tasks_get_the_same() -> None:
    """An asynchronous client has the same double, and its waits take no time either."""
    server = FakeServer()
    server.next(LOST)

    async def run() -> list[int]:
        async with server.async_client(timeout_s=60.0) as client:
            some = await asyncio.gather(*(client.recommend(i) for i in range(5)))
            server.is_ready = False
            assert await client.ready() is False
            return [one.user_id for one in some]

    assert asyncio.run(run()) == list(range(5))
    assert len(server.requests) == 7 and len(server.clock.slept) == 1


def test_a_script_is_given_in_order_and_its_last_for_ever() -> None:
    """A transport gives its outcomes one after another and records what was asked of it."""
    clock = ManualClock()
    by_user = lambda request: recommended(request.json()["user_id"], {3: 1.0})  # noqa: E731
    transport = FakeTransport(NO_SERVER, recommended(1, {7: 0.5}), by_user, clock=clock)
    client = Client("http://films", transport=transport, clock=clock, sleep=clock.sleep)
    assert [client.recommend(u).user_id for u in (1, 5, 6)] == [1, 5, 6]
    client.close()
    assert transport.is_closed and len(transport.requests) == 4
    first = transport.requests[0]
    assert (first.method, first.path, first.json()) == (
        "POST", "/v1/recommend", {"user_id": 1, "k": 10},
    )  # fmt: skip
    assert 0.9 < first.timeout_s <= 1.0 and first.headers["x-contract-version"] == "2"
    for kind in (FakeTransport, AsyncFakeTransport):
        with pytest.raises(ValueError, match="one outcome at least"):
            kind()


def test_what_the_fake_server_does_not_know_names_the_way_out() -> None:
    """A request of no known kind is refused, and the message says how to give its answer."""
    with FakeServer().client() as client, pytest.raises(CallError, match="`next` or `always`"):
        client.metadata("m")
    server = FakeServer()
    server.always(LOST)
    with server.client(max_attempts=1) as client, pytest.raises(UnavailableError):
        client.models()


def test_pytest_finds_the_fixture_where_the_client_is_installed(tmp_path: Path) -> None:
    """The entry point of the distribution brings `featurelib_server` to a project of its users."""
    package = Path(__file__).parents[1]
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    installed = tmp_path / "site" / "featurelib_client-0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: featurelib-client\n")
    points = "".join(f"{n} = {v}\n" for n, v in project["entry-points"]["pytest11"].items())
    (installed / "entry_points.txt").write_text(f"[pytest11]\n{points}")
    (tmp_path / "test_mine.py").write_text(
        "def test_mine(featurelib_server):\n"
        "    with featurelib_server.client() as client:\n"
        "        assert client.recommend(7).user_id == 7\n"
    )
    others = ("schemathesis", "anyio", "hypothesispytest", "nbmake")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *(f"-pno:{name}" for name in others), "."],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{package / 'src'}"},
    )  # fmt: skip
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr
