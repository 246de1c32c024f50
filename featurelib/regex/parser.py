"""Patterns in the syntax of Rust's regex crate, read to a tree or refused at a position."""

from __future__ import annotations

import dataclasses

from featurelib.regex import charset
from featurelib.regex.brackets import read_brackets
from featurelib.regex.charset import CharSet
from featurelib.regex.escapes import complement, read_escape, refuse_beyond_ascii
from featurelib.regex.properties import fold
from featurelib.regex.reader import Flags, Reader, is_space
from featurelib.regex.syntax import (
    Alternate,
    Assertion,
    Chars,
    Concat,
    Group,
    Look,
    Repeat,
    Tree,
)

_SIMPLE = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_LOOK_AROUND = ("?=", "?!", "?<=", "?<!")
_MAX_COUNT = 10_000


@dataclasses.dataclass(frozen=True)
class Parsed:
    """A pattern that was read.

    Attributes:
        tree: Its tree.
        n_groups: How many groups capture.
        names: The numbers of those that have a name.
    """

    tree: Tree
    n_groups: int
    names: dict[str, int]


def parse(pattern: str) -> Parsed:
    """The tree of a pattern, and its groups.

    Raises:
        DefinitionError: It is no pattern of the dialect; points at the place.
    """
    r = Reader(pattern)
    made = _alternatives(r)
    if not r.is_done:
        r.refuse(
            r.at, "a closing parenthesis without an opening one", r"itself it is \)", stop=r.at + 1
        )
    return Parsed(made, r.n_groups, r.names)


def _alternatives(r: Reader) -> Tree:
    """Up to the end or to a closing parenthesis. Flags go on into the next alternative."""
    items = [_sequence(r)]
    while r.take("|"):
        items.append(_sequence(r))
    return items[0] if len(items) == 1 else Alternate(tuple(items))


def _sequence(r: Reader) -> Tree:
    items: list[Tree] = []
    while True:
        r.skip_space()
        if r.is_done or r.char in "|)":
            return items[0] if len(items) == 1 else Concat(tuple(items))
        start = r.at
        if not _sets_flags(r):
            items.append(_repeated(r, _atom(r), start))


def _atom(r: Reader) -> Tree:
    start = r.at
    match r.char:
        case "(":
            return _group(r)
        case "[":
            return Chars(read_brackets(r), (start, r.at))
        case "\\":
            made = read_escape(r)
            if isinstance(made, Look):
                return Assertion(made)
            if isinstance(made, int):
                return _char(r, made, start)
            return Chars(made, (start, r.at))
        case "*" | "+" | "?" | "{":
            r.refuse(
                start,
                "a repetition with nothing before it",
                rf"itself it is \{r.char}",
                stop=start + 1,
            )
    r.at += 1
    match r.pattern[start]:
        case ".":
            return Chars(_dot(r, start), (start, r.at))
        case "^":
            return Assertion(_line(r, Look.START, Look.LINE_START, Look.CRLF_START))
        case "$":
            return Assertion(_line(r, Look.END, Look.LINE_END, Look.CRLF_END))
    return _char(r, ord(r.pattern[start]), start)


def _char(r: Reader, code: int, start: int) -> Chars:
    if code > 0x7F and not r.flags.u:
        refuse_beyond_ascii(r, start)
    chars = ((code, code),)
    return Chars(fold(chars, r.flags.u) if r.flags.i else chars, (start, r.at))


def _dot(r: Reader, start: int) -> CharSet:
    breaks = "" if r.flags.s else "\r\n" if r.flags.R else "\n"
    return complement(r, charset.of(breaks), start)


def _line(r: Reader, text: Look, line: Look, crlf: Look) -> Look:
    if not r.flags.m:
        return text
    return crlf if r.flags.R else line


def _repeated(r: Reader, item: Tree, start: int) -> Tree:
    depth = r.depth
    while True:
        r.skip_space()
        sign = r.char
        at = r.at
        if sign and sign in _SIMPLE:
            r.at += 1
            least, most = _SIMPLE[sign]
        elif sign == "{":
            least, most = _counts(r)
        else:
            r.depth = depth
            return item
        r.enter(start)
        is_greedy = not r.take("?") ^ r.flags.U
        item = Repeat(item, least, most, is_greedy, (at, r.at))


