"""Classes in brackets: ranges, nested classes, POSIX names, `&&`, `--`, `~~`."""

from __future__ import annotations

import re

from featurelib.regex import charset
from featurelib.regex.charset import CharSet
from featurelib.regex.escapes import complement, read_escape, refuse_beyond_ascii
from featurelib.regex.properties import POSIX, fold
from featurelib.regex.reader import Reader
from featurelib.regex.syntax import Look

_POSIX = re.compile(r"\[:(\^?)([a-z]+):\]")
_OPERATORS = ("&&", "--", "~~")


def read_brackets(r: Reader) -> CharSet:
    """The set of a class; the cursor stands on its opening bracket."""
    start = r.at
    r.enter(start)
    r.at += 1
    r.skip_space()
    is_negated = r.take("^")
    r.skip_space()
    items: list[tuple[int, int]] = []
    while r.take("-"):
        items.append((ord("-"), ord("-")))
        r.skip_space()
    if not items and r.take("]"):
        items.append((ord("]"), ord("]")))
    left: CharSet | None = None
    operator = ""
    while True:
        r.skip_space()
        if r.is_done:
            r.refuse(start, "the class has no closing bracket", r"a bracket itself is \[")
        sign = next((o for o in _OPERATORS if r.starts(o)), "")
        if not sign and r.char != "]":
            items += _item(r, start)
            continue
        right = charset.from_ranges(items)
        if operator or sign:
            # Both sides of an operator are folded before it, as Rust does.
            right = _folded(r, right)
        left = right if left is None else _combined(left, operator, right)
        if not sign:
            break
        operator, items = sign, []
        r.at += len(sign)
    r.at += 1
    r.depth -= 1
    made = _folded(r, left)
    return complement(r, made, start) if is_negated else made


def _folded(r: Reader, chars: CharSet) -> CharSet:
    return fold(chars, r.flags.u) if r.flags.i else chars


def _combined(a: CharSet, operator: str, b: CharSet) -> CharSet:
    if operator == "&&":
        return charset.intersect(a, b)
    if operator == "--":
        return charset.subtract(a, b)
    return charset.union(charset.subtract(a, b), charset.subtract(b, a))


def _item(r: Reader, opening: int) -> CharSet:
    """A nested class, a POSIX class, a range, an escape or one character."""
    start = r.at
    if r.char == "[":
        named = _POSIX.match(r.pattern, r.at)
        if named is None or named[2] not in POSIX:
            return read_brackets(r)
        r.at = named.end()
        chars = _folded(r, POSIX[named[2]])
        return complement(r, chars, start) if named[1] else chars
    first = _one(r)
    r.skip_space()
    if r.char != "-" or _after_dash(r) in ("]", "-"):
        return ((first, first),) if isinstance(first, int) else first
    r.at += 1
    r.skip_space()
    if r.is_done:
        r.refuse(opening, "the class has no closing bracket", r"a bracket itself is \[")
    last = _one(r)
    if not isinstance(first, int) or not isinstance(last, int):
        r.refuse(start, "a range goes from one character to another", r"a dash itself is \-")
    if first > last:
        r.refuse(start, "the range ends before it begins")
    return ((first, last),)


def _after_dash(r: Reader) -> str:
    here = r.at
    r.at += 1
    r.skip_space()
    after = r.char
    r.at = here
    return after


def _one(r: Reader) -> int | CharSet:
    start = r.at
    if r.char == "\\":
        made = read_escape(r)
    else:
        r.at += 1
        made = ord(r.pattern[start])
    if isinstance(made, Look):
        r.refuse(start, "a claim about a place cannot stand in a class")
    if isinstance(made, int) and made > 0x7F and not r.flags.u:
        refuse_beyond_ascii(r, start)
    return made
