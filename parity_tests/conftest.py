"""Rules for the whole suite."""

from __future__ import annotations

import compileall
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

_ROOT = Path(__file__).parents[1]
_TOGETHER = ("parity_tests/device/", "parity_tests/windows/")
"""Folders whose tests compile much in common that no file keeps: one process does it once."""
_ADDRESS = re.compile(r"\bat 0x[0-9a-f]+")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A name is the same in every process: pytest-xdist compares the names of its workers."""
    for item in items:
        if _ADDRESS.search(item.nodeid):
            raise pytest.UsageError(f"{item.nodeid}: an address in a test's name; give it an id")


def pytest_configure(config: pytest.Config) -> None:
    """Bytecode is there before tests start processes, which may be forbidden to write it.

    How long Hypothesis takes to draw an example says how busy the machine is, and fails no test.
    """
    settings.register_profile(
        "featurelib", settings.default, deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    settings.load_profile("featurelib")
    if not hasattr(config, "workerinput"):
        for package in ("featurelib", "featurelib_offline", "featurelib_online"):
            compileall.compile_dir(_ROOT / package, quiet=2)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """With `-n`, a process gets whole files: what a module makes for its tests is made once.

    What compiles takes most of the time of a run that finds no machine code, and two processes
    that come to the same function at once both compile it.
    """
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return next((folder for folder in _TOGETHER if file.startswith(folder)), file)

    return Scheduling(config, log)
