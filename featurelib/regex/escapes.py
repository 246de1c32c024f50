r"""What a backslash begins: a character, a class such as `\d` or `\p{Greek}`, or a claim."""

from __future__ import annotations

from typing import NoReturn

from featurelib.regex import charset
from featurelib.regex.charset import CharSet
from featurelib.regex.properties import KINDS, close_names, find_property, fold, perl
from featurelib.regex.reader import Reader
from featurelib.regex.syntax import Look

_CONTROL = {"a": 0x07, "f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09, "v": 0x0B}
_DIGITS = {"x": 2, "u": 4, "U": 8}
_WORD_CLAIMS = {
    "start": Look.WORD_START,
    "end": Look.WORD_END,
    "start-half": Look.WORD_START_HALF,
    "end-half": Look.WORD_END_HALF,
}
_HINTS = {
    "Z": r"the end of the text is \z, also with a line break before it: \n?\z",
    "G": None,
    "K": "a match cannot drop its beginning: say what it begins with",
    "Q": "write literal=True, or a backslash before each sign",
    "h": r"blanks are [ \t]",
    "N": r"any character but a line break is .",
    "R": r"line breaks are \r\n|\n|\r",
    "e": r"the escape character is \x1B",
}


def read_escape(r: Reader) -> int | CharSet | Look:
    """A code point, a set of them, or a claim; the cursor stands on the backslash."""
    start = r.at
    r.at += 1
    letter = r.char
    if not letter:
        r.refuse(start, r"a backslash with nothing after it", r"a backslash itself is \\")
    r.at += 1
    if letter in "dswDSW":
        return _perl(r, start, letter)
    if letter in "pP":
        return _property(r, start, letter == "P")
    if letter in _DIGITS:
        return _hex(r, start, letter)
    if letter in _CONTROL:
        return _CONTROL[letter]
    if letter in "AzbB<>":
        return _claim(r, start, letter)
    if letter in "0123456789":
        r.refuse(
            start,
            "references to a group are not supported: no finite automaton knows them",
            r"a character by its number is \x41" if letter == "0" else None,
        )
    if letter.isascii() and not letter.isalnum():
        return ord(letter)
    r.refuse(start, f"the escape \\{letter} is not supported", _HINTS.get(letter))


def _perl(r: Reader, start: int, letter: str) -> CharSet:
    chars = perl(letter.lower(), r.flags.u)
    return complement(r, chars, start) if letter.isupper() else chars


def complement(r: Reader, chars: CharSet, start: int) -> CharSet:
    """What is not in the set that is written from `start` on.

    Raises:
        DefinitionError: Under `(?-u)`, where it would hold bytes that are no characters.
    """
    if not r.flags.u:
        refuse_beyond_ascii(r, start)
    return charset.negate(chars)


def refuse_beyond_ascii(r: Reader, start: int) -> NoReturn:
    """Raises the error about what stands between `start` and the cursor.

    Raises:
        DefinitionError: Always.
    """
    r.refuse(start, "under (?-u) only ASCII can be matched", "leave out (?-u)")


def _property(r: Reader, start: int, is_negated: bool) -> CharSet:
    if not r.flags.u:
        r.refuse(start, "Unicode properties need the flag u", "leave out (?-u)")
    r.skip_space()
    if r.take("{"):
        stop = r.pattern.find("}", r.at)
        if stop < 0:
            r.refuse(start, "the name of a property has no closing brace")
        inside, r.at = r.pattern[r.at : stop], stop + 1
    else:
        inside = r.char
        r.at += 1
    kind, value = "", inside
    for sign in ("!=", ":", "="):
        if sign in inside:
            kind, _, value = inside.partition(sign)
            is_negated ^= sign == "!="
            break
    found = find_property(kind, value)
    if found is None:
        close = close_names(value)
        r.refuse(
            start,
            f"no such Unicode property: {inside}",
            f"did you mean {' or '.join(close)}?"
            if close
            else "there are general categories, scripts and some binary properties"
            + (f"; kinds are {' and '.join(KINDS)}" if kind else ""),
        )
    chars = fold(found, True) if r.flags.i else found
    return charset.negate(chars) if is_negated else chars


def _hex(r: Reader, start: int, letter: str) -> int:
    r.skip_space()
    if r.take("{"):
        stop = r.pattern.find("}", r.at)
        if stop < 0:
            r.refuse(start, "the number of a character has no closing brace")
        digits, r.at = r.pattern[r.at : stop], stop + 1
    else:
        digits = r.pattern[r.at : r.at + _DIGITS[letter]]
        r.at += len(digits)
        if len(digits) < _DIGITS[letter]:
            r.refuse(start, f"expected {_DIGITS[letter]} hexadecimal digits, got {digits!r}")
    if not digits or not all(c in "0123456789abcdefABCDEF" for c in digits):
        r.refuse(start, f"expected hexadecimal digits, got {digits!r}")
    code = int(digits, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        r.refuse(start, f"no character has the number {digits}")
    return code


def _claim(r: Reader, start: int, letter: str) -> Look:
    if letter in "Az":
        return Look.START if letter == "A" else Look.END
    made = {"B": Look.NOT_WORD, "<": Look.WORD_START, ">": Look.WORD_END}.get(letter, Look.WORD)
    # A brace may also begin a repetition, \b{2}: it holds a name only if a letter follows it.
    if letter == "b" and r.char == "{" and (r.pattern[r.at + 1 : r.at + 2] + "0")[0].isalpha():
        stop = r.pattern.find("}", r.at)
        name = r.pattern[r.at + 1 : stop] if stop >= 0 else r.pattern[r.at + 1 :]
        r.at = stop + 1 if stop >= 0 else len(r.pattern)
        if stop < 0 or name not in _WORD_CLAIMS:
            r.refuse(
                start, f"no such word boundary: {name}", f"there are {', '.join(_WORD_CLAIMS)}"
            )
        made = _WORD_CLAIMS[name]
    return made if r.flags.u else Look[f"ASCII_{made.name}"]
