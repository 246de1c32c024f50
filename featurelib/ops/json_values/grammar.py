"""The grammar of JSON (RFC 8259) over text: where strings, numbers and words end."""

from featurelib.dtypes import Int64
from featurelib.intrinsics import View, i64_add, i64_mul, i64_or, i64_shl, i64_sub, load_u8
from featurelib.op import kernel_function
from featurelib.ops.utf8 import char_at, char_width

QUOTE, BACKSLASH, SLASH, MINUS, PLUS, DOT, ZERO, NINE = 34, 92, 47, 45, 43, 46, 48, 57
LETTER_B, LETTER_E, LETTER_F, LETTER_N, LETTER_R, LETTER_T, LETTER_U = tuple(b"befnrtu")
TRUE, FALSE, NULL = (int.from_bytes(word, "big") for word in (b"true", b"false", b"null"))
"""The words, the first letter highest."""


@kernel_function
def _hex(s: View, at: Int64) -> Int64:
    """Four hexadecimal digits as a number, -1 where they are none."""
    value, good = 0, i64_add(at, 4) <= s.stop
    for k in range(4 if good else 0):
        byte = load_u8(s.buf, i64_add(at, k))
        digit = i64_sub(byte, ZERO)
        if digit < 0 or digit > 9:
            digit = i64_sub(i64_or(byte, 32), 87)
            good = good and digit >= 10 and digit <= 15
        value = i64_add(i64_mul(value, 16), digit)
    return value if good else -1


@kernel_function
def _escaped(letter: Int64) -> Int64:
    """The code point of an escape of one letter, -1 where it is none."""
    if letter == QUOTE or letter == BACKSLASH or letter == SLASH:
        return letter
    if letter == LETTER_N:
        return 10
    if letter == LETTER_T:
        return 9
    if letter == LETTER_R:
        return 13
    if letter == LETTER_B:
        return 8
    return 12 if letter == LETTER_F else -1


@kernel_function
def next_char(s: View, at: Int64) -> tuple[Int64, Int64]:
    """The code point that a string has at a place, -1 where it is malformed; and the place after.

    Half of a surrogate pair is malformed: no text has it.
    """
    byte = load_u8(s.buf, at)
    if byte != BACKSLASH:
        return char_at(s.buf, at) if byte >= 32 else -1, i64_add(at, char_width(byte))
    after = i64_add(at, 2)
    if after > s.stop:
        return -1, after
    letter = load_u8(s.buf, i64_add(at, 1))
    if letter != LETTER_U:
        return _escaped(letter), after
    char = _hex(s, after)
    after = i64_add(at, 6)
    if char < 0xD800 or char > 0xDFFF:
        return char, after
    low = -1
    if char < 0xDC00 and i64_add(at, 8) <= s.stop and load_u8(s.buf, after) == BACKSLASH:
        if load_u8(s.buf, i64_add(at, 7)) == LETTER_U:
            low = _hex(s, i64_add(at, 8))
    if low < 0xDC00 or low > 0xDFFF:
        return -1, after
    high = i64_shl(i64_sub(char, 0xD800), 10)
    return i64_add(0x10000, i64_add(high, i64_sub(low, 0xDC00))), i64_add(at, 12)


@kernel_function
def string_stop(s: View, at: Int64) -> Int64:
    """The place after the quote that ends a string, -1 where it is malformed."""
    while at < s.stop and load_u8(s.buf, at) != QUOTE:
        char, after = next_char(s, at)
        at = after if char >= 0 else i64_add(s.stop, 1)
    return i64_add(at, 1) if at < s.stop else -1


@kernel_function
def _digits_stop(s: View, at: Int64) -> Int64:
    while at < s.stop and load_u8(s.buf, at) >= ZERO and load_u8(s.buf, at) <= NINE:
        at = i64_add(at, 1)
    return at


@kernel_function
def _number_stop(s: View, at: Int64) -> Int64:
    """The place after a number, -1 where it is malformed."""
    if load_u8(s.buf, at) == MINUS:
        at = i64_add(at, 1)
    stop = _digits_stop(s, at)
    good = stop > at
    if good and load_u8(s.buf, at) == ZERO:
        stop = i64_add(at, 1)
    if good and stop < s.stop and load_u8(s.buf, stop) == DOT:
        at = i64_add(stop, 1)
        stop = _digits_stop(s, at)
        good = stop > at
    if good and stop < s.stop and i64_or(load_u8(s.buf, stop), 32) == LETTER_E:
        at = i64_add(stop, 1)
        if at < s.stop and (load_u8(s.buf, at) == PLUS or load_u8(s.buf, at) == MINUS):
            at = i64_add(at, 1)
        stop = _digits_stop(s, at)
        good = stop > at
    return stop if good else -1


@kernel_function
def scalar_stop(s: View, at: Int64) -> Int64:
    """The place after a string, a number or a word, -1 where it is none."""
    byte = load_u8(s.buf, at)
    if byte == QUOTE:
        return string_stop(s, i64_add(at, 1))
    if byte == MINUS or (byte >= ZERO and byte <= NINE):
        return _number_stop(s, at)
    word, stop = 0, at
    # The longest word has five letters; what goes on behind it is no JSON.
    while stop < s.stop and i64_sub(stop, at) < 5 and byte >= 97 and byte <= 122:
        word = i64_add(i64_shl(word, 8), byte)
        stop = i64_add(stop, 1)
        byte = load_u8(s.buf, stop) if stop < s.stop else 0
    return stop if word == TRUE or word == FALSE or word == NULL else -1


@kernel_function
def space_stop(s: View, at: Int64) -> Int64:
    """The place after white space."""
    going = True
    while going and at < s.stop:
        byte = load_u8(s.buf, at)
        going = byte == 32 or byte == 9 or byte == 10 or byte == 13
        at = i64_add(at, 1) if going else at
    return at
