"""The reader of JSON: objects to columns, in machine code, without a Python object.

It takes the common case: objects with the fields of the schema, each once, whose names have no
escapes; numbers, texts without escapes, true, false, null, dates and instants. A text in a column
is where it lies in the request. A value of another kind (a list, an escape, a duration, a number
that may not fit) is named, and Python reads that piece. Of everything else the reader says that
Python must read the whole text: so each error has one wording, that of `featurelib.json_rows`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from featurelib import borders, json_rows
from featurelib.errors import InputError
from featurelib_online import json_objects as layout
from featurelib_online import reader
from featurelib_online.read_plan import ReadPlan


class NotPlainError(Exception):
    """A text is not of the common case: Python reads it, and words what is wrong with it."""


class JsonReader:
    """Reads JSON texts into the columns of a plan. One call at a time.

    Args:
        plan: Whose columns are filled; its program is run.
    """

    def __init__(self, plan: ReadPlan) -> None:
        self._plan = plan
        fields = plan.schema.fields
        self._names = [field.name.encode() for field in fields]
        names = np.frombuffer(b"".join(self._names) + b"\0", np.uint8)
        slow = np.zeros((plan.capacity * (len(fields) + 1), layout.SLOW_BYTES // 8), np.int64)
        words = np.zeros((layout.NAMES + layout.NAME_BYTES * len(fields)) // 8, np.int64)
        at = int(names.ctypes.data)
        for i, name in enumerate(self._names):
            words[(layout.NAMES + layout.NAME_BYTES * i) // 8 :][:2] = at, len(name)
            at += len(name)
        words[layout.PLAN // 8] = plan.address
        words[layout.MOST_SLOW // 8], words[layout.SLOW_AT // 8] = len(slow), slow.ctypes.data
        self._words, self._slow = words, slow
        self_ = (int(words.ctypes.data), words, slow, names, plan)
        self._read = reader.builtin_of("read_json", layout.address(), self_)

    def start(self, text: bytes) -> None:
        """Takes another text, which is UTF-8."""
        self._words[layout.PHASE // 8], self._words[layout.LENGTH // 8] = layout.START, len(text)

    @property
    def is_done(self) -> bool:
        """Whether the whole text is read."""
        return bool(self._words[layout.PHASE // 8] == layout.END)

    def serve(self, text: bytes) -> int:
        """Reads the next rows, as many as the columns hold, and runs the program on them.

        Returns:
            Their number. Texts in the columns lie in `text`.

        Raises:
            NotPlainError: Python must read the whole text; the program has not run on these rows.
        """
        n: int = self._read(text)
        if n < 0:
            raise NotPlainError
        n_slow = int(self._words[layout.N_SLOW // 8])
        if n_slow:
            self._read_slow(text, self._slow[:n_slow].tolist())
        self._plan.run(n)
        return n

    def _read_slow(self, text: bytes, pieces: list[list[int]]) -> None:
        """Reads the pieces that machine code left to Python."""
        fields, where = self._plan.schema.fields, self._plan.where
        self._plan.forget()
        for row, i, start, stop in pieces:
            field = fields[i]
            is_time = (field.dtype.inner or field.dtype).is_temporal
            try:
                value = json_rows.read_json(text[start:stop])
                source: borders.Source = "json" if is_time else "python"
                value = borders.canonical(value, field, where=where, source=source)
            except (ValueError, InputError):
                raise NotPlainError from None
            self._plan.write_value(i, row, value)


def utf8_of(data: Any) -> bytes | None:
    """A text as UTF-8 that machine code may read; None if it is none."""
    try:
        if type(data) is str:
            return data.encode()
        if type(data) is bytes and (data.isascii() or data.decode()):
            return data
    except UnicodeError:
        pass
    return None
