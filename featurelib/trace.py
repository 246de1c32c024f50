"""Why this number? Every value of one row, by the reference evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featurelib import borders
from featurelib.evaluate import Evaluator, leave
from featurelib.intrinsics import Arena
from featurelib.node import FIT, INPUT
from featurelib.ssa import Line, analyzer_of, lines

if TYPE_CHECKING:
    from featurelib.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Step:
    """One value of a traced row.

    Attributes:
        line: Which value, and what made it.
        value: The Python value, None for null.
    """

    line: Line
    value: Any

    @property
    def label(self) -> str:
        """``%3 log1p@1 -> log_distance``: number, what made it, and whose value it is."""
        node = self.line.node
        made_by = node.op
        if node.op == INPUT:
            made_by = str(node.param["name"])
        elif node.op == FIT:
            made_by = f"fit {analyzer_of(node)[0]}"
        return f"%{self.line.number} {made_by}" + "".join(f" -> {n}" for n in self.line.outputs)


def trace(
    bundle: Bundle,
    row: Mapping[str, Any],
    *,
    arena: Arena | None = None,
    source: borders.Source = "python",
) -> tuple[Step, ...]:
    """Every value that serving computes for a row, arguments before their users.

    Constants and tables are left out, and what is computed for each element of a list: `explain`
    shows them.

    Args:
        bundle: What is computed.
        row: A mapping from input name to value.
        arena: The scratch arena (its row limit).
        source: "json" for what a JSON parser gave.

    Raises:
        InputError: The row does not match the input schema.
    """
    values = borders.canonical_row(row, bundle.schema, where=bundle.name, source=source)
    pairs = Evaluator(bundle.program, bundle.state, arena or Arena()).nodes(values)
    return tuple(
        Step(
            line,
            borders.from_canonical(leave(pairs[line.node.key], line.node.dtype), line.node.dtype),
        )
        for line in lines(bundle.program)
        if not (line.fit_only or line.node.free or line.node.dtype.name == "Table")
    )
