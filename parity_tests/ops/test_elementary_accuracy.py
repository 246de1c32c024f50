"""The elementary functions against mpmath, against themselves, and against their machine code."""

import math
import random
import struct
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from mpmath import mp, mpf

import featurelib.ops.elementary  # noqa: F401  registers the ops
from featurelib.jit.bodies import compiled
from featurelib.op import get_op

ORACLES: dict[str, Callable[..., Any]] = {
    "log2": lambda x: mp.log(x) / mp.ln2,
    "log10": lambda x: mp.log(x) / mp.ln10,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "pow": mp.power,
    "degrees": lambda x: x * 180 / mp.pi,
    "radians": lambda x: x * mp.pi / 180,
    "hypot": mp.hypot,
    "logit": lambda x: mp.log(x / (1 - x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "probit": lambda p: place_of(p),
}
# Exponents of two of the arguments, and whether they may be negative.
DOMAINS: dict[str, tuple[int, int, bool]] = {
    "exp": (-30, 9, True),
    "expm1": (-1074, 9, True),
    "log": (-1074, 1023, False),
    "log1p": (-1074, 1023, False),
    "log2": (-1074, 1023, False),
    "log10": (-1074, 1023, False),
    "sin": (-1074, 1023, True),
    "cos": (-30, 1023, True),
    "tan": (-1074, 1023, True),
    "asin": (-1074, -1, True),
    "acos": (-30, -1, True),
    "atan": (-1074, 1023, True),
    "sinh": (-1074, 9, True),
    "cosh": (-30, 9, True),
    "tanh": (-1074, 6, True),
    "sigmoid": (-30, 9, True),
    "sqrt": (-1074, 1023, False),
    "cbrt": (-1074, 1023, True),
    "degrees": (-1074, 1016, True),
    "radians": (-1074, 1023, True),
    "logit": (-1074, -1, False),
    "softplus": (-60, 9, True),
    "probit": (-1074, -1, False),
    "erf": (-1074, 3, True),
}
PAIRS = ("atan2", "hypot", "pow")
ODD = ("sin", "tan", "asin", "atan", "sinh", "tanh", "cbrt", "degrees", "radians", "erf")
LIMIT_ULP = 1.0


def place_of(p: Any) -> Any:
    """Where the normal distribution function of mpmath is p, by Newton's rule on its logarithm."""
    if 2 * p > 1:
        return -place_of(1 - p)
    x = -mp.sqrt(-2 * mp.log(2 * p)) if p < 0.1 else mp.sqrt(2 * mp.pi) * (p - mpf(1) / 2)
    for _ in range(100):
        below = mp.erfc(-x / mp.sqrt(2)) / 2
        step = (mp.log(below) - mp.log(p)) * below * mp.sqrt(2 * mp.pi) * mp.exp(x * x / 2)
        x -= step
        if abs(step) <= abs(x) * mpf(2) ** -120:
            break
    return x


def body(name: str) -> Callable[..., float]:
    """The op as CPython runs it."""
    return get_op(name).bodies[0].fn


def arguments(name: str, count: int) -> list[tuple[float, ...]]:
    """Seeded arguments over the exponents of the domain, a third of them between -8 and 8."""
    rng = random.Random(f"accuracy {name}")
    if name == "pow":
        bases = [
            rng.choice([rng.uniform(0.5, 2), 2.0 ** rng.uniform(-1000, 1000)]) for _ in range(count)
        ]
        return [(x, rng.uniform(-740, 709) / math.log(x)) for x in bases]
    if name in ("atan2", "hypot"):
        sides = [2.0 ** rng.uniform(-1000, 1000) for _ in range(count)]
        return [(y * rng.choice([-1, 1]), y * rng.uniform(-8, 8)) for y in sides]
    low, high, signed = DOMAINS[name]
    drawn = []
    for k in range(count):
        x = math.ldexp(rng.uniform(1, 2), rng.randint(low, high))
        if k % 3 == 0:
            x = rng.uniform(0, 1 if high == -1 else 8)
        drawn.append((x * rng.choice([-1, 1]) if signed else x,))
    return drawn


def error_ulp(computed: float, true: Any) -> float:
    """Distance in units in the last place of the true value."""
    if math.isinf(computed):
        return 0.0 if abs(true) >= mpf(2) ** 1024 * (1 - mpf(2) ** -54) else math.inf
    exponent = max(int(mp.floor(mp.log(abs(true), 2))), -1022) if true else -1022
    return float(abs(mpf(computed) - true) * mpf(2) ** (52 - exponent))


@pytest.mark.parametrize("name", [*DOMAINS, *PAIRS])
def test_values_are_within_one_ulp_of_the_true_value(name: str) -> None:
    """No value is further than 1 ulp from what mpmath gives with 1,200 bits."""
    wrong = []
    for args in arguments(name, 250):
        with mp.workprec(1200 if DOMAINS.get(name, (0, 0))[1] == 1023 else 300):
            true = ORACLES.get(name, getattr(mp, name, None))(*map(mpf, args))
            distance = error_ulp(body(name)(*args), true)
        if not distance <= LIMIT_ULP:
            wrong.append((args, distance))
    assert not wrong


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_multiples_of_half_pi_keep_all_digits(name: str) -> None:
    """The doubles nearest to multiples of pi / 2, where nearly all bits cancel, stay right."""
    rng = random.Random(f"multiples {name}")
    points = [6381956970095103.0 * 2.0**797]  # the nearest of all, by continued fractions
    with mp.workprec(1300):
        points += [
            float(rng.randrange(1, 2 ** rng.randrange(1, 900)) * mp.pi / 2) for _ in range(150)
        ]
        wrong = [
            x
            for x in points
            if not error_ulp(body(name)(x), getattr(mp, name)(mpf(x))) <= LIMIT_ULP
        ]
    assert not wrong


def test_powers_of_two_and_ten_have_exact_logarithms() -> None:
    """log2 of every power of two and log10 of every power of ten is the whole number."""
    assert [body("log2")(math.ldexp(1.0, k)) for k in range(-1074, 1024)] == list(
        range(-1074, 1024)
    )
    assert [body("log10")(float(10**k)) for k in range(23)] == list(range(23))


def test_whole_powers_and_roots_are_exact() -> None:
    """A result that is a double exactly comes out so: powers of two, small powers, cubes."""
    power, cbrt = body("pow"), body("cbrt")
    assert [power(2.0, float(k)) for k in range(-1074, 1024)] == [
        math.ldexp(1.0, k) for k in range(-1074, 1024)
    ]
    assert all(power(float(a), float(n)) == a**n for a in range(-9, 10) for n in range(1, 17))
    assert all(cbrt(float(a) ** 3) == a for a in range(-2000, 2001))


@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        ("exp", -0.0, 1.0), ("log", 1.0, 0.0), ("log1p", -0.0, -0.0), ("expm1", -0.0, -0.0),
        ("sin", -0.0, -0.0), ("cos", 0.0, 1.0), ("tan", -0.0, -0.0), ("acos", 1.0, 0.0),
        ("asin", 1.0, math.pi / 2), ("atan", 1.0, math.pi / 4), ("sigmoid", 0.0, 0.5),
        ("logit", 0.5, 0.0), ("degrees", math.pi, 180.0), ("radians", -0.0, -0.0),
        ("probit", 0.5, 0.0),
    ],
)  # fmt: skip
def test_simple_values_are_exact(name: str, x: float, value: float) -> None:
    """What is known exactly is given exactly, with the sign of zero."""
    assert struct.pack("<d", body(name)(x)) == struct.pack("<d", value)


