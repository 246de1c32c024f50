"""The naive oracle itself: the value of each aggregate, by hand."""

from __future__ import annotations

import math

import pytest

from parity_tests.windows.oracle_cases import LIFE, ask, record
from parity_tests.windows.oracle_numbers import bits

INF, NAN = math.inf, math.nan
REGISTERS = {"precision": 4, "log": math.log}
HASHED = [
    ([], 0),
    ([0.0], 1),  # 16 log(16 / 15) is 1.03
    ([0.0, -0.0, 0.0, None], 1),
    ([NAN, -NAN], 1),
    ([0], 1),  # the word of 0 is that of 0.0
]
BUCKETS = {"precision": 1, "q": "1/2", "max_buckets": 9}
BUCKETED = [
    ("1/2", [], "no_events"),
    ("1/2", [1.0, 1.49, 1.5, 2.0], 1.25),  # rank 1; from 1 to 1.5 is one bucket
    ("2/3", [1.0, 1.49, 1.5, 2.0], 1.75),
    ("0", [-1.0, 1.0], -1.25),
    ("1", [True, False], 1.25),
    ("0", [True, False], 0.0),
    ("1", [-0.0, 1e-320], 0.0),  # below 2**-1023 is the bucket of 0.0
    ("1", [2**53 + 1], 1.25 * 2**53),
    ("1", [1.0, INF, -INF], INF),
    ("0", [1.0, INF, -INF], -INF),
    ("1", [INF, NAN], NAN),
]


