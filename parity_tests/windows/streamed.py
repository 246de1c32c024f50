"""A stream beside the oracle: the same records to both, the same questions, equal answers."""

from __future__ import annotations

import datetime as dt
import functools
import math
import random
import struct
from typing import Any

from featurelib.windows import Definition
from featurelib_online import stream
from parity_tests.windows import oracle, strategies
from parity_tests.windows.described import oracle_records, power_of_two, spec_of

MICROSECOND = dt.timedelta(microseconds=1)
KEY = b"ann"
"""The one entity whose state is looked at, as the oracle has it."""


@functools.cache
def compiled(*asked: Any) -> stream.Stream:
    """The stream of `strategies.Asked` with these fields; a family is compiled once."""
    family, argument, windows, *rules = asked
    return stream.compile(strategies.Asked(family, argument, list(windows), *rules).definition)


def stream_of(asked: strategies.Asked) -> stream.Stream:
    """The stream of what is asked."""
    family, argument, windows, *rules = asked
    return compiled(family, argument, tuple(windows), *rules)


def plain(value: Any) -> Any:
    """A value so that equal means equal bits; times as microseconds, every NaN as one."""
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    if isinstance(value, dt.timedelta):
        return value // MICROSECOND
    if isinstance(value, dt.datetime):
        return strategies.microseconds(value)
    return value


class Told:
    """What a state has been told, as the oracle reads it.

    Args:
        definition: The aggregates; their source is `things`.
    """

    def __init__(self, definition: Definition) -> None:
        self._plan = definition.sources["things"]
        self.spec = spec_of(definition, "things")
        self.records: list[dict[str, Any]] = []

    def hear(self, row: dict[str, Any]) -> str | None:
        """Notes a row; why it must be refused, or None."""
        (record,) = oracle_records(self._plan, [row])
        self.records.append(record)
        return oracle.refusal(record, self.spec)

    @property
    def newest_arrival(self) -> int:
        """The largest arrival of a record that is taken; 1970 if there is none."""
        taken = [r["a"] for r in self.records if oracle.refusal(r, self.spec) is None]
        return max(taken, default=0)

    def check(self, made: stream.Stream, state: stream.State, times: list[int]) -> int:
        """Every answer is the oracle's; before the newest arrival it may be `beyond_kept` instead.

        Returns:
            How many answers had a value.
        """
        expected = oracle.answers(self.records, [(KEY, q) for q in times], self.spec, power_of_two)
        compared = 0
        for q, answers in zip(times, expected, strict=True):
            found = made.query(state, q)
            assert list(found) == list(answers)
            for name, (value, reason) in answers.items():
                got = found.reasons.get(name)
                if q < self.newest_arrival and got == "beyond_kept":
                    assert found[name] is None
                    continue
                told = f"{name} at {q}: {found[name]!r} ({got}), expected {value!r} ({reason})"
                assert (plain(found[name]), got) == (plain(value), reason), told
                compared += value is not None
        return compared


def some_values(random_: random.Random, wild: bool) -> dict[str, Any]:
    """Values of a record; wild ones span all floats."""
    x = (
        None
        if random_.random() < 0.05
        else round(random_.gauss(0, 100), random_.choice([0, 2, 17]))
    )
    if wild and random_.random() < 0.3:
        x = random_.choice(strategies.FLOATS)
    n = random_.choice((None, *strategies.INTEGERS)) if wild else random_.randint(-50, 50)
    return {
        "x": x, "f": None, "n": n, "u": random_.choice([None, 0, 1, 5, (1 << 64) - 1]),
        "flag": random_.choice([True, True, False, None]), "word": random_.choice("abc"),
    }  # fmt: skip


def long_history(seed: int, n: int, wild: bool) -> list[dict[str, Any]]:
    """Many records of one entity, mostly in order: ties, late ones, duplicates, withdrawals."""
    random_ = random.Random(seed)
    step = dt.timedelta(seconds=random_.choice([20, 60, 600]))
    rows: list[dict[str, Any]] = []
    now = 0
    for i in range(n):
        now += random_.choice([0, 0, 1, 1, 1, 2])
        got = strategies.ORIGIN + now * step
        row = {
            "user": "ann", "at": got - random_.choice([0] * 12 + [1, 3, 30]) * step, "got": got,
            "seq": random_.choice([0, 0, 0, 1]), "id": random_.choice([i, i, i, 1, 2]),
            "gone": random_.random() < 0.03, **some_values(random_, wild),
        }  # fmt: skip
        if rows and random_.random() < 0.08:
            again = random_.choice(rows[-40:])
            row = again | {"got": got, "gone": random_.random() < 0.5}
            if random_.random() < 0.3:
                row |= {"got": again["got"], **some_values(random_, wild)}
        rows.append(row)
    return rows
