"""The hash of a body changes with its meaning, and only with it."""

import itertools
import math

import pytest

from featurelib.body_hash import body_hash, op_hash
from featurelib.dtypes import Float64
from featurelib.errors import DefinitionError
from featurelib.intrinsics import f64_abs, f64_sqrt
from featurelib.op import kernel_function
from parity_tests.registry import every_op

SCALE = 0.0


def _make(scale, helper, intrinsic):
    def body(x: Float64) -> Float64:
        """A docstring."""
        return helper(intrinsic(x)) * scale

    return body


@kernel_function
def _twice(x):
    return x + x


def _helper(constant):
    @kernel_function
    def add_it(x):
        return x + constant

    return add_it


BASE = _make(1.0, _twice, f64_abs)


def test_equal_parts_give_equal_hashes() -> None:
    """A body made again from the same parts has the same hash."""
    assert body_hash(BASE) == body_hash(_make(1.0, _twice, f64_abs))


@pytest.mark.parametrize(
    "other",
    [
        _make(2.0, _twice, f64_abs),
        _make(1, _twice, f64_abs),
        _make(True, _twice, f64_abs),
        _make(1.0, _helper(1.0), f64_abs),
        _make(1.0, _twice, f64_sqrt),
        _make((1.0,), _twice, f64_abs),
    ],
    ids=["constant", "int for float", "bool for float", "helper", "intrinsic", "tuple"],
)
def test_what_a_body_reaches_is_in_its_hash(other) -> None:
    """Another constant, type of constant, helper or intrinsic gives another hash."""
    assert body_hash(BASE) != body_hash(other)


def test_a_constant_counts_by_its_bits() -> None:
    """0.0 and -0.0 are two constants; a NaN equals itself."""
    hashes = [body_hash(_make(scale, _twice, f64_abs)) for scale in (0.0, -0.0, math.nan, math.nan)]
    assert len(set(hashes)) == 3
    assert hashes[2] == hashes[3]


def test_a_constant_inside_a_helper_counts() -> None:
    """Changing a helper changes the hash of the body that calls it."""
    bodies = [_make(1.0, _helper(constant), f64_abs) for constant in (1.0, 2.0, 1.0)]
    first, second, third = map(body_hash, bodies)
    assert first != second
    assert first == third


def test_comments_docstrings_and_layout_do_not_count() -> None:
    """What no machine reads is not in the hash."""

    def one(x: Float64) -> Float64:
        """Says one thing."""
        y: float = x * 2.0
        return y + SCALE

    first = one

    @kernel_function
    def one(
        x: Float64,
    ) -> Float64:
        # says another
        y = (
            x * 2.0  # layout
        )
        return y + SCALE

    assert body_hash(first) == body_hash(one)


def test_the_type_of_an_argument_counts() -> None:
    """Annotations of a body are its type rule, so they are in its hash."""

    def one(x: float):
        return x

    first = one

    def one(x: int):
        return x

    assert body_hash(first) != body_hash(one)


def test_order_of_evaluation_counts() -> None:
    """Floating-point sums in another order are another body."""

    def one(a, b, c):
        return a + b + c

    first = one

    def one(a, b, c):
        return a + (b + c)

    assert body_hash(first) != body_hash(one)


def test_the_hash_is_the_same_on_every_python() -> None:
    """A known body has a known hash: printing must not move with the version of Python."""

    def known(x, *, n=3):
        y = -x
        for i in range(n):
            y = y * 1.5 + SCALE if not (x > 0.5 and i != 2) else y
        return (y, True)

    expected = "291a9fcf5729d0af0256f33dbef28c815d7befb6f4b10ded96322444e9305f8a"
    assert body_hash(known) == expected


def test_recursion_and_unknown_values_are_refused() -> None:
    """A function that reaches itself, or a value that may change, has no hash."""

    def endless(x):
        return endless(x)

    table = [1.0]

    def reads_a_list(x):
        return x + table[0]

    with pytest.raises(DefinitionError, match="no recursion"):
        body_hash(endless)
    with pytest.raises(DefinitionError, match=r"reads_a_list: \[1.0\] \(list\)"):
        body_hash(reads_a_list)


def test_a_body_without_source_is_refused() -> None:
    """A body made by exec has no source that a reviewer could read."""
    scope: dict = {}
    exec("def made(x):\n    return x", scope)
    with pytest.raises(DefinitionError, match="source is not in"):
        body_hash(scope["made"])


def test_every_op_has_its_own_hash() -> None:
    """No two ops share a hash, and each is 64 hex digits."""
    hashes = {op.key: op_hash(op) for op in every_op()}
    assert all(len(h) == 64 and int(h, 16) >= 0 for h in hashes.values())
    for (a, x), (b, y) in itertools.combinations(hashes.items(), 2):
        assert x != y, (a, b)
