"""Two writers at once: one wins, the other is told who, and nothing is mixed."""

from pathlib import Path

import pytest

from featurelib.release.channel_records import Record
from parity_tests.release.dying import open_kind
from parity_tests.release.racing import VERSIONS, WRITERS, race
from parity_tests.release.small_releases import bundle_of, golden_of, material

ROUNDS = 12


@pytest.mark.parametrize("kind", ["directory", "objects"])
def test_of_two_processes_one_wins_each_step(kind: str, tmp_path: Path) -> None:
    """Each round one release and one record come through, whole and of one writer."""
    folder, given = tmp_path / "registry", tmp_path / "material"
    for path in (folder, given):
        path.mkdir()
    registry = open_kind(kind, folder)
    for version in VERSIONS:
        registry.release(*material(version))
    bundles = {}
    for who, factor in zip(WRITERS, (3.0, 4.0), strict=True):
        for number in range(ROUNDS):
            bundle = bundle_of(f"2.{number}.0", factor=factor)
            bundles[who, number] = bundle
            (given / f"{who}-{number}.b").write_bytes(bundle.to_bytes())
            (given / f"{who}-{number}.g").write_bytes(golden_of(bundle))
    said = race(kind, folder, given, ROUNDS)
    history = registry.channel("rides", "stable").history()
    assert len(history) == ROUNDS
    for number, record in enumerate(history):
        assert isinstance(record, Record)
        released = [step[2 * number] for step in said]
        promoted = [step[2 * number + 1] for step in said]
        for steps in (released, promoted):
            assert sorted(text == "won" for text in steps) == [False, True], steps
        winner, loser = promoted.index("won"), 1 - promoted.index("won")
        assert record.by == WRITERS[winner]
        assert f"by {record.by} at round {number}" in promoted[loser]
        first = WRITERS[released.index("won")]
        assert registry.fetch("rides", f"2.{number}.0").bundle == bundles[first, number]
