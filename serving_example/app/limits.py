"""What a client may ask of the server."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one server; each refusal names the one that it met.

    Attributes:
        head_bytes: Request line and headers together; more is 431.
        body_bytes: A body as sent; more is 413.
        unpacked_bytes: A compressed body when it is unpacked; more is 413.
        candidates: Items that one recommendation may rank.
        items: The largest k.
        events: Events in one request.
        connections: Open at once; more are closed.
        in_flight: Requests at work at once; more are 503.
        head_s: From the first byte of a head to its last; longer is 408.
        body_s: From the head to the last byte of the body; longer is 408.
        idle_s: A connection without a request; above the 60 s that pools of clients keep theirs.
        write_s: For how long a client may read nothing of its answer.
        answer_s: To the answer, unless the request asks for less; longer is 504.
        compute_s: The same for what devices compute: admission looks at deadlines, and a queue of
            five seconds would be nobody's wish.
        wait_s: For events that a request wants to be seen, and at most half of what is left to its
            deadline; after it the answer is without them, and says so.
        retry_after_s: What a client is told when the server is full.
    """

    head_bytes: int = 16_384
    body_bytes: int = 4_194_304
    unpacked_bytes: int = 8_388_608
    candidates: int = 1_000
    items: int = 100
    events: int = 1_000
    connections: int = 10_000
    in_flight: int = 8_192
    head_s: float = 10.0
    body_s: float = 20.0
    idle_s: float = 75.0
    write_s: float = 20.0
    answer_s: float = 5.0
    compute_s: float = 1.0
    wait_s: float = 1.0
    retry_after_s: float = 1.0
