"""Rules for the whole suite."""

from __future__ import annotations

import compileall
import gc
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from parity_tests.soak import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.scheduler import LoadScopeScheduling

_ROOT = Path(__file__).parents[1]
_TOGETHER = {
    "parity_tests/device/": "ops",
    "parity_tests/parity/test_every_op": "ops",
    "parity_tests/windows/": "windows",
    "parity_tests/parity/test_event_": "windows",
}
"""What compiles the same, minutes of it: one process does it once, and begins with it."""
_PACKAGES = (
    "featurelib", "featurelib_offline", "featurelib_online", "parity_tests", "serving_example"
)  # fmt: skip
_REWRITTEN = re.compile(r"/(test_\w+|conftest)\.py$")
"""What pytest compiles in its own way."""
_ADDRESS = re.compile(r"\bat 0x[0-9a-f]+")


def _scope(nodeid: str) -> str:
    """What one process takes whole."""
    file = nodeid.partition("::")[0]
    return next((name for start, name in _TOGETHER.items() if file.startswith(start)), file)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected lives as long as the process: no search for garbage walks it again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, so that all processes end at once; then what has most tests.

    A name is the same in every process: pytest-xdist compares the names of its workers.
    """
    sizes = Counter(_scope(item.nodeid) for item in items)

    def place(item: pytest.Item) -> tuple[bool, int]:
        scope = _scope(item.nodeid)
        return scope not in _TOGETHER.values(), -sizes[scope]

    items.sort(key=place)
    for item in items:
        if _ADDRESS.search(item.nodeid):
            raise pytest.UsageError(f"{item.nodeid}: an address in a test's name; give it an id")


def pytest_configure(config: pytest.Config) -> None:
    """Bytecode is there before tests start processes, which may be forbidden to write it.

    How long Hypothesis takes to draw an example says how busy the machine is, and fails no test.
    """
    settings.register_profile(
        "featurelib", settings.default, max_examples=amount(50, soak=1_000), deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    settings.load_profile("featurelib")
    if not hasattr(config, "workerinput"):
        for package in _PACKAGES:
            compileall.compile_dir(_ROOT / package, quiet=2, rx=_REWRITTEN)


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
            return _scope(nodeid)

    config.option.loadscopereorder = False  # they come in the order of the items
    return Scheduling(config, log)
