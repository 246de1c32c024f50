"""States that are only asked, and the values of their events."""

from __future__ import annotations

import functools

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib.errors import InputError, StateFormatError, StateVersionError
from featurelib.windows import define, rows
from featurelib_online import stream
from parity_tests.soak import amount, examples
from parity_tests.windows import strategies
from parity_tests.windows.streamed import compiled, long_history, plain

KEPT = 200
COLUMNS = {"n": np.int64, "u": np.uint64, "x": np.float64, "flag": np.int64}

NARROW = {"seq": pl.Int32, "f": pl.Float32, "u": pl.UInt64}


@functools.cache
def made() -> stream.Stream:
    """For columns of four kinds the last values, with and without those of the moment itself."""
    things = strategies.source(max_events=KEPT, late_h=None, ahead_h=None)
    asked = {}
    for closed in ("left", "both"):
        window = things.over(rows(KEPT, closed=closed))
        for name in COLUMNS:
            asked[f"{name}_{closed}"] = window.last_k(fl.col(name), KEPT)
    return stream.compile(define(asked))


@examples(10, 300)
@given(
    st.integers(0, 2**32), st.integers(0, amount(90, KEPT)), st.booleans(), st.integers(-40, 400)
)
def test_values_are_those_of_a_question_for_all_of_them(
    seed: int, n: int, wild: bool, minutes: int
) -> None:
    """Whatever came late, twice, or was withdrawn: what `last_k` lists, without its definition."""
    state = made().new()
    for row in long_history(seed, n, wild):
        made().apply(state, row)
    view = made().view(bytes(state))
    q = strategies.microseconds(strategies.ORIGIN) + 60_000_000 * minutes
    answers = made().query(view, q)
    assert plain([*answers.values()]) == plain([*made().query(state, q).values()])
    for name, kind in COLUMNS.items():
        for closed in ("left", "both"):
            got = made().values(view, f"{name}_{closed}", q)
            assert got.dtype == kind
            wanted = np.array(answers[f"{name}_{closed}"], kind)
            assert got.tobytes() == wanted.tobytes()
            # Beside others it is the same: those of each state end where it is told.
            reader, moments = made().value_reader(f"{name}_{closed}"), [q, q, q - 1, q]
            several, ends = reader.read([view, None, state, view], moments)
            assert ends.tolist()[:2] == [len(got)] * 2
            before = made().values(state, f"{name}_{closed}", q - 1)
            assert several.tobytes() == got.tobytes() + before.tobytes() + got.tobytes()


def state_of(n: int) -> stream.State:
    state = made().new()
    for row in long_history(7, n, False):
        made().apply(state, row)
    return state


def test_a_view_is_not_copied_and_does_not_change() -> None:
    """It lies over the bytes that were given, and events are refused; a loaded state takes them."""
    state, row = state_of(90), long_history(8, 1, False)[0]
    data = np.array(state.vector)
    view = made().view(data.data)
    assert view == state and view.address == data.ctypes.data and view.nbytes == state.nbytes
    with pytest.raises(InputError, match=r"only to be asked(.|\n)*Stream\.load"):
        made().apply(view, row)  # type: ignore[arg-type]
    assert view == state
    states: dict[str, stream.State] = {"ann": view}  # type: ignore[dict-item]
    with pytest.raises(InputError, match="only to be asked"):
        made().apply_columns(states, pl.DataFrame([row], schema_overrides=NARROW))
    assert view == state


def test_a_view_of_something_else_is_refused() -> None:
    """Bytes that are cut, noise, another definition's, and a header that says too much."""
    whole = bytes(state_of(90))
    for length in (0, 1, 8, 40, 104, len(whole) - 8, len(whole) - 1):
        with pytest.raises(StateFormatError, match=f"{length} bytes"):
            made().view(whole[:length])
    with pytest.raises(StateFormatError, match="no state"):
        made().view(np.random.default_rng(0).integers(0, 256, 4096, np.uint8).data)
    other = bytes(compiled("numbers", "x", ("left", "tiles"), 100, True, 6, 2).new())
    with pytest.raises(StateVersionError, match=r"another definition"):
        made().view(other)
    for word, value in ((6, 1 << 40), (7, -1), (8, 1 << 20)):
        words = np.frombuffer(whole, np.int64).copy()
        words[word] = value
        with pytest.raises(StateFormatError, match="damaged"):
            made().view(words.view(np.uint8).data)


def test_values_are_asked_by_an_aggregate_of_the_stream() -> None:
    """One that counts has no argument; a state of another stream is refused."""
    numbers = compiled("numbers", "x", ("left", "tiles"), 100, True, 6, 2)
    with pytest.raises(InputError, match=r"'none'(.|\n)*n_left"):
        made().values(made().new(), "none", 0)
    with pytest.raises(StateVersionError, match="another definition"):
        made().values(numbers.new(), "n_left", 0)
    reader = made().value_reader("x_left")
    with pytest.raises(StateVersionError, match="another definition"):
        reader.read([None, made().new(), numbers.new()], [0, 0, 0])
