"""Golden cases of distances between texts, n-grams, and turned or repeated text.

The whole table of distances, slices and `split` of CPython, and XXH64 of the `xxhash` package.
"""

from __future__ import annotations

import itertools
import platform

import xxhash
from numeric_cases import BY_HAND, Case, case, write

CPYTHON = f"CPython {platform.python_version()}"
XXHASH = f"xxhash {xxhash.VERSION}"
PLAIN = ["kitten", "sitting", "saturday", "sunday", "abcdefghijkl", "lkjihgfedcba", "New York"]
ODD = ["", "a", "日本語", "日語", "é", "e\u0301", "😀😁😀", "😁😀", "a\x00b", "x" * 40]
SENTENCES = ["to be or not to be", "one", "two words", "a b c d e f g"]
SPACES = [
    "", "   ", " lead", "trail\n", "tab\tnew\nline\rform\x0cfeed\x0b", "日本 語", "no\u00a0break",
    "é  é",
]  # fmt: skip


def distance(a: str, b: str) -> int:
    """The last cell of the whole table."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        made = [i]
        for j, y in enumerate(b, 1):
            made.append(min(row[j] + 1, made[-1] + 1, row[j - 1] + (x != y)))
        row = made
    return row[-1]


def distance_cases() -> list[Case]:
    made = []
    for limit in (3, 100):
        for a, b in itertools.product([*PLAIN, *ODD], repeat=2):
            if limit == 100 and a > b:
                continue
            group = "basic" if a in PLAIN and b in PLAIN else "text_edges"
            out, why = min(distance(a, b), limit), f"up to {limit}"
            types, params = ["String"] * 2, {"limit": limit}
            made.append(case(group, types, [a, b], "UInt32", out, CPYTHON, why, params))
    for args in ([None, "a"], ["a", None]):
        params = {"limit": 3}
        made.append(
            case(
                "nulls", ["String"] * 2, args, "UInt32", None, BY_HAND, "null in, null out", params
            )
        )
    return made


def gram_cases(by_word: bool) -> list[Case]:
    made = []
    texts = [("basic", t) for t in SENTENCES]
    texts += [("text_edges", t) for t in (SPACES if by_word else [*ODD, *SPACES[1:]])]
    for size, n, seed in ((1, 1000, 0), (2, 2**32 + 1, 42), (3, 97, 2**64 - 1)):
        for group, text in texts:
            pieces = text.encode().split() if by_word else [c.encode() for c in text]
            runs = [pieces[i : i + size] for i in range(len(pieces) - size + 1)]
            out = [hashed(run, seed, by_word) % n for run in runs]
            kind = "List(UInt32)" if n <= 2**32 else "List(UInt64)"
            params = {"size": size, "n": n, "seed": seed}
            why = f"runs of {size}"
            made.append(case(group, ["String"], [text], kind, out, XXHASH, why, params))
    why, params = "null stays null", {"size": 1, "n": 1000, "seed": 0}
    made.append(case("nulls", ["String"], [None], "List(UInt32)", None, BY_HAND, why, params))
    return made


def hashed(run: list[bytes], seed: int, by_word: bool) -> int:
    """A run of characters as one text; of words each seeded with the hash before it."""
    if not by_word:
        return xxhash.xxh64(b"".join(run), seed=seed).intdigest()
    for word in run:
        seed = xxhash.xxh64(word, seed=seed).intdigest()
    return seed


def turned_cases() -> list[Case]:
    made = []
    for text in [*PLAIN, *ODD]:
        group = "basic" if text in PLAIN else "text_edges"
        out, why = text[::-1], "code points, not bytes"
        made.append(case(group, ["String"], [text], "String", out, f"{CPYTHON} str", why))
    made.append(case("nulls", ["String"], [None], "String", None, BY_HAND, "null stays null"))
    return made


def repeated_cases() -> list[Case]:
    made = []
    for n in (0, 1, 3, 2**62):
        for text in [*PLAIN, *ODD] if n < 4 else ["", "ab"]:
            group = "basic" if text in PLAIN else "text_edges"
            out = text * n if n < 4 else "" if not text else None
            why = f"{n} times" if out is not None else "over the row limit"
            made.append(case(group, ["String"], [text], "String", out, CPYTHON, why, {"n": n}))
    null, params = "null stays null", {"n": 3}
    made.append(case("nulls", ["String"], [None], "String", None, BY_HAND, null, params))
    return made


if __name__ == "__main__":
    write("text_values", "str.levenshtein", distance_cases())
    write("text_values", "str.char_ngrams", gram_cases(by_word=False))
    write("text_values", "str.word_ngrams", gram_cases(by_word=True))
    write("text_parts", "str.reverse", turned_cases())
    write("text_parts", "str.repeat", repeated_cases())
