"""The check of the public API: what breaks a caller is found, and passes with a major version."""

import shutil

import pytest

from serving_example.client.public_api import BASELINE, SOURCE, breaks, is_major, problems, rendered
from serving_example.client.public_types import retyped

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
    # A type that some callers do not give, one that they do not expect, a default.
    "films.py": ("    model_digest: str\n", "    model_digest: bytes | None\n"),
    "async_client.py": ("        min_offset: int = 0,", "        min_offset: bool = False,"),
    # What who has written an observer would have to write, too.
    "observe.py": ("class Observer(Protocol):\n", "class Observer(Protocol):\n    began: int\n\n"),
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
    "Recommendation.model_digest: Field type was changed (str, now bytes | None)",
    "AsyncClient.recommend(min_offset): Parameter type was changed (int, now bool)",
    "AsyncClient.recommend: Parameter default was changed (min_offset)",
    "Observer.began: who has written this protocol does not have it",
    "compatibility.compare: Public object was removed (compare)",
)


@pytest.fixture(scope="module")
def promised() -> str:
    """The API as it is."""
    return rendered(SOURCE)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The API of a copy of the source with all breaks in it."""
    folder = tmp_path_factory.mktemp("broken")
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
    for name, (old, new) in BREAKS.items():
        file = folder / "featurelib_client" / name
        text = file.read_text()
        assert text.count(old) == 1, f"{name} has changed: write another break for it"
        file.write_text(text.replace(old, new))
    return rendered(folder)


def test_the_package_keeps_what_the_last_release_promised(promised: str) -> None:
    """What `make check` runs: nothing that was public is gone or needs more arguments."""
    assert problems(BASELINE.read_text(encoding="utf-8"), promised) == []


def test_each_break_is_named_and_fails_without_a_major_version(promised: str, broken: str) -> None:
    """A removed argument, knob, name or base and a new required argument: each has its line."""
    found = "\n".join(problems(promised, broken))
    assert all(name in found for name in NAMED), found
    assert "keep what was there" in found.splitlines()[-1]


def test_a_major_version_may_break(promised: str, broken: str) -> None:
    """The same breaks are found, and are no problem."""
    major = broken.replace("featurelib-client 0.", "featurelib-client 1.", 1)
    assert problems(promised, major) == [] != breaks(promised, major)


def test_what_is_added_breaks_nobody(promised: str) -> None:
    """An optional argument more, a name more."""
    more = promised.replace("min_offset: int = 0,", "min_offset: int = 0, mood: str = '',")
    more = more.replace("class About:", "class Added:\n    pass\n\nclass About:")
    assert more != promised and problems(promised, more) == []


TYPES = [
    ("int", "int", True, True), ("int", "float", True, False), ("bool", "float", True, False),
    ("int", "str", False, False), ("int", "int | None", True, False),
    ("int", "object", True, False), ("int | None", "None | int", True, True),
    ("int | str", "int", False, True),
    ("list[int]", "Iterable[int]", True, False), ("list[int]", "list[str]", False, False),
    ("tuple[int, ...]", "Sequence[int]", True, False),
    ("tuple[int, str]", "Sequence[int]", False, False),
    ("Sequence[int]", "list[int]", False, True),
    ("dict[str, Any]", "Mapping[str, Any]", True, False),
    ("Callable[[int], str]", "Callable[[int], str]", True, True),
    ("Callable[[int], str]", "Callable[[str], str]", False, False),
]  # fmt: skip
"""Before, after; whether a parameter, and whether a return or field may change so."""


@pytest.mark.parametrize("before, after, may_take, may_give", TYPES)
def test_what_is_taken_may_grow_and_what_is_given_may_shrink(
    before: str, after: str, may_take: bool, may_give: bool
) -> None:
    """A caller gives what he gave and gets what he expects; a protocol he has written himself."""
    taken = "def f(x: {}): ..."
    given = "class C:\n    def f(self) -> {}: ...\n"
    field = "class C:\n    x: {}\n"
    written = "class P(Protocol):\n    def f(self, x: {}) -> None: ...\n"
    for form, may in ((taken, may_take), (given, may_give), (field, may_give)):
        assert (retyped(form.format(before), form.format(after), "m") == []) is may, form
    is_same = before == after
    assert (retyped(written.format(before), written.format(after), "m") == []) is is_same


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
