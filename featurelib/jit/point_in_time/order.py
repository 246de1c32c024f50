"""Rows in groups by entity, and each group in the order of time, sequence and id."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from featurelib.jit.point_in_time.lazily import lazily
from featurelib.jit.windows.memory import helper

__all__ = ["group_rows", "order_word", "sort_groups"]

_SHORT = 24
"""Rows of a group that are sorted by insertion; a merge begins with pieces of this length."""

_CODES = types.Array(types.uint32, 1, "C", readonly=True)
_ROWS = types.Array(types.uint32, 1, "C")
_TIMES = types.Array(types.int64, 1, "C", readonly=True)
_WORDS = types.Array(types.uint64, 1, "C", readonly=True)
_OUT = types.Array(types.int64, 1, "C")


def order_word(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Integers of 64 bits as unsigned words in the same order; a UInt64 is its own word."""
    if values.dtype == np.uint64:
        return values
    return values.astype(np.int64, copy=False).view(np.uint64) ^ np.uint64(1 << 63)


@lazily(types.void(_CODES, _OUT, _ROWS))
def _group(codes, offsets, rows):  # pragma: no cover - machine code
    for i in range(codes.size):
        offsets[codes[i] + 1] += 1
    for g in range(1, offsets.size):
        offsets[g] += offsets[g - 1]
    # `offsets[g]` walks to the end of its group, which is where the next one begins.
    for i in range(codes.size):
        g = codes[i]
        rows[offsets[g]] = i
        offsets[g] += 1
    for g in range(offsets.size - 1, 0, -1):
        offsets[g] = offsets[g - 1]
    offsets[0] = 0


def group_rows(
    codes: np.ndarray[Any, Any], groups: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Rows by group, in their own order within a group.

    Args:
        codes: The group of each row, uint32 below `groups`.
        groups: How many there are.

    Returns:
        `groups` + 1 offsets (int64), and the rows (uint32) that stand between them.
    """
    offsets = np.zeros(groups + 1, np.int64)
    rows = np.empty(len(codes), np.uint32)
    _group(codes, offsets, rows)
    return offsets, rows


@helper
def _stands_before(x, y, sequence, has_sequence, ids, has_ids):  # pragma: no cover - machine code
    """Whether row x must stand before row y of the same time."""
    if has_sequence and sequence[x] != sequence[y]:
        return sequence[x] < sequence[y]
    return has_ids and ids[x] < ids[y]


@helper
def _sort_times(times, rows, begin, end, spare_times, spare_rows):  # pragma: no cover
    """Sorts rows and their times by time, stably: insertion in pieces, then merges of pieces."""
    for low in range(begin, end, _SHORT):
        high = min(low + _SHORT, end)
        for i in range(low + 1, high):
            t, r, j = times[i], rows[i], i - 1
            while j >= low and times[j] > t:
                times[j + 1], rows[j + 1] = times[j], rows[j]
                j -= 1
            times[j + 1], rows[j + 1] = t, r
    width = _SHORT
    while width < end - begin:
        for low in range(begin, end, 2 * width):
            middle = min(low + width, end)
            high = min(low + 2 * width, end)
            if middle >= high or times[middle - 1] <= times[middle]:
                continue
            n = middle - low
            spare_times[:n] = times[low:middle]
            spare_rows[:n] = rows[low:middle]
            i, j, k = 0, middle, low
            while i < n:
                if j < high and times[j] < spare_times[i]:
                    times[k], rows[k] = times[j], rows[j]
                    j += 1
                else:
                    times[k], rows[k] = spare_times[i], spare_rows[i]
                    i += 1
                k += 1
        width *= 2


@helper
def _sort_ties(
    rows, begin, end, sequence, has_sequence, ids, has_ids, spare
):  # pragma: no cover - machine code
    """Sorts rows of one time by sequence and id, stably."""
    for low in range(begin, end, _SHORT):
        high = min(low + _SHORT, end)
        for i in range(low + 1, high):
            r, j = rows[i], i - 1
            while j >= low and _stands_before(r, rows[j], sequence, has_sequence, ids, has_ids):
                rows[j + 1] = rows[j]
                j -= 1
            rows[j + 1] = r
    width = _SHORT
    while width < end - begin:
        for low in range(begin, end, 2 * width):
            middle = min(low + width, end)
            high = min(low + 2 * width, end)
            if middle >= high:
                continue
            n = middle - low
            spare[:n] = rows[low:middle]
            i, j, k = 0, middle, low
            while i < n:
                if j < high and _stands_before(
                    rows[j], spare[i], sequence, has_sequence, ids, has_ids
                ):
                    rows[k] = rows[j]
                    j += 1
                else:
                    rows[k] = spare[i]
                    i += 1
                k += 1
        width *= 2


@lazily(
    types.int64(
        _TIMES, _WORDS, types.boolean, _WORDS, types.boolean, _OUT, _ROWS, _OUT,
        types.int64, types.int64,
    ),
)  # fmt: skip
def _sort(
    time, sequence, has_sequence, ids, has_ids, offsets, rows, times, first, last
):  # pragma: no cover - machine code
    """Sorts groups `first` to `last` - 1; gives how many neighbours are one event."""
    longest = np.int64(0)
    for g in range(first, last):
        longest = max(longest, offsets[g + 1] - offsets[g])
    spare_times = np.empty(longest, np.int64)
    spare_rows = np.empty(longest, np.uint32)
    same = np.int64(0)
    for g in range(first, last):
        begin, end = offsets[g], offsets[g + 1]
        is_sorted, has_ties = True, False
        for i in range(begin, end):
            t = time[rows[i]]
            times[i] = t
            if i > begin:
                is_sorted &= times[i - 1] <= t
                has_ties |= times[i - 1] == t
        if not is_sorted:
            _sort_times(times, rows, begin, end, spare_times, spare_rows)
            has_ties = True
        if not has_ties:
            continue
        low = begin
        while low < end:
            high = low + 1
            while high < end and times[high] == times[low]:
                high += 1
            if high - low > 1:
                _sort_ties(rows, low, high, sequence, has_sequence, ids, has_ids, spare_rows)
                for i in range(low + 1, high):
                    x, y = rows[i - 1], rows[i]
                    if (not has_sequence or sequence[x] == sequence[y]) and (
                        has_ids and ids[x] == ids[y]
                    ):
                        same += 1
            low = high
    return same


_NO_WORDS = np.zeros(0, np.uint64)


def sort_groups(
    time: np.ndarray[Any, Any],
    sequence: np.ndarray[Any, Any] | None,
    ids: np.ndarray[Any, Any] | None,
    offsets: np.ndarray[Any, Any],
    rows: np.ndarray[Any, Any],
    times: np.ndarray[Any, Any],
    first: int,
    last: int,
) -> int:
    """Sorts the rows of some groups by time, sequence and id, in place.

    Args:
        time: Of each row.
        sequence: Words of each row, None if there is no order among events of one time.
        ids: Words of each row; None leaves rows of one time and sequence as they stand.
        offsets: See `group_rows`.
        rows: See `group_rows`; these are sorted.
        times: Filled with the times of `rows`.
        first: The first group to sort.
        last: One after the last group to sort.

    Returns:
        How many rows have time, sequence and id of the row before them.
    """
    words = _NO_WORDS if sequence is None else sequence
    names = _NO_WORDS if ids is None else ids
    return int(
        _sort(
            time, words, sequence is not None, names, ids is not None, offsets, rows, times,
            first, last,
        )
    )  # fmt: skip
