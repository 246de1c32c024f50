"""Every knob of a client, with its default."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from featurelib_client.errors import ConfigurationError

__all__ = ["MOST_S", "Settings", "are_seconds", "no_seconds"]

_KEY = re.compile(r"[\x21-\x7e]{1,512}\Z")
MOST_S = 1_000_000
"""Eleven days: a socket does not wait for any number of seconds."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The knobs.

    Attributes:
        api_key: Sent as a bearer token; None: no key.
        timeout_s: The deadline of a call, with all its attempts and the waits between them.
        connect_timeout_s: For a connection, within the deadline.
        max_attempts: How often a call is sent at most; 1: never again.
        backoff_s: The wait before the second attempt is at most this; it doubles each time.
        max_backoff_s: No wait of our own is longer.
        max_retry_after_s: What a server asks to wait is taken as at most this.
        retry_budget: Tokens for attempts after the first; shared by all calls of the client.
        breaker_rate: The share of failures among the last calls at which the circuit opens; above
            1.0: never.
        breaker_calls: It does not open on fewer calls than this.
        breaker_window_s: How far back calls count.
        breaker_open_s: How long it stays open before one call tries again.
        hedge: A call that only reads and is slower than most is sent a second time.
        cache_bytes: Answers that are kept, in bytes; 0: none.
        max_connections: Open at once.
        keepalive_s: How long an idle connection is kept; below the 75 s of the server.
        max_answer_bytes: A longer answer is an error.
    """

    api_key: str | None = dataclasses.field(default=None, repr=False)
    timeout_s: float = 1.0
    connect_timeout_s: float = 0.5
    max_attempts: int = 3
    backoff_s: float = 0.05
    max_backoff_s: float = 1.0
    max_retry_after_s: float = 30.0
    retry_budget: float = 500.0
    breaker_rate: float = 0.5
    breaker_calls: int = 20
    breaker_window_s: float = 10.0
    breaker_open_s: float = 2.0
    hedge: bool = False
    cache_bytes: int = 0
    max_connections: int = 100
    keepalive_s: float = 60.0
    max_answer_bytes: int = 64 << 20

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Settings:
        """Settings from knobs by name.

        Raises:
            ConfigurationError: One is not known, or cannot work.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in given:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"did you mean {near[0]!r}? There" if near else "there"
                raise ConfigurationError(
                    f"there is no setting {name!r}; {hint} are {', '.join(known)}"
                )
        return cls(**given)

    def __post_init__(self) -> None:
        key = self.api_key
        if key is not None and not (isinstance(key, str) and _KEY.match(key)):
            # The key itself is not shown: errors end up in logs.
            got = f"{len(key)} characters" if isinstance(key, str) else type(key).__name__
            if isinstance(key, str) and key != key.strip():
                got += ", with blanks or a line's end around it"
            raise ConfigurationError(
                f"api_key: expected 1 to 512 visible ASCII characters, got {got}"
            )
        for name in _POSITIVE:
            _check(name, getattr(self, name), is_open=True)
        for name in _NOT_NEGATIVE:
            _check(name, getattr(self, name), is_open=False)
        for name, least, most in _INTEGERS:
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise ConfigurationError(
                    f"{name}: expected an integer from {least} to {most}, got {value!r}"
                )
        if type(self.hedge) is not bool:
            raise ConfigurationError(f"hedge: expected True or False, got {self.hedge!r}")


_INTEGERS = (
    ("max_attempts", 1, 100), ("breaker_calls", 1, 1_000_000), ("max_connections", 1, 100_000),
    ("cache_bytes", 0, 1 << 40), ("max_answer_bytes", 1, 1 << 40),
)  # fmt: skip
_POSITIVE = (
    "timeout_s", "connect_timeout_s", "breaker_rate", "breaker_window_s", "breaker_open_s",
    "keepalive_s",
)  # fmt: skip
_NOT_NEGATIVE = ("backoff_s", "max_backoff_s", "max_retry_after_s", "retry_budget")


def are_seconds(value: object, *, is_open: bool = True) -> bool:
    """Whether a value is a number from 0 to `MOST_S`, and not 0 if the range is open."""
    return _is_number(value, is_open) and value <= MOST_S  # type: ignore[operator]


def no_seconds(value: object, *, is_open: bool = True) -> str:
    """What is wrong with a value that is none."""
    sign = ">" if is_open else ">="
    return f"expected seconds {sign} 0 and at most {MOST_S:,}, got {value!r:.80}"


def _is_number(value: object, is_open: bool) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return 0 < value < math.inf or (value == 0 and not is_open)


def _check(name: str, value: object, *, is_open: bool) -> None:
    if name.endswith("_s"):
        if not are_seconds(value, is_open=is_open):
            raise ConfigurationError(f"{name}: {no_seconds(value, is_open=is_open)}")
    elif not _is_number(value, is_open):
        sign = ">" if is_open else ">="
        raise ConfigurationError(f"{name}: expected a finite number {sign} 0, got {value!r:.80}")
