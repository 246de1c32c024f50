"""Who closes: a server each connection as soon as it has it, or a caller its client."""

import asyncio
import socket
import struct
import threading
import time

import pytest
import uvloop

from featurelib_client import AsyncClient, CallError, Client, ClientError
from featurelib_client.address import read_address
from featurelib_client.settings import Settings
from featurelib_client.transport import HttpTransport
from featurelib_client.wire import Failure, Reply, Sent
from serving_example.client.tests.fakes import answer
from serving_example.client.tests.faulty import FaultyProxy
from serving_example.client.tests.test_deadlines import deaf

CALLS, ROUNDS = 100, 5


def test_a_connection_that_ends_as_it_begins_is_an_error_of_the_call() -> None:
    """Under uvloop the socket may be gone before the client looks at it: that is no defect of ours
    that a caller should see.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            while True:
                try:
                    made, _ = listening.accept()
                except OSError:
                    return
                made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                made.close()

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"

        async def play() -> list[str]:
            async def reason() -> str:
                try:
                    await client.recommend(1)
                except CallError as error:
                    return error.reason
                return ""

            async with AsyncClient(url, breaker_rate=2.0, max_attempts=1) as client:
                rounds = [
                    await asyncio.gather(*(reason() for _ in range(CALLS))) for _ in range(ROUNDS)
                ]
            return [told for one in rounds for told in one]

        told = uvloop.run(play())
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(60)
    assert len(told) == ROUNDS * CALLS and all(told)


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_a_client_that_is_closed_ends_its_calls(proxy: FaultyProxy, kind: str) -> None:
    """Who waits for an answer is told at once, and nothing is sent again."""
    proxy.always = "slow first byte"
    url = f"http://127.0.0.1:{proxy.port}"
    told: list[str] = []
    if kind == "threads":
        client = Client(url, timeout_s=60.0)

        def ask() -> None:
            with pytest.raises(ClientError) as error:
                client.recommend(1)
            told.append(str(error.value))

        thread = threading.Thread(target=ask)
        thread.start()
        while not proxy.seen:
            thread.join(0.001)
        client.close()
        thread.join(30)
    else:

        async def play() -> None:
            other = AsyncClient(url, timeout_s=60.0)
            task = asyncio.create_task(other.recommend(1))
            while not proxy.seen:
                await asyncio.sleep(0.001)
            await other.aclose()
            with pytest.raises(ClientError) as error:
                await asyncio.wait_for(task, 30)
            told.append(str(error.value))

        asyncio.run(play())
    assert told == ["the client was closed while it was asked"] and proxy.seen == 1


class ClosingClock:
    """Closes a transport when somebody looks at it once more than so many times."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.closes: HttpTransport | None = None

    def __call__(self) -> float:
        self.looks -= 1
        if self.looks == -1 and self.closes is not None:
            self.closes.close()
        return time.monotonic()


@pytest.mark.parametrize("fault", ["slow first byte", "pass"])
def test_closing_ends_an_attempt_at_whatever_step_it_is(proxy: FaultyProxy, fault: str) -> None:
    """On a new connection and on a kept one it fails as a broken connection does, at once."""
    looks, is_closed = 0, True
    while is_closed:
        clock = ClosingClock(looks)
        tested = HttpTransport(read_address(f"http://127.0.0.1:{proxy.port}"), Settings(), clock)
        clock.closes = tested
        for always in ("pass", fault):
            proxy.always = always
            until = time.monotonic() + 2.0
            got = tested.send(Sent(b"GET", b"/v2/health/ready", [], None, until))
            is_closed = clock.looks < 0
            if is_closed:
                assert isinstance(got, Failure) and got.reason in {"connect", "disconnect"}, got
                break
        tested.close()
        looks += 1
    assert looks > 8


def test_closing_ends_tasks_that_are_still_connecting() -> None:
    """httpcore would leave them to their own end, which is that of the connection's time."""

    async def play(port: int) -> float:
        client = AsyncClient(f"https://127.0.0.1:{port}", timeout_s=60.0, connect_timeout_s=60.0)
        tasks = [asyncio.create_task(client.recommend(user)) for user in range(20)]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        await client.aclose()
        done, waiting = await asyncio.wait(tasks, timeout=30)
        assert not waiting
        assert {str(task.exception()) for task in done} == {
            "the client was closed while it was asked"
        }
        return time.monotonic() - began

    with deaf(100) as port:
        assert asyncio.run(play(port)) < 10


def test_a_hedge_whose_time_comes_after_the_end_of_its_client_is_not_sent() -> None:
    """Its call ends as the others do."""
    closed = threading.Event()

    class Closing:
        """Answers some calls, slowly enough for a hedge to come late; the next is closed."""

        count = 0

        def send(self, sent: Sent) -> Reply | Failure:
            self.count += 1
            if self.count <= 32:
                time.sleep(0.005)
                return answer()
            closing.start()
            closed.wait(30)
            time.sleep(0.2)
            return Failure("disconnect", "it was closed", is_sent=True)

        def close(self) -> None:
            closed.set()

    transport = Closing()
    client = Client("http://films", transport=transport, hedge=True, timeout_s=20.0)
    closing = threading.Thread(target=client.close)
    for _ in range(32):
        client.recommend(42)
    with pytest.raises(ClientError, match="closed while it was asked"):
        client.recommend(42)
    closing.join(30)
    assert transport.count == 33


def test_a_client_of_tasks_belongs_to_its_event_loop(service: int) -> None:
    """Used on another one it says so, each time, and what to do; nothing is sent."""

    async def ask() -> int:
        return (await client.recommend(7)).user_id

    async def play() -> None:
        assert await ask() == 7
        for _ in range(2):
            with pytest.raises(ClientError, match="another event loop; make one client in each"):
                await asyncio.to_thread(asyncio.run, ask())
        await client.aclose()

    client = AsyncClient(f"http://127.0.0.1:{service}", timeout_s=30.0)
    asyncio.run(play())
