"""Feeds the reader what no request should hold; run in a process of its own by `test_reader_fuzz`.

python parity_tests/online/reader_attack.py CASE SEED ROUNDS
"""

from __future__ import annotations

import contextlib
import ctypes
import datetime as dt
import decimal
import gc
import math
import random
import sys
import threading
from collections import OrderedDict, UserDict, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from featurelib import dtypes
from featurelib.errors import InputError
from featurelib.fields import Constraints, Field, InputSchema
from featurelib_online.read_plan import ReadPlan

TYPES = [t for t in dtypes.SCALARS.values() if t.name != "Table"]
TYPES.append(dtypes.list_type(dtypes.FLOAT64))
FIELDS = [Field(f"x{i}", t, i % 2 == 0) for i, t in enumerate(TYPES * 2)]
FIELDS.append(Field("limited", dtypes.STRING, constraints=Constraints(one_of=("a", "b"))))
SCHEMA = InputSchema("attack", tuple(FIELDS), "ignore")


class Hostile:
    """Every question about it raises; as a key it has the hash of a field's name."""

    name = "x3"

    def _raise(self, *args: Any) -> Any:
        raise RuntimeError("hostile")

    __eq__ = __lt__ = __float__ = __int__ = __index__ = __len__ = __iter__ = __bool__ = _raise
    __repr__ = __str__ = __getitem__ = _raise  # type: ignore[assignment]

    def __hash__(self) -> int:
        return hash(self.name)


class Unhashable(Hostile):
    def __hash__(self) -> int:
        raise RuntimeError("hostile")


class Liar(Hostile):
    """Says that it is a dict, a str, anything; clears the row when it is compared."""

    row: dict[Any, Any] | None = None

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("hostile")

    def __eq__(self, other: object) -> bool:
        if Liar.row is not None:
            Liar.row.clear()
        return True

    __hash__ = Hostile.__hash__


class Clears:
    """Clears a row when it is collected."""

    def __init__(self, row: dict[Any, Any]) -> None:
        self.row, self.me = row, self

    def __del__(self) -> None:
        self.row.clear()


class BadDict(dict[Any, Any]):
    def __getitem__(self, key: Any) -> Any:
        raise RuntimeError("hostile")

    keys = items = __iter__ = __len__ = __contains__ = __getitem__  # type: ignore[assignment]


class BadZone(dt.tzinfo):
    def utcoffset(self, moment: Any) -> Any:
        raise RuntimeError("hostile")


class Text(str):
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("hostile")

    __hash__ = str.__hash__


def make_values(draw: random.Random) -> list[Any]:
    big = draw.getrandbits(draw.choice((8, 31, 53, 63, 64, 65, 4000)))
    moment = dt.datetime(1, 1, 1) + dt.timedelta(days=draw.randrange(3_000_000))
    text = "".join(chr(draw.randrange(0x110000)) for _ in range(draw.randrange(5)))
    values = [None, True, False, big, -big, float(big % 2**60), math.nan, math.inf, -0.0, 1j, ...]
    values += [text, "a", "b", "\ud800", "a" * 5000, Text("a"), b"a", bytearray(b"a"), np.str_("a")]
    values += [moment, moment.replace(tzinfo=dt.UTC), moment.replace(tzinfo=BadZone())]
    values += [dt.timedelta(draw.randrange(-999_999_999, 999_999_999)), moment.date(), dt.time(1)]
    values += [np.float64(1), np.float16(1), np.longdouble(1), np.int64(5), np.uint64(2**63)]
    values += [np.array(1.0), np.array([1.0]), np.array([[1.0]]), np.datetime64("NaT"), np.bool_(1)]
    values += [decimal.Decimal("sNaN"), Hostile(), Unhashable(), Liar(), Hostile, object(), int]
    values += [[], [1.0], [Hostile()], [[1.0]], (1.0, None), {}, {1: 2}, range(3), sys]
    return values


def make_row(draw: random.Random, good: float) -> Any:
    values = make_values(draw)
    row: dict[Any, Any] = {}
    for field in draw.sample(FIELDS, len(FIELDS)):
        name = field.name if draw.random() < 0.5 else "".join(list(field.name))
        row[name] = plain(field) if draw.random() < good else draw.choice(values)
    while draw.random() < 0.2:
        row.pop(draw.choice([*(f.name for f in FIELDS), "x3", "x3"]), None)
    while draw.random() < 0.2:
        key = draw.choice([3, None, (), 1.5, b"x1", Hostile(), Liar(), "\ud800", Text("q")])
        with contextlib.suppress(RuntimeError):  # its comparison with `x3`, if that is there
            row[key] = 1
    shape = draw.random()
    if shape < 0.05:
        return BadDict(row)
    if shape < 0.1:
        return draw.choice([OrderedDict, UserDict, lambda r: defaultdict(int, r)])(row)
    return draw.choice(values) if shape < 0.13 else row


