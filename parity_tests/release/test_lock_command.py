"""The command `featurelib lock`, the repository that it finds, and locks of older recipes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from featurelib.cli import main
from featurelib.errors import LockFileError, ReleaseError
from featurelib.release import lock
from featurelib.release.lock_entries import survey
from featurelib.release.lock_file import LockFile
from featurelib.release.recipes import CURRENT, RECIPES, Recipe
from featurelib.release.repository import Repository
from parity_tests.release.rides import Rides, locked, rides

__all__ = ["locked", "rides"]

ROOT = Path(__file__).parents[2]


def test_this_repository_is_locked() -> None:
    """Nothing that this library released has changed; the way out is in the message."""
    command = [sys.executable, "-m", "featurelib.cli", "lock", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


# --- recipes ----------------------------------------------------------------------------------
OLD = Recipe(
    0,
    lambda op: f"0{CURRENT.op(op)[1:]}",
    lambda bundle: {n: f"0{d[1:]}" for n, d in CURRENT.features(bundle).items()},
    lambda bundle: f"0{CURRENT.fingerprint(bundle)[1:]}",
)
BOTH = {0: OLD, **RECIPES}


def write_old(rides: Rides) -> Path:
    repository = rides.repository
    repository.load_sets()
    path = rides.root / "featurelib.lock"
    LockFile(0, survey(repository, OLD, {}).entries).save(path)
    return path


def test_a_lock_of_an_older_recipe_is_migrated(rides: Rides) -> None:
    """Checked by its own recipe, then written by the newest: the lock that `add` would make."""
    rides.release()
    path = write_old(rides)
    with pytest.raises(LockFileError, match="recipe 0") as refused:
        lock.check(rides.repository, recipes=BOTH)
    assert "--migrate" in str(refused.value)
    assert not lock.migrate(rides.repository, BOTH).findings
    migrated = path.read_bytes()
    path.unlink()
    lock.add(rides.repository)
    assert path.read_bytes() == migrated


def test_a_change_is_not_migrated_away(rides: Rides) -> None:
    """What changed since it was locked is found by the old recipe, and nothing is written."""
    rides.release()
    path = write_old(rides)
    before = path.read_bytes()
    rides.edit(("SCALE = 1.609344", "SCALE = 1.6"))
    assert "op km_of_miles@1" in {f.subject for f in lock.migrate(rides.repository, BOTH).findings}
    assert path.read_bytes() == before


def test_an_unknown_recipe_is_refused(locked: Rides) -> None:
    """A recipe that is newer, or not known any more, is refused with the way out."""
    path = locked.root / "featurelib.lock"
    entries = LockFile.read(path).entries
    for recipe, way_out in ((99, "pip install -U"), (0, "an earlier featurelib")):
        LockFile(recipe, entries).save(path)
        for action in (lock.check, lock.add, lock.migrate):
            with pytest.raises(LockFileError, match=f"recipe {recipe}") as refused:
                action(locked.repository)
            assert way_out in str(refused.value)


# --- the command ------------------------------------------------------------------------------
def test_the_command_fails_and_says_why(locked: Rides, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 0 while nothing changed, 1 with the findings; JSON has the same for machines."""
    assert main(["lock", "--check"]) == 0
    assert "nothing released has changed" in capsys.readouterr().out
    locked.edit(("is_not_null()", "is_null()"))
    locked.repository  # noqa: B018 - forgets the imported module
    assert main(["lock", "--check", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["passed"] is False
    assert [f["subject"] for f in said["findings"]] == ["feature has_city@1 of rides"]


def test_lines_fit_a_narrow_terminal(
    locked: Rides, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty columns hold the findings; only a path without a space may stand out."""
    monkeypatch.setenv("COLUMNS", "60")
    locked.edit(("SCALE = 1.609344", "SCALE = 1.6"))
    locked.repository  # noqa: B018
    assert main(["lock", "--check"]) == 1
    for line in capsys.readouterr().out.splitlines():
        assert len(line) <= 60 or len(line.split()) == 1


@pytest.mark.parametrize("argv", [["--check", "--migrate"], ["--base", "x.lock"]])
def test_options_that_contradict_are_refused(rides: Rides, argv: list[str], capsys) -> None:
    """What cannot be meant is status 2, before anything is looked at."""
    assert main(["lock", *argv]) == 2
    assert "Hint:" in capsys.readouterr().err


# --- the repository ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", r"no pyproject.toml here or above has a table"),
        ("[tool.featurelib]\nset = []\n", "did you mean `sets`"),
        ("[tool.featurelib]\nsets = 'a:b'\n", "expected sets as a list"),
        ("[tool.featurelib]\nsets = ['a']\n", "expected sets as a list"),
        ("[tool.featurelib]\ngolden = 1\n", "expected golden as a folder"),
        ("[tool\n", "no readable TOML"),
        ("[tool]\nfeaturelib = 1\n", "is a table"),
        ("[tool.featurelib]\nsets = ['ride_features:rides', 'ride_features:rides']\n", "two feat"),
    ],
)
def test_a_wrong_table_is_refused(rides: Rides, table: str, says: str) -> None:
    """What is wrong with the repository's table is said, with the way out."""
    (rides.root / "pyproject.toml").write_text(table)
    with pytest.raises(ReleaseError, match=says):
        rides.repository.load_sets()


def test_a_folder_below_finds_the_repository(rides: Rides) -> None:
    """The command works in any folder of the repository."""
    below = rides.root / "a" / "b"
    below.mkdir(parents=True)
    assert Repository.find(below).root == rides.root
