"""What cannot be traced: each refusal names the line and what to write instead."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

import featurelib as fl
from featurelib.errors import TraceError

CHOICES = ("UA", "DL")


def by_if(km):
    return 1 if km > 3 else 0


def by_and(km):
    return (km > 3) and (km < 9)


def by_or(km):
    return (km > 3) or (km < 9)


def by_not(km):
    return not km


def by_in(km):
    return km in (1, 2)


def by_chain(km):
    return 0 < km < 3


def by_max(km):
    return max(km, 3.0)


def by_format(km):
    return f"{km} miles"


def by_iteration(km):
    return [part for part in km]  # noqa: C416 - the loop is what is refused


def by_unpacking(km):
    first, _second = km
    return first


def by_float(km):
    return float(km)


def by_int(km):
    return int(km)


def by_math(km):
    return math.log(km)


def by_numpy(km):
    return np.log(km)


def by_numpy_scalar(km):
    return np.float64(2.0) * km


def by_len(km):
    return len(km)


def by_contains(km):
    return "a" in km


def by_index(km):
    return CHOICES[km]


def by_item(km):
    return km[0]


def by_is_none(km):
    return km is None


def by_is_not_none(km):
    return km is not None


def by_unknown_method(km):
    return km.log1pp()


def by_unknown_namespaced(km):
    return km.str.uppercase()


def by_full_pass(km):
    return km - km.mean()


REFUSALS = [
    (by_if, "fl.when(c).then(a).otherwise(b)"),
    (by_and, "use & | ~"),
    (by_or, "use & | ~"),
    (by_not, "use & | ~"),
    (by_in, ".is_in([...])"),
    (by_chain, ".is_between(a, b, closed=...)"),
    (by_max, "fl.max_horizontal(...)"),
    (by_format, "fl.concat_str([...])"),
    (by_iteration, "it stands for one value of one row"),
    (by_unpacking, "it stands for one value of one row"),
    (by_float, ".cast(fl.Float64)"),
    (by_int, ".cast(fl.Int64)"),
    (by_math, "x.log() for functions of `math`"),
    (by_numpy, "x.log1p()"),
    (by_numpy_scalar, "x.log1p()"),
    (by_len, ".str.len_chars()"),
    (by_contains, ".str.contains(...)"),
    (by_index, "fl.when chains"),
    (by_item, ".str.slice(offset, length)"),
    (by_is_none, "km.is_null()"),
    (by_is_not_none, "km.is_not_null()"),
    (by_unknown_method, "`log1p`"),
    (by_unknown_namespaced, "`str.to_uppercase`"),
    (by_full_pass, "found by a fit: fl.mean(x)"),
]


@pytest.mark.parametrize(
    "function, replacement", REFUSALS, ids=lambda v: getattr(v, "__name__", "")
)
def test_what_cannot_be_traced_names_line_and_replacement(function, replacement) -> None:
    """Python that an expression cannot follow is refused where it stands, with the way out."""
    line = inspect.getsourcelines(function)[1] + 1
    with pytest.raises(TraceError) as refused:
        fl.feature(version=1)(function)
    assert f"{__file__}:{line}: " in str(refused.value)
    assert replacement in str(refused.value.hint)
