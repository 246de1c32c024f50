"""Replays the golden corpus: an installed client against recorded answers, over a real socket.

``python replay.py golden_data/client`` needs `featurelib_client` and the standard library, so it
runs where nothing else of the repository is: with any version of the client that is installed. It
looks that the client sends what the case has, and gives what the case expects.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import logging
import sys
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import featurelib_client
from featurelib_client import Client, ClientError, Tensor

__all__ = ["cases", "replay"]

Case = dict[str, Any]


def cases(folder: Path) -> list[Case]:
    """All cases of a folder; each has the file that it is of."""
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            found.append({"file": file.stem, **json.loads(line)})
    return found


def replay(given: list[Case]) -> list[str]:
    """What differs, a line each; empty if the client does what all cases say."""
    problems: list[str] = []
    server = _Server(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        for case in given:
            server.begin(case["exchanges"])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a deprecation is told once, and is no outcome
                got = _outcome(case, f"http://127.0.0.1:{server.server_port}")
            told = [*server.problems]
            if server.left:
                told.append(f"{len(server.left)} exchanges were not asked for")
            told += _difference(case["expect"], got)
            problems += [f"{case['file']}: {case['name']}: {problem}" for problem in told]
    finally:
        server.shutdown()
        server.server_close()
    return problems


def _outcome(case: Case, url: str) -> dict[str, Any]:
    """What the client gives for a case, in the words of the corpus."""
    call = dict(case["call"])
    method = call.pop("method")
    if "events" in call:
        call["events"] = [
            {**event, "rated_at": dt.datetime.fromisoformat(event["rated_at"])}
            for event in call["events"]
        ]
    if "inputs" in call:
        call["inputs"] = {name: _tensor(about) for name, about in call["inputs"].items()}
    settings = {"timeout_s": 30.0, "max_attempts": 1, **case.get("settings", {})}
    with Client(url, **settings) as client:
        try:
            made = getattr(client, method)(**call)
        except ClientError as error:
            return {"error": type(error).__name__, "about": error}
    return {"answer": _plain(made)}


def _difference(expected: dict[str, Any], got: dict[str, Any]) -> list[str]:
    if "answer" in expected:
        if "answer" not in got:
            return [f"expected an answer, got {got['error']}: {got['about']}"]
        wanted, found = expected["answer"], got["answer"]
        if isinstance(wanted, dict):  # newer clients may tell more
            found = {name: found.get(name) for name in wanted}
        same = json.dumps(wanted, sort_keys=True) == json.dumps(found, sort_keys=True)
        return [] if same else [f"expected {wanted}, got {found}"]
    if got.get("error") != expected["error"]:
        return [f"expected {expected['error']}, got {got.get('error', got)}"]
    error, problems = got["about"], []
    for name, value in expected.get("fields", {}).items():
        found = getattr(error, name, None)
        if (list(found) if isinstance(found, tuple) else found) != value:
            problems.append(f"{name}: expected {value!r}, got {found!r}")
    problems += [
        f"the message does not say {said!r}: {error}"
        for said in expected.get("says", []) if said not in str(error)
    ]  # fmt: skip
    return problems


def _tensor(about: dict[str, Any]) -> Tensor:
    data = bytes.fromhex(about["hex"]) if "hex" in about else about["data"]
    return Tensor(about["datatype"], tuple(about["shape"]), data)


def _plain(made: Any) -> Any:
    """An answer as JSON has it; nothing of `about`, which tells how it came to be."""
    if isinstance(made, featurelib_client.Recommendation):
        told = {
            "user_id": made.user_id, "items": [[one.item_id, one.score] for one in made.items],
            "model_digest": made.model_digest, "contract_version": made.contract_version,
            "flags": list(made.flags), "details": None,
        }  # fmt: skip
        if made.details is not None:
            told["details"] = made.details.model_dump(mode="json")
        return told
    if isinstance(made, featurelib_client.Inferred):
        outputs = {
            name: {"datatype": one.datatype, "shape": list(one.shape), "values": one.values()}
            for name, one in made.outputs.items()
        }
        return {"model": made.model, "version": made.version, "outputs": outputs}
    if hasattr(made, "model_dump"):
        return made.model_dump(mode="json")
    if dataclasses.is_dataclass(made) and not isinstance(made, type):
        return dataclasses.asdict(made)
    return list(made) if isinstance(made, tuple) else made


class _Server(ThreadingHTTPServer):
    """Answers one case after another."""

    daemon_threads = True

    def begin(self, exchanges: list[dict[str, Any]]) -> None:
        """From now on these are asked for, in order."""
        self.left: list[dict[str, Any]] = list(exchanges)
        self.problems: list[str] = []

    def look(self, method: str, target: str, headers: Any, body: bytes) -> dict[str, Any]:
        """The reply to a request; what is wrong with the request is noted."""
        if not self.left:
            self.problems.append(f"sent once more: {method} {target} {body[:100]!r}")
            return {"status": 418, "headers": [], "body": ""}
        exchange = self.left.pop(0)
        wanted = exchange["request"]
        told = f"{method} {target}"
        if told != wanted["line"]:
            self.problems.append(f"sent {told}, expected {wanted['line']}")
        for name, value in wanted.get("headers", {}).items():
            if headers.get(name) != value:
                self.problems.append(f"{name} is {headers.get(name)!r}, expected {value!r}")
        tail = bytes.fromhex(wanted.get("tail_hex", ""))
        head = body[: len(body) - len(tail)]
        sent = json.loads(head) if head else None
        if sent != wanted.get("body") or body[len(head) :] != tail:
            self.problems.append(f"sent {body[:200]!r}, expected {wanted.get('body')}")
        reply: dict[str, Any] = exchange["reply"]
        return reply


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        reply = self.server.look(self.command, self.path, self.headers, body)
        text = reply["body"].encode() + bytes.fromhex(reply.get("tail_hex", ""))
        self.send_response_only(reply["status"])
        for name, value in reply["headers"]:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what is wrong is told at the end."""


def main() -> int:
    """Replays a folder; says what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    given = cases(parser.parse_args().folder)
    logging.getLogger("featurelib_client").addHandler(logging.NullHandler())  # errors are expected
    problems = replay(given)
    print("\n".join(problems) or f"{len(given)} cases: the client does what each says")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
