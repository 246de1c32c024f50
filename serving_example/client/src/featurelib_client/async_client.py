"""The client for tasks of an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

from featurelib_client.caching import Wait
from featurelib_client.errors import ClientError
from featurelib_client.observe import Observer
from featurelib_client.plan import Send, Sleep
from featurelib_client.settings import Settings
from featurelib_client.wire import AsyncTransport, Clock, Failure, Reply

if TYPE_CHECKING:
    from featurelib_client.contract import Taken
    from featurelib_client.core import Steps
    from featurelib_client.films import Recommendation
    from featurelib_client.infer import Inferred
    from featurelib_client.protocol import ModelMetadata

__all__ = ["AsyncClient"]

T = TypeVar("T")


class AsyncClient:
    """Asks one service, from the tasks of one event loop; make one and keep it.

    It has the methods of `Client`, and the same rules. A call that is cancelled ends its attempt.

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
        transport: AsyncTransport | None = None,
        observer: Observer | None = None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        **settings: Any,
    ) -> None:
        # They bring pydantic and httpcore2, which take ten times as long to import as all else.
        from featurelib_client.core import check_has
        from featurelib_client.questions import Questions
        from featurelib_client.transport import AsyncHttpTransport

        self._core = Questions(
            base_url, Settings.read(settings), asyncio.Event, observer, clock, chance
        )
        if transport is not None:
            check_has("transport", transport, ("send", "aclose"))
        self._transport = transport or AsyncHttpTransport(
            self._core.address, self._core.settings, clock
        )
        self._sleep, self._is_closed = sleep, False
        self._beside: set[asyncio.Task[None]] = set()

    async def recommend(
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
        return await self._run(
            self._core.recommend(user_id, k, candidates, model, min_offset, timeout_s)
        )

    async def rate(
        self, events: Iterable[Mapping[str, Any]], *, timeout_s: float | None = None
    ) -> Taken:
        """Records ratings. They are durable when it returns, and count once however often sent.

        Args:
            events: Each with `rating_id`, `user_id`, `item_id`, `rating`, `rated_at`.
            timeout_s: The deadline; None: the client's.

        Raises:
            InputError: A rating breaks the contract; nothing was sent.
            CallError: There is no answer; some may be recorded. Sending all again is safe.
        """
        return await self._run(self._core.rate(events, timeout_s))

    async def infer(
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
        return await self._run(
            self._core.infer(
                model, inputs, outputs, version, timeout_s, is_repeatable=is_repeatable,
                idempotency_key=idempotency_key,
            )
        )  # fmt: skip

    async def models(self, *, timeout_s: float | None = None) -> tuple[dict[str, Any], ...]:
        """The models of the service: names, digests, states, what was measured of them."""
        return await self._run(self._core.models(timeout_s))

    async def metadata(
        self, model: str, *, version: str | None = None, timeout_s: float | None = None
    ) -> ModelMetadata:
        """What a model takes and gives."""
        return await self._run(self._core.metadata(model, version, timeout_s))

    async def openapi(self, *, timeout_s: float | None = None) -> dict[str, Any]:
        """The service's OpenAPI document; `compatibility.compare` looks whether it fits."""
        return await self._run(self._core.openapi(timeout_s))

    async def ready(self, *, timeout_s: float | None = None) -> bool:
        """Whether the server can answer; False also where there is none."""
        return await self._run(self._core.ready(timeout_s))

    async def aclose(self) -> None:
        """Closes all connections. The client cannot be used any more."""
        self._is_closed = True
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        await self._transport.aclose()

    def __repr__(self) -> str:
        address = self._core.address
        return f"<AsyncClient of {address.socket or address.authority}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *about: object) -> None:
        await self.aclose()

    async def _run(self, steps: Steps[T]) -> T:
        if self._is_closed:
            raise ClientError("the client is closed; make another one")
        try:
            step = next(steps)
            while True:
                outcome: Reply | Failure | None = None
                if isinstance(step, Send):
                    if step.hedge_after_s is None:
                        outcome = await self._transport.send(step.sent)
                    else:
                        outcome = await self._hedged(step, step.hedge_after_s)
                elif isinstance(step, Sleep):
                    if self._is_closed:
                        raise ClientError("the client was closed while it was asked")
                    await self._sleep(step.seconds)
                elif isinstance(step, Wait):
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(max(0.0, step.seconds)):
                            await step.flight.landed.wait()  # type: ignore[attr-defined]
                else:
                    task = asyncio.get_running_loop().create_task(self._refresh(step.steps))
                    self._beside.add(task)
                    task.add_done_callback(self._beside.discard)
                step = steps.send(outcome)
        except StopIteration as done:
            answer: T = done.value
            return answer
        finally:
            steps.close()

    async def _refresh(self, steps: Steps[Any]) -> None:
        with contextlib.suppress(ClientError):  # it was logged, and the answer is stale for longer
            await self._run(steps)

    async def _hedged(self, step: Send, after_s: float) -> Reply | Failure:
        """The first answer of one attempt, or of two if the first is slow."""
        send, made = self._transport.send, asyncio.get_running_loop().create_task
        flying = {made(send(step.sent))}
        try:
            done, flying = await asyncio.wait(flying, timeout=after_s)
            if not done and (second := step.hedge()) is not None:
                flying.add(made(send(second)))
            while True:
                if not done:
                    done, flying = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                outcome: Reply | Failure = done.pop().result()
                # A failure is not the first answer while the other may have a better one.
                if not flying or (isinstance(outcome, Reply) and outcome.status < 500):
                    return outcome
        finally:
            for task in flying:
                task.cancel()
            await asyncio.gather(*flying, return_exceptions=True)
