"""The client for threads."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

from featurelib_client.caching import Wait
from featurelib_client.errors import ClientError
from featurelib_client.forks import after_fork
from featurelib_client.observe import Observer
from featurelib_client.plan import Send, Sleep
from featurelib_client.settings import Settings
from featurelib_client.wire import Clock, Failure, Reply, Transport

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from featurelib_client.contract import Taken
    from featurelib_client.core import Steps
    from featurelib_client.films import Recommendation
    from featurelib_client.infer import Inferred
    from featurelib_client.protocol import ModelMetadata

__all__ = ["Client"]

_CLOSED = "the client was closed while it was asked"

T = TypeVar("T")


class Client:
    """Asks one service, from any thread; make one and keep it.

    Args:
        base_url: ``http://host:port``, ``https://...``, or ``unix:/path/of/socket``.
        transport: Sends; None: HTTP. A test gives a fake one.
        observer: Is told of calls.
        clock: Monotonic seconds.
        sleep: Waits so many seconds.
        chance: From 0.0 to 1.0, for the jitter of waits.
        settings: The knobs by name (`Settings`): ``api_key``, ``timeout_s``, ...

    Raises:
        ConfigurationError: The URL or a knob cannot work.
    """

    def __init__(
        self,
        base_url: str,
        *,
        transport: Transport | None = None,
        observer: Observer | None = None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        **settings: Any,
    ) -> None:
        # They bring pydantic and httpcore2, which take ten times as long to import as all else.
        from featurelib_client.core import check_has
        from featurelib_client.questions import Questions
        from featurelib_client.transport import HttpTransport

        self._core = Questions(
            base_url, Settings.read(settings), threading.Event, observer, clock, chance
        )
        if transport is not None:
            check_has("transport", transport, ("send", "close"))
        self._transport = transport or HttpTransport(self._core.address, self._core.settings, clock)
        self._sleep, self._is_closed = sleep, False
        self._begin()
        after_fork(self, Client._begin)

    def _begin(self) -> None:
        """In a forked process, too: the threads of the other one are not there."""
        self._beside: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def recommend(
        self,
        user_id: int,
        *,
        k: int = 10,
        candidates: Sequence[int] | None = None,
        model: str | None = None,
        min_offset: int = 0,
        timeout_s: float | None = None,
    ) -> Recommendation:
        """Films for a user.

        Args:
            user_id: To whom.
            k: How many.
            candidates: Films to rank; None: the service finds them.
            model: What ranks them; None: the service's choice.
            min_offset: Of `rate`'s answer: ratings up to there are to be seen.
            timeout_s: The deadline; None: the client's.

        Raises:
            InputError: An argument breaks the contract; nothing was sent.
            CallError: There is no answer; its class says why.
        """
        return self._run(self._core.recommend(user_id, k, candidates, model, min_offset, timeout_s))

    def rate(self, events: Iterable[Mapping[str, Any]], *, timeout_s: float | None = None) -> Taken:
        """Records ratings. They are durable when it returns, and count once however often sent.

        Args:
            events: Each with `rating_id`, `user_id`, `item_id`, `rating`, `rated_at`.
            timeout_s: The deadline; None: the client's.

        Raises:
            InputError: A rating breaks the contract; nothing was sent.
            CallError: There is no answer; some may be recorded. Sending all again is safe.
        """
        return self._run(self._core.rate(events, timeout_s))

    def infer(
        self,
        model: str,
        inputs: Mapping[str, object],
        *,
        outputs: Iterable[str] | None = None,
        version: str | None = None,
        is_repeatable: bool = True,
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Inferred:
        """Runs a model of any server of the Open Inference Protocol v2.

        Args:
            model: Its name.
            inputs: A `Tensor` or a NumPy array for each name.
            outputs: Which outputs; None: all.
            version: Which version; None: the server's choice.
            is_repeatable: Whether it may run twice; False for a model that remembers. Then it is
                sent again only where the server has not seen it.
            idempotency_key: For a server that runs a request with a key once, as the service does:
                it is sent again as if it were repeatable, and so may the caller.
            timeout_s: The deadline; None: the client's.

        Raises:
            InputError: A tensor does not fit what it says of itself; nothing was sent.
            CallError: There is no answer; its class says why.
        """
        return self._run(
            self._core.infer(
                model, inputs, outputs, version, timeout_s, is_repeatable=is_repeatable,
                idempotency_key=idempotency_key,
            )
        )  # fmt: skip

    def models(self, *, timeout_s: float | None = None) -> tuple[dict[str, Any], ...]:
        """The models of the service: names, digests, states, what was measured of them."""
        return self._run(self._core.models(timeout_s))

    def metadata(
        self, model: str, *, version: str | None = None, timeout_s: float | None = None
    ) -> ModelMetadata:
        """What a model takes and gives."""
        return self._run(self._core.metadata(model, version, timeout_s))

    def openapi(self, *, timeout_s: float | None = None) -> dict[str, Any]:
        """The service's OpenAPI document; `compatibility.compare` looks whether it fits."""
        return self._run(self._core.openapi(timeout_s))

    def ready(self, *, timeout_s: float | None = None) -> bool:
        """Whether the server can answer; False also where there is none."""
        return self._run(self._core.ready(timeout_s))

    def close(self) -> None:
        """Closes all connections. The client cannot be used any more."""
        with self._lock:  # no thread begins any more
            self._is_closed = True
        self._transport.close()
        if self._beside is not None:
            self._beside.shutdown(wait=True)

    def __repr__(self) -> str:
        address = self._core.address
        return f"<Client of {address.socket or address.authority}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *about: object) -> None:
        self.close()

    def _run(self, steps: Steps[T]) -> T:
        if self._is_closed:
            raise ClientError("the client is closed; make another one")
        try:
            step = next(steps)
            while True:
                outcome: Reply | Failure | None = None
                if isinstance(step, Send):
                    if step.hedge_after_s is None:
                        outcome = self._transport.send(step.sent)
                    else:
                        outcome = self._hedged(step, step.hedge_after_s)
                elif isinstance(step, Sleep):
                    if self._is_closed:
                        raise ClientError(_CLOSED)
                    self._sleep(step.seconds)
                elif isinstance(step, Wait):
                    step.flight.landed.wait(max(0.0, step.seconds))  # type: ignore[attr-defined]
                else:
                    self._start(self._refresh, step.steps)
                step = steps.send(outcome)
        except StopIteration as done:
            answer: T = done.value
            return answer
        finally:
            steps.close()

    def _refresh(self, steps: Steps[Any]) -> None:
        with contextlib.suppress(ClientError):  # it was logged, and the answer is stale for longer
            self._run(steps)

    def _hedged(self, step: Send, after_s: float) -> Reply | Failure:
        """The first answer of one attempt, or of two if the first is slow."""
        from concurrent.futures import FIRST_COMPLETED, wait

        flying = {self._start(self._transport.send, step.sent)}
        done, flying = wait(flying, after_s)
        if not done and (second := step.hedge()) is not None:
            flying.add(self._start(self._transport.send, second))
        while True:
            if not done:
                done, flying = wait(flying, return_when=FIRST_COMPLETED)
            outcome = done.pop().result()
            # A failure is not the first answer while the other attempt may have a better one.
            if not flying or (isinstance(outcome, Reply) and outcome.status < 500):
                return outcome

    def _start(self, what: Callable[..., T], *given: object) -> Future[T]:
        """Begins it in a thread beside."""
        with self._lock:
            if self._is_closed:
                raise ClientError(_CLOSED)
            if self._beside is None:
                from concurrent.futures import ThreadPoolExecutor

                most = 2 * self._core.settings.max_connections
                self._beside = ThreadPoolExecutor(most, "featurelib-client")
            return self._beside.submit(what, *given)
