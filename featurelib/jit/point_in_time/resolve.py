"""From records to events: duplicates become one, withdrawals say when an event is gone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types

from featurelib.jit.point_in_time.lazily import lazily
from featurelib.jit.windows.layout import NEVER
from featurelib.jit.windows.memory import helper

__all__ = ["NEVER", "Events", "resolve"]

_ROWS = types.Array(types.uint32, 1, "C")
_TIMES = types.Array(types.int64, 1, "C")
_GIVEN = types.Array(types.int64, 1, "C", readonly=True)
_WORDS = types.Array(types.uint64, 1, "C", readonly=True)
_FLAGS = types.Array(types.uint8, 1, "C", readonly=True)
_VALUES = types.Array(types.uint64, 2, "C")
_VALID = types.Array(types.uint8, 2, "C")


class Events(NamedTuple):
    """Events in groups, each group in the order of time, sequence, arrival and id.

    Attributes:
        offsets: Where each group begins; one more than there are groups.
        rows: The record that has an event's values, uint32.
        time: Event times.
        arrival: Arrivals; `NEVER` if only withdrawals of it are known. None if it is the time.
        gone: Arrivals of withdrawals, `NEVER` where there is none. None if nothing is withdrawn.
    """

    offsets: np.ndarray[Any, Any]
    rows: np.ndarray[Any, Any]
    time: np.ndarray[Any, Any]
    arrival: np.ndarray[Any, Any] | None
    gone: np.ndarray[Any, Any] | None


@helper
def _merge(r, best, values, valid, passes):
    """Two records came at one moment: each argument is the smaller of theirs, null first."""
    for k in range(values.shape[0]):
        if valid[k, r] == 0:
            valid[k, best] = 0
            values[k, best] = np.uint64(0)
        elif valid[k, best] != 0:
            values[k, best] = min(values[k, best], values[k, r])
    for k in range(passes.shape[0]):
        passes[k, best] &= passes[k, r]


@lazily(
    types.int64(
        _WORDS, types.boolean, _WORDS, _GIVEN, types.boolean, _FLAGS, types.boolean,
        _VALUES, _VALID, _VALID, _TIMES, _ROWS, _TIMES, _TIMES, _TIMES,
    ),
)  # fmt: skip
def _resolve(
    sequence, has_sequence, ids, given, has_arrival, dead, has_dead, values, valid, passes,
    offsets, rows, times, arrival, gone,
):  # fmt: skip # pragma: no cover - machine code
    """Closes up the groups in place, one place an event; gives how many events there are."""
    never = np.int64(NEVER)
    out = np.int64(0)
    begin = np.int64(0)
    for g in range(offsets.size - 1):
        end = offsets[g + 1]
        i = begin
        while i < end:
            first = rows[i]
            t = times[i]
            a, d, best = never, never, first
            while i < end:
                r = rows[i]
                if times[i] != t or ids[r] != ids[first]:
                    break
                if has_sequence and sequence[r] != sequence[first]:
                    break
                at = given[r] if has_arrival else t
                if has_dead and dead[r] != 0:
                    d = min(d, at)
                elif at < a:
                    a, best = at, r
                elif at == a:
                    _merge(r, best, values, valid, passes)
                i += 1
            # Events of one time and sequence stand by arrival, then by id, which they come in.
            j = out
            while j > offsets[g] and times[j - 1] == t and arrival[j - 1] > a:
                before = rows[j - 1]
                if has_sequence and sequence[before] != sequence[first]:
                    break
                rows[j], times[j], arrival[j], gone[j] = (
                    before, times[j - 1], arrival[j - 1], gone[j - 1]
                )  # fmt: skip
                j -= 1
            rows[j], times[j], arrival[j], gone[j] = best, t, a, d
            out += 1
        begin = end
        offsets[g + 1] = out
    return out


_NO_TIMES = np.zeros(0, np.int64)
_NO_WORDS = np.zeros(0, np.uint64)
_NO_FLAGS = np.zeros(0, np.uint8)


def resolve(
    offsets: np.ndarray[Any, Any],
    rows: np.ndarray[Any, Any],
    times: np.ndarray[Any, Any],
    ids: np.ndarray[Any, Any],
    values: np.ndarray[Any, Any],
    valid: np.ndarray[Any, Any],
    passes: np.ndarray[Any, Any],
    *,
    sequence: np.ndarray[Any, Any] | None = None,
    arrival: np.ndarray[Any, Any] | None = None,
    dead: np.ndarray[Any, Any] | None = None,
) -> Events:
    """The events of sorted records (`sort_groups`), whose arrays are overwritten.

    Args:
        offsets: Where each group begins.
        rows: Records, sorted.
        times: Their times, in the same order.
        ids: The id's word of each record, by record.
        values: The words of each argument, (arguments, records). Where duplicates came at one
            moment, those of one of them are overwritten with the event's.
        valid: One byte each, 0 for null; overwritten likewise.
        passes: One byte each, 0 where a filter does not pass, (filters, records); likewise.
        sequence: The sequence's word by record.
        arrival: By record.
        dead: One byte a record, not 0 for a withdrawal.
    """
    came = np.empty(len(rows), np.int64)
    gone = np.empty(len(rows), np.int64)
    count = _resolve(
        _NO_WORDS if sequence is None else sequence, sequence is not None, ids,
        _NO_TIMES if arrival is None else arrival, arrival is not None,
        _NO_FLAGS if dead is None else dead, dead is not None,
        values, valid, passes, offsets, rows, times, came, gone,
    )  # fmt: skip
    is_timely = arrival is None and dead is None
    return Events(
        offsets,
        rows[:count],
        times[:count],
        None if is_timely else came[:count],
        None if dead is None else gone[:count],
    )