@pytest.mark.parametrize("name", ODD)
def test_odd_functions_only_turn_the_sign(name: str) -> None:
    """f(-x) is -f(x), bit for bit."""
    for (x,) in arguments(name, 300):
        assert body(name)(-x) == -body(name)(x), x


@pytest.mark.parametrize("name", [*DOMAINS, *PAIRS])
def test_machine_code_gives_the_bits_of_the_reference(name: str) -> None:
    """CPython and Numba agree on any bit patterns, in a loop that LLVM may vectorise."""
    rng = random.Random(f"bits {name}")
    n_args = 2 if name in PAIRS else 1
    rows = arguments(name, 400)
    rows += [tuple(struct.unpack(f"<{n_args}d", rng.randbytes(8 * n_args))) for _ in range(600)]
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1.0, -1.0, 1.7976931348623157e308]
    rows += [(x, y)[:n_args] for x in special for y in special]
    columns = [np.array(c) for c in zip(*rows, strict=True)]
    got = np.empty(len(rows))
    kernel_loop(name)(*columns, got)
    expected = np.array([body(name)(*row) for row in rows])
    same = (got.view(np.uint64) == expected.view(np.uint64)) | (np.isnan(got) & np.isnan(expected))
    assert same.all(), [(rows[i], got[i], expected[i]) for i in np.flatnonzero(~same)[:5]]


def kernel_loop(name: str) -> Callable[..., None]:
    """A compiled loop that applies an op to columns."""
    fn = compiled(body(name))
    if name in PAIRS:

        @numba.njit(error_model="numpy")
        def two(x: Any, y: Any, out: Any) -> None:
            for i in range(len(out)):
                out[i] = fn(x[i], y[i])

        return two

    @numba.njit(error_model="numpy")
    def one(x: Any, out: Any) -> None:
        for i in range(len(out)):
            out[i] = fn(x[i])

    return one
