"""Tests of many cases say of each what is wrong."""

import pytest

from parity_tests.cases import check_each


def test_each_case_that_fails_is_told() -> None:
    """The error holds what every failing case raised, with its arguments, and no other."""

    def has_no_inverse(n: int) -> None:
        assert n != 3
        with pytest.raises(ZeroDivisionError):
            1 // n

    with pytest.raises(BaseExceptionGroup, match="2 of 3 cases fail") as caught:
        check_each(has_no_inverse, [(0,), (3,), (2,)])
    assert [e.__notes__ for e in caught.value.exceptions] == [["case: 3"], ["case: 2"]]


def test_no_cases_are_a_failure() -> None:
    """A list that became empty is found."""
    with pytest.raises(AssertionError, match="no cases"):
        check_each(print, [])
