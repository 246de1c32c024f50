"""Why a call gave no answer: one tree, and each error tells the same of itself.

ClientError
├── ConfigurationError          a URL, key or setting that no client can work with
├── InputError                  a request that breaks the contract; nothing was sent
└── CallError                   the call was made
    ├── DeadlineError           the deadline passed
    ├── OverloadError           the server has too much to do; `retry_after_s`
    ├── UnavailableError        no server, or one that failed
    │   └── CircuitOpenError    not asked: the last answers were failures
    ├── AuthenticationError     the key is not known, or may not do this
    ├── RefusedError            the server says what is wrong with the request: `field`
    └── ContractError           the answer breaks the contract; its excerpt
        └── ContractVersionError
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AuthenticationError",
    "CallError",
    "CircuitOpenError",
    "ClientError",
    "ConfigurationError",
    "ContractError",
    "ContractVersionError",
    "DeadlineError",
    "InputError",
    "OverloadError",
    "RefusedError",
    "UnavailableError",
]

_EXCERPT = 300
"""Characters of an answer that an error shows."""


class ClientError(Exception):
    """The base of all errors of this package. They travel between processes."""

    def __reduce__(self) -> Any:
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[ClientError], args: tuple[Any, ...], about: dict[str, Any]) -> ClientError:
    """The error as it was: `__init__` takes other arguments than what it keeps."""
    made = kind.__new__(kind, *args)
    made.args = args
    made.__dict__.update(about)
    return made


class ConfigurationError(ClientError, ValueError):
    """What a client was made with cannot work."""


class InputError(ClientError, ValueError):
    """A request that breaks the contract. It was not sent.

    Attributes:
        field: The part of the request at fault: a path of names and indices.
    """

    field: str

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class CallError(ClientError):
    """A call that was made and gave no answer.

    Attributes:
        operation: What was asked: ``recommend``, ``infer``, ...
        request_id: That the server saw, and that its log has.
        attempts: How often it was sent.
        elapsed_s: From the call to this error.
        reason: Which case of it, for programs: ``connect``, ``queue_full``, ...
        retry_after_s: After how long to try again; None if nobody said so.
    """

    message: str
    operation: str
    request_id: str
    attempts: int
    elapsed_s: float
    reason: str
    retry_after_s: float | None

    def __init__(self, message: str, *, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message, self.reason, self.retry_after_s = message, reason, retry_after_s
        self.operation, self.request_id, self.attempts, self.elapsed_s = "", "", 0, 0.0

    def told(self, operation: str, request_id: str, attempts: int, elapsed_s: float) -> CallError:
        """This error, with what it tells of its call."""
        self.operation, self.request_id = operation, request_id
        self.attempts, self.elapsed_s = attempts, elapsed_s
        return self

    def __str__(self) -> str:
        if not self.operation:
            return self.message
        times = "once" if self.attempts == 1 else f"{self.attempts} times"
        after = "" if self.retry_after_s is None else f"; ask again in {self.retry_after_s:g} s"
        return (
            f"{self.operation}: {self.message}{after} [{self.reason}; request {self.request_id}, "
            f"sent {times}, {self.elapsed_s * 1000:.0f} ms]"
        )


class DeadlineError(CallError, TimeoutError):
    """The deadline passed before there was an answer."""


class OverloadError(CallError):
    """The server has too much to do, or this key asks too often."""


class UnavailableError(CallError, ConnectionError):
    """There is no server, or it failed."""


class CircuitOpenError(UnavailableError):
    """The server was not asked, because most of its last answers were failures."""


class AuthenticationError(CallError, PermissionError):
    """The server does not know the key, or does not let it do this."""


class RefusedError(CallError):
    """The server refuses the request.

    Attributes:
        status: The HTTP status.
        code: What kind, for programs: ``invalid``, ``not_found``, ...
        field: The part of the request at fault; None if the server names none.
    """

    status: int
    code: str
    field: str | None

    def __init__(self, message: str, *, reason: str, status: int, code: str, field: str | None):
        super().__init__(f"{field}: {message}" if field else message, reason=reason)
        self.status, self.code, self.field = status, code, field


class ContractError(CallError):
    """The answer is none that the contract has.

    Attributes:
        excerpt: The beginning of the answer's body.
    """

    excerpt: str

    def __init__(self, message: str, *, body: bytes, reason: str = "contract") -> None:
        self.excerpt = body[: _EXCERPT * 4].decode("utf-8", "replace")[:_EXCERPT]
        super().__init__(f"{message}; the answer begins with {self.excerpt!r}", reason=reason)


class ContractVersionError(ContractError):
    """Client and server have no version of the contract in common.

    Attributes:
        mine: The versions that this client speaks.
        theirs: The versions that the server answers, as far as it says.
    """

    mine: tuple[int, ...]
    theirs: tuple[int, ...]

    def __init__(self, mine: tuple[int, ...], theirs: tuple[int, ...], body: bytes = b"") -> None:
        ours, other, way = apart(mine, theirs)
        super().__init__(
            f"this client speaks contract {ours}, the server answers {other}: {way}", body=body,
            reason="contract_version",
        )  # fmt: skip
        self.mine, self.theirs = mine, theirs


def apart(mine: tuple[int, ...], theirs: tuple[int, ...]) -> tuple[str, str, str]:
    """Versions of both sides that have none in common: named, and the way out.

    Args:
        mine: Of the client.
        theirs: Of the server; empty if it does not say.
    """

    def named(versions: tuple[int, ...]) -> str:
        return ", ".join(map(str, versions)) or "none that it names"

    is_older = bool(theirs) and max(theirs) < min(mine)
    way = "use an older featurelib-client, or a newer server"
    return named(mine), named(theirs), way if is_older else "upgrade featurelib-client"
