"""What is sent again and when, with a clock of our own."""

import contextlib
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib_client import (
    AuthenticationError,
    CallError,
    CircuitOpenError,
    Client,
    ContractError,
    ContractVersionError,
    DeadlineError,
    InputError,
    OverloadError,
    RefusedError,
    Tensor,
    UnavailableError,
)
from featurelib_client.testing import FakeTransport, ManualClock
from featurelib_client.wire import Failure
from parity_tests.soak import examples
from serving_example.client.tests.fakes import answer, header, refusal

REFUSED = Failure("connect", "refused", is_sent=False)
BROKEN = Failure("disconnect", "reset", is_sent=True)
LATE = Failure("timeout", "no answer in time", is_sent=True)
FULL = refusal(503, "overloaded", "queue_full", retry_after="1")
TENSOR = {"x": Tensor("FP32", (1,), [1.0])}
INFERRED = answer(
    {"model_name": "m", "outputs": [{"name": "y", "datatype": "FP32", "shape": [1], "data": [2]}]}
)


def made(
    *outcomes: Any, chance: float = 1.0, **settings: Any
) -> tuple[Client, FakeTransport, ManualClock]:
    clock = ManualClock()
    transport = FakeTransport(*outcomes, clock=clock, takes_s=0.01)
    client = Client(
        "http://films:8000", transport=transport, clock=clock, sleep=clock.sleep,
        chance=lambda: chance, **settings,
    )  # fmt: skip
    return client, transport, clock


def test_an_answer_is_typed_and_says_how_it_came() -> None:
    """A recommendation has films and scores, all that contract 2 tells, and one attempt."""
    client, transport, _ = made(answer())
    got = client.recommend(42, k=2)
    assert [(item.item_id, item.score) for item in got.items] == [(7, 0.5), (3, -1.0)]
    assert got.contract_version == 2 and got.details is not None and got.about.attempts == 1
    assert transport.sent[0].body == b'{"user_id":42,"k":2}'
    assert header(transport.sent[0], b"X-Timeout-Ms") == b"1000"


@pytest.mark.parametrize("outcome", [REFUSED, BROKEN, FULL, refusal(502, "", "")])
def test_what_only_reads_is_sent_again(outcome: Any) -> None:
    """A read that fails on the way is sent again, later each time, with what is left to it."""
    client, transport, clock = made(outcome, outcome, answer(), timeout_s=5.0)
    got = client.recommend(42)
    assert got.about.attempts == 3
    asked = 1.0 if outcome is FULL else 0.0
    assert clock.slept == [max(asked, 0.05), max(asked, 0.1)]
    left = [int(header(sent, b"X-Timeout-Ms")) for sent in transport.sent]
    assert left[0] == 5000 and left == sorted(left, reverse=True)
    ids = [header(sent, b"X-Request-Id") for sent in transport.sent]
    assert len(set(ids)) == 3 and all(name.startswith(ids[0]) for name in ids)


@pytest.mark.parametrize(
    ("outcome", "times"),
    [(BROKEN, 1), (refusal(502, "", ""), 1), (FULL, 1), (LATE, 1), (REFUSED, 3),
     (refusal(429, "overloaded", "rate", retry_after="0"), 3)],
)  # fmt: skip
def test_what_may_not_run_twice_is_not_sent_twice(outcome: Any, times: int) -> None:
    """A call that is not repeatable is sent again only where the server cannot have begun it."""
    client, transport, _ = made(outcome)
    with pytest.raises(CallError) as told:
        client.infer("m", TENSOR, is_repeatable=False)
    assert len(transport.sent) == told.value.attempts == times
    assert len({header(sent, b"Idempotency-Key") for sent in transport.sent}) == 1


@pytest.mark.parametrize("outcome", [REFUSED, BROKEN, refusal(502, "", ""), FULL])
@pytest.mark.parametrize("is_repeatable", [True, False])
def test_what_has_a_key_of_its_caller_is_sent_again(outcome: Any, is_repeatable: bool) -> None:
    """Who gives a key says that the server runs it once: each attempt carries it."""
    client, transport, _ = made(outcome, timeout_s=5.0)
    with pytest.raises(CallError) as told:
        client.infer("m", TENSOR, is_repeatable=is_repeatable, idempotency_key="order-7")
    assert told.value.attempts == 3
    assert [header(sent, b"Idempotency-Key") for sent in transport.sent] == [b"order-7"] * 3


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "\x7f", "é", b"k", 7])
def test_a_key_that_is_none_is_refused(key: Any) -> None:
    """A key is 1 to 128 visible ASCII characters; nothing is sent."""
    client, transport, _ = made(REFUSED)
    with pytest.raises(InputError, match="idempotency_key: expected 1 to 128 visible ASCII"):
        client.infer("m", TENSOR, idempotency_key=key)
    assert not transport.sent