def plain(field: Field) -> Any:
    values = {"b": True, "i": 5, "u": 5, "f": 1.5, "v": "".join(["a"])}
    times = {"Date": dt.date(2020, 1, 1), "Duration": dt.timedelta(1)}
    times["Datetime"] = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    value = times.get(field.dtype.name, values[field.dtype.kind])
    return [1.0] if field.dtype.inner is not None else value


def feed(plan: ReadPlan, row: Any) -> None:
    """Reads a row in both ways; only the border's own errors may come out."""
    Liar.row = row if type(row) is dict else None
    plan._read_row(row)
    assert_nothing_pending()
    with contextlib.suppress(InputError):
        plan.read(row)
    assert_nothing_pending()


def assert_nothing_pending() -> None:
    occurred = ctypes.pythonapi.PyErr_Occurred
    occurred.restype = ctypes.c_void_p
    assert occurred() is None


def mixed(draw: random.Random, rounds: int) -> None:
    """Rows of anything, one plan."""
    plan = ReadPlan(SCHEMA)
    for _ in range(rounds):
        feed(plan, make_row(draw, draw.choice((0.0, 0.5, 0.95, 1.0))))


def batches(draw: random.Random, rounds: int) -> None:
    """Batches of anything, in containers of anything."""
    plan = ReadPlan(SCHEMA, capacity=8)
    read = plan._serve_rows
    for _ in range(rounds // 8):
        rows = [make_row(draw, draw.choice((0.5, 1.0))) for _ in range(draw.randrange(7))]
        rows.append(draw.choice(make_values(draw)))  # never all good: no program is set
        for container in (rows, tuple(rows), 3, None, Hostile(), dict.fromkeys("ab"), "ab"):
            assert read(container) == -1
            assert_nothing_pending()
        with contextlib.suppress(InputError):
            plan.read_rows(rows)


def collections(draw: random.Random, rounds: int) -> None:
    """A collection wherever the reader makes an object, with finalizers that clear the row."""
    plan = ReadPlan(SCHEMA)
    for _ in range(rounds // 4):
        row = {f.name: plain(f) for f in FIELDS}
        row[draw.choice(["x11", "x27", "x8"])] = draw.choice(["\udc00", 2**70, "b", np.float64(1)])
        gc.disable()
        for _ in range(3):
            Clears(row)
        gc.set_threshold(1, 1, 1)
        gc.enable()
        plan._read_row(row)
        gc.set_threshold(700, 10, 10)
        feed(plan, row)


def threads(draw: random.Random, rounds: int) -> None:
    """Four threads read the same dicts while two others change them."""
    rows = [{f.name: plain(f) for f in FIELDS} for _ in range(4)]
    failures: list[BaseException] = []
    done = threading.Event()
    sys.setswitchinterval(1e-6)

    def run(work: Callable[[random.Random], None], seed: int) -> None:
        mine = random.Random(seed)
        try:
            while not done.is_set():
                work(mine)
        except BaseException as error:
            failures.append(error)

    def change(mine: random.Random) -> None:
        row, field = mine.choice(rows), mine.choice(FIELDS)
        row.pop(field.name, None)
        row[field.name] = mine.choice([plain(field), "".join(["t"] * 40), "\ud800", 2**80, None])
        if mine.random() < 0.01:
            row.clear()
            row.update({f.name: plain(f) for f in FIELDS})

    def read_with(plan: ReadPlan) -> Callable[[random.Random], None]:
        return lambda mine: feed(plan, mine.choice(rows))

    jobs = [read_with(ReadPlan(SCHEMA)) for _ in range(4)] + [change, change]
    pool = [threading.Thread(target=run, args=(w, draw.random())) for w in jobs]
    for thread in pool:
        thread.start()
    done.wait(rounds / 1000)
    done.set()
    for thread in pool:
        thread.join()
    assert not failures, failures


def leaks(draw: random.Random, rounds: int) -> None:
    """Refused and accepted rows leave no block of memory behind."""
    plan = ReadPlan(SCHEMA)
    kept = [make_row(draw, 0.9) for _ in range(20)]
    for _ in range(20):
        for row in kept:
            feed(plan, row)
    # The interpreter's own tables grow now and then (interned texts, tracebacks, caches), by
    # another count in each run; what a row leaves behind grows in every run, once a row at least.
    grown = []
    for _ in range(5):
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(rounds // 10):
            for row in kept:
                feed(plan, row)
        gc.collect()
        grown.append(sys.getallocatedblocks() - before)
    assert min(grown) < rounds // 10, f"{grown} blocks more after {rounds * 2} rows each"


CASES = {f.__name__: f for f in (mixed, batches, collections, threads, leaks)}

if __name__ == "__main__":
    case, seed, rounds = sys.argv[1:]
    CASES[case](random.Random(int(seed)), int(rounds))
    print("survived")
