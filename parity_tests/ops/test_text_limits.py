"""Text that makes text keeps the row limit, and views never reach outside their text."""

import pytest

from featurelib.intrinsics import Arena, View
from featurelib.ops.casing import to_lowercase, to_uppercase
from featurelib.ops.text import concat, str_slice, strip_chars
from featurelib.ops.unicode_encoding import case_table


def view(text: str) -> View:
    """A text with other bytes before it."""
    data = text.encode()
    return View(b"zz" + data, 2, 2 + len(data))


def text_of(result: View) -> str:
    return bytes(result.buf[result.start : result.stop]).decode()


@pytest.mark.parametrize(("limit", "fits"), [(5, True), (4, False)])
def test_joined_text_over_the_row_limit_is_null(limit: int, fits: bool) -> None:
    """A result of exactly the limit is kept, one byte more is null."""
    result, valid = concat(view("ab"), view("cde"), Arena(limit))
    assert valid is fits
    assert text_of(result) == ("abcde" if fits else "")


@pytest.mark.parametrize(("limit", "fits"), [(6, True), (5, False)])
def test_case_mapping_counts_the_bytes_of_its_result(limit: int, fits: bool) -> None:
    """Two characters of two bytes become two of three bytes each: the limit sees six."""
    data, count = case_table("upper").encode()
    result, valid = to_uppercase(view("ŉŉ"), View(data, 0, count), Arena(limit))
    assert valid is fits
    assert text_of(result) == ("ʼNʼN" if fits else "")


def test_lower_case_of_ascii_keeps_the_row_limit() -> None:
    """The quick way for ASCII keeps the same limit as the general way."""
    data, count = case_table("lower").encode()
    assert to_lowercase(view("ABCD"), View(data, 0, count), Arena(4))[1]
    assert not to_lowercase(view("ABCDE"), View(data, 0, count), Arena(4))[1]


def test_slices_and_trimmed_text_copy_nothing() -> None:
    """The result is a view into the bytes of the argument."""
    s = view(" abc ")
    assert str_slice(s, offset=1, length=2).buf is s.buf
    assert strip_chars(s) == View(s.buf, 3, 6)


@pytest.mark.parametrize("offset", [-(2**63), -(2**62), -9, 0, 9, 2**62, 2**63 - 1])
@pytest.mark.parametrize("length", [-(2**63), -1, 0, 1, 2**63 - 1])
def test_slices_stay_inside_their_text(offset: int, length: int) -> None:
    """Whatever the numbers, the view is inside the text."""
    s = view("aé日")
    piece = str_slice(s, offset=offset, length=length)
    assert s.start <= piece.start <= piece.stop <= s.stop