@pytest.mark.parametrize(
    ("outcome", "kind", "times"),
    [
        (REFUSED, UnavailableError, 3),
        (LATE, DeadlineError, 1),
        (refusal(504, "deadline", "deadline_passed"), DeadlineError, 1),
        (refusal(429, "overloaded", "rate", retry_after="60"), OverloadError, 1),
        (refusal(401, "unauthenticated", "unknown_key"), AuthenticationError, 1),
        (refusal(400, "invalid", "wrong_value"), RefusedError, 1),
        (refusal(500, "internal", "failed"), UnavailableError, 3),
        (answer({}, 302), ContractError, 1),
        (answer({"user_id": 1}), ContractError, 1),
    ],
)
def test_each_outcome_has_its_error(outcome: Any, kind: type[CallError], times: int) -> None:
    """An error is of the class that says what to do, and tells operation, id, attempts and time."""
    client, transport, clock = made(outcome, chance=0.0)
    with pytest.raises(kind) as told:
        client.recommend(42)
    assert type(told.value) is kind
    assert told.value.operation == "recommend" and told.value.request_id.encode() == header(
        transport.sent[0], b"X-Request-Id"
    )
    assert told.value.attempts == len(transport.sent) == times
    assert told.value.elapsed_s == clock.now - 1000.0
    after = told.value.retry_after_s
    assert ("ask again in 60 s" in str(told.value)) == (after is not None)


def test_errors_travel_between_processes() -> None:
    """An error that was pickled says the same, and is of the same class."""
    for outcome in (REFUSED, LATE, answer({}, 302), refusal(404, "not_found", "unknown_path")):
        client, _, _ = made(outcome)
        with pytest.raises(CallError) as told:
            client.recommend(42)
        again = pickle.loads(pickle.dumps(told.value))
        assert type(again) is type(told.value) and str(again) == str(told.value)
        assert vars(again) == vars(told.value)


def test_an_answer_that_breaks_the_contract_is_shown() -> None:
    """An answer without a field is no half-filled object: the error shows its beginning."""
    client, _, _ = made(answer({"user_id": 42, "items": []}))
    with pytest.raises(ContractError, match=r"model: Field required.*user_id"):
        client.recommend(42)


@given(
    st.lists(
        st.one_of(
            st.sampled_from([REFUSED, BROKEN, FULL, refusal(500, "internal", "failed"), LATE]),
            st.integers(0, 99).map(
                lambda s: refusal(429, "overloaded", "rate", retry_after=str(s))
            ),
            st.just(answer()),
        ),
        min_size=1, max_size=8,
    ),
    st.floats(0.001, 5.0), st.floats(0.0, 1.0), st.integers(1, 9), st.floats(0.001, 2.0),
)  # fmt: skip
@examples(60, soak=3000)
def test_no_wait_goes_beyond_the_deadline(
    outcomes: Any, timeout_s: float, chance: float, attempts: int, takes: float
) -> None:
    """However it fails, nothing is sent and nothing slept beyond the deadline, nor too often."""
    client, transport, clock = made(
        *outcomes, chance=chance, timeout_s=timeout_s, max_attempts=attempts, breaker_rate=2.0
    )
    transport.takes_s = takes
    until = clock.now + timeout_s
    with contextlib.suppress(CallError):
        client.recommend(42)
    assert 1 <= len(transport.sent) <= attempts
    # The scripted transport may take longer than it was told; the rules may not.
    assert clock.now <= until + 1e-9


def test_a_server_that_fails_is_left_alone_and_then_tried() -> None:
    """After many failures nothing is sent; then one call tries: an answer closes the circuit."""
    client, transport, clock = made(REFUSED, max_attempts=1, breaker_calls=5, breaker_open_s=2.0)
    for _ in range(5):
        with pytest.raises(UnavailableError):
            client.recommend(1)
    with pytest.raises(CircuitOpenError) as told:
        client.recommend(1)
    assert len(transport.sent) == 5 and told.value.attempts == 0
    assert told.value.retry_after_s == pytest.approx(2.0)
    clock.now += 2.0
    transport.outcomes = [answer()]
    assert client.recommend(1).items and client.recommend(1).items


def test_an_older_server_is_asked_in_its_own_words() -> None:
    """A server that answers contract 1 only is asked by it, in the same call and from then on."""
    older = refusal(400, "invalid", "contract_version", x_contract_versions="1")
    body = {"user_id": 42, "items": [7], "scores": [0.5], "model": "a" * 64}
    client, transport, _ = made(older, answer(body, x_contract_version="1"))
    got = client.recommend(42)
    assert got.contract_version == 1 and got.details is None and got.items[0].score == 0.5
    client.recommend(42)
    versions = [header(sent, b"X-Contract-Version") for sent in transport.sent]
    assert versions == [b"2", b"1", b"1"]
    with pytest.raises(InputError, match="contract 1 only"):
        client.recommend(42, model="other")


def test_a_server_of_other_versions_is_named() -> None:
    """Where no version is common, the error names both sides and the way out."""
    newer = refusal(400, "invalid", "contract_version", x_contract_versions="3, 4")
    client, _, _ = made(newer)
    with pytest.raises(ContractVersionError, match=r"contract 2, .*3, 4: upgrade") as told:
        client.recommend(42)
    assert told.value.theirs == (3, 4)


def test_a_client_that_is_closed_says_so() -> None:
    """After `close` nothing is sent; the error says what to do."""
    client, transport, _ = made(answer())
    with client:
        client.recommend(1)
    with pytest.raises(Exception, match="closed; make another"):
        client.recommend(1)
    assert transport.is_closed and len(transport.sent) == 1
