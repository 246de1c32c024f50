"""Where regular expressions match in a text; `featurelib/regex/finder.py` says why it is there.

A finder tells where matches begin and end, the table of groups where groups stand in one.
"""

from featurelib.dtypes import Bool, Int64, String, UInt32
from featurelib.intrinsics import (
    View,
    i64_add,
    i64_and,
    i64_mul,
    i64_shr,
    i64_sub,
    load_i32,
    load_u8,
    u64_from_i64,
)
from featurelib.op import FinderTable, GroupTable, Nulls, RegexTable, kernel_function, op
from featurelib.ops.utf8 import char_at, char_before, char_width


@kernel_function
def char_class(automaton: View, char: Int64) -> Int64:
    """The class of a code point from 128 on."""
    buf = automaton.buf
    if char >= load_i32(buf, 4):
        return load_i32(buf, 5)
    block = load_i32(buf, i64_add(133, i64_shr(char, 7)))
    return load_i32(buf, i64_add(block, i64_and(char, 127)))


@op("str.contains_regex", version=1, public=False)
def contains_regex(s: String, automaton: RegexTable) -> Bool:
    """Whether a regular expression matches somewhere in the text."""
    buf = automaton.buf
    n_classes = load_i32(buf, 2)
    rows = load_i32(buf, 3)
    state = load_i32(buf, 0)
    at = s.start
    # State 0 has no match and state 1 has one, whatever follows.
    while at < s.stop and state > 1:
        byte = load_u8(s.buf, at)
        if byte < 0x80:
            kind = load_i32(buf, i64_add(6, byte))
            at = i64_add(at, 1)
        else:
            kind = char_class(automaton, char_at(s.buf, at))
            at = i64_add(at, char_width(byte))
        state = load_i32(buf, i64_add(rows, i64_add(i64_mul(state, n_classes), kind)))
    return state > 0 and state < load_i32(buf, 1)


@kernel_function
def _class_at(automaton: View, s: View, at: Int64) -> Int64:
    """The class of the code point that begins at a byte, or of the edge where the text ends."""
    if at >= s.stop:
        return load_i32(automaton.buf, 2)
    byte = load_u8(s.buf, at)
    if byte < 0x80:
        return load_i32(automaton.buf, i64_add(6, byte))
    return char_class(automaton, char_at(s.buf, at))


@kernel_function
def _class_before(automaton: View, s: View, at: Int64) -> Int64:
    """The class of the code point that ends at a byte, or of the edge where the text begins."""
    if at <= s.start:
        return load_i32(automaton.buf, 2)
    return _class_at(automaton, s, char_before(s, at))


@kernel_function
def _step(finder: View, state: Int64, kind: Int64) -> Int64:
    """Twice the next state, and 1 more where a match is before the step."""
    buf = finder.buf
    row = i64_mul(state, i64_add(load_i32(buf, 2), 1))
    return load_i32(buf, i64_add(load_i32(buf, 3), i64_add(row, kind)))


@kernel_function
def _match_end(finder: View, s: View, at: Int64) -> Int64:
    """Where the first match ends of those that begin at byte `at` or later; -1 if there is none."""
    buf = finder.buf
    state = load_i32(buf, i64_add(load_i32(buf, 0), _class_before(finder, s, at)))
    end = -1
    while state > 0:
        word = _step(finder, state, _class_at(finder, s, at))
        if i64_and(word, 1) != 0:
            end = at
        # The edge of the text leads to state 0.
        state = i64_shr(word, 1)
        at = i64_add(at, char_width(load_u8(s.buf, at))) if state > 0 else at
    return end


@kernel_function
def match_start(finder: View, s: View, low: Int64, at: Int64) -> Int64:
    """Where the match begins that ends at byte `at`, of a search that began at byte `low`."""
    buf = finder.buf
    state = load_i32(buf, i64_add(load_i32(buf, 1), _class_at(finder, s, at)))
    start = at
    while state > 0:
        word = _step(finder, state, _class_before(finder, s, at))
        if i64_and(word, 1) != 0:
            start = at
        state = i64_shr(word, 1) if at > low else 0
        at = char_before(s, at) if state > 0 else at
    return start


@kernel_function
def next_match(finder: View, s: View, last: Int64) -> tuple[Int64, Int64]:
    """Where the search began, and where the next match after the one that ended at `last` ends.

    The end is -1 if there is none. For the first match `last` is -1. An empty match where the last
    one ended is none; the search goes on behind the next code point, as in Rust.
    """
    low = last if last >= 0 else s.start
    end = _match_end(finder, s, low)
    if end >= 0 and end == last:
        end = -1
        if low < s.stop:
            low = i64_add(low, char_width(load_u8(s.buf, low)))
            end = _match_end(finder, s, low)
    return low, end


@kernel_function
def group_of(groups: View, s: View, start: Int64, stop: Int64, k: Int64) -> tuple[Int64, Int64]:
    """Where group k of the table stands in a match; -1 and -1 if it took no part.

    That the table is of the pattern that matched, a made-up bundle need not keep to: so what begins
    and does not end is no group.
    """
    buf = groups.buf
    width = i64_add(load_i32(buf, 2), 1)
    state = load_i32(buf, i64_add(load_i32(buf, 0), _class_before(groups, s, start)))
    at, first, last = start, -1, -1
    while state > 0:
        row = i64_add(i64_mul(state, width), _class_at(groups, s, at))
        entry = i64_add(load_i32(buf, 3), i64_mul(3, row))
        marks = load_i32(buf, i64_add(entry, 2 if at >= stop else 1))
        if i64_and(i64_shr(marks, i64_mul(2, k)), 1) != 0:
            first = at
        if i64_and(i64_shr(marks, i64_mul(2, k)), 2) != 0:
            last = at
        state = load_i32(buf, entry) if at < stop else 0
        at = i64_add(at, char_width(load_u8(s.buf, at))) if state > 0 else at
    if first < 0 or last < first:
        return -1, -1
    return first, last


@op("str.find_regex", version=1, nulls=Nulls.MAYBE, public=False)
def find_regex(s: String, finder: FinderTable) -> UInt32:
    """Offset in bytes of the first match of a regular expression; null if there is none."""
    end = _match_end(finder, s, s.start)
    start = match_start(finder, s, s.start, end) if end >= 0 else s.start
    return u64_from_i64(i64_sub(start, s.start)), end >= 0


@op("str.count_regex", version=1, public=False)
def count_regex(s: String, finder: FinderTable) -> UInt32:
    """How often a regular expression matches, without overlap."""
    n = 0
    _low, end = next_match(finder, s, -1)
    while end >= 0:
        n = i64_add(n, 1)
        _low, end = next_match(finder, s, end)
    return u64_from_i64(n)


@op("str.extract_regex", version=1, nulls=Nulls.MAYBE, public=False)
def extract_regex(s: String, finder: FinderTable) -> String:
    """The first match of a regular expression, or one of its groups; null if there is none."""
    end = _match_end(finder, s, s.start)
    if end < 0:
        return View(s.buf, s.start, s.start), False
    return View(s.buf, match_start(finder, s, s.start, end), end), True


@extract_regex.body
def extract_group(s: String, finder: FinderTable, groups: GroupTable) -> String:
    end = _match_end(finder, s, s.start)
    first, last = -1, -1
    if end >= 0:
        first, last = group_of(groups, s, match_start(finder, s, s.start, end), end, 0)
    if first < 0:
        return View(s.buf, s.start, s.start), False
    return View(s.buf, first, last), True
