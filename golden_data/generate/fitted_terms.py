"""Golden cases of terms and tf-idf: ``python golden_data/generate/fitted_terms.py``.

scikit-learn has its own order of terms, so it is given ours, which CPython counts; it computes in
Float64 what ours rounds to Float32.
"""

from __future__ import annotations

import json
import platform
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import sklearn
from analyzers import FOLDER, HAND, Case
from fitted_transforms import FOLDER as TRANSFORMS
from sklearn.feature_extraction.text import TfidfVectorizer

CPYTHON = f"CPython {platform.python_version()} Counter"
Documents = list[list[int] | None]


def frequencies(documents: Documents) -> Counter[int]:
    """In how many documents each term is."""
    return Counter(t for d in documents if d is not None for t in {*d})


def ordered(documents: Documents, n: int | None = None, least: int = 1) -> list[int]:
    found = frequencies(documents)
    return sorted((t for t in found if found[t] >= least), key=lambda t: (-found[t], t))[:n]


def drawn() -> Iterator[tuple[str, Documents, str]]:
    """Documents whose terms come by Zipf's law, with empty and missing ones."""
    rng = random.Random(20261129)
    for k in range(4):
        size = rng.randrange(5, 30)
        documents: Documents = [
            [int(40 / rng.uniform(1, 40)) - 3 for _ in range(rng.randrange(0, 12))]
            for _ in range(size)
        ]
        yield "basic", documents, f"draw {k}"
    yield "nulls", [*documents, None], "a missing document"


def case(
    group: str, documents: Documents, out: Any, oracle: str, why: str, params: dict[str, Any]
) -> Case:
    dtype = "UInt64" if any(t > 2**63 for d in documents for t in d or ()) else "Int64"
    head = {"group": group, "type": f"List({dtype})", "values": documents, "params": params}
    result = {"error": out} if isinstance(out, str) else {"out": out}
    return {**head, **result, "oracle": oracle, "why": why}


def terms() -> Iterator[Case]:
    for group, documents, why in drawn():
        for n, least in ((None, 1), (5, 1), (None, 3)):
            params = {"max_size": n, "min_count": least}
            out = ordered(documents, n, least)
            yield case(group, documents, out, CPYTHON, why, params)
    twice: Documents = [[1, 1, 1], [2], [2]]
    yield case("basic", twice, [2, 1], HAND, "a document counts once for a term", {})
    ends: Documents = [[2**64 - 1, 0], [2**64 - 1]]
    yield case("bounds", ends, [2**64 - 1, 0], HAND, "the greatest", {})
    yield case("nulls", [None, []], "FitError", HAND, "no term anywhere", {})
    yield case("bounds", [[1], [2]], [], HAND, "none is frequent enough", {"min_count": 2})


def inverse() -> Iterator[Case]:
    mpmath.mp.dps = 40
    for group, documents, why in drawn():
        found = frequencies(documents)
        rows = sum(d is not None for d in documents)
        # The quotient is rounded first, as the analyzer says; so is the logarithm.
        out = [float(mpmath.log((1 + rows) / (1 + found[t]))) + 1.0 for t in ordered(documents, 8)]
        oracle = f"mpmath {mpmath.__version__}, 40 digits"
        yield case(group, documents, out, oracle, why, {"max_size": 8})
    yield case("basic", [[5], [5, 5]], [1.0], HAND, "a term of every document", {})
    yield case("nulls", [None], "FitError", HAND, "no document", {})


def lines(is_weighted: bool) -> Iterator[dict[str, Any]]:
    for group, documents, why in drawn():
        for n, least, norm in ((6, 1, "l2"), (40, 2, "l2"), (6, 1, None)):
            if norm is None and not is_weighted:
                continue
            given = [d for d in documents if d is not None]
            made = TfidfVectorizer(
                analyzer=lambda document: map(str, document),
                vocabulary={str(t): i for i, t in enumerate(ordered(documents, n, least))},
                norm=norm if is_weighted else None,
                use_idf=is_weighted,
                dtype=np.float64,
            )
            rows = iter(made.fit_transform(given).toarray().tolist())
            width = len(made.vocabulary)
            out = [
                [0.0] * n if d is None else [*next(rows), *[0.0] * (n - width)] for d in documents
            ]
            params: dict[str, Any] = {"min_count": least}
            if is_weighted:
                params["norm"] = norm
            yield {
                "group": group,
                "columns": {"x": {"type": "List(Int64)", "values": documents}},
                "args": [n],
                "params": params,
                "out_type": "Float32",
                "out": out,
                "oracle": f"scikit-learn {sklearn.__version__} "
                + ("TfidfVectorizer" if is_weighted else "TfidfVectorizer(use_idf=False)")
                + f"(norm={norm if is_weighted else None!r}), our order of terms",
                "why": why,
                "ulp": {"bound": 1},
            }


if __name__ == "__main__":
    for path, found in (
        (FOLDER / "terms@1.jsonl", terms()),
        (FOLDER / "inverse_frequencies@1.jsonl", inverse()),
        (TRANSFORMS / "list.bag_of_words.jsonl", lines(is_weighted=False)),
        (TRANSFORMS / "list.tf_idf.jsonl", lines(is_weighted=True)),
    ):
        path.write_text("".join(json.dumps(one) + "\n" for one in found), encoding="utf-8")
