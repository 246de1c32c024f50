"""The state of one entity: a vector of bytes that any store can hold."""

from __future__ import annotations

import struct
from functools import cache
from typing import Any

import numpy as np

from featurelib.errors import InputError, StateError, StateFormatError, StateVersionError
from featurelib.jit.addresses import address_of
from featurelib.jit.windows import entries
from featurelib.jit.windows import layout as at
from featurelib.jit.windows.checking import CUT_OFF, DAMAGED, GOOD, NO_STATE
from featurelib.jit.windows.plan import Plan

Array = np.ndarray[Any, Any]
MAGIC = at.MAGIC.to_bytes(8, "little")
_HEADER = struct.Struct(f"<{at.S_END + 1}q")
FAMILY = MAGIC[:7]
"""With what states of every layout begin."""


class FrozenState:
    """The state of one entity, to be asked. Made by `Stream.view`; a `State` is one too.

    Attributes:
        words: The vector as int64.
        address: Where it lies.
    """

    __slots__ = ("address", "words")

    def __init__(self, words: Array) -> None:
        self.words = words
        self.address = address_of(words)

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
        if not isinstance(other, FrozenState):
            return NotImplemented
        return np.array_equal(self.words, other.words)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<state of {self.events} events in {self.nbytes} bytes>"


class State(FrozenState):
    """The state of one entity, made, read and changed by a `Stream`.

    One thread at a time may use a state. Its bytes are whole after every call, and `words` is
    another vector after it has grown.
    """

    __slots__ = ()

    def replace(self, words: Array) -> None:
        """Puts another vector in the place of this one."""
        self.words = words
        self.address = address_of(words)


class Viewer:
    """Makes states over bytes that stay as they are: see `Stream.view`.

    Args:
        plan: Of the definition that the states are to be of.
        where: The source's name, for errors.
    """

    def __init__(self, plan: Plan, where: str) -> None:
        self._plan, self._where = plan, where
        self._digest = tuple(plan.words[at.P_DIGEST : at.P_DIGEST_2 + 1].tolist())
        # A query has memory for the largest state there is.
        self._bounds = (plan.max_capacity, plan.events.source.max_events)
        self._words = cache(plan.state_words)  # of no more capacities than there are

    def view(self, data: Any) -> FrozenState:
        """A state over bytes; of their content only the header is looked at.

        Raises:
            StateFormatError: They are no state, or cut off.
            StateVersionError: They are the state of another definition, or of another layout.
        """
        size = memoryview(data).nbytes
        if size % 8 or size < 8 * at.HEADER:
            raise self._refused(data, CUT_OFF)
        magic, one, two, words, _, _, capacity, first, end = _HEADER.unpack_from(data)
        if magic != at.MAGIC or 8 * words != size or (one, two) != self._digest:
            raise self._refused(data, CUT_OFF)
        largest, most = self._bounds
        if (
            capacity > largest
            or end - first > most
            or not 0 <= first <= end <= capacity
            or self._words(capacity) > words
        ):
            raise self._refused(data, DAMAGED)
        return FrozenState(np.frombuffer(data, np.int64))

    def _refused(self, data: Any, found: int) -> StateError:
        return _refused(np.frombuffer(data, np.uint8), self._plan, self._where, found)


def only_asked(where: str, state: FrozenState) -> InputError:
    """Why an event does not change a view."""
    return InputError(
        f"{where}: {state!r} is only to be asked, and events change a state",
        hint="Stream.load(bytes) makes one that may change",
    )


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
    raise _refused(raw, plan, where, found)


def _refused(raw: Array, plan: Plan, where: str, found: int) -> StateError:
    """Why bytes are not taken: by `found`, if they are a state of this layout and definition."""
    words: Array = np.zeros(max(at.HEADER, -(-raw.size // 8)), np.int64)
    words.view(np.uint8)[: raw.size] = raw
    if words[at.S_MAGIC] == at.MAGIC and raw.size >= 24 and not _is_of(words, plan):
        return of_other_definition(words, plan, where)
    if raw.size >= 8 and bytes(raw[:7]) == FAMILY and bytes(raw[:8]) != MAGIC:
        return StateVersionError(
            f"{where}: the state has the layout {bytes(raw[:8])!r}, expected {MAGIC!r}",
            hint="read it with the featurelib that made it, or apply the events to a new one",
        )
    if words[at.S_MAGIC] != at.MAGIC:
        found = NO_STATE
    wrong = {
        NO_STATE: f"no state: it begins with {bytes(raw[:8])!r}",
        CUT_OFF: f"a state that was cut off: {raw.size} bytes are there",
    }.get(found, "a damaged state: its checksum differs from its content")
    return StateFormatError(
        f"{where}: the vector of {raw.size} bytes is {wrong}",
        hint="take it from the store again, or apply the events to a new state",
    )


def check_definition(state: FrozenState, plan: Plan, where: str) -> None:
    """Refuses a state that another definition made.

    Raises:
        StateVersionError: See above.
    """
    if not _is_of(state.words, plan):
        raise of_other_definition(state.words, plan, where)


def of_other_definition(words: Array, plan: Plan, where: str) -> StateVersionError:
    """The error about a state that another definition made."""
    return StateVersionError(
        f"{where}: the state was made with another definition of the aggregates "
        f"(digest {_hex(words)}, expected {_hex(plan.words, at.P_DIGEST)})",
        hint="read it with the bundle that it was made with, or apply the events to a new one",
    )


def _is_of(words: Array, plan: Plan) -> bool:
    """Whether the words of a state are of a plan."""
    its: list[int] = words[at.S_DIGEST : at.S_DIGEST_2 + 1].tolist()
    mine: list[int] = plan.words[at.P_DIGEST : at.P_DIGEST_2 + 1].tolist()
    return its == mine


def _hex(words: Array, start: int = at.S_DIGEST) -> str:
    return words[start : start + 2].tobytes().hex()[:12]