def _counts(r: Reader) -> tuple[int, int | None]:
    start = r.at
    r.at += 1
    least = _count(r, start)
    most: int | None = least
    if r.take(","):
        _skip_count_space(r)
        most = None if r.char == "}" else _count(r, start)
    if not r.take("}"):
        r.refuse(start, "the counts of a repetition have no closing brace", r"a brace itself is \{")
    if most is not None and most < least:
        r.refuse(start, f"a repetition of {least} to {most} times")
    return least, most


def _count(r: Reader, start: int) -> int:
    _skip_count_space(r)
    begin = r.at
    while r.char and r.char in "0123456789":
        r.at += 1
    digits = r.pattern[begin : r.at]
    if not digits:
        r.refuse(start, "expected a number of times", r"a brace itself is \{", stop=r.at + 1)
    _skip_count_space(r)
    if len(digits) > 9 or int(digits) > _MAX_COUNT:
        r.refuse(start, f"at most {_MAX_COUNT:,} times")
    return int(digits)


def _skip_count_space(r: Reader) -> None:
    """White space around a count means nothing, with the flag `x` and without."""
    while not r.is_done and is_space(r.char):
        r.at += 1


def _group(r: Reader) -> Tree:
    start, outer = r.at, r.flags
    r.enter(start)
    r.at += 1
    r.skip_space()
    for sign in _LOOK_AROUND:
        if r.take(sign):
            r.refuse(
                start,
                "look-around is not supported: no finite automaton knows it",
                r"there are \b, ^ and $; or ask twice: s.str.contains(..) & ~s.str.contains(..)",
            )
    index = None
    if r.starts("?P<") or r.starts("?<"):
        index = r.n_groups = r.n_groups + 1
        _name(r, start)
    elif r.take("?"):
        r.flags = _flags(r, start)
        if not r.take(":"):
            r.refuse(start, "expected a colon after the flags of a group")
    else:
        index = r.n_groups = r.n_groups + 1
    inside = _alternatives(r)
    if not r.take(")"):
        r.refuse(start, "the group has no closing parenthesis", r"itself it is \(", stop=start + 1)
    r.flags = outer
    r.depth -= 1
    return inside if index is None else Group(inside, index)


def _name(r: Reader, start: int) -> None:
    r.at = r.pattern.index("<", r.at) + 1
    begin = r.at
    stop = r.pattern.find(">", begin)
    name = r.pattern[begin:stop] if stop >= 0 else ""
    r.at = stop + 1 if stop >= 0 else len(r.pattern)
    is_name = name[:1].isalpha() or name[:1] == "_"
    if not is_name or not all(c.isalnum() or c in "_.[]" for c in name):
        r.refuse(start, "the name of a group is letters, digits and _", "as in (?P<year>[0-9]{4})")
    if name in r.names:
        r.refuse(start, f"two groups have the name {name}")
    r.names[name] = r.n_groups


def _sets_flags(r: Reader) -> bool:
    """Goes past `(?flags)` if it stands here; the flags hold to the end of the group."""
    start = r.at
    if not r.starts("(?") or r.starts("(?P") or r.starts("(?<"):
        return False
    r.at += 2
    if r.char in ("=", "!"):
        r.at = start
        return False
    flags = _flags(r, start)
    if not r.take(")"):
        r.at = start
        return False
    if r.at == start + 3:
        r.refuse(start, "a repetition with nothing before it", r"a group that may be empty is (?:)")
    r.flags = flags
    return True


def _flags(r: Reader, start: int) -> Flags:
    made: dict[str, bool] = {}
    value, begin = True, r.at
    while r.char and r.char not in ":)":
        letter = r.char
        r.at += 1
        if letter == "-":
            if not value:
                r.refuse(start, "flags are switched off once")
            value = False
        elif letter in made:
            r.refuse(start, f"the flag {letter} stands there twice")
        elif letter in "imsUuxR":
            made[letter] = value
        else:
            r.refuse(start, f"no such flag: {letter}", "flags are i, m, s, U, u, x and R")
    if r.pattern[begin : r.at].endswith("-"):
        r.refuse(start, "expected a flag to switch off")
    if r.is_done:
        r.refuse(start, "the group has no closing parenthesis", r"itself it is \(")
    return dataclasses.replace(r.flags, **made)
