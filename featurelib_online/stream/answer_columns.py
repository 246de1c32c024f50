"""Answers as a row kernel's columns: no Python object is made of an aggregate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from featurelib.jit.windows import entries
from featurelib.jit.windows import layout as at
from featurelib.jit.windows.plan import Plan, width_of
from featurelib_online.read_plan import Column
from featurelib_online.reader import builtin_of
from featurelib_online.stream.answer_code import NO_LIST, answer_code
from featurelib_online.stream.calendars import CalendarStarts

Array = np.ndarray[Any, Any]


class AnswerColumns:
    """Asks states of one source, one at a time, and leaves the answers in columns.

    Args:
        plan: The plan of the source.
        columns: Where answers go, by aggregate: some of the plan's, with room for one value.

    Attributes:
        ask: A function of (address of a state, query time, address of calendar starts), which gives
            the number of nulls or `OTHER_DEFINITION`. Lists that it left in the columns are valid
            until it is called again.
        starts: Finds the starts of calendar windows.
    """

    def __init__(self, plan: Plan, columns: Mapping[str, Column]) -> None:
        words: Array = np.zeros(plan.work_words, np.int64)
        records = [_record(k, p.name, columns) for k, p in enumerate(plan.aggregates)]
        table: Array = np.array([r for r in records if r], np.int64)
        self.starts = CalendarStarts(plan)
        at_words, at_table = int(words.ctypes.data), int(table.ctypes.data)
        code = entries.query_state.address
        keep = (plan, words, table, tuple(columns.values()))
        self.ask: Callable[[tuple[int, int, int]], int] = builtin_of(
            "answer_state",
            answer_code(),
            (code, plan.address, at_words, at_table, len(table), keep),
        )


def _record(k: int, name: str, columns: Mapping[str, Column]) -> list[int]:
    """The record of an aggregate, nothing if it has no column."""
    if name not in columns:
        return []
    column = columns[name]
    inner = column.dtype.inner
    width = at.WORD_64 if inner is not None else width_of(column.dtype)
    element = NO_LIST if inner is None else width_of(inner)
    return [k, int(column.values.ctypes.data), int(column.valid.ctypes.data), width, element]
