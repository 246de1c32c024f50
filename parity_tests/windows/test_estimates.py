"""Estimates of thousands of values, and of values whose hashes were chosen: the oracle's bits."""

from __future__ import annotations

import datetime as dt
import functools
import random
from typing import Any

import polars as pl
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
from featurelib.windows import EventSource, define, last, lifetime
from featurelib_offline.point_in_time import point_in_time
from featurelib_online import stream
from parity_tests.windows import oracle
from parity_tests.windows.described import oracle_records, spec_of
from parity_tests.windows.strategies import EPOCH, MICROSECOND
from parity_tests.windows.streamed import plain

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = (
    0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)  # fmt: skip
"""The primes of XXH64."""


class Seen(fl.Schema):
    """Somebody saw something."""

    user: str
    at: fl.Datetime
    id: int
    n: int
    x: float


@functools.cache
def made() -> stream.Stream:
    """Estimates of every register size and of coarse and fine buckets."""
    source = EventSource("seen", Seen, key="user", time="at", id="id", max_events=4000)
    life, some = source.over(lifetime()), source.over(last(seconds=1))
    n, x = fl.col("n"), fl.col("x")
    asked: dict[str, Any] = {
        f"about_{p}": life.approx_n_unique(n, precision=p) for p in range(4, 17)
    }
    asked |= {"some": some.approx_n_unique(x, precision=6), "all": life.approx_n_unique(x)}
    for q in ("0", "1/3", "0.99", "1"):
        asked |= {f"at_{q}": life.approx_quantile(x, q), f"some_{q}": some.approx_quantile(n, q)}
    asked |= {
        f"fine_{p}": life.approx_quantile(x, 0.5, precision=p, max_buckets=3000)
        for p in (1, 2, 9, 16)
    }
    return stream.compile(define(asked))


@functools.cache
def of_totals() -> stream.Stream:
    """The same over all events, of which a few are kept: ever, and in tiles of a second."""
    source = EventSource("seen", Seen, key="user", time="at", id="id", max_events=16)
    tiles = last(seconds=5, resolution=dt.timedelta(seconds=1))
    n, x, asked = fl.col("n"), fl.col("x"), {}
    for name, part in (("life", source.over(lifetime())), ("tiles", source.over(tiles))):
        asked |= {
            f"{name}_coarse": part.approx_n_unique(n, precision=4),
            f"{name}_about": part.where(n > 0).approx_n_unique(n, precision=8),
            f"{name}_low": part.approx_quantile(x, "1/3", precision=3, max_buckets=200),
            f"{name}_top": part.approx_quantile(x, 1, precision=3, max_buckets=200),
            f"{name}_few": part.approx_quantile(n, 0.5, precision=6, max_buckets=40),
        }
    return stream.compile(define(asked))


