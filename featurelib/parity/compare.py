"""Outputs of engines side by side, and what is said of a mismatch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.parity.engines import BatchKernel, Engine, Outputs, PartialEngine, Reference, taken
from featurelib.parity.first_op import FirstOp, find_first_op, only
from featurelib.parity.shrink import shrink
from featurelib.parity.values import Array, Rows, bits_text

__all__ = ["Difference", "Mismatch", "differences", "error_text", "investigate", "op_lines"]

_REFERENCE_ROWS = 512
"""The reference evaluator judges up to so many rows of a shrink; above, the batch kernel does."""


@dataclass(frozen=True)
class Difference:
    """A feature in which engines differ from what is expected, in the same rows.

    Attributes:
        feature: Its name.
        engines: Names of the engines that differ.
        rows: Indices of the rows, in order; empty where the engines raised.
        error: What they raised, or empty.
    """

    feature: str
    engines: tuple[str, ...]
    rows: Array
    error: str = ""


@dataclass(frozen=True)
class Mismatch:
    """A difference, looked into.

    Attributes:
        feature: The feature.
        dtype: Its type.
        engines: The engines that differ.
        where: Which rows it was found in: ``generated rows``.
        row: Index of the first such row.
        count: How many rows differ.
        inputs: The shrunk rows, as Python objects; several where one row alone is right.
        values: The feature's value in the first shrunk row that differs, canonical, by engine; a
            text ``raised ...`` where an engine did not give one.
        first_op: The first op that differs; None where none differs by itself.
        error: What the engines raised, or empty.
    """

    feature: str
    dtype: DType
    engines: tuple[str, ...]
    where: str
    row: int
    count: int
    inputs: tuple[dict[str, Any], ...]
    values: Mapping[str, Any]
    first_op: FirstOp | None
    error: str = ""

    def lines(self) -> list[str]:
        """The mismatch as text."""
        engines = "; ".join(self.engines)
        found = [f"feature `{self.feature}` differs in {engines}"]
        found.append(f"  {self.count:,} of the {self.where}, first row {self.row}")
        if self.error:
            found.append(f"  raised: {self.error}")
        shown = self.inputs[:4]
        found += [f"  row, shrunk: {row}" for row in shown]
        if len(self.inputs) > len(shown):
            found.append(
                f"  ... and {len(self.inputs) - len(shown)} rows more: alone each is right"
            )
        by_value: dict[tuple[bool, str], list[str]] = {}
        for engine, value in self.values.items():
            group = engine in self.engines, shown_value(value, self.dtype)
            by_value.setdefault(group, []).append(engine)
        for (is_wrong, text), names in by_value.items():
            found.append(f"  {'*' if is_wrong else ' '} {text}")
            found.append(f"      {'; '.join(names)}")
        if self.first_op is None:
            found.append("  no op differs by itself")
        else:
            found += op_lines(self.first_op)
        return found


def op_lines(first: FirstOp) -> list[str]:
    """The first op that differs as text: what it was given, and both values."""
    found = [f"  first op that differs: {first.signature}"]
    if first.source:
        found.append(f"    written at {first.source}")
    found += [f"    given {arg}" for arg in first.args]
    got = f"raised {first.error}" if first.error else shown_value(first.got, first.dtype)
    return [
        *found,
        f"    expected {shown_value(first.expected, first.dtype)}",
        f"    got      {got}",
    ]


def shown_value(value: Any, dtype: DType) -> str:
    """A canonical value as bits and as text."""
    if isinstance(value, str):
        return value
    text = repr(value.decode()) if isinstance(value, bytes) else repr(value)
    return f"{bits_text(value, dtype)}  {text if len(text) < 200 else text[:197] + '...'}"


def error_text(error: Exception) -> str:
    """An error on one line; a compiler's account of its steps is left out."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kept = next((line for line in lines if not line.startswith("Failed in nopython")), "")
    return f"{type(error).__name__}: {kept[:300]}"


