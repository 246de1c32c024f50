"""Known survivors: mutants that change no meaning, or none that a case shows; by the reason why."""

from __future__ import annotations

import json
from pathlib import Path

FILE = Path(__file__).parent / "survivors.json"
Known = dict[str, str]
"""From the name of a mutant to the reason why it is equivalent."""
OPEN = "not equivalent: "
"""How the reason begins of a survivor that does change a meaning, where no case shows it yet."""


def read_known(path: Path = FILE) -> Known:
    """The list on file: names below each reason.

    Raises:
        ValueError: A name stands below two reasons.
    """
    groups: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    known: Known = {}
    for reason, names in groups.items():
        for name in names:
            if name in known:
                raise ValueError(f"{path.name}: {name!r} stands twice: {known[name]}; {reason}")
            known[name] = reason
    return known
