"""A state is one vector of bytes: bounded, whole after every call, and never misread."""

from __future__ import annotations

import datetime as dt
import random

import numpy as np
import pytest

from featurelib.errors import StateError, StateFormatError, StateVersionError
from featurelib_online import stream
from parity_tests.windows import strategies
from parity_tests.windows.strategies import ORIGIN
from parity_tests.windows.streamed import Told, compiled, long_history, plain


def made() -> stream.Stream:
    """Sums over a window of hours, which compaction may forget."""
    return compiled("numbers", "x", ("left", "tiles"), 100, True, 6, 2)


def filled(n: int = 300) -> stream.State:
    """A state that has been told a history."""
    state = made().new()
    for row in long_history(5, n, False):
        made().apply(state, row)
    return state


def test_a_state_is_read_back_from_its_bytes() -> None:
    """From bytes, a bytearray, a memoryview or an array; and it is another vector."""
    state = filled()
    for form in (bytes(state), bytearray(state.vector), memoryview(state.vector), state.vector):
        copy = made().load(form)
        assert copy == state and copy.address != state.address


def test_every_flipped_byte_is_refused() -> None:
    """In the header, in sums, in events and in what is not used yet."""
    whole = bytearray(filled(40).vector)
    for at in range(len(whole)):
        damaged = whole.copy()
        damaged[at] ^= 1 << (at % 8)
        with pytest.raises(StateError):
            made().load(damaged)


def test_every_cut_is_refused() -> None:
    """Whole words that are missing, a part of a word, everything; and bytes too many."""
    whole = bytes(filled(70))
    lengths = [0, 1, 7, 8, 40, 104, 128, len(whole) - 1, len(whole) - 8, len(whole) // 2]
    for length in lengths:
        with pytest.raises(StateFormatError, match=f"{length} bytes"):
            made().load(whole[:length])
    with pytest.raises(StateFormatError):
        made().load(whole + bytes(8))


def test_noise_is_refused() -> None:
    """Random bytes, and a good header before random bytes."""
    random_ = np.random.default_rng(1)
    whole = np.array(filled().vector)
    for size in (8, 64, 4096):
        with pytest.raises(StateFormatError, match="no state"):
            made().load(random_.integers(0, 256, size, np.uint8))
    whole[200:] = random_.integers(0, 256, whole.size - 200, np.uint8)
    with pytest.raises(StateFormatError, match="damaged"):
        made().load(whole)


def test_a_state_of_another_definition_is_refused() -> None:
    """Another argument, another bound of what is kept; the message says the way out."""
    data = bytes(filled())
    for other in (("twice", 100), ("x", 64)):
        reader = compiled("numbers", other[0], ("left", "tiles"), other[1], True, 6, 2)
        with pytest.raises(StateVersionError, match=r"another definition.*\n.*a new one"):
            reader.load(data)


def test_a_longer_window_reads_the_same_state() -> None:
    """The length of a window is a question, not a content."""
    longer = compiled("numbers", "x", ("long", "tiles"), 100, True, 6, 2)
    state = longer.load(bytes(filled()))
    assert longer.query(state, ORIGIN + dt.timedelta(days=1)).reasons["long_sum"] == "beyond_kept"


def test_a_state_stays_within_its_bound() -> None:
    """It grows as events come, up to a bound that does not depend on how many come."""
    state = made().new()
    sizes = set()
    for row in long_history(9, 2000, True):
        made().apply(state, row)
        sizes.add(state.nbytes)
        assert state.events <= 100
    about = made().describe(state)
    assert len(sizes) > 1 and max(sizes) <= about["max_bytes"] and about["events"] == 100
    assert about["newest_not_kept"] <= about["oldest"] <= about["newest"]


def test_bytes_are_whole_after_every_record() -> None:
    """A store may take them at any time."""
    state = made().new()
    for row in long_history(2, 400, True):
        made().apply(state, row)
        assert made().load(state.vector) == state


def test_compaction_keeps_the_answers() -> None:
    """The vector is smaller, the answers are equal."""
    state = filled(200)
    small = made().compact(state)
    assert small.nbytes < state.nbytes
    for row in long_history(5, 200, False)[::20]:
        found, expected = (made().query(s, row["got"]) for s in (small, state))
        assert plain(list(found.values())) == plain(list(expected.values()))
        assert found.reasons == expected.reasons


def test_compaction_forgets_what_no_later_query_reaches() -> None:
    """Queries from that moment on are answered as before, older ones by `beyond_kept`."""
    rows = long_history(11, 90, False)
    state, told = made().new(), Told(made().definition)
    for row in rows:
        made().apply(state, row)
        told.hear(row)
    later = rows[40]["got"] + dt.timedelta(hours=4)  # the longest window, with its first tile
    small = made().compact(state, later)
    told.check(made(), small, [strategies.microseconds(later) + k for k in (0, 1, 10**9)])
    assert small.events < state.events
    early = made().query(small, rows[5]["got"])
    assert early["left_sum"] is None and early.reasons["left_sum"] == "beyond_kept"


def test_a_snapshot_and_a_tail_give_the_state_of_the_whole_stream() -> None:
    """Where they overlap, each event counts once."""
    rows = long_history(4, 250, True)
    for seed in range(5):
        cut = random.Random(seed).randrange(20, 230)
        snapshot, tail, whole = made().new(), made().new(), made().new()
        for i, row in enumerate(rows):
            made().apply(whole, row)
            if i < cut:
                made().apply(snapshot, row)
            if i >= cut - 15:
                made().apply(tail, row)
        merged = made().compact(made().merge(snapshot, tail))
        assert merged == made().compact(whole)
        assert merged == made().compact(made().merge(tail, snapshot))
