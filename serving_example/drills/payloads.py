"""The bytes of requests."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

from serving_example.drills.pace import ROWS
from serving_example.tests.app.world import WORDS, rows_of

__all__ = ["infer", "recommend"]


def infer(within_s: float, model: str = "a") -> Callable[[int, float], bytes]:
    """Asks a ranker for `ROWS` scores.

    The number of the request is its id, and the first value of its first tensor: the drill finds it
    again in the answer, and in what the device was given.

    Args:
        within_s: The time that a client has; what he has lost already is subtracted.
        model: The model.

    Returns:
        From a number, below 2**24, and how late it is, to the bytes.
    """
    tensors = rows_of(ROWS)
    inputs = [
        {"name": n, "shape": list(a.shape), "datatype": WORDS[a.dtype],
         "parameters": {"binary_data_size": a.nbytes}}
        for n, a in tensors.items()
    ]  # fmt: skip
    asked = {"id": "00000000", "inputs": inputs, "parameters": {"binary_data_output": True}}
    text = json.dumps(asked).encode()
    before, after = text.split(b"00000000")
    raw = b"".join(a.tobytes() for a in tensors.values())[4:]
    head = (
        b"POST /v2/models/%b/infer HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream"
        b"\r\ninference-header-content-length: %d\r\ncontent-length: %d\r\nx-timeout-ms: "
    ) % (model.encode(), len(text), len(text) + len(raw) + 4)

    def payload(number: int, late_s: float) -> bytes:
        left_ms = max(1, round((within_s - late_s) * 1000))
        mark = np.float32(number).tobytes()
        return b"%b%d\r\n\r\n%b%08d%b%b%b" % (head, left_ms, before, number, after, mark, raw)

    return payload


def recommend(user: int, k: int = 5) -> bytes:
    """Asks for films."""
    return b"GET /v1/recommend/%d?k=%d HTTP/1.1\r\nhost: x\r\n\r\n" % (user, k)
