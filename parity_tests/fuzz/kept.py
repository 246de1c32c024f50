"""Which inputs are kept: the fewest short ones that reach every line that all of them reach."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import CodeType, FrameType
from typing import Any

from parity_tests.fuzz.target import Target

Step = tuple[CodeType, int, int]
"""A function, and two of its lines that ran one after the other."""


def smallest(target: Target, inputs: Iterable[bytes]) -> list[bytes]:
    """The shortest inputs first, and each other that takes a step which none of them takes."""
    codes = {f.__code__ for f in target.instrumented()}
    met: set[Step] = set()
    for data in target.seeds():
        met |= steps(target, data, codes)
    chosen = []
    for data in sorted(set(inputs), key=lambda i: (len(i), i)):
        taken = steps(target, data, codes)
        if not taken <= met:
            chosen.append(data)
            met |= taken
    return chosen


def steps(target: Target, data: bytes, codes: set[CodeType]) -> set[Step]:
    """The steps that a target takes in these functions to check an input."""
    made: set[Step] = set()
    last: dict[FrameType, int] = {}

    def enter(frame: FrameType, event: str, what: Any) -> Any:
        return line if frame.f_code in codes else None

    def line(frame: FrameType, event: str, what: Any) -> Any:
        if event == "line":
            made.add((frame.f_code, last.get(frame, 0), frame.f_lineno))
            last[frame] = frame.f_lineno
        elif event == "return":
            last.pop(frame, None)
        return line

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        target.check(data)
    finally:
        sys.settrace(before)
    return made
