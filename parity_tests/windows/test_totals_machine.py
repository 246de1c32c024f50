"""Any history of states with totals answers as the oracle does, over all events."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import assume, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from featurelib.errors import StateMergeError
from parity_tests.soak import examples
from parity_tests.windows import ordered, strategies
from parity_tests.windows.ordered import Row
from parity_tests.windows.streamed import Told, stream_of


class Known:
    """A state, and the rows that it was told."""

    def __init__(self, state: Any, rows: list[Row]) -> None:
        self.state, self.rows = state, rows


class Histories(RuleBasedStateMachine):
    """States of one entity; all records arrive in order, to some of the states."""

    states: Bundle[Any] = Bundle("states")

    @initialize(target=states, asked=ordered.asked())
    def begin(self, asked: strategies.Asked) -> Any:
        """A definition, and one state."""
        self.made, self.has_arrival = stream_of(asked), asked.arrival
        self.clock = 0
        return Known(self.made.new(), [])

    def in_totals(self, known: Known) -> int:
        """How many events have left for the totals."""
        return self.made.describe(known.state)["in_totals"]

    def check(self, known: Known, times: list[int]) -> None:
        """The oracle is told the same, and asked the same."""
        told = Told(self.made.definition)
        for row in known.rows:
            told.hear(row)
        newest = told.newest_arrival
        told.check(self.made, known.state, [newest, newest + 1, *times])

    @rule(target=states)
    def another(self) -> Any:
        """A state that hears what comes from now on: a tail."""
        return Known(self.made.new(), [])

    @rule(data=st.data(), some=st.lists(states, min_size=1, max_size=2, unique=True))
    def hear(self, data: Any, some: list[Known]) -> None:
        """Records arrive; two consumers may hear the same."""
        self.clock, rows = data.draw(ordered.batches(self.clock, self.has_arrival))
        for known in some:
            for row in rows:
                self.made.apply(known.state, row)
            known.rows += rows

    @rule(known=states, pick=st.integers(0, 100))
    def hear_again(self, known: Known, pick: int) -> None:
        """A record is delivered once more: nothing changes."""
        assume(known.rows)
        row = known.rows[pick % len(known.rows)]
        assert self.made.apply(known.state, row) != "taken"

    @rule(target=states, one=states, other=states)
    def merge(self, one: Known, other: Known) -> Any:
        """A snapshot and a tail that arrived after it, but for what both have, in either order."""
        counts = self.in_totals(one), self.in_totals(other)
        if min(counts) > 0:
            with pytest.raises(StateMergeError, match=f"{counts[0]} and {counts[1]}"):
                self.made.merge(one.state, other.state)
            assume(False)
        if counts[1] > 0:
            one, other = other, one
        if max(counts) > 0:
            new = [r for r in other.rows if r not in one.rows]
            newest = max(ordered.arrival(r, self.has_arrival) for r in one.rows)
            assume(all(ordered.arrival(r, self.has_arrival) >= newest for r in new))
        made = self.made.merge(one.state, other.state)
        turned = self.made.merge(other.state, one.state)
        assert self.made.compact(made) == self.made.compact(turned)
        if self.in_totals(one) == 0:
            again = self.made.merge(made, one.state)
            assert self.made.compact(again) == self.made.compact(made)
        merged = Known(made, one.rows + other.rows)
        self.check(merged, [])
        return merged

    @rule(known=states)
    def store(self, known: Known) -> None:
        """A store takes the bytes and gives them back."""
        known.state.replace(self.made.load(bytes(known.state)).words)

    @rule(known=states, now=st.booleans())
    def compact(self, known: Known, now: bool) -> None:
        """The state goes on with the smallest vector, perhaps without what is out of reach."""
        as_of = ordered.ORIGIN + self.clock * ordered.STEP if now else None
        known.state.replace(self.made.compact(known.state, as_of).words)

    @rule(known=states, back=st.integers(0, 40), off=st.sampled_from([-1, 0, 0, 1]))
    def ask(self, known: Known, back: int, off: int) -> None:
        """Now, and in the past."""
        when = ordered.ORIGIN + (self.clock - back) * ordered.STEP
        self.check(known, [strategies.microseconds(when) + off])


Histories.TestCase.settings = settings(examples(15, soak=600), stateful_step_count=30)
TestHistories = Histories.TestCase
