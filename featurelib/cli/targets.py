"""What commands work on: ``module:name`` for a feature set, a path for a bundle."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from featurelib.cli.extras import UsageError
from featurelib.errors import FeaturelibError

if TYPE_CHECKING:
    from featurelib.bundle import Bundle
    from featurelib.feature_set import FeatureSet

SET_HELP = "a feature set, as module:name (the working directory is searched)"
BUNDLE_HELP = "a bundle's file"


class ImportFailure(FeaturelibError):
    """The module that should hold a feature set cannot be imported."""


def load_set(text: str) -> FeatureSet:
    """The feature set that ``module:name`` names.

    Raises:
        UsageError: The text is of another form, or names no module or no feature set.
        ImportFailure: The module raises when it is imported.
    """
    from featurelib.feature_set import FeatureSet

    module_name, colon, name = text.partition(":")
    if not colon or not module_name or not name or "/" in module_name:
        raise UsageError(
            f"expected a feature set as module:name, got {text!r}",
            hint="for flights = fl.FeatureSet(...) in sets/flights.py: sets.flights:flights",
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    module = _import(module_name)
    found = getattr(module, name, None)
    if isinstance(found, FeatureSet):
        return found
    sets = sorted(n for n, v in vars(module).items() if isinstance(v, FeatureSet))
    what = "does not exist" if found is None else f"is a {type(found).__name__}"
    raise UsageError(
        f"{text}: `{name}` {what}, and no feature set",
        hint=f"feature sets of {module_name}: {', '.join(sets) or 'none'}",
    )


def load_bundle(text: str) -> Bundle:
    """The bundle in a file.

    Raises:
        BundleError: It cannot be used.
        OSError: It cannot be read.
    """
    import featurelib as fl

    return fl.load(text)


def load_any(text: str) -> Bundle | FeatureSet:
    """A bundle if there is such a file, else the feature set ``module:name``.

    Raises:
        UsageError: It is neither.
    """
    if Path(text).exists():
        return load_bundle(text)
    if ":" in text and "/" not in text:
        return load_set(text)
    raise UsageError(
        f"{text}: there is no such file, and it is no module:name",
        hint="give a bundle's file, or a feature set as module:name",
    )


def output(text: str) -> Path:
    """A file that a command will write, looked at before its work.

    Raises:
        OSError: Its directory is not there, or it is one itself.
    """
    path = Path(text)
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such directory", str(path.parent))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), text)
    return path


def count(text: str) -> int:
    """A number of rows or threads: an argument's type.

    Raises:
        ArgumentTypeError: It is no positive whole number.
    """
    number = text.replace("_", "").replace(",", "")
    if not number.isascii() or not number.isdigit() or int(number) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(number)


def add_events(command: argparse.ArgumentParser) -> None:
    """Adds ``--events``, for a command whose ``--data`` are rows, or queries about events."""
    command.add_argument(
        "--events",
        action="append",
        default=[],
        metavar="SOURCE=FILES",
        help="records of an event source; --data then has queries about them (may be repeated)",
    )


def asked_events(args: argparse.Namespace) -> dict[str, str]:
    """The files of each event source that ``--data`` asks about.

    Raises:
        UsageError: See `event_files`; or there is no ``--data``.
    """
    events = event_files(args.events)
    if events and args.data is None:
        raise UsageError("--events are asked about: --data names the file of queries")
    return events


def event_files(given: list[str]) -> dict[str, str]:
    """The files of each event source, of arguments ``SOURCE=FILES``.

    Raises:
        UsageError: One is of another form, or names a source for the second time.
    """
    found: dict[str, str] = {}
    for text in given:
        name, equals, files = text.partition("=")
        if not equals or not name or not files:
            raise UsageError(f"--events takes SOURCE=FILES, got {text!r}")
        if name in found:
            raise UsageError(f"--events names `{name}` twice", hint="a glob names several files")
        found[name] = files
    return found


def _import(name: str) -> object:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise UsageError(
                f"there is no module {error.name!r}",
                hint="run the command where it can be imported, or set PYTHONPATH",
            ) from None
        raise _failed(name, error) from error
    except Exception as error:
        raise _failed(name, error) from error


def _failed(name: str, error: Exception) -> FeaturelibError:
    if isinstance(error, FeaturelibError):
        return error  # it says itself where it is
    last = traceback.extract_tb(error.__traceback__)[-1]
    return ImportFailure(
        f"importing {name} failed: {type(error).__name__}: {error}\n"
        f"  at {last.filename}:{last.lineno}",
        hint="--debug shows the traceback",
    )