@pytest.mark.parametrize(
    "kind, params, values, expected",
    [
        ("count", {"args": [0]}, [1.0, None, 2.0], 2),
        ("sum", {}, [1e16, 1.0, -1e16], 1.0),
        ("sum", {}, [], 0.0),
        ("sum", {}, [-0.0], 0.0),
        ("sum", {}, [1e308, 1e308], INF),
        ("sum", {}, [INF, 1.0], INF),
        ("sum", {}, [INF, -INF], NAN),
        ("sum", {"type": "Int64"}, [(1 << 63) - 1, 1], -(1 << 63)),
        ("sum", {"type": "UInt64"}, [(1 << 64) - 1, 2], 1),
        ("mean", {}, [1e308, 1e308], 1e308),
        ("mean", {}, [5e-324, 0.0], 0.0),
        ("mean", {}, [None], "no_events"),
        ("var", {"ddof": 1}, [1.0, 2.0, 4.0], 7 / 3),
        ("var", {"ddof": 1}, [1.0], "no_events"),
        ("var", {"ddof": 0}, [1.0, INF], NAN),
        ("std", {"ddof": 0}, [1.0, 3.0], 1.0),
        ("std", {"ddof": 1}, [1.0, 3.0], math.sqrt(2.0)),
        ("min", {}, [NAN, 0.0, -0.0], -0.0),
        ("max", {}, [-0.0, 0.0], 0.0),
        ("max", {}, [0.0, -0.0], 0.0),
        ("max", {}, [INF, NAN], NAN),
        ("min", {}, [], "no_events"),
        ("first", {}, [None, 2.0, 3.0], 2.0),
        ("last", {}, [2.0, 3.0, None], 3.0),
        ("lag", {"n": 2}, [2.0, 3.0, None], 2.0),
        ("lag", {"n": 3}, [2.0, 3.0], "no_events"),
        ("first_k", {"k": 2, "distinct": False}, [1.0, 1.0, 2.0], (1.0, 1.0)),
        ("first_k", {"k": 2, "distinct": True}, [1.0, 1.0, 2.0, 3.0], (1.0, 2.0)),
        ("last_k", {"k": 2, "distinct": True}, [2.0, 1.0, 3.0, 1.0], (3.0, 1.0)),
        ("last_k", {"k": 2, "distinct": False}, [], ()),
        ("n_unique", {"max_items": None}, [0.0, -0.0, NAN, NAN], 2),
        ("n_unique", {"max_items": 1}, [0.0, NAN], "too_many"),
        ("top_k", {"k": 2, "max_items": None}, [3.0, 3.0, NAN, 2.0, -0.0], (3.0, 0.0)),
        ("mode_ratio", {"max_items": None}, [3.0, 3.0, 1.0], 2 / 3),
        ("mode_ratio", {"max_items": None}, [], "no_events"),
        ("count_of", {"size": 3}, [0, 2, 2, None], (1, 0, 2)),
        ("quantile", {"q": "1/2", "rule": "linear", "max_items": None}, [1.0, 4.0], 2.5),
        ("quantile", {"q": "1/2", "rule": "linear", "max_items": None}, [1.0, INF], INF),
        ("quantile", {"q": "1/2", "rule": "linear", "max_items": None}, [-INF, INF], NAN),
        ("quantile", {"q": "1/2", "rule": "lower", "max_items": None}, [NAN, 1.0], 1.0),
        ("quantile", {"q": "1/2", "rule": "nearest", "max_items": None}, [1.0, 4.0], 1.0),
        ("quantile", {"q": "1/2", "rule": "equiprobable", "max_items": None}, [1.0, 4.0], 1.0),
        ("quantile", {"q": "0", "rule": "linear", "max_items": 1}, [1.0, 4.0], "too_many"),
        *(("approx_n_unique", REGISTERS, values, n) for values, n in HASHED),
        *(("approx_quantile", BUCKETS | {"q": q}, values, v) for q, values, v in BUCKETED),
        ("approx_quantile", BUCKETS | {"max_buckets": 1}, [1.0, 1.49], 1.25),
        ("approx_quantile", BUCKETS | {"max_buckets": 1}, [1.0, 2.0], "too_many"),
        ("n_sessions", {"gap": 1}, [1.0, 1.0, None, 1.0], 2),
        ("n_sessions", {"gap": 2}, [1.0, 1.0, None, 1.0], 1),
        ("n_sessions", {"gap": 1}, [], 0),
        ("time_since_last", {}, [1.0], 999),
        ("time_since_last", {}, [], "no_events"),
        # Half lives of 1,000 from 1,000 on: the events weigh 1, 1/2 and 1/4 as they age.
        ("decayed_sum", {"half_life": 1000, "landmark": 1}, [8.0], 8 * 2 ** (-999 / 1000)),
        ("decayed_sum", {"half_life": 1, "landmark": 1}, [2.0**1000], 2.0),
        ("decayed_sum", {"half_life": 1000, "landmark": 0}, [], 0.0),
        ("decayed_sum", {"half_life": 1000, "landmark": 0}, [INF], INF),
        ("decayed_sum", {"half_life": 1000, "landmark": -500}, [1.7e308], "out_of_range"),
    ],
)
def test_an_aggregate_gives_the_value_of_the_page(kind, params, values, expected) -> None:
    """At 1,000, of events at 1, 2, ...: each worked out by hand. Zeros differ by their sign."""
    records = [record(t, v) for t, v in enumerate(values, start=1)]
    found = ask(records, 1000, LIFE, kind, **params)
    if isinstance(expected, float):
        # The half lives of a fraction go by featurelib's pow, within an ulp of the true power.
        is_power = kind == "decayed_sum" and math.frexp(expected)[0] != 0.5
        assert bits(found) == bits(expected) or (is_power and math.isclose(found, expected))
    else:
        assert found == expected


def test_the_extreme_of_one_column_is_looked_up_in_another() -> None:
    """Events with a null in either are skipped; of equals the first in order is taken."""
    pairs = [(1.0, None), (2.0, 5), (3.0, 1), (4.0, 1), (None, 0), (6.0, 5)]
    records = [record(t, args=list(p)) for t, p in enumerate(pairs)]
    found = [ask(records, 99, LIFE, k, args=[0, 1]) for k in ("arg_min", "arg_max")]
    assert found == [3.0, 2.0]
