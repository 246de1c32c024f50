"""A writer that dies anywhere leaves the registry as it was, or as it was to become."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from featurelib.errors import ConflictError
from featurelib.release import Registry
from featurelib.release.signing import new_key
from parity_tests.release.dying import STEP, STEPS, open_kind, take
from parity_tests.release.small_releases import material

ROOT = Path(__file__).parents[2]


def seen(registry: Registry) -> Any:
    """All that a reader sees, every release and record verified."""
    return {
        name: (
            {v: registry.fetch(name, v).digest for v in registry.versions(name)},
            {c: registry.channel(name, c).history() for c in registry.channels(name)},
            {c: registry.channel(name, c).fetch().version for c in registry.channels(name)},
        )
        for name in registry.sets()
    }


@pytest.fixture(scope="module", params=["directory", "objects"])
def deaths(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The registries that dead writers left, of each kind."""
    root = tmp_path_factory.mktemp("deaths")
    paths = [root / name for name in ("material", "template", "work")]
    for path in paths:
        path.mkdir()
    versions = {"1.0.0": 1.0, "1.1.0": 1.5, "2.0.0": 2.0, "3.0.0": 3.0}
    for version, factor in versions.items():
        bundle, golden = material(version, factor=factor)
        bundle.save(paths[0] / f"{version}.json")
        (paths[0] / f"{version}.jsonl").write_bytes(golden)
    new_key(paths[0] / "key")
    registry = open_kind(request.param, paths[1])
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        registry.release(*material(version, factor=versions[version]))
    for version in ("1.0.0", "1.1.0"):
        registry.channel("rides", "stable").promote(version, **STEP)
    command = [sys.executable, "-m", "parity_tests.release.dying", request.param]
    done = subprocess.run(
        [*command, *map(str, paths)], cwd=ROOT, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return request.param, paths[0], json.loads(done.stdout)


@pytest.mark.parametrize("step", STEPS)
def test_a_death_at_any_call_leaves_old_or_new(deaths: Any, step: str) -> None:
    """Readers see the old or the new state, never a third; both kinds of death occur."""
    kind, _, found = deaths
    places = [Path(folder) for name, _, _, folder in found if name == step]
    old, new = (seen(open_kind(kind, place)) for place in (places[0], places[-1]))
    assert old != new
    states = [seen(open_kind(kind, place)) for place in places]
    assert all(state in (old, new) for state in states)
    assert states.count(old) >= 5
    calls = {call.partition(" ")[0] for name, _, call, _ in found if name == step and call}
    assert {"write", "link"} <= calls if kind == "directory" else {"open", "link"} <= calls


@pytest.mark.parametrize("step", STEPS)
def test_after_a_death_the_same_again_succeeds(deaths: Any, step: str) -> None:
    """A second try brings the new state, whatever the first left; then nothing of it is left.

    A step that had come through before its writer died is told from one of somebody else: the
    record that it names is its own.
    """
    kind, given, found = deaths
    places = [Path(folder) for name, _, _, folder in found if name == step]
    new = seen(open_kind(kind, places[-1]))
    for place in places:
        registry = open_kind(kind, place)
        if seen(registry) == new and step in ("promote", "rollback"):
            with pytest.raises(ConflictError, match=f"record 3 of .*: {step} to .* by a writer"):
                take(step, registry, given)
        else:
            take(step, registry, given)
        assert seen(registry) == new
        if kind == "directory":
            registry.location.create("swept", b"a later writer removes what dead ones left")
            assert os.listdir(place / ".staging") == []
