"""Golden cases of regular expressions: by Polars, whose engine is the regex crate of Rust.

What Unicode 17 added, Polars does not know yet: those cases are by hand. Where matches stand and
end is by CPython's `re`, a backtracking engine, for patterns that mean the same to both.
"""

from __future__ import annotations

import platform
import re
from typing import Any

import polars as pl
from numeric_cases import BY_HAND, POLARS, Case, case, write

CPYTHON_RE = f"CPython {platform.python_version()} re"

# Pattern, texts, and what the pattern is there for.
CASES: list[tuple[str, list[str], str]] = [
    (r"a.c", ["abc", "a\nc", "ac", "xxa-cxx", "aéc", "ABC", ""], "any character but a line break"),
    (r"(?s)a.c", ["a\nc", "a\rc"], "s: the dot takes a line break"),
    (r"(?R)a.c", ["a\nc", "a\rc", "abc"], "R: nor a carriage return"),
    (r"^abc", ["abc", "xabc", "\nabc"], "the text begins"),
    (r"abc$", ["abc", "abcx", "abc\n"], "the text ends; not before its last line break"),
    (r"^$", ["", "a", "\n"], "nothing at all"),
    (r"(?m)^b$", ["a\nb\nc", "ab\nc", "b", "a\nb\r\n"], "m: lines"),
    (r"(?mR)^b$", ["a\r\nb\r\nc", "a\nb\rc", "ab"], "m and R: lines that end with both"),
    (r"(?mR)^$", ["a\r\nb", "a\n\rb", "\r", "ab"], "no line between the two characters of a break"),
    (r"\Ab|c\z", ["b", "ab", "ac", "ca"], "the ends, whatever the flags"),
    (r"\d{3}-\d{4}", ["555-1234", "call 555-1234 now", "55-1234", "٣٣٣-٣٣٣٣"], "digits, Unicode's"),
    (r"(?-u:\d){3}", ["555", "٣٣٣"], "digits, ASCII's"),
    (r"^\w+$", ["naïve", "日本語", "a b", "snake_case", "a\u0301", "२", "a\u200db"], "words"),
    (r"\s", ["a b", "a\u00a0b", "a\u3000b", "ab", "\x1c", "\u200b"], "white space"),
    (r"^\S+\D\W$", ["ab!", "1!!", "a1"], "what is none of them"),
    (r"colou?r", ["color", "colour", "colouur"], "once or not"),
    (r"^(ab)*$", ["", "ab", "abab", "aba"], "any number"),
    (r"^(ab)+?$", ["", "ab", "abab"], "lazy: the same texts match"),
    (r"^a{2,3}$", ["a", "aa", "aaa", "aaaa"], "counted"),
    (r"^a{2,}$", ["a", "aa", "aaaaaa"], "counted without end"),
    (r"^(?:a{2}){3}$", ["aaaaa", "aaaaaa"], "counted twice"),
    (r"cat|dog|", ["bird", ""], "an empty alternative matches everywhere"),
    (r"^(?:cat|dog)s?$", ["cat", "dogs", "catdog", "do"], "alternatives"),
    (r"(?i)straße", ["STRASSE", "STRAẞE", "straße", "Strasse"], "case: one character for one"),
    (r"(?i)k", ["K", "\u212a", "k", "x"], "case: the Kelvin sign folds to k"),
    (r"(?i)[σ]", ["Σ", "ς", "σ", "s"], "case: both small sigmas"),
    (r"(?i-u)k", ["K", "\u212a"], "case of ASCII only"),
    (r"a(?i)b|c", ["AB", "aB", "C"], "a flag holds to the end of its group"),
    (r"a(?i:b)c", ["aBc", "aBC"], "or of its own"),
    (r"(?x) a \  b # blank", ["a b", "ab"], "x: white space and comments"),
    (r"[a-cx-z]", ["b", "y", "m"], "ranges"),
    (r"^[^a-c]+$", ["def", "abd", "é"], "negated"),
    (r"[]a]", ["]", "a", "b"], "a bracket that stands first"),
    (r"[a\-z-]", ["-", "z", "m"], "dashes"),
    (r"^[\w&&[^\d_]]+$", ["abc", "a1", "é", "a_b"], "both"),
    (r"^[a-z--[aeiou]]+$", ["xyz", "abc"], "one without the other"),
    (r"^[a-m~~g-z]+$", ["az", "h"], "one of the two"),
    (r"^[[:alpha:][:digit:]]+$", ["ab1", "é"], "POSIX, ASCII only"),
    (r"^[[:^alpha:]]$", ["1", "é", "a"], "POSIX, negated"),
    (r"\p{Lu}\p{Ll}+", ["Anna", "anna", "Élan", "ÉLAN"], "general categories"),
    (r"^\P{L}+$", ["12 3", "12a"], "all but a category"),
    (r"\p{Greek}", ["λόγος", "logos", "\u0301"], "a script"),
    (r"\p{Script=Han}|\p{sc=Hiragana}", ["漢字", "ひら", "カナ"], "scripts by property"),
    (r"^\p{Emoji}$", ["😀", "1", "a"], "a binary property; digits are emoji too"),
    (r"\bcat\b", ["a cat sat", "cats", "concat", "cat", "écat", "cat\u0301"], "words, Unicode's"),
    (r"(?-u:\b)cat(?-u:\b)", ["écat", "cats"], "words, ASCII's"),
    (r"\Bcat", ["cat", "concat"], "inside a word"),
    (r"\<a|z\>", ["ba", "ab", "zb", "bz"], "where a word begins, where it ends"),
    (r"\b{start-half}-x", ["a-x", " -x", "-x"], "no word before"),
    (r"\x41\u{e9}\U0001F600", ["Aé😀", "Aé"], "characters by number"),
    (r"\t\n\r\x0b\f\a", ["\t\n\r\x0b\x0c\x07"], "control characters"),
    (r"\.\*\+\?\(\)\[\]\{\}\|\\\^\$", [r".*+?()[]{}|\^$"], "what has a meaning, without it"),
    (r"(a|aa)*$", ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"], "hostile to a backtracking engine"),
    (r"^(x+x+)+y", ["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "xxxy"], "hostile as well"),
    (r"^.{3}$", ["\x7f\x80\u07ff", "\u0800\uffff\U00010000", "ab"], "1 to 4 bytes"),
    (r"^.{3}$", ["\ud7ff\ue000\U0010ffff"], "the ends of what is a character"),
    ("[\u0080-\u07ff]", ["\x7f", "\x80", "\u07ff", "\u0800"], "the ends of two bytes"),
    ("^[\U00010000-\U0010ffff]$", ["\uffff", "\U00010000", "\U0010ffff"], "the ends of four bytes"),
    (r"(?P<year>\d{4})-(?<month>\d\d)", ["2024-05", "24-05"], "groups with names"),
]  # fmt: skip
UNICODE_17 = [
    (r"\p{Sidetic}", "\U00010940", True, "a script that Unicode 17 added"),
    (r"^\w$", "\U00010940", True, "a letter that Unicode 17 added is a word character"),
    (r"\p{Lu}", "\ua7ce", True, "a capital letter that Unicode 17 added"),
    (r"(?i)\x{A7CF}", "\ua7ce", True, "folding that Unicode 17 added"),
    (r"\p{Cn}", "\U00010940", False, "so it is assigned"),
]
TYPES = ["String", "Table(regex)"]

# Where the match stands. These by CPython:
PLACES: list[tuple[str, list[str], str]] = [
    (r"a|ab", ["ab", "xxab", "b", "abab"], "the alternative that stands first, though shorter"),
    (r"ab|a", ["ab", "aab"], "the alternative that stands first, here the longer"),
    (r"abcd|c", ["abcd", "abcx", "cabcd"], "leftmost: what begins earlier, though it ends later"),
    (r"a+", ["baaac", "aab aa", "b"], "greedy"),
    (r"a+?", ["baaac", "aa"], "lazy"),
    (r"<.+?>", ["<a><b>", "x<a"], "lazy up to what must follow"),
    (r"<.+>", ["<a><b>", "x<a>y"], "greedy as far as what must follow allows"),
    (r"(a|ab)(c|bcd)(d*)", ["abcd", "xabcdd"], "an earlier choice weighs more than a longer match"),
    (r"a.*b|a", ["a1b2a3", "aaa"], "a match found while a preferred one is still looked for"),
    (r"(?:a|b)*abb", ["ababbabb", "aabb", "ab"], "a loop that may end at two places"),
    (r"^a|b$", ["aab", "ba", "b"], "the ends of the text"),
    (r"(?m)^.", ["ab\ncd", "\nb"], "m: the beginnings of lines"),
    (r"\bc\w+", ["a cat cuts", "acts", "é cé"], "words"),
    (r"\d{2,3}", ["12345", "1 22 333", "1"], "counted"),
    (r"é.", ["aéb", "日é本", "é"], "an offset in bytes"),
    (r"[^a-z]+", ["abc", "ab12é日c", "😀"], "one to four bytes"),
    (r"[ab]*a[ab]{3}c", ["abaabbaabac", "bbbb"], "many threads at once"),
]
# By Polars: in Python an empty match may stand behind another, and classes have other signs.
RUST_PLACES: list[tuple[str, list[str], str]] = [
    (r"x*", ["", "axxb", "日", "xx"], "empty matches, none where the last one ended"),
    (r"|a", ["aa", ""], "the empty alternative is preferred, so nothing else is found"),
    (r"a??|b", ["ab", "b"], "lazy, and so empty"),
    (r"a*?$", ["baa", "a"], "lazy up to the end"),
    (r"(?m)$", ["a\nb", "\n"], "the ends of lines"),
    (r"\b", ["ab c", "é", " "], "where words begin and end"),
    (r"\B|-", ["-", "a-b", "--"], "a claim that the character before decides, when going on"),
    (r"(?:a?b??)*", ["abab", "ba", "aab"], "a loop over what may be empty"),
    (r"\p{Lu}\p{Ll}*", ["aBcDe", "ÉlanVital", "日"], "properties"),
    (r"(?i)ß|s+", ["Straẞe", "SſKss"], "case"),
    (r"(?mR)^.*$", ["a\r\nb\nc", "\r"], "lines that end with both"),
    (r"\A\s+|\s+\z", ["  a b  ", "a"], "the ends, whatever the flags"),
]
# Groups, of one-pass patterns. These by CPython, but for the names.
GROUPS: list[tuple[str, list[str], str]] = [
    (r"(\d+)-(\d+)", ["tel 555-1234", "5-", "1-2 3-4"], "groups one after the other"),
    (r"(?:(a)|b)*", ["ab", "ba", "b", ""], "the last time round the loop that took part counts"),
    (r"((a)|b)+c", ["xabc", "bac"], "a group in a group"),
    (r"(a)?(b)?$", ["ab", "b", "x"], "a group that takes no part"),
    (r"(\w+)\s(.*)", ["key the value", "one"], "no group begins or ends behind, so all is taken"),
    (r"^([^@]+)@([^@]+)$", ["anna@example.org", "a@b@c"], "what repeats leaves out what follows"),
    (r"(é|日)([^é])", ["aé日é", "日本"], "offsets are bytes, groups are text"),
    (r"\b(\w)\w*\b", ["to be", "é"], "claims between"),
]
NAMED = [
    (r"(?P<year>\d{4})-(?<month>\d\d)", "$month/${year}", ["2024-05 2023-11", "24-05"], "names"),
    (r"(\d)(\D?)", "[$2${1}a$$]", ["1a2", "x"], "numbers; a letter behind one"),
    (r"\w+", "<$0$0>", ["a bc"], "the match itself"),
    (r"(a)|(b)", "$1-$2.", ["abc"], "a group that takes no part is empty"),
    (r"x*(y)?", "($1)", ["xyax"], "empty matches"),
]
NORMAL = {"$month/${year}": "$b/$a", "[$2${1}a$$]": "[$b$aa$$]", "<$0$0>": "<$0$0>",
          "$1-$2.": "$a-$b.", "($1)": "($a)"}  # fmt: skip
"""Replacements as the op takes them: the first group of its table is $a."""
VALUE = "<·>"
FINDER_TYPES = ["String", "Table(regex_finder)"]
MANY = 1 << 62


def table(pattern: str, kind: str = "regex", *groups: int) -> dict[str, Any]:
    return {"kind": kind, "content": [pattern, "1", *groups], "name": f"regex {pattern!r}"}


def group_of(pattern: str, text: str) -> str:
    is_plain = text != "" and text.isascii() and text.isprintable() and pattern.isascii()
    return "basic" if is_plain else "text_edges"


def main() -> None:
    """Writes the cases of `str.contains_regex`."""
    cases: list[Case] = []
    for pattern, texts, why in CASES:
        found = pl.Series(texts).str.contains(pattern, literal=False)
        for text, out in zip(texts, found, strict=True):
            group, args = group_of(pattern, text), [text, table(pattern)]
            cases.append(case(group, TYPES, args, "Bool", out, POLARS, why))
    for pattern, text, out, why in UNICODE_17:
        args = [text, table(pattern)]
        cases.append(case("text_edges", TYPES, args, "Bool", out, BY_HAND, why))
    args = [None, table("a?")]
    cases.append(case("nulls", TYPES, args, "Bool", None, POLARS, "null stays null"))
    write("pattern", "str.contains_regex", cases)
    write_places()


def by_python(pattern: str, text: str) -> tuple[Any, ...]:
    """Offset, number, first match, and the text with all and with the first replaced."""
    found = re.search(pattern, text)
    start = None if found is None else len(text[: found.start()].encode())
    replaced = (re.sub(pattern, VALUE, text, count=n) for n in (0, 1))
    n = sum(1 for _ in re.finditer(pattern, text))
    return start, n, found and found[0], *replaced


def by_polars(pattern: str, text: str) -> tuple[Any, ...]:
    """The same, by Rust."""
    s = pl.Series([text]).str
    made = (
        s.find(pattern, literal=False),
        s.count_matches(pattern, literal=False),
        s.extract(pattern, 0),
        s.replace_all(pattern, VALUE, literal=False),
        s.replace(pattern, VALUE, literal=False),
    )
    return tuple(column[0] for column in made)


def write_places() -> None:
    """Writes the cases of the ops that look where a match is."""
    cases: dict[str, list[Case]] = {name: [] for name in ("find", "count", "extract", "replace")}
    for places, ask, oracle in (
        (PLACES, by_python, CPYTHON_RE),
        (RUST_PLACES, by_polars, POLARS),
    ):
        for pattern, text, why in ((p, text, why) for p, texts, why in places for text in texts):
            start, n, found, replaced, first = ask(pattern, text)
            group, args = group_of(pattern, text), [text, table(pattern, "regex_finder")]
            for name, out, kind in (
                ("find", start, "UInt32"), ("count", n, "UInt32"), ("extract", found, "String"),
            ):  # fmt: skip
                cases[name].append(case(group, FINDER_TYPES, args, kind, out, oracle, why))
            cases["replace"] += (
                replace_case(group, [*args, VALUE], out, oracle, why, n)
                for out, n in ((replaced, MANY), (first, 1))
            )
    args = [None, table("a?", "regex_finder")]
    for name, kind in (("find", "UInt32"), ("count", "UInt32"), ("extract", "String")):
        why = "null stays null"
        cases[name].append(case("nulls", FINDER_TYPES, args, kind, None, BY_HAND, why))
    cases["replace"] += (
        replace_case("nulls", [*args, ""], None, BY_HAND, "null stays null", 1),
        replace_case(
            "bounds", ["aba", table("a?", "regex_finder"), "x"], "aba", BY_HAND, "none replaced", 0
        ),
    )
    add_groups(cases)
    for name, lines in cases.items():
        write("pattern", f"str.{name}_regex", lines)


def add_groups(cases: dict[str, list[Case]]) -> None:
    """Adds the cases of groups."""
    types = [*FINDER_TYPES, "Table(regex_groups)"]
    for pattern, texts, why in GROUPS:
        compiled = re.compile(pattern)
        for text in texts:
            found, start = compiled.search(text), group_of(pattern, text)
            for k in range(1, compiled.groups + 1):
                out = found and found[k]
                args = [text, table(pattern, "regex_finder"), table(pattern, "regex_groups", k)]
                cases["extract"].append(case(start, types, args, "String", out, CPYTHON_RE, why))
    for pattern, value, texts, why in NAMED:
        numbers = range(1, re.compile(pattern.replace("?<m", "?P<m")).groups + 1)
        for text in texts:
            column = pl.Series([text]).str
            finder = table(pattern, "regex_finder")
            args = [text, finder, table(pattern, "regex_groups", *numbers), NORMAL[value]]
            for out, n in (
                (column.replace_all(pattern, value), MANY), (column.replace(pattern, value), 1),
            ):  # fmt: skip
                group = group_of(pattern, text)
                made = case(
                    group, [*types, "String"], args, "String", out[0], POLARS, why, {"n": n}
                )
                cases["replace"].append(made)


def replace_case(
    group: str, args: list[Any], out: str | None, oracle: str, why: str, n: int
) -> Case:
    """A line of `str.replace_regex`."""
    types = [*FINDER_TYPES, "String"]
    return case(group, types, args, "String", out, oracle, why, {"n": n})


if __name__ == "__main__":
    main()
