"""Golden cases of text: by `str` and `bytes` of CPython; slices also agree with Polars."""

from __future__ import annotations

import platform
from typing import Any

import polars as pl
from numeric_cases import POLARS, Case, case, write

ORACLE = f"CPython {platform.python_version()} str"
LARGEST = 2**63 - 1
TEXTS = [
    *("", "a", "abc", "héllo", "日本語", "a😀b", "e\u0301", "\x00", "naïve café", " ", "\t\n"),
    *("\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\U00010000", "\U0010ffff", "👩‍👩‍👧", "🇫🇷"),
    *("0123456789", "x" * 64, "é" * 33),
]
WHITE = [
    "",
    " ",
    "  abc\t",
    "\u2003é\u3000",
    "\x0b\x0ca\x85\xa0",
    "a b",
    "\u200babc",
    "\u1680\u2028x\u2029\u202f\u205f",
    "\x1ca\x1f",
    "\u180ex",
    "\ufeffx ",
    "\x08a\x0e",
    "\u1fff\u2000a\u2030",
    "\x7fa\x80",
    "\u07ff \u0800\t\uffff\U00010000",
    "\U00100000 \U00040000",
]
# White_Space of the Unicode Character Database; str.strip() without it also drops U+001C to U+001F.
WHITE_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(c) for c in range(0x2000, 0x200B)
)
PAIRS = [
    ("abc", "a"),
    ("abc", "bc"),
    ("abc", "abc"),
    ("abc", "abcd"),
    ("abcabc", "bc"),
    ("aaaaaaaaab", "aaab"),
    ("0123456789abcdef0123", "9abcdef01"),
    ("0123456789abcdef0123", "9abcdef02"),
    ("héllo", "é"),
    ("héllo", "llo"),
    ("日本語", "本"),
    ("日本語", "日本語日"),
    ("e\u0301", "é"),
    ("a😀b", "😀"),
    ("a\x00b", "\x00"),
    ("", "a"),
    ("a", ""),
    ("", ""),
    ("Abc", "a"),
    ("--x--", "--"),
    ("--caaaaaaabbbbbbbb--", "aaaaaaaabbbbbbbb"),
    ("caaaaaaabbbbbbbb", "aaaaaaaabbbbbbbb"),
]
Function = Any


def group_of(*texts: str | None) -> str:
    if None in texts:
        return "nulls"
    return "basic" if all(t and t.isascii() and t.isprintable() for t in texts) else "text_edges"


def unary(op: str, out_type: str, function: Function, texts: list[str], why: str) -> None:
    cases = [case(group_of(t), ["String"], [t], out_type, function(t), ORACLE, why) for t in texts]
    cases.append(case("nulls", ["String"], [None], out_type, None, ORACLE, "null stays null"))
    write("text", op, cases)


def binary_cases(function: Function, out_type: str, pairs: list[Any], why: str) -> list[Case]:
    made = [
        case(group_of(*p), ["String"] * 2, p, out_type, function(*p), ORACLE, why) for p in pairs
    ]
    for p in ((None, "a"), ("a", None), (None, None)):
        made.append(case("nulls", ["String"] * 2, p, out_type, None, ORACLE, "null stays null"))
    return made


def find(s: str, part: str) -> int | None:
    at = s.encode().find(part.encode())
    return None if at < 0 else at


def cut(s: str, offset: int, length: int) -> str:
    """Polars' rule: an offset before the start still counts."""
    first = offset if offset >= 0 else len(s) + offset
    return s[max(first, 0) : max(first + length, 0)]


def slice_cases() -> list[Case]:
    made = []
    for text in ("", "abcde", "aé日😀z", "\u07ff\u0800\uffff\U00010000\x7f\x80"):
        for offset in (0, 2, 5, 9, -1, -3, -5, -7):
            for length in (0, 1, 3, LARGEST):
                out = cut(text, offset, length)
                by_polars = pl.Series([text]).str.slice(offset, length if length < 99 else None)
                if by_polars[0] != out:
                    raise ValueError(f"Polars gives {by_polars[0]!r}, not {out!r}")
                if text == "abcde" or offset in (0, -3, -7):
                    params = {"offset": offset, "length": length}
                    why = "code points, as in Polars"
                    group = group_of(text)
                    made.append(case(group, ["String"], [text], "String", out, POLARS, why, params))
    for offset in (-(2**63), LARGEST):
        params = {"offset": offset, "length": 3}
        why = "offsets far outside give nothing"
        made.append(case("bounds", ["String"], ["abc"], "String", "", "by hand", why, params))
    params = {"offset": 0, "length": 1}
    null = case("nulls", ["String"], [None], "String", None, ORACLE, "null stays null", params)
    return [*made, null]


