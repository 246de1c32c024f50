"""Normal forms of text by Unicode 17.0.0: NFC, NFKC, NFD and NFKD (UAX #15).

Code points are decomposed into a run, a starter and what combines with it, which is sorted by
combining class and, in NFC and NFKC, put together again. `featurelib/ops/unicode_encoding.py` has
the layout of the table.
"""

from featurelib.dtypes import Bool, Int64, String
from featurelib.errors import DefinitionError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_and,
    i64_floordiv,
    i64_from_u64,
    i64_mod,
    i64_mul,
    i64_or,
    i64_shl,
    i64_shr,
    i64_sub,
    load_i32,
    load_u8,
    load_u32_le,
)
from featurelib.node import Node, apply, table
from featurelib.op import Arena, NormalTable, Nulls, kernel_function, method, op
from featurelib.ops.casing import _entry, _put_char
from featurelib.ops.sequence.elements import store_u32
from featurelib.ops.unicode_encoding import FORMS, UNSETTLED, normal_table
from featurelib.ops.utf8 import char_at, char_width, encoded_width, is_ascii

LONGEST_RUN = 1000
"""Code points of a run; UAX #15 says that 30 are enough for every language."""
SYLLABLE, LEADING, VOWEL, TRAILING = 0xAC00, 0x1100, 0x1161, 0x11A7
N_LEADING, N_VOWELS, N_TRAILING, N_SYLLABLES = 19, 21, 28, 11_172
"""Hangul, as the standard computes it (section 3.12); TRAILING itself is none."""
CODE_POINT = 0x1FFFFF
"""What a word of a run holds below its combining class."""


@kernel_function
def _is_syllable(char: Int64) -> Bool:
    return char >= SYLLABLE and char < SYLLABLE + N_SYLLABLES


@kernel_function
def _n_parts(forms: View, char: Int64, entry: Int64) -> Int64:
    """Into how many code points one is decomposed."""
    place = i64_shr(entry, 9)
    if place > 0:
        return load_i32(forms.buf, place)
    if entry != 0 and _is_syllable(char):
        return 2 if i64_mod(i64_sub(char, SYLLABLE), N_TRAILING) == 0 else 3
    return 1


@kernel_function
def _part(forms: View, char: Int64, entry: Int64, k: Int64) -> Int64:
    """Part k of the decomposition of a code point."""
    place = i64_shr(entry, 9)
    if place > 0:
        return load_i32(forms.buf, i64_add(place, i64_add(k, 1)))
    if entry == 0 or not _is_syllable(char):
        return char
    index = i64_sub(char, SYLLABLE)
    if k == 0:
        return i64_add(LEADING, i64_floordiv(index, N_VOWELS * N_TRAILING))
    if k == 1:
        return i64_add(VOWEL, i64_mod(i64_floordiv(index, N_TRAILING), N_VOWELS))
    return i64_add(TRAILING, i64_mod(index, N_TRAILING))


@kernel_function
def _size(s: View, forms: View) -> tuple[Int64, Int64, Bool]:
    """Bytes and code points of the decomposed text, and whether the text stays as it is."""
    n_bytes, n_chars, is_settled = 0, 0, True
    at = s.start
    while at < s.stop:
        char = char_at(s.buf, at)
        entry = _entry(forms, char)
        is_settled = is_settled and i64_and(entry, UNSETTLED) == 0
        n = _n_parts(forms, char, entry)
        for k in range(n):
            n_bytes = i64_add(n_bytes, encoded_width(_part(forms, char, entry, k)))
        n_chars = i64_add(n_chars, n)
        at = i64_add(at, char_width(load_u8(s.buf, at)))
    return n_bytes, n_chars, is_settled


@kernel_function
def _whole(forms: View, first: Int64, second: Int64) -> Int64:
    """The code point that two are put together to, 0 where there is none."""
    pairs = i64_add(2, i64_shr(i64_sub(load_i32(forms.buf, 0), 1), 7))
    n = load_i32(forms.buf, pairs)
    if n == 0:
        return 0
    leading, vowel = i64_sub(first, LEADING), i64_sub(second, VOWEL)
    if leading >= 0 and leading < N_LEADING and vowel >= 0 and vowel < N_VOWELS:
        index = i64_add(i64_mul(leading, N_VOWELS), vowel)
        return i64_add(SYLLABLE, i64_mul(index, N_TRAILING))
    trailing = i64_sub(second, TRAILING)
    if _is_syllable(first) and trailing > 0 and trailing < N_TRAILING:
        has_none = i64_mod(i64_sub(first, SYLLABLE), N_TRAILING) == 0
        return i64_add(first, trailing) if has_none else 0
    low, high = 0, n
    while low < high:
        middle = i64_shr(i64_add(low, high), 1)
        at = i64_add(pairs, i64_add(1, i64_mul(middle, 3)))
        a, b = load_i32(forms.buf, at), load_i32(forms.buf, i64_add(at, 1))
        if a == first and b == second:
            return load_i32(forms.buf, i64_add(at, 2))
        if a < first or (a == first and b < second):
            low = i64_add(middle, 1)
        else:
            high = middle
    return 0


