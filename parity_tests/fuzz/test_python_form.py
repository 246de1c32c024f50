"""The form of the reader that a fuzzer watches sees what machine code would pass over."""

from __future__ import annotations

import json

import numpy as np
import pytest

from featurelib_online.read_plan import ReadPlan
from parity_tests.fuzz.checked_memory import Memory, of_array, of_text
from parity_tests.fuzz.python_form import BothForms
from parity_tests.fuzz.target import altered
from parity_tests.online.json_texts import ROW, Small

TEXT = json.dumps([ROW] * 5).encode()


def test_an_address_outside_is_refused() -> None:
    """One byte before, one behind, a store into a text: the same loads inside are values."""
    words, text = np.arange(4, dtype=np.int64), b"ab"
    held = of_text(text)
    memory = Memory([of_array(words)])
    memory.hold(held)
    at, call = words.ctypes.data, memory.functions()
    assert [call["peek_i64"](at + 8 * i) for i in range(4)] == [0, 1, 2, 3]
    assert [call["peek_u8"](held.start + i) for i in range(3)] == [97, 98, 0]
    call["poke_i16"](at + 2, -1)
    assert words[0] == 0xFFFF0000
    for name, address in (
        ("peek_u8", at - 1), ("peek_i64", at + 25), ("peek_u8", held.stop), ("peek_u8", 0),
    ):  # fmt: skip
        with pytest.raises(AssertionError, match="load from"):
            call[name](address)
    with pytest.raises(AssertionError, match="store to"):
        call["poke_i8"](held.start, 1)
    memory.hold()
    with pytest.raises(AssertionError, match="load from"):
        call["peek_u8"](held.start)


def test_another_answer_or_another_byte_is_noticed() -> None:
    """Both forms agree on a text of several steps; a form that differs by one number does not."""
    forms = BothForms(ReadPlan(Small.input_schema(), capacity=2))
    forms.read(TEXT)
    forms.read(b"[{}]")
    objects = forms.functions["_objects"]
    forms.functions["_objects"] = lambda *args: objects(*args) + 1
    with pytest.raises(AssertionError, match="machine code answers"):
        forms.read(TEXT)

    def scribble(state: int, text: int) -> int:
        n: int = objects(state, text)
        forms.functions["poke_i64"](state + 8, 3)
        return n

    forms.functions["_objects"] = scribble
    with pytest.raises(AssertionError):
        forms.read(TEXT)


def test_json_is_altered_as_json() -> None:
    """Half of a fuzzer's alterations reach beyond the parser; what is no JSON is left to bytes."""
    made = {altered(TEXT, seed) for seed in range(40)}
    assert len(made - {TEXT, None}) > 20
    assert all(
        json.loads(text.decode("utf-8", "surrogatepass")) is not ... for text in made if text
    )
    assert altered(b"[1", 3) is None
