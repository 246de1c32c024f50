"""The break-even rule: nothing is looked up while hits do not pay for looking."""

from __future__ import annotations

__all__ = ["BreakEven"]


class BreakEven:
    """Watches hits, and says whether to look. Single-threaded.

    A look costs its time with each request; a hit saves the work. So looking pays while the share
    of hits is above the one over the other. While it does not, one request of `probe` looks all the
    same, and so it is found out when it pays again.

    Args:
        look_s: What a request costs the cache: its key, the look, its share of what is kept.
        work_s: What a hit saves.
        window: Looks between two decisions.
        probe: One request of so many looks while it does not pay.

    Attributes:
        is_open: Whether it pays.
    """

    def __init__(
        self, look_s: float, work_s: float, *, window: int = 4096, probe: int = 64
    ) -> None:
        if not (look_s > 0 and work_s > 0 and window > 0 and probe > 0):
            raise ValueError(
                f"expected times and counts above 0, got look_s={look_s}, work_s={work_s}, "
                f"window={window}, probe={probe}"
            )
        self._share, self._window, self._probe = look_s / work_s, window, probe
        self.is_open = True
        self._looks = self._hits = self._asked = 0

    def looks(self) -> bool:
        """Whether this request is to look."""
        if self.is_open:
            return True
        self._asked += 1
        return self._asked % self._probe == 0

    def saw(self, is_hit: bool) -> None:
        """What a request that looked has found."""
        self._looks += 1
        self._hits += is_hit
        # Closed, a decision needs fewer looks: they come `probe` times as slowly.
        if self._looks >= (self._window if self.is_open else max(self._window // self._probe, 64)):
            # Twice the share to open again: at the border it would swing.
            share = self._hits / self._looks
            self.is_open = share >= (self._share if self.is_open else 2 * self._share)
            self._looks = self._hits = 0
