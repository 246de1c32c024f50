"""Who closes: a server each connection as soon as it has it, or a caller its client."""

import asyncio
import socket
import struct
import threading

import pytest
import uvloop

from featurelib_client import AsyncClient, CallError, Client, ClientError
from serving_example.client.tests.faulty import FaultyProxy

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
