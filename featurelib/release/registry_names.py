"""Names in a registry: of sets and channels, which become names of folders."""

from __future__ import annotations

import re
from typing import Any

from featurelib.errors import RegistryError

__all__ = ["check_name"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")


def check_name(name: Any, what: str) -> str:
    """The name, if it can be that of a folder everywhere.

    Args:
        name: The name.
        what: Of what, for the error.

    Raises:
        RegistryError: It is empty, too long, or has a slash, a NUL, ``..`` or the like in it.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or ".." in name:
        raise RegistryError(
            f"{what} {name!r} cannot be the name of a folder",
            hint="1 to 100 letters, digits and _ . + - that begin with a letter, digit or _, "
            "without `..`",
        )
    return name