def check(rows: list[dict[str, Any]], stream_: stream.Stream | None = None) -> list[dict[str, Any]]:
    """What the pass and the state answer about rows is what the oracle does; gives that."""
    made_ = stream_ or made()
    definition = made_.definition
    times = sorted({rows[k]["at"] for k in (0, len(rows) // 2, -1)})
    asked = [times[0], times[-1], times[-1] + MICROSECOND]
    plan = definition.sources["seen"]
    expected = oracle.answers(
        oracle_records(plan, rows), [(b"ann", (q - EPOCH) // MICROSECOND) for q in asked],
        spec_of(definition, "seen"),
    )  # fmt: skip
    queries = pl.DataFrame({"user": ["ann"] * 3, "as_of": asked})
    found = point_in_time(queries, {"seen": pl.DataFrame(rows)}, definition, reasons=True)
    state = made_.new()
    for row in rows:
        made_.apply(state, row)
    assert made_.load(bytes(state)) == state
    for k, answers in enumerate(expected):
        online = made_.query(state, asked[k])
        for name, (value, reason) in answers.items():
            assert plain(found[name][k]) == plain(value), name
            assert found[f"{name}.reason"][k] == reason
            if online.reasons.get(name) == "beyond_kept" and asked[k] < times[-1]:
                continue  # a query earlier than what has come already
            assert plain(online[name]) == plain(value), name
            assert online.reasons.get(name) == reason
    return [{name: value for name, (value, _) in answers.items()} for answers in expected]


def seen(numbers: list[int], values: list[float] | None = None) -> list[dict[str, Any]]:
    """Rows with these values, a millisecond apart."""
    step = 1000 * MICROSECOND
    return [
        {"user": "ann", "at": START + i * step, "id": i, "n": n, "x": values[i] if values else 0.5}
        for i, n in enumerate(numbers)
    ]


@pytest.mark.parametrize("distinct, total", [(1, 40), (60, 300), (700, 1500), (2500, 3000)])
def test_estimates_of_many_values_are_the_oracles(distinct: int, total: int) -> None:
    """From a few values to more than most registers; the error is within five standard ones."""
    chance = random.Random(distinct)
    pool = [chance.getrandbits(63) for _ in range(distinct)]
    numbers = pool + chance.choices(pool, k=total - distinct)
    chance.shuffle(numbers)
    values = [chance.choice([-1, 1]) * chance.lognormvariate(0, 3) for _ in range(total)]
    (*_, last_answers) = check(seen(numbers, values))
    for p in range(4, 17):
        error = abs(last_answers[f"about_{p}"] - distinct) / distinct
        assert error <= 5 * 1.04 / 2 ** (p / 2) or distinct == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_totals_estimate_over_all_events(seed: int) -> None:
    """Of a thousand events sixteen are kept; seconds pass, tiles end, and buckets overflow."""
    chance = random.Random(seed)
    pool = [chance.randint(-(1 << 40), 1 << 40) for _ in range(chance.choice([30, 400]))]
    numbers = chance.choices(pool, k=1000)
    values = [chance.lognormvariate(0, chance.choice([0.2, 2])) for _ in numbers]
    rows, now = seen(numbers, values), START
    for row in rows:
        now += chance.choice([1, 9, 30]) * 1000 * MICROSECOND
        row["at"] = now
    for n in (10, 17, 300, 1000):
        answers = check(rows[:n], of_totals())
        assert answers[-1]["life_low"] is not None
    assert answers[-1]["life_few"] is None or len(pool) == 30


def with_hash(h: int) -> int:
    """The integer whose eight bytes have this XXH64 with seed 0: each step has an inverse."""
    h ^= h >> 32
    h = h * pow(P3, -1, 1 << 64) & MASK
    h ^= h >> 29 ^ h >> 58
    h = h * pow(P2, -1, 1 << 64) & MASK
    h ^= h >> 33
    h = (h - P4) * pow(P1, -1, 1 << 64) & MASK
    lane = (h >> 27 | h << 37) & MASK ^ (P5 + 8) & MASK
    lane = lane * pow(P1, -1, 1 << 64) & MASK
    lane = (lane >> 31 | lane << 33) & MASK
    word = lane * pow(P2, -1, 1 << 64) & MASK
    return word - (1 << 64) if word >> 63 else word


@given(st.integers(0, MASK))
def test_values_can_be_made_for_a_hash(h: int) -> None:
    """The way back is right, by the xxhash package."""
    word = with_hash(h).to_bytes(8, "little", signed=True)
    assert xxhash.xxh64_intdigest(word, 0) == h


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, (1 << 16) - 1), st.integers(0, 63)), min_size=1, max_size=64)
)
def test_every_register_and_rank_is_the_oracles(chosen: list[tuple[int, int]]) -> None:
    """Hashes with any first bits, and zeros down to any bit."""
    check(seen([with_hash((first << 48) | (1 << bit)) for first, bit in chosen]))


def test_the_greatest_estimate_is_the_greatest_integer() -> None:
    """Sixteen values whose hashes are zeros but for the register: the estimate is above Int64."""
    (*_, answers) = check(seen([with_hash(register << 60) for register in range(16)]))
    assert answers["about_4"] == (1 << 63) - 1
