"""Runs a tailer, or appends to a log, in a process that is killed at a line of the store's code.

A program: it compiles the streams once, then forks a child for each line of its input, a JSON
object with `task` ("tail", "trim" or "append"), `log`, `store`, `kill_at` (which line of the
store's code, counted from 1; -1: none; 0: none, and they are not counted), `kill_after_s` (a time
after which it is killed wherever it is, in C too; 0: never), `limit`, `records` (in hex), `acked`
(a file). For each it writes the child's status, and how many lines it ran, as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

import serving_example.store
import serving_example.store.redis_log
import serving_example.store.redis_store  # before the fork: every child would load it again
from serving_example.store import Tailer, open_log, open_store
from serving_example.store.trimming import Trimmer
from serving_example.tests.store import ratings

CODE = str(Path(serving_example.store.__file__).parent)
VIEWS = ratings.views(ratings.definition())
STAGE = ratings.FilmStage(VIEWS)


class Lines:
    """Counts the lines of the store's code, and kills the process at one of them."""

    def __init__(self, kill_at: int) -> None:
        self.count, self._kill_at = 0, kill_at

    def __call__(self, frame: FrameType, what: str, value: Any) -> Any:
        if not frame.f_code.co_filename.startswith(CODE):
            return None
        if what == "line":
            self.count += 1
            if self.count == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def tail(task: dict[str, Any]) -> None:
    """Applies all that is in the log."""
    log, store = open_log(task["log"], deadline_s=30), open_store(task["store"], deadline_s=30)
    tailer = Tailer(log, store, VIEWS, STAGE)
    while tailer.step(task["limit"]):
        pass
    log.close()
    store.close()


def trim(task: dict[str, Any]) -> None:
    """Applies all that is in the log, which forgets it meanwhile but for an event."""
    log, store = open_log(task["log"], deadline_s=30), open_store(task["store"], deadline_s=30)
    tailer, trimmer = Tailer(log, store, VIEWS, STAGE), Trimmer(log, [store], keep=1)
    while tailer.step(task["limit"]):
        trimmer.step()
    log.close()
    store.close()


def append(task: dict[str, Any]) -> None:
    """Appends the records two by two, and notes what was acknowledged."""
    log = open_log(task["log"], deadline_s=30)
    records = [bytes.fromhex(text) for text in task["records"]]
    with open(task["acked"], "ab", buffering=0) as acked:
        for i in range(0, len(records), 2):
            for offset in log.append(records[i : i + 2]):
                acked.write(b"%d\n" % offset)
    log.close()


def kill(after_s: float) -> None:
    """Kills this process; also while another thread is in a call of the system."""
    time.sleep(after_s)
    os.kill(os.getpid(), signal.SIGKILL)


def run(task: dict[str, Any], out: int) -> None:
    """The child: it does not return."""
    lines = Lines(task["kill_at"])
    status = 1
    try:
        if task["kill_after_s"]:
            threading.Thread(target=kill, args=(task["kill_after_s"],), daemon=True).start()
        elif task["kill_at"]:
            sys.settrace(lines)
        {"tail": tail, "trim": trim, "append": append}[task["task"]](task)
        sys.settrace(None)
        os.write(out, b"%d" % lines.count)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> None:
    assert STAGE.view and all(VIEWS.values())  # compiled now, not in every child
    for line in sys.stdin:
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            run(json.loads(line), theirs)
        os.close(theirs)
        with os.fdopen(ours, "rb") as pipe:
            lines = int(pipe.read() or 0)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status), "lines": lines}), flush=True)


if __name__ == "__main__":
    main()
