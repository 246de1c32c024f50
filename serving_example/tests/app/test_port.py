"""A port that closes, and who comes just then."""

import asyncio
import socket
import time

import pytest
import uvloop

from serving_example.app.application import Application
from serving_example.app.keys import Keys
from serving_example.app.limits import Limits
from serving_example.app.metrics import Metrics
from serving_example.app.port import Port
from serving_example.app.routes import Routes
from serving_example.app.server import bound


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_who_comes_while_a_port_closes_is_sent_away(turns: int) -> None:
    """Whether the loop has accepted him or not, his connection is closed, and so can the loop be.

    One that the port had not been told of was left open, and met the end of its loop.
    """
    listening = bound("127.0.0.1", 0)
    application = Application(
        Routes([]), limits=Limits(), keys=Keys(None, time.monotonic), metrics=Metrics(),
        clock=time.monotonic, id_prefix="t",
    )  # fmt: skip

    async def play() -> bytes:
        loop = asyncio.get_running_loop()
        port = Port(application, listening, loop)
        await port.open()
        with socket.create_connection(listening.getsockname()) as client:
            for _ in range(turns):
                await asyncio.sleep(0)
            await port.close(0.0, asyncio.Event())
            client.setblocking(False)
            try:
                return await asyncio.wait_for(loop.sock_recv(client, 1), 20)
            except ConnectionResetError:
                return b""

    assert uvloop.run(play()) == b""
