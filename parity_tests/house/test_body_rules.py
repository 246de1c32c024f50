"""Every body is kernel Python; what is not is found."""

import math

import pytest

from featurelib.intrinsics import View, i64_add
from featurelib.op import Op, kernel_function
from featurelib.parity.kernel_rules import body_functions, offences
from parity_tests.cases import check_each
from parity_tests.registry import every_op

TABLE = (1.0, 2.0)
CHANGING = [1.0]


def test_bodies_are_kernel_python() -> None:
    """A body and all that it reaches use only what CPython and machine code do alike."""

    def check(op: Op) -> None:
        found = [what for fn in body_functions(op) for what in offences(fn)]
        assert not found, "\n".join(found)

    check_each(check, ((op,) for op in every_op()))


def divides(a, b):
    return a / b


def floors(a, b):
    return a // b


def raises_to(a):
    return a**2


def shifts(a):
    return 1 << a


def masks(a, b):
    return a & b


def inverts(a):
    return ~a


def chains(a):
    return 0.0 < a < 1.0


def reads_an_attribute(a):
    return a.real


def calls_the_library(a):
    return math.sqrt(a)


def converts(a):
    return int(a)


def reads_a_list(a):
    return a + CHANGING[0]


def walks_a_tuple(a):
    for x in TABLE:
        a = a + x
    return a


def comprehends(a):
    return [x + a for x in range(3)]


def says_text(a):
    return "text"


def is_too_wide(a):
    return i64_add(a, 18446744073709551616)


def catches(a):
    try:
        return a
    finally:
        pass


def plain_helper(a):
    return a


def calls_a_plain_helper(a):
    return plain_helper(a)


WRONG = [
    divides, floors, raises_to, shifts, masks, inverts, chains, reads_an_attribute,
    calls_the_library, converts, reads_a_list, walks_a_tuple, comprehends, says_text, is_too_wide,
    catches, calls_a_plain_helper,
]  # fmt: skip


@pytest.mark.parametrize("fn", WRONG, ids=lambda fn: fn.__name__)
def test_the_rules_can_fail(fn) -> None:
    """Each thing that the two machines do differently is refused, with function and line."""
    found = offences(fn)
    assert found
    assert f"{fn.__name__}, line " in found[0]


@kernel_function
def first_byte(s):
    """A docstring is no text constant."""
    total: int = s.start
    for i in range(s.start, s.stop):
        if i > 3 and not i <= 5:
            total = i64_add(total, i)
    return View(s.buf, s.start, total), TABLE[0] * -1.0


def test_kernel_python_passes() -> None:
    """Loops over range, views, tuples, constants and intrinsics are kernel Python."""
    assert offences(first_byte) == []
