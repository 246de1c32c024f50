"""The lock's file: one text for one content, made for merges, and refused when it is torn."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featurelib.errors import LockFileError
from featurelib.release.lock_file import LockFile

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
ENTRIES = st.dictionaries(
    NAMES.map(lambda n: f"op {n}"),
    st.fixed_dictionaries({"body": st.text("0123456789abcdef", min_size=4, max_size=8)}),
    max_size=12,
)
HEAD = '{"format":1,"recipe":1}\n'
A, B = '["op a@1",{"body":"00"}]\n', '["op b@1",{"body":"11"}]\n'


@given(ENTRIES)
def test_a_lock_is_read_as_it_was_written(entries: dict) -> None:
    """Content and order survive; the text is the same whatever order entries came in."""
    lock = LockFile(1, entries)
    again = LockFile.from_text(lock.to_text(), "here")
    assert again == lock and again.is_ordered
    assert LockFile(1, dict(reversed(entries.items()))).to_text() == lock.to_text()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(base=ENTRIES, ours=ENTRIES, theirs=ENTRIES)
def test_branches_that_add_entries_merge_or_conflict(
    base: dict, ours: dict, theirs: dict, tmp_path: Path
) -> None:
    """Git's own merge of two branches has both their entries, or is refused: never a torn lock."""
    sides = {"ours": {**ours, **base}, "base": base, "theirs": {**theirs, **base}}
    for name, entries in sides.items():
        LockFile(1, entries).save(tmp_path / name)
    done = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"],
        cwd=tmp_path, capture_output=True, timeout=60,
    )  # fmt: skip
    merged = done.stdout.decode()
    if done.returncode:
        with pytest.raises(LockFileError, match=r"an unsolved merge|stands there"):
            LockFile.from_text(merged, "here")
        return
    assert LockFile.from_text(merged, "here").entries == {**theirs, **ours, **base}


@pytest.mark.parametrize("mark", ["<<<<<<< HEAD", "=======", ">>>>>>> topic", "||||||| 12ab34"])
def test_a_merge_conflict_is_named(mark: str) -> None:
    """The line, and the way out: choose, then run the command again."""
    with pytest.raises(LockFileError, match=r"featurelib\.lock:3: an unsolved merge") as refused:
        LockFile.from_text(f"{HEAD}{A}{mark}\n{B}", "featurelib.lock")
    assert "then run `featurelib lock`" in str(refused.value)


def test_a_conflict_in_the_first_line_is_named() -> None:
    """Two branches of two recipes: the conflict is at the head of the file."""
    text = f"<<<<<<< HEAD\n{HEAD}=======\n{HEAD.replace(':1}', ':2}')}>>>>>>> topic\n{A}"
    with pytest.raises(LockFileError, match=r"lock:1: an unsolved merge"):
        LockFile.from_text(text, "lock")


def test_a_conflict_that_was_solved_by_keeping_both_is_refused() -> None:
    """One name with two contents: a release has one; the same line twice is said as that."""
    other = A.replace("00", "22")
    with pytest.raises(LockFileError, match=r"lock:3: `op a@1` stands there with two contents"):
        LockFile.from_text(HEAD + A + other, "lock")
    with pytest.raises(LockFileError, match="stands there twice"):
        LockFile.from_text(HEAD + A + A, "lock")


def test_another_order_is_read_and_noticed() -> None:
    """A merge by hand may leave lines in another order: they are read, and `lock` orders them."""
    lock = LockFile.from_text(HEAD + B + A, "lock")
    assert not lock.is_ordered
    assert LockFile.from_text(lock.to_text(), "lock").is_ordered


DAMAGED = {
    "empty": "",
    "no head": A,
    "no JSON": HEAD + "op a@1\n",
    "no pair": HEAD + '["op a@1"]\n',
    "no name": HEAD + '[1,{"body":"00"}]\n',
    "no entry": HEAD + '["op a@1",1]\n',
    "a list inside": HEAD + '["op a@1",{"body":[]}]\n',
    "a float": HEAD + '["op a@1",{"body":1.5}]\n',
    "an empty line": HEAD + "\n" + A,
    "recipe": '{"format":1,"recipe":"1"}\n',
    "format": '{"format":true,"recipe":1}\n',
    "cut off": HEAD + A[:-5],
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_lock_is_refused(text: str) -> None:
    """What is no lock is refused with its line, and the way back."""
    with pytest.raises(LockFileError, match=r"lock:\d+: the lock is damaged") as refused:
        LockFile.from_text(text, "lock")
    assert "git checkout" in str(refused.value)


def test_a_newer_format_is_refused() -> None:
    """A lock that a later featurelib wrote asks for it."""
    with pytest.raises(LockFileError, match="format 2") as refused:
        LockFile.from_text('{"format":2,"recipe":1}\n', "lock")
    assert "pip install -U featurelib" in str(refused.value)


def test_line_ends_of_another_system_are_read(tmp_path: Path) -> None:
    """Git may write CRLF in a working tree: the content is the same."""
    path = tmp_path / "featurelib.lock"
    path.write_bytes((HEAD + A + B).replace("\n", "\r\n").encode())
    assert LockFile.read(path).is_ordered


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A lock is UTF-8."""
    path = tmp_path / "featurelib.lock"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(LockFileError, match="damaged"):
        LockFile.read(path)
