"""The bytes of requests, with places where numbers go.

A template is the bytes of a request in which a byte below `PLACES` stands for a number. So the loop
of the generator copies and prints integers, and does nothing else for a request.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving_example.load.kernel import (
    ITEM,
    PADDED_USER,
    PLACES,
    RATING,
    RATING_ID,
    USER,
    WIDTH,
)

__all__ = ["event", "query"]

Template = np.ndarray[Any, np.dtype[np.uint8]]


def query(host: str, path: str, headers: Sequence[str]) -> Template:
    """A GET; ``{user}`` in the path is where the user goes.

    Raises:
        ValueError: The path or a header has a character that cannot stand there.
    """
    where = path.replace("{user}", chr(USER))
    return _template(f"GET {where} HTTP/1.1", host, headers, "")


def event(host: str, path: str, headers: Sequence[str], rated_at: dt.datetime) -> Template:
    """A POST of one rating.

    Args:
        host: The header.
        path: Of the route.
        headers: More of them.
        rated_at: Of the rating; aware.

    Raises:
        ValueError: As of `query`.
    """
    at = rated_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    names = ((RATING_ID, "rating_id"), (PADDED_USER, "user_id"), (ITEM, "item_id"))
    numbers = ",".join(f'"{name}":{chr(code)}' for code, name in (*names, (RATING, "rating")))
    body = f'{{"events":[{{{numbers},"rated_at":"{at}"}}]}}'
    return _template(f"POST {path} HTTP/1.1", host, headers, body)


def _template(line: str, host: str, headers: Sequence[str], body: str) -> Template:
    lines = [line, f"Host: {host}", *headers]
    if body:
        padded = sum(ord(c) < PLACES for c in body)
        length = len(body) + padded * (WIDTH - 1)
        lines += ["Content-Type: application/json", f"Content-Length: {length}"]
    for text in lines:
        wrong = [c for c in text if not (" " <= c <= "~" or ord(c) == USER)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} cannot stand in a request: {text[:200]!r}")
    return np.frombuffer("\r\n".join([*lines, "", body]).encode("ascii"), np.uint8).copy()
