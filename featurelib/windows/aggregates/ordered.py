"""By time: first, last, lag, first_k, last_k, arg_min, arg_max, time_since_last, sessions."""

from __future__ import annotations

from dataclasses import dataclass

from featurelib import dtypes
from featurelib.dtypes import DURATION, FLOAT64, INT64, DType
from featurelib.errors import DefinitionError
from featurelib.windows.aggregates.base import Aggregate, aggregate, check_count, number, word
from featurelib.windows.window_checks import check_duration


@aggregate("first")
@dataclass(frozen=True)
class First(Aggregate):
    """The first value in order, of the argument's type."""

    def result(self, args: tuple[DType, ...]) -> DType:
        return word(self, args[0])


@aggregate("last")
@dataclass(frozen=True)
class LastValue(Aggregate):
    """The last value in order, of the argument's type."""

    def result(self, args: tuple[DType, ...]) -> DType:
        return word(self, args[0])


@aggregate("lag")
@dataclass(frozen=True)
class Lag(Aggregate):
    """The n-th value from the end, of the argument's type; null if there are fewer."""

    n: int

    def __post_init__(self) -> None:
        check_count(self, "n", self.n, 1 << 20)

    def result(self, args: tuple[DType, ...]) -> DType:
        return word(self, args[0])


@dataclass(frozen=True)
class _Few(Aggregate):
    k: int
    distinct: bool = False

    def __post_init__(self) -> None:
        check_count(self, "k", self.k)
        if type(self.distinct) is not bool:
            raise DefinitionError(f"{self.name}: expected distinct=True or False")

    def result(self, args: tuple[DType, ...]) -> DType:
        return dtypes.list_type(word(self, args[0]))


@aggregate("first_k")
@dataclass(frozen=True)
class FirstK(_Few):
    """A List of the first values, in order; `distinct` keeps the earliest of equal ones."""


@aggregate("last_k")
@dataclass(frozen=True)
class LastK(_Few):
    """A List of the last values, in order; `distinct` keeps the latest of equal ones."""


@dataclass(frozen=True)
class _ArgExtreme(Aggregate):
    def result(self, args: tuple[DType, ...]) -> DType:
        word(self, args[1])
        return word(self, args[0])


@aggregate("arg_min", arguments=2)
@dataclass(frozen=True)
class ArgMin(_ArgExtreme):
    """The first argument where the second is smallest; of equals the first in order."""


@aggregate("arg_max", arguments=2)
@dataclass(frozen=True)
class ArgMax(_ArgExtreme):
    """The first argument where the second is greatest; of equals the first in order."""


@aggregate("time_since_last", arguments=0)
@dataclass(frozen=True)
class TimeSinceLast(Aggregate):
    """Query time minus the time of the last event: a Duration."""

    def result(self, args: tuple[DType, ...]) -> DType:
        return DURATION


@aggregate("n_sessions", arguments=0)
@dataclass(frozen=True)
class NSessions(Aggregate):
    """1 and one more for each pause above `gap` between neighbouring events: Int64, 0 of none.

    Attributes:
        gap: The longest pause in a session, in microseconds, as text.
    """

    gap: str

    def __post_init__(self) -> None:
        check_duration("n_sessions", "gap", self.gap_us)
        if str(self.gap_us) != self.gap:
            raise DefinitionError(f"n_sessions: no gap is {self.gap!r} us")

    @property
    def gap_us(self) -> int:
        """The gap in microseconds."""
        return int(self.gap)

    def result(self, args: tuple[DType, ...]) -> DType:
        return INT64


@aggregate("decayed_sum")
@dataclass(frozen=True)
class DecayedSum(Aggregate):
    """Sum in which an event weighs half as much after each half life: Float64.

    Attributes:
        half_life: In microseconds, as text.
        landmark: The instant that weights are counted from, in microseconds, as text.
    """

    half_life: str
    landmark: str

    def __post_init__(self) -> None:
        if str(int(self.half_life)) != self.half_life or not 0 < self.half_life_us < 1 << 53:
            raise DefinitionError(
                f"decayed_sum: expected a half life above zero and below 285 years, "
                f"got {self.half_life} us"
            )
        if str(int(self.landmark)) != self.landmark or abs(self.landmark_us) >= 1 << 59:
            raise DefinitionError(f"decayed_sum: no instant is {self.landmark} us")

    @property
    def half_life_us(self) -> int:
        """The half life in microseconds."""
        return int(self.half_life)

    @property
    def landmark_us(self) -> int:
        """The landmark in microseconds since 1970."""
        return int(self.landmark)

    def result(self, args: tuple[DType, ...]) -> DType:
        number(self, args[0])
        return FLOAT64
