"""The command `bench`."""

from __future__ import annotations

import argparse
import asyncio
import math
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from random import Random
from typing import Any

from featurelib_client.async_client import AsyncClient
from featurelib_client.cli.inputs import read_file, tensors
from featurelib_client.cli.load import Ask, Bounds, Result, Sleep, closed, opened, percentile
from featurelib_client.cli.show import columns, print_json, table, wrapped
from featurelib_client.errors import InputError
from featurelib_client.wire import About, Clock

__all__ = ["bench"]

_SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0}
Made = Callable[[argparse.Namespace], AbstractAsyncContextManager[AsyncClient]]


def bench(
    options: argparse.Namespace, made: Made, clock: Clock = time.monotonic,
    sleep: Sleep = asyncio.sleep,
) -> int:  # fmt: skip
    """Calls for some time."""
    _check(options)
    told = None if options.inputs is None else read_file(options.inputs)
    result = Result()
    try:
        asyncio.run(_run(result, options, made, told, clock, sleep))
    except ExceptionGroup as group:  # of tasks: a request that breaks the contract
        raise group.exceptions[0] from None
    except KeyboardInterrupt:  # what was measured until now is told
        if result.sent:
            _tell(result, options)
        raise
    _tell(result, options)
    return 1 if result.failures or not result.sent else 0


def _tell(result: Result, options: argparse.Namespace) -> None:
    figures = _figures(result)
    if options.json:
        print_json(figures)
    else:
        print("\n".join(_lines(options, figures, columns())))


def _check(options: argparse.Namespace) -> None:
    rate = options.rate
    if rate is not None and not 0 < rate <= 1e5:
        raise InputError("--rate", f"expected a number from above 0 to 100000, got {rate}")
    if not 0 < options.seconds <= 86_400:
        raise InputError("--seconds", f"expected above 0, at most 86400, got {options.seconds}")
    for name, most in (("workers", 10_000), ("count", 10_000_000), ("users", 2**63 - 1)):
        value = getattr(options, name)
        if not 1 <= value <= most:
            raise InputError(f"--{name}", f"expected 1 to {most}, got {value}")
    if not (math.isfinite(options.cache_mib) and 0 <= options.cache_mib <= 1024):
        raise InputError("--cache-mib", f"expected 0 to 1024, got {options.cache_mib}")
    if options.inputs is not None and options.model is None:
        raise InputError("--inputs", "says what a model is given: name it with --model")


async def _run(
    result: Result, options: argparse.Namespace, made: Made, told: dict[str, Any] | None,
    clock: Clock, sleep: Sleep,
) -> None:  # fmt: skip
    random = Random(options.seed)
    bounds = Bounds(options.seconds, options.count)
    async with made(options) as client:
        ask = _recommending(options, client, random)
        if told is not None:
            ask = await _inferring(options, client, told)
        if options.rate is None:
            await closed(result, ask, options.workers, bounds, clock)
        else:
            await opened(result, ask, options.rate, bounds, random, clock, sleep)


def _recommending(options: argparse.Namespace, client: AsyncClient, random: Random) -> Ask:
    async def ask() -> About:
        user = random.randint(1, options.users) if options.user is None else options.user
        return (await client.recommend(user, k=options.k, model=options.model)).about

    return ask


async def _inferring(options: argparse.Namespace, client: AsyncClient, told: dict[str, Any]) -> Ask:
    known = None if all(isinstance(one, dict) for one in told.values()) else (
        await client.metadata(options.model)
    )  # fmt: skip
    inputs = tensors(told, lambda: known)  # type: ignore[arg-type, return-value]

    async def ask() -> About:
        return (await client.infer(options.model, inputs)).about

    return ask


def _figures(result: Result) -> dict[str, Any]:
    values = sorted(result.latencies_s)
    return {
        "sent": result.sent, "answered": len(values), "attempts": result.attempts,
        "kept": result.kept, "elapsed_s": result.elapsed_s,
        "answers_per_s": len(values) / result.elapsed_s if result.elapsed_s else 0.0,
        "late_ms": result.late_s * 1000,
        "latency_ms": {
            name: percentile(values, share) * 1000 if values else None
            for name, share in _SHARES.items()
        },
        "failures": [
            {"error": error, "reason": reason, "count": count}
            for (error, reason), count in result.failures.most_common()
        ],
    }  # fmt: skip


def _lines(options: argparse.Namespace, figures: dict[str, Any], width: int) -> list[str]:
    loop = f"{options.rate:g} arrivals a second" if options.rate else f"{options.workers} workers"
    asked = "recommend" if options.inputs is None else f"infer {options.model}"
    rate = f"{figures['answers_per_s']:.1f}/s"
    lines = wrapped("asked     ", f"{asked}, {loop}, {figures['elapsed_s']:.1f} s", width)
    lines += wrapped("sent      ", f"{figures['sent']:,} calls, {figures['attempts']:,} attempts, "
                     f"{figures['kept']:,} answers kept", width)  # fmt: skip
    lines += wrapped("answered  ", f"{figures['answered']:,}, {rate}", width)
    if figures["answered"]:
        told = "  ".join(f"{n.upper()} {ms:.1f}" for n, ms in figures["latency_ms"].items())
        lines += wrapped("ms        ", told, width)
    if options.rate:
        lines += wrapped("late      ", f"{figures['late_ms']:.1f} ms at most: what this machine "
                         "lost, within the latencies above", width)  # fmt: skip
    if figures["failures"]:
        rows = [(f"{one['count']:,}", one["error"], one["reason"]) for one in figures["failures"]]
        lines += table([">failed", "error", "reason"], rows, width)
    return lines
