"""Golden cases of case mapping: by the ICU of `node`, which must have Unicode 17.0.

The table in featurelib comes from the Unicode Character Database, so the two share no code. Full
folding is CPython's for what Unicode 14 has. JavaScript shows ICU's folding in regular expressions
alone: newer letters fold to their lower case where the flag `i` takes the two for equal.
"""

from __future__ import annotations

import json
import platform
import subprocess
import unicodedata
from typing import Any

from numeric_cases import BY_HAND, Case, case, write

_SCRIPT = """
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const changed = [];
for (let c = 128; c < 0x20000; c++) {
  if (c >= 0xd800 && c <= 0xdfff) continue;
  const s = String.fromCodePoint(c);
  if (s.toLowerCase() !== s || s.toUpperCase() !== s) changed.push(s);
}
const all = [...texts, ...changed.filter((_, i) => i % 23 === 0)];
const rows = all.map((s) => [s, s.toLowerCase(), s.toUpperCase()]);
// A lower case has no other one, and the flags i and u compare what letters fold to.
const folds = changed.filter((s) => s.toLowerCase() !== s && s.toLowerCase().length === s.length)
  .filter((s) => new RegExp("^" + s + "$", "iu").test(s.toLowerCase()))
  .map((s) => [s, s.toLowerCase()]);
const { node, icu, unicode } = process.versions;
process.stdout.write(JSON.stringify({ node, icu, unicode, rows, folds }));
"""
TEXTS = {
    "": "empty text",
    "Hello, World 42!": "ASCII",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ[@`{": "ASCII and its neighbours",
    "\x00\x7f": "control characters",
    "ÀÉÎÕÜ àéîõü ÿ": "Latin-1",
    "Straße": "sharp s becomes SS",
    "\u1e9e": "capital sharp s",
    "İIıi": "dotted capital I becomes two code points",
    "ﬁﬂﬃﬀﬆ": "ligatures become two or three",
    "ŉ ǰ ΐ ΰ և": "special upper case",
    "ᾳ ᾼ ᾲ ᾷ ᾀ ᾈ": "iota subscript",
    "ǄǅǆǇǈǉ": "digraphs with a title case",
    "ΑΣ": "final sigma",
    "ΑΣ ΣΑ Σ": "final sigma only after a letter",
    "ΑΣΑ": "sigma inside a word",
    "ΑΣ.": "final sigma before a full stop, which is ignored",
    "ΑΣ.Α": "a letter after the ignored full stop",
    "Α.Σ": "a letter before the ignored full stop",
    "Σ": "a lone sigma",
    "ΣΣ": "the second ends the word",
    "Α\u0345Σ": "a cased letter that is ignored",
    "ΑΣ\u0301": "a combining mark after sigma",
    "1Σ": "a digit is no letter",
    "ΑΣ\u00ad\u200dΑ": "format characters are ignored",
    "日本語": "no case",
    "😀": "no case, four bytes",
    "\u10a0\u10d0\u1c90": "Georgian",
    "\u13a0\uab70": "Cherokee",
    "\U00010400\U00010428": "Deseret",
    "\u2c2f\u2c5f": "Unicode 14",
    "\ua7dc\u019b": "Unicode 16",
    "\u212a\u2126\u212b": "Kelvin, Ohm, Angstrom",
    "a" * 30 + "É": "a late letter that is not ASCII",
    "É\x7f\x80É\u07ff\u0800É\uffff\U00010000É": "the ends of one, two, three and four bytes",
    "É\u1c80\u2c62\ua7ae": "letters of three bytes whose mapping has two",
    "éABCDEFGHIJKLMNOP": "the first of many is not ASCII",
    "ABCDEFGHÉIJKLMNOPQ": "the ninth byte is not ASCII",
    "ABCDEFGÉIJKLMNOPQ": "a character lies on two words",
    "ΑΣ.\u00ad\u0301": "nothing but what is ignored after sigma",
    "ȺȾ": "lower case is longer than upper case",
    "\u1e9a\u0149": "upper case is longer",
}


def main() -> None:
    command = ["node", "-e", _SCRIPT]
    run = subprocess.run(
        command, input=json.dumps(list(TEXTS)), check=True, capture_output=True, text=True
    )
    answer = json.loads(run.stdout)
    if answer["unicode"] != "17.0":
        raise SystemExit(f"this node has Unicode {answer['unicode']}, the cases need 17.0")
    oracle = f"node {answer['node']}, ICU {answer['icu']}, Unicode {answer['unicode']}"
    mapping_cases(answer["rows"], oracle)
    folding_cases(answer["folds"], oracle)


def case_table(direction: str) -> dict[str, Any]:
    return {
        "kind": "unicode_case",
        "content": [direction, "17.0.0"],
        "name": f"Unicode 17.0.0 {direction} case",
    }


def folding_cases(folds: list[list[str]], oracle: str) -> None:
    """The texts above, one of every 23 code points that fold, and all that are newer than 14."""
    newer = {c: to for c, to in folds if unicodedata.category(c) == "Cn"}
    changed = [chr(c) for c in range(128, 0x20000) if chr(c).casefold() != chr(c)]
    types = ["String", "Table(unicode_case)"]
    known = unicodedata.unidata_version
    cpython = f"CPython {platform.python_version()}, Unicode {known}"
    older = [t for t in TEXTS if not any(unicodedata.category(c) == "Cn" for c in t)]
    cases: list[Case] = []
    for text in dict.fromkeys([*older, "ẞß ſſ ﬅ", "ς σ Σ", *changed[::23], *newer]):
        out, by = (newer[text], oracle) if text in newer else (text.casefold(), cpython)
        group = "basic" if text.isascii() and text.isprintable() and text else "text_edges"
        why = TEXTS.get(text, "a code point that folds")
        cases.append(case(group, types, [text, case_table("fold")], "String", out, by, why))
    args = [None, case_table("fold")]
    cases.append(case("nulls", types, args, "String", None, BY_HAND, "null stays null"))
    write("casing", "str.casefold", cases)


def mapping_cases(rows: list[list[str]], oracle: str) -> None:
    """Lower and upper case."""
    for place, direction in ((1, "lower"), (2, "upper")):
        table = case_table(direction)
        cases: list[Case] = []
        for row in rows:
            text, out = row[0], row[place]
            why = TEXTS.get(text, "one of every 23 code points that have a mapping")
            group = "basic" if text.isascii() and text.isprintable() and text else "text_edges"
            cases.append(
                case(
                    group,
                    ["String", "Table(unicode_case)"],
                    [text, table],
                    "String",
                    out,
                    oracle,
                    why,
                )
            )
        why = "null stays null"
        cases.append(
            case(
                "nulls",
                ["String", "Table(unicode_case)"],
                [None, table],
                "String",
                None,
                oracle,
                why,
            )
        )
        write("casing", f"str.to_{direction}case", cases)


if __name__ == "__main__":
    main()
