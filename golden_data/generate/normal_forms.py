"""Golden cases of normal forms: by the ICU of `node`, which must have Unicode 17.0.

CPython must say the same of texts that its older Unicode knows.
"""

from __future__ import annotations

import json
import random
import subprocess
import unicodedata

from numeric_cases import BY_HAND, Case, case, write

FORMS = ("NFC", "NFKC", "NFD", "NFKD")
_SCRIPT = """
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const forms = ["NFC", "NFKC", "NFD", "NFKD"];
const changed = [];
for (let c = 128; c < 0x110000; c++) {
  if (c >= 0xd800 && c <= 0xdfff) continue;
  const s = String.fromCodePoint(c);
  if (forms.some((f) => s.normalize(f) !== s)) changed.push(s);
}
const all = [...texts, ...changed.filter((_, i) => i % 61 === 0)];
const { node, icu, unicode } = process.versions;
const rows = all.map((s) => [s, ...forms.map((f) => s.normalize(f))]);
process.stdout.write(JSON.stringify({ node, icu, unicode, rows }));
"""
BORDERS = "\u1113\u1161 \u1100\u1176 \u1100\u1160 \uac00\u11c3 \ud7a4\u11a8 \u1112\u1175\u11c2"
"""The ends of what Hangul's arithmetic takes, and what is just outside."""
TEXTS = {
    "": "empty text",
    "Hello, World 42!": "ASCII",
    "café": "put together already",
    "cafe\u0301": "taken apart",
    "\u1e69 s\u0323\u0307 s\u0307\u0323 \u1e0b\u0323": "marks above and below, in each order",
    "a\u0315\u0300\u05ae\u0062": "marks are sorted by class",
    "a\u0301\u0300\u0301": "marks of one class keep their order",
    "\u0301a": "a mark at the beginning",
    "\u0301\u0323": "marks alone are sorted",
    "ﬁ ﬃ Ⅷ ½ ² ℌ ™": "other ways of writing",
    "ＡＢＣ１２３　ｶﾞ": "full and half width",
    "\u212b \u212a \u2126": "Angstrom, Kelvin, Ohm",
    "한글 각": "Hangul, put together",
    "\u1112\u1161\u11ab\u1100\u1173\u11af": "Hangul, taken apart",
    "\uac00\u11a8 \uac01\u11a8 \u1100\u1161\u11a7": "a last consonant joins a syllable without one",
    "\u09c7\u09be \u0b47\u0b56 \u0dd9\u0dca": "parts that are no marks",
    "\u1100\u0301\u1161": "a mark between keeps them apart",
    "\u0958 \u2adc \ufb1d": "never put together again",
    "\u1e9b\u0323": "a part that is only compatible",
    "\u0344 \u0f73": "one mark becomes two",
    "\ufdfa": "eighteen code points",
    "\U0001d15e\U0001d1bb": "musical, never put together",
    "\U0002f80c 豈": "Chinese characters that are others",
    "\U00011938 \U0001611e\U0001611e": "four bytes, in two parts",
    "\u0cc6\u0cc2\u0cd5": "three parts",
    "日本語 😀 \U0010ffff": "nothing to do",
    "e" + "\u0301" * 40: "many marks",
    "\u0391\u0313\u0300\u0345": "Greek, four in one",
}


def drawn(rng: random.Random) -> str:
    """Letters and marks at random."""
    pools = ("aeosAEO", "\u0301\u0323\u0307\u0327\u031b\u0345", "\u1100\u1161\u11a8가각", "éṩộἅ")
    return "".join(rng.choice(rng.choice(pools)) for _ in range(rng.randrange(2, 9)))


def main() -> None:
    """Writes the file."""
    rng = random.Random("normal forms")
    asked = list(dict.fromkeys([*TEXTS, *(drawn(rng) for _ in range(60))]))
    run = subprocess.run(
        ["node", "-e", _SCRIPT], input=json.dumps(asked), check=True, capture_output=True, text=True
    )
    answer = json.loads(run.stdout)
    if answer["unicode"] != "17.0":
        raise SystemExit(f"this node has Unicode {answer['unicode']}, the cases need 17.0")
    oracle = f"node {answer['node']}, ICU {answer['icu']}, Unicode {answer['unicode']}"
    cases: list[Case] = []
    for text, *outs in answer["rows"]:
        is_old = not any(unicodedata.category(c) == "Cn" for c in text)
        group = "basic" if text.isascii() and text else "text_edges"
        for form, out in zip(FORMS, outs, strict=True):
            assert not is_old or unicodedata.normalize(form, text) == out, (form, text)
            cases.append(line(group, text, form, out, oracle, TEXTS.get(text, form)))
    long = "e" + "\u0301" * 1000
    for form in FORMS:
        cases.append(line("bounds", long, form, None, BY_HAND, "a run of 1,001 code points"))
        out = unicodedata.normalize(form, long[:-1])
        cases.append(line("bounds", long[:-1], form, out, "CPython unicodedata", "a run of 1,000"))
        cases.append(line("nulls", None, form, None, BY_HAND, "null stays null"))
    for form in FORMS:
        out = unicodedata.normalize(form, BORDERS)
        cases.append(line("bounds", BORDERS, form, out, "CPython unicodedata", "ends of Hangul"))
    write("normal_forms", "str.normalize", cases)


def line(group: str, text: str | None, form: str, out: str | None, oracle: str, why: str) -> Case:
    table = {
        "kind": "unicode_normal",
        "content": [form, "17.0.0"],
        "name": f"Unicode 17.0.0 {form}",
    }
    types = ["String", "Table(unicode_normal)"]
    return case(group, types, [text, table], "String", out, oracle, why)


if __name__ == "__main__":
    main()
