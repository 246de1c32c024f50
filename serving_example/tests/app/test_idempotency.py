"""A request that comes twice with its key runs once, and gets the same answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from parity_tests.soak import examples
from serving_example.app.http import Pending, Rejection, Request, Response
from serving_example.app.idempotency import Idempotency

KEEP_S, MOST = 10.0, 5
RESULTS = st.sampled_from([202, 400, 503, "error"])


def asked(key: str | None, body: bytes, tenant: str = "t", path: str = "/v1/events") -> Request:
    headers = {} if key is None else {b"idempotency-key": key.encode()}
    return Request("POST", path, headers=headers, body=body, tenant=tenant)


class IdempotencyMachine(RuleBasedStateMachine):
    """Against a list of what ran: keys, bodies, answers that come late, clients that leave."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.runs: list[tuple[bytes, Pending]] = []
        self.kept = Idempotency(lambda: self.now, KEEP_S, MOST)
        self.once = self.kept.once(self.handler)
        # By tenant and key, the oldest first: body, end, number of the run.
        self.model: dict[tuple[str, str], tuple[bytes, float, int]] = {}
        self.answers: dict[int, Any] = {}
        self.waiting: list[tuple[Pending, int]] = []

    def handler(self, request: Request) -> Pending:
        self.runs.append((request.body, Pending()))
        return self.runs[-1][1]

    @rule(key=st.sampled_from("abcdefgh"), body=st.sampled_from([b"1", b"2"]),
          tenant=st.sampled_from(["t", "u"]))  # fmt: skip
    def ask(self, key: str, body: bytes, tenant: str) -> None:
        while self.model and (
            len(self.model) >= MOST or next(iter(self.model.values()))[1] <= self.now
        ):
            del self.model[next(iter(self.model))]
        before, known = len(self.runs), self.model.get((tenant, key))
        if known is not None and known[0] != body:
            with pytest.raises(Rejection) as told:
                self.once(asked(key, body, tenant))
            assert (told.value.status, told.value.reason) == (422, "idempotency_key_reused")
            return
        made = self.once(asked(key, body, tenant))
        if known is None:
            assert len(self.runs) == before + 1
            self.model[tenant, key] = body, self.now + KEEP_S, before
            self.waiting.append((made, before))  # type: ignore[arg-type]
            return
        assert len(self.runs) == before, "it ran twice"
        if known[2] in self.answers:
            first = self.answers[known[2]]
            assert isinstance(made, Response) and made.body == first.body
            assert (b"idempotency-replayed", b"true") in made.headers
        else:
            assert isinstance(made, Pending) and made.result is None
            self.waiting.append((made, known[2]))

    @rule(result=RESULTS, data=st.data())
    def land(self, result: Any, data: st.DataObject) -> None:
        open_runs = [i for i, (_, pending) in enumerate(self.runs) if pending.result is None]
        if not open_runs:
            return
        i = data.draw(st.sampled_from(open_runs))
        given: Any = OSError() if result == "error" else Response(result, b"answer %d" % i)
        self.runs[i][1].set(given)
        if result == 202:
            self.answers[i] = given
        else:
            self.model = {name: one for name, one in self.model.items() if one[2] != i}
        for pending, run in self.waiting:
            assert run != i or pending.result is not None
        for pending, run in self.waiting:
            if run == i and not isinstance(pending.result, Rejection):
                assert pending.result is given
        self.waiting = [(pending, run) for pending, run in self.waiting if run != i]

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        if self.waiting:
            pending, _ = data.draw(st.sampled_from(self.waiting))
            pending.abandon(Rejection(504, "deadline", "gone", "gone"))

    @rule(seconds=st.floats(0.0, KEEP_S))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def it_is_bounded(self) -> None:
        assert len(self.kept) == len(self.model) <= MOST
        kept = [self.answers[run].body for _, _, run in self.model.values() if run in self.answers]
        assert self.kept.size == sum(map(len, kept))


TestIdempotency = IdempotencyMachine.TestCase
TestIdempotency.settings = examples(20, soak=1000)


@examples(30, soak=1000)
@given(sizes=st.lists(st.integers(0, 60), max_size=30))
def test_answers_are_kept_within_their_bytes(sizes: list[int]) -> None:
    """The oldest answers go first; the last one is kept even if it alone is too large."""
    kept, ran = Idempotency(lambda: 0.0, most_bytes=50), list[int]()

    def handler(request: Request) -> Response:
        ran.append(int(request.body))
        return Response(200, b"x" * sizes[int(request.body)])

    once, model = kept.once(handler), list[int]()
    for i in range(len(sizes)):
        once(asked(f"k{i}", b"%d" % i))
        model.append(i)
        while len(model) > 1 and sum(sizes[j] for j in model) > 50:
            model.pop(0)
        assert kept.size == sum(sizes[j] for j in model) and len(kept) == len(model)
        once(asked(f"k{i}", b"%d" % i))
    assert ran == list(range(len(sizes)))


def test_without_a_key_each_request_runs() -> None:
    """Who sends no key is answered as before, and nothing is kept of it."""
    kept, ran = Idempotency(lambda: 0.0), list[bytes]()

    def handler(request: Request) -> Response:
        ran.append(request.body)
        return Response()

    once = kept.once(handler)
    for _ in range(3):
        once(asked(None, b"x"))
    assert len(ran) == 3 and len(kept) == 0


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "\x7f"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    """A key is 1 to 128 visible characters; the refusal names the header."""
    once = Idempotency(lambda: 0.0).once(lambda request: Response())
    with pytest.raises(Rejection) as told:
        once(asked(key, b""))
    assert told.value.field == "headers.idempotency-key" and told.value.status == 400


def test_a_refusal_is_not_kept() -> None:
    """A handler that refuses has done nothing: sent again, the request is looked at again."""
    kept = Idempotency(lambda: 0.0)
    outcomes = [Rejection(503, "overloaded", "log_full", "no"), None]

    def handler(request: Request) -> Response:
        error = outcomes.pop(0)
        if error is not None:
            raise error
        return Response(202)

    once = kept.once(handler)
    with pytest.raises(Rejection):
        once(asked("k", b""))
    made: Any = once(asked("k", b""))
    assert made.status == 202 and len(kept) == 1
