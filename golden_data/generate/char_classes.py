"""Golden cases of classes of code points: by the ICU of `node`, which must have Unicode 17.0.

The table in featurelib comes from the Unicode Character Database, so the two share no code.
"""

from __future__ import annotations

import json
import subprocess

from numeric_cases import BY_HAND, Case, case, write

_SCRIPT = """
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const classes = { letter: /^\\p{L}+$/u, decimal_number: /^\\p{Nd}+$/u };
const rows = [];
for (const [name, all] of Object.entries(classes)) {
  const ends = [];
  let before = false;
  for (let c = 0; c <= 0x10ffff; c++) {
    if (c >= 0xd800 && c <= 0xdfff) continue;
    const inside = all.test(String.fromCodePoint(c));
    if (inside !== before) ends.push(c - 1, c);
    before = inside;
  }
  const step = name === "letter" ? 19 : 3;
  const chosen = ends.filter((c, i) => i % step === 1).map((c) => String.fromCodePoint(c));
  for (const s of [...texts, ...chosen]) rows.push([name, s, all.test(s)]);
}
const { node, icu, unicode } = process.versions;
process.stdout.write(JSON.stringify({ node, icu, unicode, rows }));
"""
TEXTS = {
    "": "empty text is of no class",
    "abcXYZ": "ASCII letters",
    "0123456789": "ASCII digits",
    "a1": "a letter and a digit",
    "1a": "a digit and a letter",
    "@": "below A",
    "[`{": "between and above the letters",
    "/": "below 0",
    ":": "above 9",
    "-1": "a sign is no digit",
    "1.5": "a point is no digit",
    " ": "white space",
    "\x00": "a control character",
    "Straße": "letters that are not ASCII",
    "日本語": "letters without case",
    "हिन्दी": "vowel signs are marks, no letters",
    "हद": "letters of Devanagari",
    "e\u0301": "a combining mark is no letter",
    "\u00e9": "a letter with its mark",
    "²": "a superscript is no decimal digit",
    "Ⅷ": "a Roman numeral is a number, no letter and no digit",
    "½": "a fraction",
    "٣٤": "Arabic-Indic digits",
    "３": "a full-width digit",
    "1٣": "digits of two scripts",
    "\U0001d7d8": "a mathematical digit",
    "😀": "four bytes, no letter",
    "\U00020000": "an ideograph of four bytes",
    "\U000323b0": "a letter since Unicode 17",
    "\U0010ffff": "the last code point",
    "a" * 40 + "-": "the last of many is outside",
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
    types = ["String", "Table(unicode_class)"]
    cases: list[Case] = []
    for name, text, out in answer["rows"]:
        group = "basic" if text.isascii() and text.isprintable() and text else "text_edges"
        why = TEXTS.get(text, "an end of a run of the class")
        cases.append(case(group, types, [text, _table(name)], "Bool", out, oracle, why))
    why = "null stays null"
    cases.append(case("nulls", types, [None, _table("letter")], "Bool", None, BY_HAND, why))
    write("char_classes", "str.is_of_class", cases)


def _table(name: str) -> dict[str, object]:
    content = [name, "17.0.0"]
    return {"kind": "unicode_class", "content": content, "name": f"Unicode 17.0.0 {name}"}


if __name__ == "__main__":
    main()
