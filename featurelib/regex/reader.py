"""A place in a pattern, the flags that hold there, and errors that point at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from featurelib.errors import DefinitionError
from featurelib.regex.properties import perl

MAX_NESTING = 50
"""Groups, classes and repetitions in each other; Rust allows 250, which Python's stack does not."""


def refuse(pattern: str, start: int, stop: int, what: str, hint: str | None = None) -> NoReturn:
    """Raises the error about a part of a pattern, the line it stands in and marks below it.

    Raises:
        DefinitionError: Always.
    """
    begin = pattern.rfind("\n", 0, start) + 1
    end = pattern.find("\n", start)
    line = pattern[begin : len(pattern) if end < 0 else end]
    column = start - begin
    marks = "^" * max(1, min(stop - start, len(line) - column))
    shown = "".join(c if c.isprintable() else " " for c in line)
    raise DefinitionError(
        f"the pattern {pattern!r}, position {start}: {what}\n"
        f"    {shown}\n    {' ' * column}{marks}",
        hint=hint,
    )


@dataclass(frozen=True)
class Flags:
    """What `(?imsUuxR)` switches."""

    i: bool = False
    m: bool = False
    s: bool = False
    U: bool = False
    u: bool = True
    x: bool = False
    R: bool = False


@dataclass
class Reader:
    """A cursor over a pattern.

    Attributes:
        pattern: The text.
        at: Index of the next character.
        flags: Those that hold at `at`.
        depth: How many groups, classes and repetitions are open.
        names: Group names so far, with the number of each.
        n_groups: Groups that capture, so far.
    """

    pattern: str
    at: int = 0
    flags: Flags = Flags()
    depth: int = 0
    names: dict[str, int] = field(default_factory=dict)
    n_groups: int = 0

    @property
    def is_done(self) -> bool:
        return self.at >= len(self.pattern)

    @property
    def char(self) -> str:
        """The next character; empty at the end."""
        return self.pattern[self.at : self.at + 1]

    def starts(self, text: str) -> bool:
        """Whether the rest begins with a text."""
        return self.pattern.startswith(text, self.at)

    def take(self, text: str) -> bool:
        """Goes past a text if it stands here; says whether it does."""
        found = self.starts(text)
        self.at += len(text) if found else 0
        return found

    def skip_space(self) -> None:
        """Goes past white space and comments, if the flag `x` has them ignored."""
        while self.flags.x and not self.is_done:
            if is_space(self.char):
                self.at += 1
            elif self.char == "#":
                end = self.pattern.find("\n", self.at)
                self.at = len(self.pattern) if end < 0 else end
            else:
                return

    def enter(self, start: int) -> None:
        """Counts one level of nesting more.

        Raises:
            DefinitionError: They are too many.
        """
        self.depth += 1
        if self.depth > MAX_NESTING:
            self.refuse(start, f"more than {MAX_NESTING} groups and repetitions in each other")

    def refuse(
        self, start: int, what: str, hint: str | None = None, *, stop: int | None = None
    ) -> NoReturn:
        """Raises the error about what stands between `start` and the cursor (or `stop`)."""
        refuse(self.pattern, start, self.at if stop is None else stop, what, hint)


def is_space(char: str) -> bool:
    """Whether a character is white space by the pinned table."""
    return any(first <= ord(char) <= last for first, last in perl("s", True))
