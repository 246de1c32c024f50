"""A server that closes each connection as soon as it has it."""

import asyncio
import socket
import struct
import threading

import uvloop

from featurelib_client import AsyncClient, CallError

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
