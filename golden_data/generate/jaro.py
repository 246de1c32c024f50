"""Golden cases of `str.jaro_winkler`: RapidFuzz and jellyfish, and Winkler's own values by hand.

    pip install rapidfuzz jellyfish

Both must give the same bits.
"""

from __future__ import annotations

import itertools
from importlib.metadata import version

import jellyfish
from numeric_cases import BY_HAND, Case, case, write
from rapidfuzz.distance import JaroWinkler

ORACLE = f"rapidfuzz {version('rapidfuzz')}, jellyfish {version('jellyfish')}"
NAMES = [
    "MARTHA", "MARHTA", "DWAYNE", "DUANE", "DIXON", "DICKSONX", "JONES", "JOHNSON", "ABROMS",
    "ABRAMS", "crate", "trace", "Jean-Paul Sartre", "Sartre, Jean-Paul",
]  # fmt: skip
ODD = [
    "a", "b", "é", "e\u0301", "日本語", "日語本", "😀😁😀", "😁😀", "a\x00b", "ab" * 60, "ba" * 60,
    "aaab" * 20,
]  # fmt: skip
TABLE = [
    ("SHACKLEFORD", "SHACKELFORD", 0.982), ("DUNNINGHAM", "CUNNIGHAM", 0.896),
    ("NICHLESON", "NICHULSON", 0.956), ("JONES", "JOHNSON", 0.832), ("MASSEY", "MASSIE", 0.933),
    ("ABROMS", "ABRAMS", 0.922), ("JERALDINE", "GERALDINE", 0.926), ("MARHTA", "MARTHA", 0.961),
    ("MICHELLE", "MICHAEL", 0.921), ("JULIES", "JULIUS", 0.933), ("TANYA", "TONYA", 0.880),
    ("DWAYNE", "DUANE", 0.840), ("SEAN", "SUSAN", 0.805), ("JON", "JOHN", 0.933),
]  # fmt: skip
"""Of table 1 in Winkler's paper of 1994, to three digits: what a reader can look up."""


def main() -> None:
    """Writes the file."""
    types = ["String"] * 2
    cases: list[Case] = []
    for a, b, value in TABLE:
        out = JaroWinkler.similarity(a, b)
        assert round(out, 3) == value, (a, b, out)
        why = f"Winkler 1994, table 1: {value:.3f}"
        cases.append(case("basic", types, [a, b], "Float64", out, ORACLE, why))
    known = {(a, b) for a, b, _ in TABLE}
    for a, b in itertools.product([*NAMES, *ODD], repeat=2):
        out = JaroWinkler.similarity(a, b)
        if "\u0301" not in a + b:  # jellyfish compares what a reader takes for one character
            assert out == jellyfish.jaro_winkler_similarity(a, b), (a, b)
        group = "basic" if a in NAMES and b in NAMES else "text_edges"
        if (a, b) not in known:
            cases.append(case(group, types, [a, b], "Float64", out, ORACLE, "common and in order"))
    for a, b, out in (("", "", 1.0), ("", "a", 0.0), ("a", "", 0.0), ("a" * 1000, "a" * 1000, 1.0)):
        cases.append(case("bounds", types, [a, b], "Float64", out, BY_HAND, "equal, or unlike"))
    why = "more than 1,000 code points"
    cases.append(case("bounds", types, ["é" * 1001, "a"], "Float64", None, BY_HAND, why))
    for args in ([None, "a"], ["a", None]):
        cases.append(case("nulls", types, args, "Float64", None, BY_HAND, "null in, null out"))
    write("text_values", "str.jaro_winkler", cases)


if __name__ == "__main__":
    main()
