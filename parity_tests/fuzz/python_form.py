"""The reader of JSON as Python runs it: its functions unchanged, over checked memory.

A fuzzer sees which lines of Python an input reaches, not which machine code. So the functions that
Numba compiles are called as the Python that they are written in, with loads and stores that refuse
an address outside the text, the plan and the columns; and their answer and every byte they leave is
compared with the machine code's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from featurelib_online import json_objects, json_times, json_values, read_values
from featurelib_online.json_reader import JsonReader
from featurelib_online.read_plan import ReadPlan
from parity_tests.fuzz.checked_memory import Memory, Region, of_array, of_text

MODULES = (read_values, json_times, json_values, json_objects)
"""Where the functions of the reader stand, callees first."""


def python_functions(memory: Memory) -> dict[str, Callable[..., Any]]:
    """The functions of the reader over a memory, by name."""
    made: dict[str, Any] = memory.functions()
    for module in MODULES:
        space = dict(vars(module))
        own = {n: f for n, f in _compiled(module) if f.__module__ == module.__name__}
        for name, code in own.items():
            made[name] = FunctionType(code.__code__, space, name, code.__defaults__)
        space.update({n: f for n, f in made.items() if n in space})
    return made


def _compiled(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name, value in vars(module).items():
        if hasattr(value, "py_func"):
            yield name, value.py_func


class BothForms:
    """Reads texts by the Python form and by machine code, and compares what they leave.

    Attributes:
        functions: The Python form, by name.

    Args:
        plan: Its columns are filled; it needs no program.
    """

    def __init__(self, plan: ReadPlan) -> None:
        self._reader = JsonReader(plan)
        columns = (a for c in plan.columns for a in (c.values, c.valid))
        self._arrays = [self._reader._words, self._reader._slow, plan._words, *columns]
        fixed = [of_array(a) for a in self._arrays]
        words = self._reader._words[json_objects.NAMES // 8 :].reshape(-1, 3).tolist()
        names = (Region(at, at + length, False) for at, length, _ in words)
        self._memory = Memory([*fixed, *names])
        self.functions = python_functions(self._memory)

    def read(self, text: bytes) -> None:
        """Reads a whole text, in as many steps as the columns are short.

        Raises:
            AssertionError: A load or store outside what is the reader's, or another result.
        """
        region = of_text(text)
        self._memory.hold(region)
        self._reader.start(text)
        n = 0
        while n >= 0 and not self._reader.is_done:
            before = [a.copy() for a in self._arrays]
            state = int(self._reader._words.ctypes.data)
            n = self.functions["_objects"](state, region.start)
            left = [a.copy() for a in self._arrays]
            for array, old in zip(self._arrays, before, strict=True):
                array[...] = old
            answer = self._reader._read(text)
            assert answer == n, f"machine code answers {answer}, Python {n}"
            for ours, theirs in zip(self._arrays, left, strict=True):
                assert np.array_equal(ours.view(np.uint8), theirs.view(np.uint8))
