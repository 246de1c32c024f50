"""From arguments to an exit status: one line on standard error says what went wrong."""

from __future__ import annotations

import argparse
import functools
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from featurelib_client.cli.arguments import given_settings, parser
from featurelib_client.cli.show import clean
from featurelib_client.client import Client
from featurelib_client.errors import CallError, ClientError, ConfigurationError, InputError

if TYPE_CHECKING:
    from featurelib_client.async_client import AsyncClient

__all__ = ["main"]


def main(
    arguments: Sequence[str] | None = None,
    client: Callable[..., Client] = Client,
    async_client: Callable[..., AsyncClient] | None = None,
) -> int:
    """Runs a command.

    Args:
        arguments: Without the program's name; None: those of the process.
        client: Makes the client; a test gives one with a fake transport.
        async_client: Makes the one of `bench`; None: `AsyncClient`.

    Returns:
        The exit status: 0 done; 1 no answer, not ready, or a call of `bench` failed; 2 asked
        wrongly; 3 the contracts do not fit; 130 ended by Control-C.
    """
    commands: dict[str, Any] = {
        name: functools.partial(_ask, name, client)
        for name in ("recommend", "infer", "models", "ready", "check")
    }
    commands["bench"] = functools.partial(_bench, async_client)
    try:
        options = parser(commands).parse_args(arguments)
    except SystemExit as end:  # argparse has said why
        return int(end.code or 0)
    log = logging.getLogger("featurelib_client")
    log.addHandler(quiet := logging.NullHandler())  # what it warns of is said below, once
    # Names of servers may hold what the terminal cannot show.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            status = _run(options)
        for one in {str(warning.message): None for warning in told}:
            print(f"featurelib-client: warning: {clean(one)}", file=sys.stderr)
        return status
    finally:
        log.removeHandler(quiet)


def _run(options: argparse.Namespace) -> int:
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except (ConfigurationError, InputError) as error:
        _tell(options, error)
        return 2
    except ClientError as error:
        _tell(options, error)
        return 1
    except BrokenPipeError:  # who reads has seen enough; nothing more is written at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("featurelib-client: interrupted", file=sys.stderr)
        return 130


def _tell(options: argparse.Namespace, error: ClientError) -> None:
    if not options.json:
        text = f"{options.command}: {type(error).__name__}: {error}"
        if isinstance(error, CallError) and error.operation == options.command:
            text = f"{type(error).__name__}: {error}"
        print(f"featurelib-client: {clean(text)}", file=sys.stderr)
        return
    about: dict[str, Any] = {"error": type(error).__name__, "message": str(error)}
    if isinstance(error, CallError):
        about["message"] = error.message
        for name in ("reason", "retry_after_s", "request_id", "attempts", "elapsed_s"):
            about[name] = getattr(error, name)
    if isinstance(getattr(error, "field", None), str):
        about["field"] = error.field  # type: ignore[attr-defined]
    print(json.dumps(about), file=sys.stderr)


# What a command needs is imported when it runs: `--help` waits for none of it.


def _ask(name: str, client: Callable[..., Client], options: argparse.Namespace) -> int:
    from featurelib_client.cli.ask import ASKS

    return ASKS[name](options, lambda options: _made(client, options))


def _bench(client: Callable[..., AsyncClient] | None, options: argparse.Namespace) -> int:
    from featurelib_client.async_client import AsyncClient
    from featurelib_client.cli.bench import bench

    return bench(options, lambda options: _measured(client or AsyncClient, options))


def _made(kind: Callable[..., Any], options: argparse.Namespace, **more: Any) -> Any:
    return kind(options.url, **given_settings(options), **more)


def _measured(kind: Callable[..., AsyncClient], options: argparse.Namespace) -> AsyncClient:
    # With its breaker a bench would tell of a server that it did not ask.
    made: AsyncClient = _made(
        kind, options, hedge=options.hedge, cache_bytes=int(options.cache_mib * 2**20),
        breaker_rate=_NEVER,
    )  # fmt: skip
    return made


_NEVER = 2.0
"""A share of failures that cannot be."""
