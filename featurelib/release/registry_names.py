"""Names in a registry: of sets, channels and versions, all of which become names of folders."""

from __future__ import annotations

import re
from typing import Any

from featurelib.errors import RegistryError

__all__ = ["check_name", "check_version", "version_key"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")
_VERSION = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")


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


def check_version(version: Any) -> str:
    """The version, if it is of three numbers.

    Raises:
        RegistryError: It is not.
    """
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise RegistryError(
            f"expected a version like '1.0.0', got {version!r}",
            hint="three numbers without leading zeros, each below a thousand million",
        )
    return version


def version_key(version: str) -> tuple[int, ...]:
    """What versions are ordered by; of other text nothing, so that it can be told apart."""
    return tuple(map(int, version.split("."))) if _VERSION.fullmatch(version) else ()
