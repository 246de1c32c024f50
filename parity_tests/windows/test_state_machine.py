"""Any interleaving of records, merges, compactions and copies answers as the oracle does.

Where aggregates have totals the order matters: see `test_totals_machine`.
"""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from parity_tests.soak import examples
from parity_tests.windows import strategies
from parity_tests.windows.ordered import has_totals
from parity_tests.windows.streamed import Told, stream_of

ROWS = strategies.records(max_size=3)


class Interleavings(RuleBasedStateMachine):
    """States of one entity; each is known with the records that it has been told."""

    states: Bundle[Any] = Bundle("states")

    @initialize(target=states, asked=strategies.asked().filter(lambda a: not has_totals(a)))
    def begin(self, asked: strategies.Asked) -> Any:
        """A definition, and one state."""
        self.made = stream_of(asked)
        return self.made.new(), Told(self.made.definition)

    @rule(target=states)
    def another(self) -> Any:
        """A second consumer of the same stream."""
        return self.made.new(), Told(self.made.definition)

    @rule(known=states, rows=ROWS)
    def apply(self, known: Any, rows: list[dict[str, Any]]) -> None:
        """Records come, in any order."""
        state, told = known
        for row in rows:
            if row["user"] in ("ann", None):
                refusal, outcome = told.hear(row), self.made.apply(state, row)
                assert (
                    outcome == refusal if refusal else outcome in ("taken", "known", "beyond_kept")
                )

    @rule(one=states, other=states)
    def tell(self, one: Any, other: Any) -> None:
        """What one was told is delivered to the other again."""
        state, told = one[0], one[1]
        merged = self.made.merge(state, other[0])
        state.replace(merged.words)
        told.records.extend(other[1].records)

    @rule(target=states, one=states, other=states)
    def merge(self, one: Any, other: Any) -> Any:
        """A snapshot and a tail: in either order, and once more, they give one state."""
        merged = self.made.merge(one[0], other[0])
        turned = self.made.merge(other[0], one[0])
        assert self.made.compact(merged) == self.made.compact(turned)
        again = self.made.merge(merged, one[0])
        assert self.made.compact(again) == self.made.compact(merged)
        told = Told(self.made.definition)
        told.records = one[1].records + other[1].records
        return merged, told

    @rule(known=states)
    def store(self, known: Any) -> None:
        """A store takes the bytes and gives them back."""
        state, _ = known
        state.replace(self.made.load(bytes(state)).words)

    @rule(target=states, known=states)
    def compact(self, known: Any) -> Any:
        """A compacted copy goes on beside the first."""
        told = Told(self.made.definition)
        told.records = list(known[1].records)
        made = self.made.compact(known[0])
        return multiple((self.made.load(bytes(made)), told))

    @rule(known=states, when=strategies.moments(-9, 13), after=st.sampled_from([0, 1, 10**9]))
    def ask(self, known: Any, when: Any, after: int) -> None:
        """Now, and in the past."""
        state, told = known
        times = [told.newest_arrival + after, strategies.microseconds(when)]
        told.check(self.made, state, times)


Interleavings.TestCase.settings = settings(examples(15, soak=600), stateful_step_count=25)
TestInterleavings = Interleavings.TestCase