@kernel_function
def _word(run: View, i: Int64) -> Int64:
    return i64_from_u64(load_u32_le(run.buf, i64_mul(i, 4)))


@kernel_function
def _add_mark(run: View, n: Int64, char: Int64, kind: Int64) -> Int64:
    """Puts a code point behind those of a run that its combining class does not pass."""
    i = n
    while i > 0 and i64_shr(_word(run, i64_sub(i, 1)), 24) > kind:
        store_u32(run.buf, i, _word(run, i64_sub(i, 1)))
        i = i64_sub(i, 1)
    store_u32(run.buf, i, i64_or(i64_shl(kind, 24), char))
    return i64_add(n, 1)


@kernel_function
def _put_together(run: View, n: Int64, forms: View) -> Int64:
    """Joins the starter of a run with what is not blocked from it; gives what is left."""
    if n < 2 or i64_shr(_word(run, 0), 24) != 0:
        return n
    starter, last, kept = _word(run, 0), 0, 1
    for i in range(1, n):
        word = _word(run, i)
        kind = i64_shr(word, 24)
        whole = _whole(forms, starter, i64_and(word, CODE_POINT)) if last < kind else 0
        if whole > 0:
            starter = whole
        else:
            store_u32(run.buf, kept, word)
            kept = i64_add(kept, 1)
            last = kind
    store_u32(run.buf, 0, starter)
    return kept


@kernel_function
def _put_run(run: View, n: Int64, out: View, at: Int64) -> Int64:
    for i in range(n):
        at = _put_char(out, at, i64_and(_word(run, i), CODE_POINT))
    return at


@op(
    "str.normalize",
    version=1,
    nulls=Nulls.MAYBE,
    public=False,
    device_reason="text that makes text",
)
def normalize(s: String, forms: NormalTable, arena: Arena) -> String:
    """A normal form of Unicode 17.0.0; null over the row limit.

    Null too where over 1,000 code points, or a quarter of the row limit, make one run.
    """
    limit = arena_limit(arena)
    if is_ascii(s):
        return View(s.buf, s.start, s.stop), i64_sub(s.stop, s.start) <= limit
    n_bytes, n_chars, is_settled = _size(s, forms)
    if is_settled:
        return View(s.buf, s.start, s.stop), i64_sub(s.stop, s.start) <= limit
    n_bytes = n_bytes if n_bytes < limit else limit
    longest = i64_shr(limit, 2)
    longest = longest if longest < LONGEST_RUN else LONGEST_RUN
    longest = longest if longest < n_chars else n_chars
    out = View(arena_reserve(arena, n_bytes), 0, n_bytes)
    run = View(arena_reserve(arena, i64_mul(longest, 4)), 0, longest)
    at, stop, n, fits = s.start, 0, 0, longest > 0
    while fits and at < s.stop:
        char = char_at(s.buf, at)
        entry = _entry(forms, char)
        k, parts = 0, _n_parts(forms, char, entry)
        while fits and k < parts:
            part = _part(forms, char, entry, k)
            kind = i64_and(_entry(forms, part), 0xFF)
            if kind == 0:
                n = _put_together(run, n, forms)
                # A starter joins another only beside it.
                whole = _whole(forms, _word(run, 0), part) if n == 1 else 0
                if whole == 0:
                    stop = _put_run(run, n, out, stop)
                store_u32(run.buf, 0, whole if whole > 0 else part)
                n = 1
            elif n < longest:
                n = _add_mark(run, n, part, kind)
            else:
                fits = False
            k = i64_add(k, 1)
        at = i64_add(at, char_width(load_u8(s.buf, at)))
    stop = _put_run(run, _put_together(run, n, forms), out, stop)
    fits = fits and stop <= limit
    return View(out.buf, 0, stop if fits else 0), fits


@method("str.normalize")
def _normalize(s: Node, form: str = "NFC") -> Node:
    """A normal form of Unicode 17.0.0 (UAX #15), in which equal characters have equal bytes.

    NFC puts letters and marks together, NFD takes them apart; NFKC and NFKD also replace what is
    only another way of writing, a ligature or a full-width letter. A code point that Unicode 17
    does not have stays. Null over the row limit, 64 KiB unless the kernel is compiled with another,
    and where over 1,000 code points (or a quarter of that limit) combine with one.

    Args:
        s: A text.
        form: ``"NFC"``, ``"NFKC"``, ``"NFD"`` or ``"NFKD"``.

    Raises:
        DefinitionError: The form is none of these.
    """
    if form not in FORMS:
        raise DefinitionError(
            f"`str.normalize`: expected a form of {', '.join(FORMS)}, got {form!r}"
        )
    return apply(normalize, (s, table(normal_table(form))))
