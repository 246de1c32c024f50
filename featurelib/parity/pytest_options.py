"""What pytest knows of featurelib before an option asks for more: the options.

An install has this file as the module ``featurelib_pytest`` alone, and that is its entry point for
pytest. pytest imports the entry points of everything that is installed, in every run of
every project; a module inside the package would bring NumPy and pydantic with it. This one stands
alone, and loads the tests (`featurelib.parity.plugin`, `featurelib.release.plugin`) when it is
asked for some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = ["pytest_addoption", "pytest_configure"]

_ENTRY, _PARITY, _RELEASE = "featurelib", "featurelib.parity.plugin", "featurelib.release.plugin"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The options of the plugin."""
    if pluginmanager.has_plugin(_ENTRY) and pluginmanager.has_plugin(_PARITY):
        return  # -p named it as well: whoever came first has added them
    group = parser.getgroup("featurelib", "tests of feature sets")
    group.addoption(
        "--featurelib", action="store_true", default=False,
        help="test the feature sets that [tool.featurelib] of pyproject.toml names, and the lock",
    )  # fmt: skip
    group.addoption(
        "--featurelib-set", action="append", default=[], metavar="MODULE:NAME",
        help="a feature set, or a bundle's file; may be given several times",
    )  # fmt: skip
    group.addoption("--featurelib-rows", type=int, default=5000, help="rows to generate")
    group.addoption("--featurelib-seed", type=int, default=0, help="of the generated rows")
    group.addoption("--featurelib-data", metavar="FILE", help="rows to fit on and to compare too")
    group.addoption(
        "--featurelib-events", action="append", default=[], metavar="SOURCE=FILES",
        help="records of an event source, which the rows of --featurelib-data are queries about",
    )  # fmt: skip
    group.addoption(
        "--featurelib-golden", metavar="FOLDER",
        help="golden data (default: what pyproject.toml names, or golden_data)",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Loads the tests where an option asks for them."""
    plugins = config.pluginmanager
    is_all = config.getoption("featurelib", False)
    if is_all or (config.getoption("featurelib_set", None) and not plugins.has_plugin(_PARITY)):
        plugins.import_plugin(_PARITY)
        plugins.import_plugin(_RELEASE)
