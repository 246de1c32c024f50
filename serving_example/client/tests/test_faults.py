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
from serving_example.client.tests.faulty import FaultyProxy, message

SLACK_S = 5.0
"""Here a call has to end, on a machine that may stop any process for seconds; `test_deadlines` asks
that none is 20 ms longer than its deadline."""
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
LOST = ("close", "reset", "503 now", "no HTTP")


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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", LOST)
def test_what_has_a_key_runs_once_and_is_answered(
    proxy: FaultyProxy, service: int, kind: str, fault: str
) -> None:
    """With a key a lost answer is asked for again: the service ran it once and has kept it."""
    value = 100.0 + 10.0 * KINDS.index(kind) + LOST.index(fault)
    proxy.faults.append(fault)
    inputs, key = {"x": Tensor("FP64", (1,), [value])}, f"{kind}-{fault}".replace(" ", "-")
    got = outcome(
        kind, proxy.port,
        lambda client: client.infer("m", inputs, is_repeatable=False, idempotency_key=key),
    )  # fmt: skip
    assert got.outputs["y"].values() == [1.0] and got.about.attempts == 2
    with Client(f"http://127.0.0.1:{service}", timeout_s=5.0) as client:
        (about,) = client.models()
    assert about["ran"][str(value)] == 1


def test_a_name_that_is_not_known_or_hangs_ends_in_time() -> None:
    """A failing resolver is tried again; one that hangs ends with the time for a connection."""
    hang, settings = threading.Event(), Settings(timeout_s=0.3, connect_timeout_s=0.1)

    def unknown(host: str, port: int) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    def hangs(host: str, port: int) -> Any:
        hang.wait(10)
        raise OSError("late")

    address = read_address("http://films.example:8000")
    for resolve, words in (
        (unknown, "films.example:8000: Name or service not known"),
        (hangs, "not resolved in time"),
    ):
        transport = HttpTransport(address, settings, resolve=resolve)
        with Client("http://films.example:8000", transport=transport, timeout_s=0.3) as client:
            began = time.monotonic()
            with pytest.raises((UnavailableError, DeadlineError), match=words):
                client.recommend(1)
            assert time.monotonic() - began < 0.3 + SLACK_S
    hang.set()


@pytest.mark.parametrize(("is_hanging", "reason"), [(False, "dns"), (True, "timeout")])
def test_a_task_is_told_of_its_name_too(is_hanging: bool, reason: str) -> None:
    """An event loop that does not know a name, or asks for ever: the same as in threads."""

    class Loop(asyncio.SelectorEventLoop):
        async def getaddrinfo(self, *given: Any, **named: Any) -> Any:
            if is_hanging:
                await asyncio.sleep(60)
            raise socket.gaierror(-2, "Name or service not known")

    async def run() -> CallError:
        async with AsyncClient("http://films.example:8000", timeout_s=0.3) as client:
            with pytest.raises(CallError) as told:
                await client.recommend(1)
            return told.value

    with asyncio.Runner(loop_factory=Loop) as runner:
        error = runner.run(run())
    assert error.reason == reason and error.elapsed_s < 0.3 + SLACK_S
    assert is_hanging or "films.example:8000: Name or service not known" in str(error)


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_comes_in_one_piece(kind: str) -> None:
    """Head and body are one packet: a server that waits for a request wakes up once."""
    pieces: list[bytes] = []

    def serve() -> None:
        made, _ = listening.accept()
        with made:
            for _ in range(20):
                pieces.append(made.recv(65_536))
                made.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def ask_often(client: Any) -> Any:
        if kind == "threads":
            for _ in range(20):
                with pytest.raises(ContractError):
                    client.recommend(1)
            return None

        async def run() -> None:
            for _ in range(20):
                with pytest.raises(ContractError):
                    await client.recommend(1)

        return run()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        outcome(kind, listening.getsockname()[1], ask_often, timeout_s=60.0)
        thread.join(60)
    assert len(pieces) == 20 and all(piece.endswith(b'{"user_id":1,"k":10}') for piece in pieces)


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
