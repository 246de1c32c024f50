"""The check of the public API: what breaks a caller is found, and passes with a major version."""

import shutil
from pathlib import Path

import pytest

from serving_example.client.public_api import BASELINE, SOURCE, breaks, is_major, problems, rendered

BREAKS = {
    # An argument that callers name.
    "client.py": ("        model: str | None = None,\n        min_offset", "        min_offset"),
    # A knob that is gone, and with it an argument of `Settings`.
    "settings.py": ("    hedge: bool = False\n", ""),
    # What is not in `__all__` can be imported no more.
    "__init__.py": ('"Taken", ', ""),
    # Who catches TimeoutError would not catch it any more.
    "errors.py": ("class DeadlineError(CallError, TimeoutError)", "class DeadlineError(CallError)"),
    # An argument that all callers would have to give.
    "trace.py": ("def passing_on(", "def passing_on(needed: int, "),
    # A function of another public module.
    "compatibility.py": ('"built_for", "compare"]', '"built_for"]'),
}
NAMED = (
    "Client.recommend: Parameter was removed (model)",
    "Settings.__init__: Parameter was removed (hedge)",
    "Settings.hedge: Public object was removed (hedge)",
    "featurelib_client.Taken: Public object was removed (Taken)",
    "DeadlineError: Base class was removed (CallError, TimeoutError)",
    "passing_on: Parameter was added as required (needed)",
    "compatibility.compare: Public object was removed (compare)",
)


def changed(folder: Path, version: str = "") -> Path:
    """A copy of the source with all breaks in it."""
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
    package = folder / "featurelib_client"
    for name, (old, new) in BREAKS.items():
        text = (package / name).read_text()
        assert text.count(old) == 1, f"{name} has changed: write another break for it"
        (package / name).write_text(text.replace(old, new))
    if version:
        (package / "version.py").write_text(f'__version__ = "{version}"\n')
    return folder


@pytest.fixture(scope="module")
def promised() -> str:
    """The API as it is."""
    return rendered(SOURCE)


def test_the_package_keeps_what_the_last_release_promised() -> None:
    """What `make check` runs: nothing that was public is gone or needs more arguments."""
    assert problems(BASELINE.read_text(encoding="utf-8"), SOURCE) == []


def test_each_break_is_named_and_fails_without_a_major_version(
    promised: str, tmp_path: Path
) -> None:
    """A removed argument, knob, name or base and a new required argument: each has its line."""
    found = "\n".join(problems(promised, changed(tmp_path)))
    assert all(name in found for name in NAMED), found
    assert "keep what was there" in found.splitlines()[-1]


def test_a_major_version_may_break(promised: str, tmp_path: Path) -> None:
    """The same breaks are found, and are no problem."""
    source = changed(tmp_path, "1.0.0")
    assert problems(promised, source) == [] != breaks(promised, rendered(source))


def test_what_is_added_breaks_nobody(promised: str, tmp_path: Path) -> None:
    """An optional argument more, a name more."""
    shutil.copytree(SOURCE, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "featurelib_client" / "client.py"
    text = file.read_text().replace(
        "        min_offset: int", "        mood: str = '',\n        min_offset: int"
    )
    file.write_text(text)
    assert problems(promised, tmp_path) == []


@pytest.mark.parametrize(
    "old, new, may",
    [
        ("0.1.0", "0.1.9", False), ("0.1.0", "0.2.0", True), ("0.2.0", "0.1.0", False),
        ("1.4.0", "1.5.0", False), ("1.4.0", "2.0.0", True), ("0.9.0", "1.0.0", True),
        ("2.0.0", "1.9.0", False), ("1.9.0", "1.10.0", False), ("9.0.0", "10.0.0", True),
    ],
)  # fmt: skip
def test_which_versions_may_break(old: str, new: str, may: bool) -> None:
    """A larger first number; while it is 0, a larger second one."""
    assert is_major(old, new) is may
