"""What is asked of both: arrivals that are drawn once and kept as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serving_example.simulate import arrivals
from serving_example.simulate.trace import Trace

__all__ = ["TRACES", "Kind"]


@dataclass(frozen=True, slots=True)
class Kind:
    """How requests come.

    Attributes:
        title: For people.
        load: Over what the devices can do with nothing but the largest batches.
        cv: Deviation of the gaps over their mean; 0 for spells and silences of `spell_s`.
        zipf: Exponent of how models are asked for; 0 is even.
    """

    title: str
    load: float
    cv: float = 1.0
    zipf: float = 0.0
    spell_s: float = 1.0

    def drawn(
        self, models: Sequence[str], rate: float, seconds: float, slo_s: float, rows: int, seed: int
    ) -> Trace:
        """A trace.

        Args:
            models: Their names.
            rate: Requests a second at load 1.
            seconds: Until when they come.
            slo_s: From arrival to deadline.
            rows: Of each request.
            seed: The same gives the same.
        """
        generator = np.random.default_rng(seed)
        mean = self.load * rate
        if self.cv == 0.0:
            times = arrivals.on_off(mean, seconds, self.spell_s, self.spell_s, generator)
        elif self.cv == 1.0:
            times = arrivals.poisson(mean, seconds, generator)
        else:
            times = arrivals.gamma(mean, seconds, self.cv, generator)
        return arrivals.drawn(
            times, generator, models=models, shares=arrivals.zipf(len(models), self.zipf),
            slo_s=slo_s, rows=rows,
        )  # fmt: skip


TRACES = {
    "steady": Kind("Poisson, even models", 0.7),
    "overload": Kind("Poisson, even models", 1.3),
    "bursts": Kind("gaps that deviate by 4 times their mean", 0.9, cv=4.0),
    "spells": Kind("spells and silences of 1 s, models by Zipf 1", 0.7, cv=0.0, zipf=1.0),
}
"""By the name that the command knows."""
