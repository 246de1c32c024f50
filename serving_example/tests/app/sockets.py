"""Raw bytes to a server and back: what no client library would send."""

import contextlib
import json
import socket
import time
from typing import Any


def exchange(port: Any, *pieces: Any, pause_s: Any = 0.0, timeout_s: Any = 15.0) -> Any:
    """Sends pieces of bytes, and gives all that comes back until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
        with contextlib.suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause_s)
        return read_all(connection)


def read_all(connection: Any) -> Any:
    """Bytes until the end; of a server that keeps the connection use `read_one`."""
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            got += piece
    return got


def read_one(connection: Any) -> Any:
    """One answer of a connection that is kept: (status, headers, body)."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = connection.recv(65536)
        assert piece, got
        got += piece
    status, headers, body = parse(got)
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65536)
    return status, headers, body


def parse(got: Any) -> Any:
    """The first answer in some bytes: (status, headers, rest)."""
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {n.lower(): v for n, v in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, body


def error_of(got: Any) -> Any:
    """The status and the error of an answer of ours."""
    status, headers, body = parse(got)
    assert headers["content-type"] == "application/json" and "server-timing" in headers
    return status, json.loads(body)["error"]
