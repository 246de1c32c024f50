"""The proof of a hotfix: what moves is declared, and nothing else moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from featurelib.bundle import Bundle
from featurelib.release.diff import Difference, FeatureChange, MovedRows, asked_inputs, compare
from featurelib.release.findings import Finding
from featurelib.release.gate_report import Check
from featurelib.release.hotfix import Hotfix

__all__ = ["declared_rows", "edges", "other_states", "prove"]

_SHOWN = 6
_EDGES = 4_000
"""Rows around the constants of row expressions: each constant meets each other one often."""


def edges(hotfix: Hotfix, old: Bundle, new: Bundle, rows: int, seed: int) -> Difference | None:
    """What moves around the constants of the row expressions, which neither bundle need have.

    Args:
        hotfix: The declaration.
        old: The bundle with the fault.
        new: The fixed one.
        rows: How many rows to generate, at most `_EDGES`.
        seed: Of their generator.

    Returns:
        The difference on these rows, as given ones; None where every feature may move anywhere.
    """
    from featurelib.parity.generate_rows import generate_rows
    from featurelib.parity.polars_engines import frame_of

    if hotfix.rows_bundle is None:
        return None
    made = generate_rows(hotfix.rows_bundle, min(rows, _EDGES), seed)
    return compare(old, new, rows=0, data=frame_of(made))


def prove(
    hotfix: Hotfix, difference: Difference, notes: list[str], around: Difference | None = None
) -> Check:
    """Compares where features moved with where they may move.

    Args:
        hotfix: The declaration, checked against both bundles.
        difference: What moved between them, on golden, generated and given rows.
        notes: Gets what a reader should know.
        around: What `edges` found.
    """
    found = []
    if around is not None:
        for name in hotfix.rows:
            found += _outside(hotfix, around, name, "edge")
    moved = rows = 0
    for name, change in difference.features.items():
        if change.old is None or change.new is None:
            continue
        rows = max(rows, change.rows)
        if name in hotfix.rows:
            moved += change.moved_rows
            found += [*_unseen(change), *_outside(hotfix, difference, name)]
            if not change.moved_rows:
                notes.append(
                    f"`{name}` is declared and moved in none of {change.rows:,} rows: give --data "
                    "with rows that show the fault"
                )
        elif change.moved_rows:
            found.append(
                Finding(
                    f"feature {name}",
                    f"{change.moved_rows:,} of {change.rows:,} rows moved, and the hotfix does not "
                    "declare it",
                    f"put it back, or declare it: [features.{name}], with a new version of it",
                )
            )
    for kind, (count, reason) in difference.refused.items():
        found.append(
            Finding(
                f"{kind} rows",
                f"{count:,} could not be compared: {reason}",
                "both versions take the rows of a hotfix; look at the input schema, or leave such "
                "rows out of the data",
            )
        )
    names = ", ".join(hotfix.rows)
    said = f"{names}: {moved:,} values moved in {rows:,} rows, everything else is the same"
    return Check("hotfix", names if found else said, tuple(found))


def other_states(old: Bundle, new: Bundle) -> Iterator[str]:
    """What on-call must know where the states of entities are of another definition.

    Args:
        old: What services run.
        new: What they are to take.
    """
    if old.aggregates is None or new.aggregates is None:
        return
    before, after = old.aggregates.state_fingerprints, new.aggregates.state_fingerprints
    for source in after:
        if source in before and before[source] != after[source]:
            yield (
                f"the states of entities over `{source}` are of another definition: build them "
                "from the events before a service takes this version"
            )


def _unseen(change: FeatureChange) -> Iterator[Finding]:
    """Why a proof by rows proves nothing of a declared feature, if that is so."""
    for why in change.unseen:
        yield Finding(
            f"feature {change.name}",
            why,
            "give queries and their records, --data and --events; or release a major version",
        )
    for moves in change.moves.values():
        if moves.lacking:
            yield Finding(
                f"feature {change.name}",
                f"it could not be compared on all {moves.kind} rows: {moves.lacking}",
                "give the input a default, or give --data with the column",
            )


def _outside(hotfix: Hotfix, difference: Difference, name: str, kind: str = "") -> list[Finding]:
    """Rows in which a declared feature moved though its expression is not true there."""
    count: dict[str, int] = {}
    example: dict[str, str] = {}
    for some in difference.moves(name):
        wrong = some.mask & ~declared_rows(hotfix, name, some.new_inputs)
        if wrong.any():
            of = kind or some.kind
            count[of] = count.get(of, 0) + int(wrong.sum())
            example.setdefault(of, _example(difference, name, some, int(wrong.argmax())))
    return [
        Finding(
            f"feature {name}",
            f"it moved in {n:,} {of} row{'s' if n > 1 else ''} outside of "
            f"{hotfix.rows[name].text!r}; the first is {example[of]}",
            f"make the fix narrower, or the declared rows wider: [features.{name}] rows",
        )
        for of, n in count.items()
    ]


def declared_rows(hotfix: Hotfix, feature: str, frame: Any) -> Any:
    """Whether a feature may move, for each row of a frame; null counts as not declared.

    Args:
        hotfix: The declaration.
        feature: One of its features.
        frame: A Polars frame with the inputs.

    Returns:
        A numpy array of bool.
    """
    import numpy as np

    from featurelib_offline import transform

    if hotfix.rows[feature].node is None:
        return np.ones(len(frame), bool)
    assert hotfix.rows_bundle is not None
    chosen = transform(hotfix.rows_bundle, frame)[feature]
    return chosen.fill_null(False).to_numpy()


def _example(difference: Difference, name: str, some: MovedRows, at: int) -> str:
    from featurelib.parity.compare import shown_value

    pair = [shown_value(values.canonical(at), values.dtype) for values in (some.old, some.new)]
    inputs = tuple(difference.new.program.subset([name]).inputs)
    reads = list(asked_inputs(difference.old, difference.new, inputs))[:_SHOWN]
    row = some.new_inputs.select(reads).row(at, named=True)
    return f"row {some.index[at]}: {pair[0]}, now {pair[1]}, of {row}"
