"""terms, inverse_frequencies: lists as documents, their elements as terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from featurelib.analyzers.base import Accumulator, Analyzer, analyzer, no_values
from featurelib.analyzers.counting import Vocabulary, falling
from featurelib.dtypes import DType, table_type
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.ratio import divide
from featurelib.tables import TableData


class DocumentBatch(Protocol):
    """Some rows of a column of Lists or Arrays, as an engine hands them to accumulators."""

    def document_counts(self) -> tuple[int, Mapping[int, int]]:
        """How many rows are not null, and in how many of them each element occurs."""
        ...


@dataclass(frozen=True, slots=True)
class ListBatch:
    """Rows of a column of Lists, as Python sequences; None is null."""

    values: Sequence[Sequence[int] | None]

    def document_counts(self) -> tuple[int, Mapping[int, int]]:
        """Counted one by one."""
        rows = [{*items} for items in self.values if items is not None]
        return len(rows), Counter(item for items in rows for item in items)


@dataclass(frozen=True)
class _OfTerms(Analyzer):
    """An analyzer of the terms that occur in the most documents, ties by value.

    A row is a document, its elements are terms; a null row is none, an empty one is.

    Attributes:
        max_size: At most so many terms; None for all.
        min_count: Only terms of at least so many documents.
    """

    max_size: int | None = None
    min_count: int = 1

    def __post_init__(self) -> None:
        try:
            Vocabulary(self.max_size, self.min_count)
        except DefinitionError as error:
            raise DefinitionError(str(error).replace("vocabulary", self.name, 1)) from None

    def check(self, arg: DType) -> None:
        """Refuses what is no List or Array of integers."""
        if arg.inner is None or not arg.inner.is_integer:
            raise FeatureTypeError(
                f"`{self.name}` takes a List or Array of integers, got {arg}",
                hint="text.str.word_ngrams(1, 2**32) makes a List of the words' hashes",
            )


@analyzer
@dataclass(frozen=True)
class Terms(_OfTerms):
    """The terms as a table, by falling number of documents; equal ones by value."""

    name: ClassVar[str] = "terms"

    def result_dtype(self, arg: DType) -> DType:
        self.check(arg)
        return table_type("integers")

    def start(self, dtype: DType) -> Accumulator:
        return _TermAccumulator(self)


@analyzer
@dataclass(frozen=True)
class InverseFrequencies(_OfTerms):
    """log((1 + documents) / (1 + documents with the term)) + 1 of each term, in their order.

    The smooth form of scikit-learn: as if one more document had every term. A table of Float64:
    counts are exact, their quotient is rounded once, and `log` is the op.
    """

    name: ClassVar[str] = "inverse_frequencies"

    def result_dtype(self, arg: DType) -> DType:
        self.check(arg)
        return table_type("f64")

    def start(self, dtype: DType) -> Accumulator:
        return _FrequencyAccumulator(self)


class _TermAccumulator:
    def __init__(self, definition: _OfTerms) -> None:
        self._definition = definition
        self._counts: Counter[int] = Counter()
        self._documents = 0

    def update(self, batch: DocumentBatch) -> None:
        documents, counts = batch.document_counts()
        self._documents += documents
        self._counts.update(counts)

    def merge(self, other: Any) -> None:
        self._documents += other._documents
        self._counts.update(other._counts)

    def _terms(self, where: str) -> list[int]:
        if not self._counts:
            raise no_values(self._definition.name, where)
        least = self._definition.min_count
        terms = [t for t in falling(self._counts) if self._counts[t] >= least]
        return terms[: self._definition.max_size]

    def finish(self, where: str = "") -> TableData:
        return TableData("integers", tuple(self._terms(where)))


class _FrequencyAccumulator(_TermAccumulator):
    def finish(self, where: str = "") -> TableData:
        from featurelib.ops.elementary.log import log

        counts = (self._counts[term] for term in self._terms(where))
        shares = (divide(1 + self._documents, 1 + count) for count in counts)
        return TableData("f64", tuple(float(log(share)) + 1.0 for share in shares))
