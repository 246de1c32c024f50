"""Compiles a release into the cache of machine code, and holds it against its own golden rows.

    python -m featurelib_online.live.warm registry/releases/flights/1.1.1

A service that follows a channel starts this for each release before it takes it. It may also run
when an image is built, so that the first start finds everything in the cache. The last line that it
prints is its result, as JSON; it exits with 0 if the release may serve, else with 1.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from featurelib.jit import cache
from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib_online.live.warming import Warmed, warm

__all__ = ["main"]

_OTHER_CODE = (
    "featurelib was changed on disk after the service was started, so that the service could not "
    "load what is compiled now\nHint: restart the service"
)


def main(given: Sequence[str] | None = None) -> int:
    """The command; gives its exit status."""
    parser = argparse.ArgumentParser(prog="python -m featurelib_online.live.warm")
    parser.add_argument("folder", type=Path, help="the folder of a release")
    parser.add_argument("--text-limit", type=int, default=DEFAULT_LIMIT, help="row limit of text")
    parser.add_argument("--nice", type=int, default=0, help="let others go first, as nice(1)")
    parser.add_argument(
        "--while-stdin", action="store_true", help="end when standard input is closed"
    )
    parser.add_argument("--code", help="the compiler's hash in the service that will load it")
    asked = parser.parse_args(given)
    if asked.while_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    os.nice(asked.nice)
    # Of several services on one machine the first compiles, and the others find it done.
    with (cache.directory() / ".warm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if asked.code not in (None, cache.generator_hash()):
            result = Warmed("compile", _OTHER_CODE)
        else:
            result = warm(asked.folder, text_limit=asked.text_limit)
    print(json.dumps(asdict(result)), flush=True)
    return 0 if result.is_ready else 1


def _end_with_stdin() -> None:
    """The service that started this is gone when its end of the pipe is closed."""
    sys.stdin.buffer.read()
    os._exit(2)


if __name__ == "__main__":
    sys.exit(main())
