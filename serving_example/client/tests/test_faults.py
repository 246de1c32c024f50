"""What networks and servers do, and what a caller gets: over real sockets, in threads and tasks."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from featurelib_client import (
    AsyncClient,
    CallError,
    CircuitOpenError,
    Client,
    ContractError,
    ContractVersionError,
    DeadlineError,
    OverloadError,
    Tensor,
    UnavailableError,
)
from featurelib_client.address import read_address
from featurelib_client.settings import Settings
from featurelib_client.transport import HttpTransport
from parity_tests.soak import amount
from serving_example.client.tests.faulty import FaultyProxy, message

SLACK_S = amount(5.0, soak=0.02)
"""Over its deadline no call is longer than 20 ms, which `make soak` sees to on a quiet machine. One
that runs other tests beside may stop any process for seconds; there a call has to end at all."""
KINDS = ("threads", "tasks")


def outcome(kind: str, port: int, ask: Callable[[Any], Any], **settings: Any) -> Any:
    """The answer of one call, or its error; it ends with its deadline."""
    options = {"timeout_s": 5.0, "backoff_s": 0.01, **settings}
    url = f"http://127.0.0.1:{port}"
    began = time.monotonic()
    try:
        if kind == "threads":
            with Client(url, **options) as client:
                return ask(client)

        async def run() -> Any:
            async with AsyncClient(url, **options) as client:
                return await ask(client)

        return asyncio.run(run())
    except CallError as error:
        late = max(error.elapsed_s, time.monotonic() - began - 1.0) - options["timeout_s"]
        return error if late <= SLACK_S else f"{error} came {late} s after its deadline"


MATRIX: list[tuple[list[str], dict[str, Any], type[Any] | None, int]] = [
    # What happens to the attempts, the settings, the error (None: an answer), requests that came.
    (["close"], {}, None, 2),
    (["reset"], {}, None, 2),
    (["no HTTP"], {}, None, 2),
    (["429"], {}, None, 2),
    (["503"], {}, None, 2),
    (["503 now"], {}, None, 2),
    (["close", "reset"], {}, None, 3),
    (["close"] * 9, {}, UnavailableError, 3),
    (["429"] * 9, {}, OverloadError, 3),
    (["503 now"] * 9, {}, OverloadError, 3),
    (["503"] * 9, {}, UnavailableError, 3),
    (["429 later"], {}, OverloadError, 1),
    (["slow first byte"], {"timeout_s": 0.3}, DeadlineError, 1),
    (["slow body"], {"timeout_s": 0.3}, DeadlineError, 1),
    (["malformed"], {}, ContractError, 1),
    (["wrong contract"], {}, ContractVersionError, 1),
    (["close"] * 9, {"retry_budget": 14}, UnavailableError, 2),
    (["close"] * 9, {"max_attempts": 1}, UnavailableError, 1),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("faults", "settings", "error", "times"), MATRIX)
def test_each_fault_has_its_outcome(
    proxy: FaultyProxy, kind: str, faults: list[str], settings: Any, error: Any, times: int
) -> None:
    """A read survives what another attempt helps against; else the error says what happened."""
    proxy.faults.extend(faults)
    got = outcome(kind, proxy.port, lambda client: client.recommend(42, k=3), **settings)
    if error is None:
        assert [item.item_id for item in got.items] == [0, 1, 2]
        assert got.about.attempts == times
    else:
        assert type(got) is error, got
        assert got.attempts == times and got.request_id
    # A machine that stops for a while may let a deadline pass before anything is sent.
    assert proxy.seen == times or (proxy.seen < times and error is DeadlineError)


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_port_is_no_server(proxy: FaultyProxy, kind: str) -> None:
    """A refused connection is tried again within the deadline, and then named; it is not ready."""
    proxy.stop()
    got = outcome(kind, proxy.port, lambda client: client.recommend(42))
    assert type(got) is UnavailableError and got.reason == "connect" and got.attempts == 3
    assert outcome(kind, proxy.port, lambda client: client.ready()) is False


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_comes_back_is_asked_on_new_connections(
    proxy: FaultyProxy, kind: str
) -> None:
    """A restart between two calls costs no caller anything, though the old connections are dead."""
    if kind == "threads":
        with Client(f"http://127.0.0.1:{proxy.port}", timeout_s=5.0) as client:
            client.recommend(1)
            proxy.stop()
            proxy.start()
            assert client.recommend(1).items
        return

    async def run() -> None:
        async with AsyncClient(f"http://127.0.0.1:{proxy.port}", timeout_s=5.0) as client:
            await client.recommend(1)
            proxy.stop()
            proxy.start()
            assert (await client.recommend(1)).items

    asyncio.run(run())


ONCE = ("close", "reset", "503", "slow first byte")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ONCE)
def test_what_may_not_run_twice_runs_once(
    proxy: FaultyProxy, service: int, kind: str, fault: str
) -> None:
    """A call that is not repeatable reaches the server once, whatever happens to its answer."""
    value = 10.0 * KINDS.index(kind) + ONCE.index(fault) + 0.5
    proxy.faults.append(fault)
    inputs = {"x": Tensor("FP64", (1,), [value])}
    got = outcome(
        kind, proxy.port, lambda client: client.infer("m", inputs, is_repeatable=False),
        timeout_s=0.4 if fault == "slow first byte" else 5.0,
    )  # fmt: skip
    assert isinstance(got, CallError) and got.attempts == 1 and proxy.seen <= 1
    with Client(f"http://127.0.0.1:{service}", timeout_s=5.0) as client:
        (about,) = client.models()
    assert about["ran"].get(str(value), 0) <= 1


def test_a_name_that_is_not_known_or_hangs_ends_in_time() -> None:
    """A failing resolver is tried again; one that hangs ends with the time for a connection."""
    hang, settings = threading.Event(), Settings(timeout_s=0.3, connect_timeout_s=0.1)

    def unknown(host: str, port: int) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    def hangs(host: str, port: int) -> Any:
        hang.wait(10)
        raise OSError("late")

    address = read_address("http://films.example:8000")
    for resolve, words in ((unknown, "is not known"), (hangs, "not resolved in time")):
        transport = HttpTransport(address, settings, resolve=resolve)
        with Client("http://films.example:8000", transport=transport, timeout_s=0.3) as client:
            began = time.monotonic()
            with pytest.raises((UnavailableError, DeadlineError), match=words):
                client.recommend(1)
            assert time.monotonic() - began < 0.3 + SLACK_S
    hang.set()


def test_a_unix_socket_is_asked_like_a_port(service: int, tmp_path: Any) -> None:
    """`unix:/path` reaches a server that listens there, on the event loop too."""
    path = str(tmp_path / "s")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(8)

    def serve() -> None:
        for _ in range(2):
            with (
                listening.accept()[0] as made,
                socket.create_connection(("127.0.0.1", service)) as server,
            ):
                server.sendall(message(made))
                made.sendall(message(server))

    thread = threading.Thread(target=serve)
    thread.start()
    with Client(f"unix:{path}", timeout_s=5.0) as client:
        assert client.recommend(7).user_id == 7

    async def run() -> int:
        async with AsyncClient(f"unix:{path}", timeout_s=5.0) as client:
            return (await client.recommend(8)).user_id

    assert asyncio.run(run()) == 8
    thread.join(10)
    listening.close()


def test_a_cancelled_call_leaves_the_pool_usable(proxy: FaultyProxy) -> None:
    """Tasks that are cancelled in any phase give their places in the pool back."""

    async def run() -> None:
        async with AsyncClient(
            f"http://127.0.0.1:{proxy.port}", max_connections=2, timeout_s=5.0
        ) as client:
            proxy.always = "slow first byte"
            for turns in range(12):
                task = asyncio.create_task(client.recommend(1))
                for _ in range(turns * 3):
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            proxy.always = "pass"
            got = await asyncio.gather(*(client.recommend(i) for i in range(6)))
            assert [one.user_id for one in got] == list(range(6))

    asyncio.run(run())


def test_an_open_circuit_costs_the_server_nothing(proxy: FaultyProxy) -> None:
    """While the circuit is open no byte is sent; calls end at once."""
    proxy.always = "close"
    with Client(
        f"http://127.0.0.1:{proxy.port}", timeout_s=5.0, breaker_calls=6, backoff_s=0.0,
        breaker_open_s=60.0,
    ) as client:  # fmt: skip
        errors = []
        for _ in range(5):
            with pytest.raises(UnavailableError) as told:
                client.recommend(1)
            errors.append(type(told.value))
    assert proxy.seen == 6 and errors[2:] == [CircuitOpenError] * 3
