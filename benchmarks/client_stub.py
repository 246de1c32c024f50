"""A server for clients to be timed with: each path has one answer, which was made before.

``python -m benchmarks.client_stub`` prints its port, and serves until it is ended.
"""

from __future__ import annotations

import json
import socket
import threading

RECOMMENDED = {
    "user_id": 42, "items": [{"item_id": i, "score": i / 8} for i in range(10)],
    "model": {"name": "ranker", "digest": "a" * 64},
    "retrieval": {"name": "towers", "digest": "b" * 64}, "fingerprint": "c" * 64,
    "as_of": "2026-11-23T12:00:00Z", "feature_age_s": {"user_state": 1.5, "film": None},
    "flags": [], "contract_version": 2,
}  # fmt: skip
INFERRED = {
    "model_name": "m", "model_version": "1",
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 1], "data": [0.5]}],
}  # fmt: skip
COMPLETED = {
    "id": "c", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop",
                 "message": {"role": "assistant", "content": "0.5"}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}  # fmt: skip


def _answer(body: object) -> bytes:
    text = json.dumps(body, separators=(",", ":")).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(text) + text


ANSWERS = {
    b"/v1/recommend": _answer(RECOMMENDED),
    b"/v2/models/m/infer": _answer(INFERRED),
    b"/v1/chat/completions": _answer(COMPLETED),
}


def _serve(made: socket.socket) -> None:
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    waiting = b""
    while True:
        while b"\r\n\r\n" not in waiting:
            more = made.recv(65_536)
            if not more:
                return
            waiting += more
        head, _, body = waiting.partition(b"\r\n\r\n")
        at = head.lower().find(b"\r\ncontent-length:")
        length = int(head[at + 17 :].partition(b"\r\n")[0]) if at >= 0 else 0
        while len(body) < length:
            body += made.recv(65_536)
        waiting = body[length:]
        made.sendall(ANSWERS[head.split(b" ", 2)[1]])


def main() -> None:
    """Serves each connection in a thread."""
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    while True:
        made, _ = listening.accept()
        threading.Thread(target=_serve, args=(made,), daemon=True).start()


if __name__ == "__main__":
    main()
