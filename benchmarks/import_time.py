"""What an import costs over what it stands on, each time in a new process."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.tables import Table

_BASE = """import numpy, pydantic
class Model(pydantic.BaseModel):
    x: float
    y: str | None
"""
_TIMED = """import time
start = time.perf_counter()
{code}
print(time.perf_counter() - start)
"""
CODES = {
    "numpy, pydantic, one model": _BASE,
    "+ featurelib": _BASE + "import featurelib\n",
    "numpy, pydantic, one model, numba": _BASE + "import numba\n",
    "+ featurelib_online": _BASE + "import numba\nimport featurelib_online\n",
}
BUDGETS_S = {"+ featurelib": 0.08, "+ featurelib_online": 0.15}


def measure(quick: bool) -> list[Table]:
    """The table of this page."""
    rounds = 1 if quick else 15
    found: dict[str, list[float]] = {name: [] for name in CODES}
    with tempfile.TemporaryDirectory() as place:
        env = dict(os.environ) if quick else with_bytecode(Path(place))
        for code in () if quick else CODES.values():
            _seconds(code, env)
        for _ in range(rounds):
            for name, code in CODES.items():
                found[name].append(_seconds(code, env))
    table = Table("Imports", ("what", "s", "over the line before", "budget"))
    before: list[float] = []
    for name, seconds in found.items():
        over = ""
        if name in BUDGETS_S:
            over = f"{statistics.median(a - b for a, b in zip(seconds, before, strict=True)):.3f}"
        budget = f"{BUDGETS_S[name]:.2f}" if name in BUDGETS_S else ""
        table.rows.append((name, f"{statistics.median(seconds):.3f}", over, budget))
        before = seconds
    table.notes = [f"{rounds} processes each, in turns; bytecode is there, as after an install."]
    return [table]


def with_bytecode(place: Path) -> dict[str, str]:
    """The environment, with bytecode kept below `place` whatever this process was told."""
    env = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    return {**env, "PYTHONPYCACHEPREFIX": str(place / "bytecode")}


def _seconds(code: str, env: dict[str, str]) -> float:
    command = [sys.executable, "-c", _TIMED.format(code=code)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    return float(done.stdout)