def end_cases(op: str) -> list[Case]:
    made = []
    for text in ("", "abcde", "aé日😀z"):
        for n in (0, 1, 2, 5, 9, -1, -2, -5, -9, LARGEST, -LARGEST):
            if op == "head":
                out = text[:n]
            else:
                out = text[-n:] if n else ""
            small = max(min(n, 99), -99)
            if getattr(pl.Series([text]).str, op)(small)[0] != out:
                raise ValueError(f"{op} {n}: Polars does not give {out!r}")
            group = "bounds" if abs(n) > 99 else group_of(text)
            why = "code points, as in Polars"
            made.append(case(group, ["String"], [text], "String", out, ORACLE, why, {"n": n}))
    params = {"n": 2}
    null = case("nulls", ["String"], [None], "String", None, ORACLE, "null stays null", params)
    return [*made, null]


def strip_cases(function: Function) -> list[Case]:
    why = "the 25 characters of White_Space"
    made = [
        case(group_of(t), ["String"], [t], "String", function(t, WHITE_SPACE), ORACLE, why)
        for t in [*WHITE, f"{WHITE_SPACE}a{WHITE_SPACE}", WHITE_SPACE]
    ]
    made.append(case("nulls", ["String"], [None], "String", None, ORACLE, "null stays null"))
    pairs = [
        ("xxaxbxx", "x"),
        ("xyaxbyx", "xy"),
        ("éaé", "é"),
        ("日a日本", "本日"),
        ("abc", ""),
        ("", "a"),
        ("aaa", "a"),
        (" a ", "a"),
        ("e\u0301x", "\u0301"),
        ("😀a😁", "😁😀"),
        ("\u07ffa\u0800", "\u0800\u07ff"),
        ("\u0800a\u07ff", "\u07ff"),
        ("\U00100000a\U00040000", "\U00040000"),
    ]
    return made + binary_cases(function, "String", pairs, "characters of a set")


def concat_cases() -> list[Case]:
    pairs = [("ab", "cd"), ("", "a"), ("a", ""), ("", ""), ("é", "日"), ("e", "\u0301"), ("x", "x")]
    pairs += [("12345678", "9"), ("a" * 17, "b" * 31), ("😀", "\x00"), (" ", "\n")]
    made = binary_cases(lambda a, b: a + b, "String", pairs, "joined")
    for a, b, c in (("ab", "-", "cd"), ("", "-", ""), ("é", ", ", "日"), ("a", "", "b")):
        group = group_of(a, b, c)
        made.append(case(group, ["String"] * 3, [a, b, c], "String", a + b + c, ORACLE, "three"))
    for args in ([None, "-", "a"], ["a", "-", None], ["a", None, "b"]):
        why = "null where any is null"
        made.append(case("nulls", ["String"] * 3, args, "String", None, ORACLE, why))
    return made


def main() -> None:
    unary("str.len_bytes", "UInt32", lambda s: len(s.encode()), TEXTS, "bytes of UTF-8")
    unary("str.len_chars", "UInt32", len, TEXTS, "code points")
    ascii_texts = [*TEXTS, "abcdefgh", "abcdefgé", "abcdefghi\x7f", "abcdefgh\x80"]
    ascii_texts += ["éabcdefghijklmnopq", "abcdefg\x80abcdefgh"]
    unary("str.is_ascii", "Bool", str.isascii, ascii_texts, "below 128")
    for op, out_type, function, why in (
        ("str.starts_with", "Bool", str.startswith, "bytes at the beginning"),
        ("str.ends_with", "Bool", str.endswith, "bytes at the end"),
        ("str.contains_literal", "Bool", lambda s, p: p in s, "bytes anywhere"),
        ("str.find_literal", "UInt32", find, "offset in bytes"),
        ("str.strip_prefix", "String", str.removeprefix, "once, at the beginning"),
        ("str.strip_suffix", "String", str.removesuffix, "once, at the end"),
    ):
        write("text", op, binary_cases(function, out_type, PAIRS, why))
    write("text", "str.slice", slice_cases())
    write("text", "str.head", end_cases("head"))
    write("text", "str.tail", end_cases("tail"))
    write("text", "str.strip_chars", strip_cases(str.strip))
    write("text", "str.strip_chars_start", strip_cases(str.lstrip))
    write("text", "str.strip_chars_end", strip_cases(str.rstrip))
    write("text", "concat", concat_cases())


if __name__ == "__main__":
    main()
