"""The programs that recommend: one for each ranker that is loaded, with the towers of the index."""

from __future__ import annotations

from collections.abc import Callable, Collection

from serving_example.app.cases import Services
from serving_example.app.rank_program import RankProgram
from serving_example.app.repository import Repository
from serving_example.app.served import Served

__all__ = ["Ranking"]


class Ranking:
    """Keeps the programs of rankers. See `Companion`.

    Towers and rankers are exchanged one after another; either way the new programs are on the
    devices, and the films' vectors are computed, before requests see them.

    Args:
        services: What the programs use.
        repository: The models.

    Attributes:
        programs: By ranker. Nobody changes it: another takes its place.
    """

    def __init__(self, services: Services, repository: Repository) -> None:
        self._services, self._repository = services, repository
        self.programs: dict[Served, RankProgram] = {}

    def of(self, ranker: Served) -> RankProgram | None:
        """The program of a ranker now; None of one that was unloaded just now."""
        return self.programs.get(ranker)

    def prepare(self, served: Served) -> None:
        """See `Companion.prepare`."""
        if served.card.kind == "ranker":
            made = self._made([served], self._towers())
            self.programs = {**self.programs, **made}
        elif served.name == self._services.index.towers:
            self._exchange(served, lambda: self._services.index.prepare(served))

    def retired(self, served: Served) -> None:
        """See `Companion.retired`."""
        program = self.programs.get(served)
        if program is not None:
            self.programs = {r: p for r, p in self.programs.items() if r is not served}
            self._repository.retire([program])
        elif self._towers() is served:  # no others come
            self._exchange(None, self._services.index.clear)

    def _towers(self) -> Served | None:
        snapshot = self._services.index.snapshot
        return None if snapshot is None else snapshot.towers

    def _exchange(self, towers: Served | None, swap: Callable[[], None]) -> None:
        """All rankers go on with other towers, from the swap on."""
        made = self._made(self.programs, towers)
        try:
            swap()
        except BaseException:
            self._repository.retire(made.values())
            raise
        old, self.programs = self.programs, made
        self._repository.retire(old.values())

    def _made(
        self, rankers: Collection[Served], towers: Served | None
    ) -> dict[Served, RankProgram]:
        """Programs on their devices; none stays if one cannot be there."""
        made: dict[Served, RankProgram] = {}
        both = [] if towers is None else [towers]
        try:
            for ranker in rankers:
                program = RankProgram(ranker, towers, self._services)
                is_pinned = self._repository.is_pinned(ranker, *both)
                self._repository.place([program], is_pinned=is_pinned)
                made[ranker] = program
        except BaseException:
            self._repository.retire(made.values())
            raise
        return made
