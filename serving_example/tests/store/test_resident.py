"""A store's file in memory before it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving_example.store import Batch, Put, View
from serving_example.store.lmdb_store import LmdbStore
from serving_example.store.resident import Resident

VIEW = View("vector", b"resident")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of some megabytes, closed."""
    store = LmdbStore(tmp_path)
    store.write(Batch([Put(VIEW, key, VIEW.vector(bytes(40_000), 1, 1)) for key in range(100)]))
    store.close()
    return tmp_path


def mapped_bytes(file: Path) -> int:
    """How much of a file this process can read without a fault: proc_pid_smaps(5)."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    for line in lines:
        if line.endswith(str(file)):
            return 1024 * next(int(more.split()[1]) for more in lines if more.startswith("Rss:"))
    raise AssertionError(f"{file} is not mapped")


def test_all_pages_of_a_resident_store_are_there_before_one_is_asked_for(folder: Path) -> None:
    """A store that is opened to be resident has its whole file mapped; another has not."""
    file = folder / "data.mdb"
    lazy = LmdbStore(folder)
    assert mapped_bytes(file) < file.stat().st_size / 2
    lazy.close()
    store = LmdbStore(folder, is_resident=True)
    assert store.resident is not None
    store.resident.join()
    assert mapped_bytes(file) == file.stat().st_size == store.resident.done_bytes
    assert store.get(VIEW, 7) == VIEW.vector(bytes(40_000), 1, 1)
    store.close()


def test_a_file_beyond_the_memory_is_left_where_it_is(folder: Path) -> None:
    """What does not fit into memory would push itself out: it is read as it is asked for."""
    store = LmdbStore(folder)
    file = folder / "data.mdb"
    made = Resident(file, memory=file.stat().st_size)
    made.join()
    assert made.done_bytes == 0
    assert store.get(VIEW, 7) is not None
    store.close()


def test_a_file_that_is_not_mapped_is_no_error(folder: Path) -> None:
    """Reading ahead is a help and never a condition: where it cannot be done nothing is."""
    made = Resident(folder / "data.mdb")
    made.join()
    assert made.done_bytes == 0
    made.close()
