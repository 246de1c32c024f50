"""Two writers in processes of their own, who take each step at the same moment."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

from featurelib.errors import ConflictError
from parity_tests.release.dying import open_kind

WRITERS = ("ann", "bob")
VERSIONS = ("1.0.0", "1.1.0")


def race(kind: str, folder: Path, material: Path, rounds: int) -> list[list[str]]:
    """What each writer's steps came to, round by round: ``won``, or what the loser was told.

    Each round both release the same version with bundles of their own, and both promote the version
    that the channel does not point to, after the same record.
    """
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(len(WRITERS)), context.Queue()
    writers = [
        context.Process(
            target=_write, args=(who, kind, folder, material, rounds, barrier, results), daemon=True
        )
        for who in WRITERS
    ]
    for writer in writers:
        writer.start()
    said = dict(results.get(timeout=120) for _ in writers)
    for writer in writers:
        writer.join(timeout=60)
    return [said[who] for who in WRITERS]


def _write(
    who: str, kind: str, folder: Path, material: Path, rounds: int, barrier: Any, results: Any
) -> None:
    said = []
    registry = open_kind(kind, folder)
    channel = registry.channel("rides", "stable")
    for number in range(rounds):
        bundle, golden = ((material / f"{who}-{number}{end}").read_bytes() for end in (".b", ".g"))
        barrier.wait(timeout=60)
        try:
            registry.release(bundle, golden)
            said.append("won")
        except ConflictError as error:
            said.append(str(error))
        barrier.wait(timeout=60)
        try:
            channel.promote(VERSIONS[number % 2], by=who, at=f"round {number}", after=number)
            said.append("won")
        except ConflictError as error:
            said.append(str(error))
    results.put((who, said))
