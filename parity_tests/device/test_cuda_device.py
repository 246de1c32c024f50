"""The page that calls NVIDIA's driver, through the real cuda.core, on a stand-in for the driver."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CASES = Path(__file__).parent / "driver_cases.py"


def test_the_driver_is_asked_in_the_right_way() -> None:
    """`driver_cases.py` passes, in a process of its own: a process has one driver for good."""
    # Python ends without giving back memory of a driver that ends with it.
    code = "import os, sys, pytest; os._exit(pytest.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "-q", "-p", "no:cacheprovider", str(CASES)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=CASES.parents[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