def differences(
    expected: Outputs,
    outputs: Mapping[str, Outputs | str],
    partial: Mapping[str, Array] | None = None,
) -> list[Difference]:
    """Where engines differ, engines that differ in the same rows together.

    Args:
        expected: What every engine should give.
        outputs: By engine what it gave for the first rows, or the error that it raised.
        partial: By engine that cannot be given every row: the indices of those that it was given.
    """
    partial = partial or {}
    groups: dict[tuple[str, bytes], list[str]] = {}
    for engine in sorted(outputs, key=lambda name: name in partial):
        given = outputs[engine]
        if isinstance(given, str):
            groups.setdefault((given, b"raised"), []).append(engine)
            continue
        for feature, values in given.items():
            wrong = values.differs(expected[feature].take(slice(0, len(values))))
            if wrong.any():
                rows = np.flatnonzero(wrong).astype(np.int64)
                key = _same_fault(groups, feature, rows, partial.get(engine))
                groups.setdefault(key, []).append(engine)
    return [
        Difference("", tuple(engines), np.zeros(0, np.int64), name)
        if rows == b"raised"
        else Difference(name, tuple(engines), np.frombuffer(rows, np.int64))
        for (name, rows), engines in groups.items()
    ]


def _same_fault(
    groups: Mapping[tuple[str, bytes], object], feature: str, rows: Array, given: Array | None
) -> tuple[str, bytes]:
    """The group of engines that differ in the same rows, as far as an engine was given them."""
    for other, packed in groups:
        if given is not None and other == feature and packed != b"raised":
            theirs = np.frombuffer(packed, np.int64)
            if np.array_equal(theirs[np.isin(theirs, given)], rows):
                return feature, packed
    return feature, rows.tobytes()


def investigate(
    bundle: Bundle, difference: Difference, engines: Mapping[str, Engine], rows: Rows, where: str
) -> Mismatch:
    """Shrinks the rows of a difference and finds the first op that differs.

    Args:
        bundle: Definition and fitted state.
        difference: What was found.
        engines: All engines by name.
        rows: The rows it was found in.
        where: What these rows are, for people.
    """
    engine = engines[difference.engines[0]]
    first = int(difference.rows[0]) if len(difference.rows) else 0
    given = taken(engine, rows)
    start = int(given[:first].sum())
    rows = rows if given.all() else rows.take(given)
    feature = difference.feature or _raising(bundle, engine, rows)
    alone = only(bundle, bundle.program.subset([feature]))

    def fails(some: Rows, judged: Bundle = alone) -> bool:
        if not taken(engine, some).all():
            return False  # a simpler value that the engine cannot be given
        try:
            got = engine.compute(judged, some)[feature]
        except Exception:
            return bool(difference.error)
        if difference.error:
            return False  # what is looked for is the error, not another fault on the way
        return bool(_oracle(engine, some).compute(alone, some)[feature].differs(got).any())

    # A feature may be right by itself and wrong among the others.
    whole = not fails(rows)
    small = shrink(rows, start, (lambda some: fails(some, bundle)) if whole else fails)
    oracle = _oracle(engine, small)
    judged = bundle if whole else alone
    shown = _differing_row(judged, feature, engine, oracle, small)
    values = {
        e.name: _value(judged, feature, e, small, shown)
        for e in engines.values()
        if len(small) <= _REFERENCE_ROWS or e.name != Reference().name
    }
    return Mismatch(
        feature,
        bundle.program.outputs[feature].dtype,
        difference.engines,
        where,
        first,
        len(difference.rows),
        tuple(small.python(i) for i in range(len(small))),
        values,
        find_first_op(bundle, feature, engine, oracle, small, bool(difference.error)),
        difference.error,
    )


def _oracle(engine: Engine, rows: Rows) -> Engine:
    few = len(rows) <= _REFERENCE_ROWS and engine.name != Reference().name
    return Reference() if few else BatchKernel()


def _raising(bundle: Bundle, engine: Engine, rows: Rows) -> str:
    """The first feature on which an engine raises by itself; else the first of all."""
    names = list(bundle.program.outputs)
    for name in names:
        try:
            engine.compute(only(bundle, bundle.program.subset([name])), rows)
        except Exception:
            return name
    return names[0]


def _differing_row(bundle: Bundle, feature: str, engine: Engine, oracle: Engine, rows: Rows) -> int:
    try:
        got = engine.compute(bundle, rows)[feature]
    except Exception:
        return 0
    return int(oracle.compute(bundle, rows)[feature].differs(got).argmax())


def _value(bundle: Bundle, feature: str, engine: Engine, rows: Rows, row: int) -> Any:
    if isinstance(engine, PartialEngine) and not engine.takes(rows).all():
        return f"not given: {engine.lacks}"
    try:
        return engine.compute(bundle, rows)[feature].canonical(row)
    except Exception as error:
        return f"raised {error_text(error)}"
