"""Golden cases of title case: by Polars; CPython must give the same letters.

Both have an older Unicode than 17.0, in which no letter got another title case.
"""

from __future__ import annotations

import platform
import unicodedata

import polars as pl
from casing import TEXTS, case_table
from numeric_cases import BY_HAND, POLARS, Case, case, write

CPYTHON = f"CPython {platform.python_version()}, Unicode {unicodedata.unidata_version}"
WORDS = [
    "they're bill's friends from the UK", "e.t. phone home", "you talkin' to me?", "3d x4y 5",
    "snake_case-and.dots", "tab\tnew\nline", "ΟΔΥΣΣΕΥΣ ΣΟΦΟΣ. ΑΣ'Α", "a\u0301b e\u0301",
    "हिन्दी भाषा",
    "ⅷ ⅻx ²x ½x", "日本x", "élan ÉLAN", "ab" * 40, "\u200dx\u00adx", "ⓐⓑ", "o‘neil o’neil",
]  # fmt: skip
TABLES = [
    case_table("title"),
    case_table("lower"),
    {
        "kind": "unicode_class",
        "content": ["alphabetic", "17.0.0"],
        "name": "Unicode 17.0.0 alphabetic",
    },
]
TYPES = ["String", "Table(unicode_case)", "Table(unicode_case)", "Table(unicode_class)"]


def line(group: str, text: str | None, out: str | None, oracle: str, why: str) -> Case:
    return case(group, TYPES, [text, *TABLES], "String", out, oracle, why)


def main() -> None:
    """Writes the file."""
    cases: list[Case] = []
    for text in dict.fromkeys([*WORDS, *TEXTS]):
        out = pl.Series([text]).str.to_titlecase().item()
        group = "basic" if text.isascii() and text.isprintable() and text else "text_edges"
        cases.append(line(group, text, out, POLARS, "words are letters"))
    letters = [chr(c) for c in range(128, 0x20000) if not 0xD800 <= c < 0xE000]
    changed = [c for c in letters if not c.title() == c.upper() == c.lower().upper()]
    for char in [*changed, *(c for c in letters[::23] if c.title() != c and c not in changed)]:
        text = f"{char}{char} {char}x"
        out = pl.Series([text]).str.to_titlecase().item()
        assert out.startswith(char.title()), (char, out)
        cases.append(line("text_edges", text, out, f"{POLARS}, {CPYTHON}", "a letter that changes"))
    cases.append(line("nulls", None, None, BY_HAND, "null stays null"))
    write("casing", "str.to_titlecase", cases)


if __name__ == "__main__":
    main()
