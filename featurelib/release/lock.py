"""The lock of a repository: what is released, by its hashes; checked, added to, migrated.

    from featurelib.release import lock

    findings = lock.check(Repository.find())

A released entry never changes. `add` adds what is new, and refuses while anything that was released
is not as it was. `migrate` writes the hashes of a newer recipe for what has not changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from featurelib.errors import LockFileError
from featurelib.release.findings import Finding
from featurelib.release.lock_check import changed_entries
from featurelib.release.lock_entries import survey
from featurelib.release.lock_features import changed_features
from featurelib.release.lock_file import LockFile
from featurelib.release.recipes import CURRENT, RECIPES, Recipe
from featurelib.release.repository import Repository

__all__ = ["Checked", "add", "check", "migrate"]

RUN = "run `featurelib lock`, and commit featurelib.lock"


@dataclass(frozen=True)
class Checked:
    """What a check found.

    Attributes:
        lock: The lock that was checked.
        entries: What it should say.
        findings: What is wrong.
        added: Names of entries that it does not have yet.
    """

    lock: LockFile
    entries: Mapping[str, Mapping[str, Any]]
    findings: tuple[Finding, ...]
    added: tuple[str, ...] = ()


def check(
    repository: Repository,
    base: LockFile | None = None,
    recipes: Mapping[int, Recipe] = RECIPES,
) -> Checked:
    """Compares the lock of a repository with what stands in it.

    Args:
        repository: The repository.
        base: An earlier lock (that of the last release), of which no entry may be missing.
        recipes: The ways to make hashes that are known.

    Raises:
        LockFileError: There is no lock, it cannot be read, or it is of another recipe.
        FeaturelibError: A feature set cannot be imported.
    """
    lock = LockFile.read(repository.lock)
    if lock.recipe != CURRENT.number:
        _recipe(lock, str(repository.lock), recipes)
        raise LockFileError(
            f"{repository.lock} is of recipe {lock.recipe}, this featurelib makes hashes by "
            f"recipe {CURRENT.number}",
            hint="run `featurelib lock --migrate`: it checks by the old recipe, and writes the new",
        )
    found = _compared(repository, lock, CURRENT)
    findings = [*_shrunk(base, lock), *found.findings]
    if found.added:
        some = ", ".join(found.added[:5]) + (", ..." if len(found.added) > 5 else "")
        findings.append(
            Finding("featurelib.lock", f"{len(found.added)} new and not locked: {some}", RUN)
        )
    elif not lock.is_ordered:
        findings.append(Finding("featurelib.lock", "its lines are not in order", RUN))
    return Checked(lock, found.entries, tuple(findings), found.added)


def add(repository: Repository) -> Checked:
    """Adds to the lock what is new, where nothing that is released has changed.

    Where the result has findings, nothing was written.

    Raises:
        LockFileError: The lock cannot be read, or is of another recipe.
        FeaturelibError: A feature set cannot be imported.
    """
    lock = LockFile(CURRENT.number, {})
    if repository.lock.exists():
        lock = LockFile.read(repository.lock)
        if lock.recipe != CURRENT.number:
            return check(repository)  # raises, and says how to migrate
    found = _compared(repository, lock, CURRENT)
    if not found.findings and (found.added or not lock.is_ordered or not repository.lock.exists()):
        LockFile(CURRENT.number, found.entries).save(repository.lock)
    return found


def migrate(repository: Repository, recipes: Mapping[int, Recipe] = RECIPES) -> Checked:
    """Writes the lock by the newest recipe, where nothing changed by the one that it was made by.

    Where the result has findings, nothing was written.

    Args:
        repository: The repository.
        recipes: The ways to make hashes that are known.

    Raises:
        LockFileError: The lock cannot be read, or its recipe is not known any more.
        FeaturelibError: A feature set cannot be imported.
    """
    lock = LockFile.read(repository.lock)
    found = _compared(repository, lock, _recipe(lock, str(repository.lock), recipes))
    if found.findings:
        return found
    now = survey(repository, CURRENT, lock.entries)
    made = {name: now.entries.get(name, entry) for name, entry in lock.entries.items()}
    migrated = LockFile(CURRENT.number, made)
    migrated.save(repository.lock)
    return Checked(migrated, made, ())


def _compared(repository: Repository, lock: LockFile, recipe: Recipe) -> Checked:
    definitions = repository.load_sets()  # first: their modules register ops
    now = survey(repository, recipe, lock.entries)
    findings = [*changed_entries(repository, lock.entries, now), *now.findings]
    for definition in definitions:
        findings += changed_features(repository, definition, now.bundles)
    added = {n: e for n, e in now.entries.items() if n not in lock.entries} | now.grown
    return Checked(lock, {**lock.entries, **added}, tuple(findings), tuple(sorted(added)))


def _recipe(lock: LockFile, where: str, recipes: Mapping[int, Recipe]) -> Recipe:
    """The recipe that a lock was made by."""
    if lock.recipe in recipes:
        return recipes[lock.recipe]
    newest = max(recipes)
    raise LockFileError(
        f"{where} is of recipe {lock.recipe}, this featurelib knows {sorted(recipes)}",
        hint="pip install -U featurelib"
        if lock.recipe > newest
        else "migrate it with an earlier featurelib first, which still knows its recipe",
    )


def _shrunk(base: LockFile | None, lock: LockFile) -> Iterator[Finding]:
    """What an earlier lock has and this one has not, or has otherwise."""
    entries = base.entries if base else {}
    is_comparable = base is not None and base.recipe == lock.recipe
    for name, entry in entries.items():
        current = lock.entries.get(name)
        if current is None:
            what = "it stands in the earlier lock, and not in this one"
        elif is_comparable and not _continues(entry, current):
            what = "it stands otherwise in the earlier lock"
        else:
            continue
        yield Finding(name, what, "a lock only grows: put the line back as it was")


def _continues(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether an entry is another one, or that one with more golden cases."""
    if old == new:
        return True
    has_more = "cases" in old and old["cases"] < new.get("cases", 0)
    return has_more and old.get("body") == new.get("body")
