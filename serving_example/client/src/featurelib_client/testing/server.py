"""A server without a socket: it answers by the contract, and by what a test tells it."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from featurelib_client.async_client import AsyncClient
from featurelib_client.client import Client
from featurelib_client.infer import read_tensors, write_tensors
from featurelib_client.protocol import OutputTensor
from featurelib_client.tensors import Tensor
from featurelib_client.testing.answers import NO_ANSWER, answer, recommended, refused
from featurelib_client.testing.transport import (
    AsyncFakeTransport,
    FakeTransport,
    ManualClock,
    Outcome,
    Request,
    is_late,
)
from featurelib_client.wire import Failure, Reply

__all__ = ["FakeServer"]

Model = Callable[[dict[str, Tensor]], Mapping[str, object]]


class FakeServer:
    """Answers what the service answers, from memory.

    A user of whom it was told nothing gets the films 1, 2, 3, ..., or the candidates in their
    order. Clients that it makes have its clock, so that no test waits.

    Args:
        versions: Of the contract, that it answers.
        takes_s: How long each request takes on its clock.
        clock: That of its clients; None: one of its own.

    Attributes:
        requests: What came, from all its clients.
        ratings: What was recorded, by `rating_id`: sent twice, it counts once.
        models: What it says of its models.
        headers: More headers of all its answers.
        is_ready: What it says of itself.
        takes_s: As above; a test may change it.
        clock: As above.
    """

    def __init__(
        self,
        *,
        versions: Iterable[int] = (2, 1),
        takes_s: float = 0.001,
        clock: ManualClock | None = None,
    ) -> None:
        self.versions, self.takes_s = tuple(versions), takes_s
        self.clock = clock or ManualClock()
        self.requests: list[Request] = []
        self.ratings: dict[int, dict[str, Any]] = {}
        self.models: list[dict[str, Any]] = []
        self.headers: dict[str, str] = {}
        self.is_ready = True
        self._films: dict[int, tuple[list[tuple[int, float]], tuple[str, ...]]] = {}
        self._functions: dict[str, Model] = {}
        self._next: deque[Outcome] = deque()
        self._always: Outcome | None = None
        self._offset = 0
        self._taken: dict[tuple[str, str], tuple[bytes, Reply]] = {}  # by path, Idempotency-Key
        self._lock = threading.RLock()

    def client(self, **settings: Any) -> Client:
        """A client of this server; `Client` has the arguments."""
        options = {"clock": self.clock, "sleep": self.clock.sleep, "chance": _half, **settings}
        transport = FakeTransport(self.handle, clock=self.clock, takes_s=0.0)
        return Client("http://fake", transport=transport, **options)

    def async_client(self, **settings: Any) -> AsyncClient:
        """A client of this server for tasks; `AsyncClient` has the arguments."""
        sleep = self.clock.sleep_async
        options = {"clock": self.clock, "sleep": sleep, "chance": _half, **settings}
        transport = AsyncFakeTransport(self.handle, clock=self.clock, takes_s=0.0)
        return AsyncClient("http://fake", transport=transport, **options)

    def recommends(
        self,
        user_id: int,
        items: Mapping[int, float] | Iterable[tuple[int, float]],
        *,
        flags: Iterable[str] = (),
    ) -> None:
        """What a user gets from now on: films and their scores, the best first."""
        pairs = items.items() if isinstance(items, Mapping) else items
        self._films[user_id] = list(pairs), tuple(flags)

    def infers(self, model: str, function: Model) -> None:
        """What a model does: from tensors by name to tensors or arrays by name."""
        self._functions[model] = function

    def next(self, *outcomes: Outcome) -> None:
        """What happens to the next requests, one after another; then it answers again."""
        self._next.extend(outcomes)

    def always(self, outcome: Outcome | None) -> None:
        """What happens to all requests; None: it answers again."""
        self._always = outcome

    def handle(self, request: Request) -> Reply | Failure:
        """What comes of a request."""
        with self._lock:
            self.requests.append(request)
            if is_late(self.clock, request, self.takes_s):
                return NO_ANSWER
            outcome = self._next.popleft() if self._next else self._always
            if callable(outcome):
                outcome = outcome(request)
            if outcome is None:
                outcome = self._once(request)
            if isinstance(outcome, Reply):
                more = {name.lower().encode(): text.encode() for name, text in self.headers.items()}
                outcome = Reply(outcome.status, {**outcome.headers, **more}, outcome.body)
            return outcome

    def _once(self, request: Request) -> Reply:
        """As the service: what comes again with its key has the answer of the first one."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return self._answer(request)
        body, reply = self._taken.get((request.path, key), (request.body, None))
        if body != request.body:
            return refused(422, "invalid", "idempotency_key_reused")
        if reply is None:
            reply = self._answer(request)
            if reply.status < 400:
                self._taken[request.path, key] = body, reply
        return reply

    def _answer(self, request: Request) -> Reply:
        asked = request.method, request.path
        if asked == ("POST", "/v1/recommend"):
            return self._recommend(request)
        if asked == ("POST", "/v1/events"):
            return self._rate(request)
        if asked == ("GET", "/v1/models"):
            return answer({"models": self.models})
        if asked == ("GET", "/v2/health/ready"):
            return answer({"ready": self.is_ready}, 200 if self.is_ready else 503)
        parts = request.path.split("/")
        if parts[1:3] == ["v2", "models"] and parts[-1] == "infer":
            return self._infer(unquote(parts[3]), request)
        return refused(
            404, "not_found", "unknown_path",
            message=f"the fake server has no {request.method} {request.path}; give its answer "
            "with `next` or `always`",
        )  # fmt: skip

    def _recommend(self, request: Request) -> Reply:
        version = int(request.headers.get("x-contract-version", max(self.versions)))
        if version not in self.versions:
            known = ", ".join(map(str, self.versions))
            return refused(
                400, "invalid", "contract_version",
                message=f"contract versions {known} are answered, not {version}",
                headers={"X-Contract-Versions": known},
            )  # fmt: skip
        told = request.json()
        k, user_id = told.get("k", 10), told["user_id"]
        pairs, flags = self._films.get(user_id, (None, ()))
        if pairs is None:
            films = told.get("candidates") or range(1, k + 1)
            pairs = [(film, 1.0 / place) for place, film in enumerate(films, 1)]
        return recommended(user_id, pairs[:k], version=version, flags=flags)

    def _rate(self, request: Request) -> Reply:
        events = request.json()["events"]
        first = self._offset + 1
        self._offset += len(events)
        for event in events:
            self.ratings.setdefault(event["rating_id"], event)
        body = {"accepted": len(events), "first_offset": first, "offset": self._offset}
        return answer(body, 202)

    def _infer(self, model: str, request: Request) -> Reply:
        function = self._functions.get(model)
        if function is None:
            return answer({"error": f"no model {model!r}; tell it with `infers`"}, 404)
        length = request.headers.get("inference-header-content-length")
        head = len(request.body) if length is None else int(length)
        told = json.loads(request.body[:head])
        inputs = [OutputTensor.model_validate_json(json.dumps(one)) for one in told["inputs"]]
        given = read_tensors(inputs, memoryview(request.body)[head:], request.body)
        made = dict(function(given))
        wanted = [one["name"] for one in told.get("outputs", ())] or list(made)
        if unknown := [name for name in wanted if name not in made]:
            return answer({"error": f"model {model!r} has no output {unknown[0]!r}"}, 400)
        outputs, tail = write_tensors({name: made[name] for name in wanted}, "outputs")
        body = json.dumps({"model_name": model, "model_version": "1", "outputs": outputs}).encode()
        headers = {"Inference-Header-Content-Length": str(len(body))} if tail else {}
        return answer(b"".join([body, *tail]), headers=headers)


def _half() -> float:
    """The chance in a wait, always the same."""
    return 0.5
