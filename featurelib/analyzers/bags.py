"""Lists as bags of what training rows had in them: bag_of_words, tf_idf."""

from __future__ import annotations

from typing import Any

from featurelib.analyzers.documents import InverseFrequencies, Terms
from featurelib.errors import DefinitionError
from featurelib.node import Node, analyze, apply
from featurelib.op import method
from featurelib.ops.encode import checked_places
from featurelib.ops.sequence.elements import element_code


@method("arr.bag_of_words")
@method("list.bag_of_words")
def bag_of_words(items: Node, n: int, *, min_count: int = 1) -> Any:
    """How often each of the n commonest terms is in a list of integers: a Float32 Array of n.

    Terms are the elements that occur in the most training rows, equal ones by value. An element
    that is none is left out; all zeros for null. Words of a text are terms by their hashes:
    ``s.str.word_ngrams(1, 2**32).list.bag_of_words(1000)``.

    Args:
        items: A List or Array of integers.
        n: Length of the Array, at most 16,384; places behind the last term are 0.
        min_count: Only terms of at least so many training rows.
    """
    params = _params(items, n, "bag_of_words", min_count)
    return apply("list.term_counts", (items, analyze(Terms(n, min_count), items)), params)


@method("arr.tf_idf")
@method("list.tf_idf")
def tf_idf(items: Node, n: int, *, min_count: int = 1, norm: str | None = "l2") -> Any:
    """`bag_of_words` with rare terms weighing more: a Float32 Array of n, never null.

    A count is multiplied with log((1 + rows) / (1 + rows with the term)) + 1 of the training rows,
    as scikit-learn has it; the Array is then divided by its Euclidean length. Computed in Float64,
    rounded once.

    Args:
        items: A List or Array of integers.
        n: See `bag_of_words`.
        min_count: See `bag_of_words`.
        norm: ``"l2"``, or None to leave the length as it is.
    """
    if norm not in ("l2", None):
        raise DefinitionError(f"tf_idf: expected norm='l2' or None, got norm={norm!r}")
    params = {**_params(items, n, "tf_idf", min_count), "is_unit": norm == "l2"}
    tables = (analyze(of(n, min_count), items) for of in (Terms, InverseFrequencies))
    return apply("list.term_weights", (items, *tables), params)


def _params(items: Node, n: int, what: str, min_count: int) -> dict[str, int]:
    checked_places(n, what)
    Terms(n, min_count).check(items.dtype)
    assert items.dtype.inner is not None  # it was just checked
    return {"n": n, "element": element_code(items.dtype.inner)}
