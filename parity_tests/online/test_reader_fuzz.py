"""No input may crash the process: each attack runs in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from parity_tests.soak import amount

SCRIPT = Path(__file__).with_name("reader_attack.py")
ROOT = SCRIPT.parents[2]
ROUNDS = amount(1000, soak=10_000)


@pytest.mark.parametrize("case", ["mixed", "batches", "collections", "threads", "leaks"])
def test_the_reader_survives(case):
    """Hostile values, keys, rows, collections and threads end in the border's errors, or values."""
    # The debug allocator overwrites what is freed, so that a stale address is noticed.
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"}
    env["PYTHONMALLOC"] = "debug"
    seed = os.environ.get("FEATURELIB_FUZZ_SEED", "1")
    command = [sys.executable, str(SCRIPT), case, seed, str(ROUNDS)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == "survived\n"
