"""Logging requests with their answers, so that `featurelib replay` can compute them again.

    log = RequestLog("served.jsonl", kernel.bundle, entity="user_id", share=0.01)
    row = kernel(request)
    log.write(request, row)

A line holds one request and its answer, each value with all its bits, and the fingerprint of the
set that answered. Which entities are logged is decided by a hash of the entity, so that all
requests of one are in the log, on every machine, or none.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from featurelib import canonical_json, literals
from featurelib.borders import canonical_row
from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError
from featurelib_online.entities import EntityShare

__all__ = ["FORMAT", "RequestLog"]

FORMAT = 1
"""Version of a line; it stands in every one."""
_LOGGER = logging.getLogger("featurelib.request_log")


class RequestLog:
    """Appends requests and answers to a file of JSON lines. Safe to call from many threads.

    A line is written by one call of the operating system that appends, so processes may share a
    file, and one that is killed leaves at most its last line cut off. The disk is not waited for.

    Args:
        path: The file; it is made, or appended to.
        bundle: What the kernel computes.
        entity: The input that names the entity; needed for a share below 1.
        share: Part of the entities that are logged, 0 to 1.
        seed: Of the hash that chooses them: XXH64 of the UTF-8 text, or of the integer as 8 bytes.

    Attributes:
        written: Lines that were written.
        failed: Lines that could not be written; the service goes on, and the first one is told to
            the logger ``featurelib.request_log``.

    Raises:
        DefinitionError: `entity` is no String or integer input that is never null, or `share` is
            not from 0 to 1, or below 1 without an entity.
        OSError: The file cannot be opened.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        bundle: Bundle,
        *,
        entity: str | None = None,
        share: float = 1.0,
        seed: int = 0,
    ) -> None:
        self._share = EntityShare(bundle, entity, share, seed)
        self.written = self.failed = 0
        self._bundle = bundle
        self._head = {
            "fingerprint": bundle.fingerprint,
            "log": FORMAT,
            "set": bundle.name,
            "version": bundle.version,
        }
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def takes(self, request: Mapping[str, Any]) -> bool:
        """Whether the entity of a request is one of those that are logged."""
        return self._share.takes(request)

    def write(
        self, request: Mapping[str, Any], answer: Any, *, at: dt.datetime | None = None
    ) -> bool:
        """Logs a request that the kernel has answered, if its entity is one of those logged.

        Args:
            request: What the kernel was given.
            answer: The `Row` that it gave, or a mapping from feature to Python value of some of
                the features.
            at: When; by default now.

        Returns:
            Whether there is a line of it now.

        Raises:
            InputError: The request does not fit the input schema, so no kernel has answered it.
        """
        if not self.takes(request):
            return False
        given = canonical_row(request, self._bundle.schema, where=self._bundle.name)
        line = {
            **self._head,
            "answer": self._answer(answer),
            "at": (at or dt.datetime.now(dt.UTC)).isoformat(),
            "request": {name: literals.canonical(value) for name, value in given.items()},
        }
        data = canonical_json.dumps(line).encode() + b"\n"
        with self._lock:
            try:
                whole = os.write(self._file, data) == len(data)
                self.written += whole
                error: OSError | None = None if whole else OSError("the disk took half of a line")
            except OSError as raised:
                error = raised
            if error is not None:
                self.failed += 1
                if self.failed == 1:
                    _LOGGER.warning("a request was not logged: %s", error)
        return error is None

    def _answer(self, answer: Any) -> dict[str, Any]:
        outputs = self._bundle.program.outputs
        read = getattr(answer, "canonical", None)
        if read is not None:
            return {name: literals.canonical(read(name)) for name in outputs}
        unknown = [name for name in answer if name not in outputs]
        if unknown:
            raise DefinitionError(
                f"{self._bundle.name}: an answer holds `{unknown[0]}`, which is no feature",
                hint=f"features: {', '.join(outputs)}",
            )
        return {
            name: literals.canonical(literals.to_kernel(value, outputs[name].dtype))
            for name, value in answer.items()
        }

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def __enter__(self) -> RequestLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
