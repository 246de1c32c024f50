"""What commands need beyond the base install, named when it is not there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from featurelib.errors import FeaturelibError, MissingExtraError

_OURS = ("featurelib", "featurelib_offline", "featurelib_online")


class UsageError(FeaturelibError):
    """The command was asked wrongly."""


@contextlib.contextmanager
def extra(name: str, command: str) -> Iterator[None]:
    """Around imports: a package that is not installed becomes a message with the extra's name.

    Args:
        name: The extra that has the package.
        command: What needs it.

    Raises:
        MissingExtraError: A package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = error.name or str(error)
        if missing.partition(".")[0] in _OURS:
            raise
        raise MissingExtraError(
            f"`featurelib {command}` needs {missing}, which is not installed",
            hint=f"pip install 'featurelib[{name}]'",
        ) from None
