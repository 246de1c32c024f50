"""Request JSON: the machine code that reads it, its Python form, and Python's own reader."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from featurelib import border_times, border_values, borders, json_rows
from featurelib_online.json_reader import utf8_of
from featurelib_online.read_plan import ReadPlan
from parity_tests.fuzz.python_form import BothForms
from parity_tests.online.json_texts import ROW, Small, assert_equal_meaning

_ROWS = 3
"""Rows of the columns: a text of more is read in several steps."""


class Requests:
    """An input is the text of a request."""

    name = "request"

    @cached_property
    def _forms(self) -> BothForms:
        return BothForms(ReadPlan(Small.input_schema(), capacity=_ROWS))

    def seeds(self) -> Iterable[bytes]:
        """An object, arrays, fields left out, other orders, escapes, spaces."""
        turned = dict(reversed(ROW.items()))
        for rows in (ROW, [ROW], [], [ROW, turned] * 3, [{k: ROW[k] for k in ("x", "big", "ok")}]):
            yield json.dumps(rows, ensure_ascii=False).encode()
        yield json.dumps([ROW | {"name": 'q"\\\n\u2028', "day": None}], indent=1).encode()

    def instrumented(self) -> Iterator[Any]:
        """The Python form of the reader, and what Python reads the rest by."""
        yield from (f for f in self._forms.functions.values() if inspect.isfunction(f))
        for module in (json_rows, borders, border_values, border_times):
            yield from (f for f in vars(module).values() if inspect.isfunction(f))

    def check(self, data: bytes) -> None:
        """Machine code and its Python form leave the same bytes; a kernel answers as Python would.

        Raises:
            AssertionError: They do not, or the reader leaves what is its own.
        """
        text = utf8_of(data)
        if text is not None:
            self._forms.read(text)
        assert_equal_meaning(data)
