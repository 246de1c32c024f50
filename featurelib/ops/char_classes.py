"""Texts of one class of code points, by Unicode 17.0.0: letters, decimal digits."""

from featurelib.dtypes import Bool, Int64, String
from featurelib.intrinsics import View, i64_add, i64_and, i64_shr, load_i32, load_u8
from featurelib.node import Node, apply, table
from featurelib.op import ClassTable, kernel_function, method, op
from featurelib.ops.unicode_encoding import class_table
from featurelib.ops.utf8 import char_at, char_width


@kernel_function
def _is_inside(chars: View, char: Int64) -> Bool:
    if char >= load_i32(chars.buf, 0):
        return False
    block = load_i32(chars.buf, i64_add(1, i64_shr(char, 7)))
    word = load_i32(chars.buf, i64_add(block, i64_and(i64_shr(char, 5), 3)))
    return i64_and(i64_shr(word, i64_and(char, 31)), 1) != 0


@op("str.is_of_class", version=1, public=False)
def is_of_class(s: String, chars: ClassTable) -> Bool:
    """Whether the text is not empty and all of its code points are in a set."""
    inside = s.start < s.stop
    at = s.start
    while inside and at < s.stop:
        inside = _is_inside(chars, char_at(s.buf, at))
        at = i64_add(at, char_width(load_u8(s.buf, at)))
    return inside


@method("str.is_alpha")
def _is_alpha(s: Node) -> Node:
    """Whether the text is not empty and has letters only, as Bool.

    Letters are the general category L of Unicode 17.0.0, as in Python's `str.isalpha` and in `p{L}`
    of Polars' regular expressions. Marks are none, so a text with vowel signs of Hindi is not.
    """
    return apply(is_of_class, (s, table(class_table("letter"))))


@method("str.is_digit")
def _is_digit(s: Node) -> Node:
    """Whether the text is not empty and has decimal digits only, as Bool.

    Digits are the general category Nd of Unicode 17.0.0, those of every script: the digits of
    Python's and Polars' regular expressions, and Python's `str.isdecimal`. Its `str.isdigit` takes
    superscripts ("²") too, which no number is written with. ``s.cast(fl.Int64)`` reads ASCII alone.
    """
    return apply(is_of_class, (s, table(class_table("decimal_number"))))
