"""Versions of feature sets: ``major.minor.patch``, read strictly."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from featurelib.errors import ReleaseError

__all__ = ["Kind", "Version", "kind_of", "parse"]

Kind = Literal["major", "minor", "patch"]
_NUMBER = "(0|[1-9][0-9]{0,8})"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}")


class Version(NamedTuple):
    """A version; versions are ordered by their three numbers.

    Attributes:
        major: Rises when values or layout move.
        minor: Rises when features are added, and nothing else.
        patch: Rises when no value moves, or by a declared hotfix.
    """

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def next(self, kind: Kind) -> Version:
        """The version that follows by a release of some kind."""
        if kind == "major":
            return Version(self.major + 1, 0, 0)
        if kind == "minor":
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)


def parse(text: str) -> Version:
    """Reads a version.

    Raises:
        ReleaseError: It is not three whole numbers without zeros in front.
    """
    found = _VERSION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ReleaseError(
            f"expected a version as major.minor.patch, got {text!r}",
            hint="three whole numbers without zeros in front, as in 1.4.0",
        )
    return Version(*map(int, found.groups()))


def kind_of(old: Version, new: Version) -> Kind:
    """Which kind of release leads from one version to a later one."""
    if old.major != new.major:
        return "major"
    return "minor" if old.minor != new.minor else "patch"
