"""The client's golden corpus: real answers of the service, and what a caller must get of each.

The service of this checkout answers requests that are written here by hand; its answers are stored
as they came, in a file for each version of the contract. A version that the service has ceased to
answer keeps its file. What proxies and other servers say, and what is broken, is written by hand
from RFC 9110 and the Open Inference Protocol. No line of this script asks the client.

Run it from the root: ``python golden_data/generate/client_corpus.py`` writes
``golden_data/client/*.jsonl``.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from client_broken import broken
from client_cases import FAILURES, SCRIPT, answered, failed
from client_protocol import protocol

from serving_example.app.delivery import LoopDelivery
from serving_example.app.http import Pending
from serving_example.app.limits import Limits
from serving_example.app.server import Server, bound
from serving_example.client.tests.service import asked_of

FOLDER = Path(__file__).resolve().parents[1] / "client"
PATH = "POST /v1/recommend"
MOVING = {"date", "server-timing", "content-length", "x-request-id", "connection", "keep-alive"}
"""Headers of which a recording says nothing: they differ each time."""


class Scripted:
    """A recommender that says to each user what `SCRIPT` has."""

    def recommend(self, ask: Any, request: Any, answer: Any) -> Pending:
        pending, made = Pending(), SCRIPT[ask.user_id]
        pending.set(made if isinstance(made, Exception) else answer(made))
        return pending


@contextmanager
def serving(**options: Any) -> Iterator[int]:
    """A service of this checkout; gives its port."""
    listening = bound("127.0.0.1", 0)
    application = asked_of(Scripted(), offset=10**6, **options)
    server = Server([(application, listening)], LoopDelivery(time.monotonic))
    thread = threading.Thread(target=server.run, kwargs={"signals": False})
    thread.start()
    assert server.is_started.wait(30)
    try:
        yield server.ports[0]
    finally:
        server.stop()
        thread.join()


def exchange(port: int, version: int, body: dict[str, Any]) -> dict[str, Any]:
    """A request for recommendations, and what the service says."""
    headers = {"Content-Type": "application/json", "X-Contract-Version": str(version)}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    sent = {**headers, "X-Request-Id": "golden-1", "X-Timeout-Ms": "30000"}
    connection.request("POST", "/v1/recommend", json.dumps(body), sent)
    got = connection.getresponse()
    text = got.read().decode()
    connection.close()
    kept = [[name, value] for name, value in got.getheaders() if name.lower() not in MOVING]
    return {
        "request": {"line": PATH, "headers": headers, "body": body},
        "reply": {"status": got.status, "headers": kept, "body": text},
    }


def case(name: str, why: str, body: dict[str, Any], exchanges: Any, expect: Any) -> dict[str, Any]:
    """One line of a file."""
    return {
        "name": name, "why": why, "call": {"method": "recommend", **body},
        "exchanges": exchanges, "expect": expect,
    }  # fmt: skip


def body_of(user: int) -> dict[str, Any]:
    """What is asked for a user: the arguments that the answer is about."""
    more = {5: {"min_offset": 77}, 7: {"candidates": [9]}, 31: {"model": "x"}}.get(user, {})
    return {"user_id": user, "k": 5, **more}


def contract_2() -> Iterator[dict[str, Any]]:
    """The service's newest contract."""
    with serving() as port:
        for user, made in SCRIPT.items():
            body, is_error = body_of(user), isinstance(made, Exception)
            got = exchange(port, 2, body)
            expect = FAILURES[user] if is_error else {"answer": answered(made, 2)}
            why = repr(made) if is_error else "flags: " + (", ".join(made.flags) or "none")
            yield case(f"user {user}", why, body, [got], expect)
    with serving(limits=Limits(items=50)) as port:
        body = {"user_id": 1, "k": 60}
        expect = failed("RefusedError", status=400, code="invalid", field="body.k")
        why = "a server with smaller limits than the client knows"
        yield case("a smaller limit", why, body, [exchange(port, 2, body)], expect)
    with serving(keys=[]) as port:
        body = {"user_id": 1, "k": 5}
        expect = failed("AuthenticationError")
        yield case("no key", "it asks for a key", body, [exchange(port, 2, body)], expect)
    with serving(limits=Limits()) as port:
        body = {"user_id": 1, "k": 5}
        yield from broken(body, exchange(port, 2, body))


def contract_1() -> Iterator[dict[str, Any]]:
    """A server that answers contract 1 alone: the client asks by 2, is told so, and asks by 1."""
    with serving(versions=[1]) as port:
        for user in (1, 6, 8, 9, -(2**63), 22, 26, 29, 30):
            body, made = {"user_id": user, "k": 5}, SCRIPT[user]
            both = [exchange(port, 2, body), exchange(port, 1, body)]
            is_error = isinstance(made, Exception)
            expect = FAILURES[user] if is_error else {"answer": answered(made, 1)}
            yield case(f"user {user}", "a server of before", body, both, expect)
        body = {"user_id": 7, "k": 5, "candidates": [9]}
        expect = failed("InputError", "contract 1 only", field="candidates")
        why = "contract 1 has no candidates: nothing is sent by it"
        yield case("a newer argument", why, body, [exchange(port, 2, body)], expect)
        body = {"user_id": 1, "k": 5}
        both = [exchange(port, 2, body), exchange(port, 1, body)]
        told = json.loads(both[1]["reply"]["body"])
        whole = {"answer": answered(SCRIPT[1], 1)}
        short = {name: value for name, value in told.items() if name != "scores"}
        for name, edit, expect in (
            ("a field more", {**told, "mood": [1]}, whole),
            ("lists of two lengths", {**told, "scores": [0.75]}, failed("ContractError", "2 item")),
            ("a field less", short, failed("ContractError", "scores")),
        ):
            reply = {**both[1]["reply"], "body": json.dumps(edit)}
            yield case(name, "edited", body, [both[0], {**both[1], "reply": reply}], expect)


def files() -> dict[str, str]:
    """What stands in each file."""
    made = {"contract-1": contract_1(), "contract-2": contract_2(), "protocol-v2": protocol()}
    return {f"{name}.jsonl": _lines(lines) for name, lines in made.items()}


def _lines(made: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in made)


def main() -> None:
    """Writes the files."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
