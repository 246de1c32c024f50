"""Golden cases of regular expressions: by Polars, whose engine is the regex crate of Rust.

What Unicode 17 added, Polars does not know yet: those cases are by hand.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from numeric_cases import BY_HAND, POLARS, Case, case, write

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


def table(pattern: str) -> dict[str, Any]:
    return {"kind": "regex", "content": [pattern, "1"], "name": f"regex {pattern!r}"}


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


if __name__ == "__main__":
    main()
