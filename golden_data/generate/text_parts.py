"""Golden cases of text in parts, by Polars; texts of CPython for parts beyond the last."""

from __future__ import annotations

import itertools
import platform

import polars as pl
from numeric_cases import BY_HAND, POLARS, Case, case, write

CPYTHON = f"CPython {platform.python_version()} str"
LARGEST = 1 << 62
TEXTS = [
    "", "a", "aaa", "aaaa", "abab", "a,b,,c", ",", ",,", "no", "héllo,日本,😀", "日日本日", "--x--",
    "a\x00b\x00", "e\u0301e\u0301", "👩‍👩‍👧,🇫🇷", "x" * 60 + "," + "y" * 9,
]  # fmt: skip
PARTS = [
    "a",
    "aa",
    ",",
    "ab",
    "日",
    "\x00",
    "\u0301",
    "--",
    "x" * 20,
    "zz",
    "longer than the text is",
]
VALUES = ["", "b", "日本", "--", "$0"]
PADDED = ["", "a", "abc", "日本", "-1", "+1", "-", "--1", "-é", "e\u0301", "0", "+", "12345"]


def by(build: pl.Expr, *args: object) -> object:
    """What Polars gives for columns of one row."""
    frame = pl.DataFrame(
        {n: pl.Series([a], dtype=pl.String) for n, a in zip("abc", args, strict=False)}
    )
    return frame.select(build.alias("out"))["out"].item()


def group_of(*texts: str) -> str:
    """`basic` for everyday ASCII."""
    return "basic" if all(t and t.isascii() and t.isprintable() for t in texts) else "text_edges"


def count_cases() -> list[Case]:
    made = []
    for text, part in itertools.product(TEXTS, [*PARTS, ""]):
        out = by(pl.col("a").str.count_matches(pl.col("b"), literal=True), text, part)
        why = "without overlap" if part else "before each code point and at the end"
        args = ["String"] * 2, [text, part], "UInt32", out, POLARS, why
        made.append(case(group_of(text, part), *args))
    for args in ((None, "a"), ("a", None)):
        made.append(
            case("nulls", ["String"] * 2, args, "UInt32", None, BY_HAND, "null in, null out")
        )
    return made


def split_cases() -> list[Case]:
    made = []
    for text, part in itertools.product(TEXTS, PARTS):
        pieces = text.split(part)
        for index in (0, 1, 3):
            if index > len(pieces) + 1:
                continue
            out = pieces[index] if index < len(pieces) else None
            args = ["String"] * 2, [text, part], "String", out, CPYTHON
            why = f"of {len(pieces)} parts"
            made.append(case(group_of(text, part), *args, why, {"index": index}))
    for index, out in ((0, "ab"), (1, None), (2**63 - 1, None)):
        args = ["String"] * 2, ["ab", ""], "String", out, BY_HAND, "an empty separator cuts nowhere"
        made.append(case("bounds", *args, {"index": index}))
    for texts in ((None, "a"), ("a", None)):
        args = ["String"] * 2, texts, "String", None, BY_HAND, "null in, null out"
        made.append(case("nulls", *args, {"index": 0}))
    return made


def replace_cases() -> list[Case]:
    made = []
    for text, part in itertools.product(TEXTS, [*PARTS, ""]):
        for k, value in enumerate(VALUES):
            n = (LARGEST, 1, 2, 0, LARGEST)[(k + len(text)) % 5]
            out = text.replace(part, value, -1 if n == LARGEST else n)
            why = "all" if n == LARGEST else f"the first {n}"
            args = ["String"] * 3, [text, part, value], "String", out, CPYTHON, why, {"n": n}
            made.append(case(group_of(text, part), *args))
    for texts in ((None, "a", "b"), ("a", None, "b"), ("a", "b", None)):
        args = ["String"] * 3, texts, "String", None, BY_HAND, "null in, null out", {"n": 1}
        made.append(case("nulls", *args))
    large = "a" * 300
    args = ["String"] * 3, [large, "a", large], "String", None, BY_HAND, "over 64 KiB", {"n": 300}
    made.append(case("bounds", *args))
    return made


def pad_cases(name: str) -> list[Case]:
    made = []
    for text, length in itertools.product(PADDED, (0, 1, 4, 9)):
        for fill in ("",) if name == "str.zfill" else (" ", "é", "😀"):
            method = getattr(pl.col("a").str, name.removeprefix("str."))
            out = by(method(length, fill) if fill else method(length), text)
            params = {"length": length} | ({"char": ord(fill)} if fill else {})
            why = f"to {length} code points"
            args = ["String"], [text], "String", out, POLARS, why, params
            made.append(case(group_of(text), *args))
    for char in (-1, 0xD800, 0x110000) if name != "str.zfill" else ():
        why = "no code point: only a bundle that nobody compiled can ask for it"
        args = (
            ["String"],
            ["a"],
            "String",
            "\ufffda" if "start" in name else "a\ufffd",
            BY_HAND,
            why,
        )
        made.append(case("bounds", *args, {"length": 2, "char": char}))
    fills = {} if name == "str.zfill" else {"char": 32}
    for text, length in (("a", 65537), ("a", 2**63 - 1)):
        args = ["String"], [text], "String", None, BY_HAND, "over 64 KiB"
        made.append(case("bounds", *args, {"length": length} | fills))
    args = ["String"], [None], "String", None, BY_HAND, "null in, null out"
    return [*made, case("nulls", *args, {"length": 4} | fills)]


def main() -> None:
    """Writes the files of the family."""
    write("text_parts", "str.count_literal", count_cases())
    write("text_parts", "str.split_part", split_cases())
    write("text_parts", "str.replace_literal", replace_cases())
    for name in ("str.pad_start", "str.pad_end", "str.zfill"):
        write("text_parts", name, pad_cases(name))


if __name__ == "__main__":
    main()
