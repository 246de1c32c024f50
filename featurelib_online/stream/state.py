"""The state of one entity: a vector of bytes that any store can hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from featurelib.errors import StateFormatError, StateVersionError
from featurelib.jit.windows import entries
from featurelib.jit.windows import layout as at
from featurelib.jit.windows.checking import CUT_OFF, GOOD, NO_STATE, OTHER_DEFINITION
from featurelib.jit.windows.plan import Plan

Array = np.ndarray[Any, Any]
MAGIC = at.MAGIC.to_bytes(8, "little")
FAMILY = MAGIC[:7]
"""With what states of every layout begin."""


class State:
    """The state of one entity, made and read by a `Stream`.

    One thread at a time may use a state. Its bytes are whole after every call.

    Attributes:
        words: The vector as int64; another one after the state has grown.
        address: Where it lies.
    """

    __slots__ = ("address", "words")

    def __init__(self, words: Array) -> None:
        self.replace(words)

    def replace(self, words: Array) -> None:
        """Puts another vector in the place of this one."""
        self.words = words
        self.address = int(words.ctypes.data)

    @property
    def vector(self) -> Array:
        """The state as bytes, uint8, not copied: what a store keeps."""
        return self.words.view(np.uint8)

    @property
    def events(self) -> int:
        """How many events are kept, withdrawn ones included."""
        return int(self.words[at.S_END] - self.words[at.S_FIRST])

    @property
    def nbytes(self) -> int:
        """Bytes of the vector."""
        return int(self.words.nbytes)

    def __bytes__(self) -> bytes:
        return self.words.tobytes()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, State):
            return NotImplemented
        return np.array_equal(self.words, other.words)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<state of {self.events} events in {self.nbytes} bytes>"


def loaded(data: Any, plan: Plan, where: str) -> State:
    """A state from its bytes, which are copied and checked before anything is read from them.

    Raises:
        StateFormatError: They are no state, cut off or damaged.
        StateVersionError: They are the state of another definition, or of another layout.
    """
    raw = np.frombuffer(data, np.uint8)
    words: Array = np.zeros(-(-raw.size // 8), np.int64)
    words.view(np.uint8)[: raw.size] = raw
    scratch = np.zeros(plan.check_words, np.int64)
    found = (
        entries.check_state(words.ctypes.data, words.size, plan.address, scratch.ctypes.data)
        if raw.size % 8 == 0
        else CUT_OFF
        if words.size and words[at.S_MAGIC] == at.MAGIC
        else NO_STATE
    )
    if found == GOOD:
        return State(words)
    if found == OTHER_DEFINITION:
        raise of_other_definition(words, plan, where)
    if raw.size >= 8 and bytes(raw[:7]) == FAMILY and bytes(raw[:8]) != MAGIC:
        raise StateVersionError(
            f"{where}: the state has the layout {bytes(raw[:8])!r}, expected {MAGIC!r}",
            hint="read it with the featurelib that made it, or apply the events to a new one",
        )
    wrong = {
        NO_STATE: f"no state: it begins with {bytes(raw[:8])!r}",
        CUT_OFF: f"a state that was cut off: {raw.size} bytes are there",
    }.get(found, "a damaged state: its checksum differs from its content")
    raise StateFormatError(
        f"{where}: the vector of {raw.size} bytes is {wrong}",
        hint="take it from the store again, or apply the events to a new state",
    )


def check_definition(state: State, plan: Plan, where: str) -> None:
    """Refuses a state that another definition made.

    Raises:
        StateVersionError: See above.
    """
    mine, its = plan.words[[at.P_DIGEST, at.P_DIGEST_2]], state.words[[at.S_DIGEST, at.S_DIGEST_2]]
    if not np.array_equal(mine, its):
        raise of_other_definition(state.words, plan, where)


def of_other_definition(words: Array, plan: Plan, where: str) -> StateVersionError:
    """The error about a state that another definition made."""
    return StateVersionError(
        f"{where}: the state was made with another definition of the aggregates "
        f"(digest {_hex(words)}, expected {_hex(plan.words, at.P_DIGEST)})",
        hint="read it with the bundle that it was made with, or apply the events to a new one",
    )


def _hex(words: Array, start: int = at.S_DIGEST) -> str:
    return words[start : start + 2].tobytes().hex()[:12]
