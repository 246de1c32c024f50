"""Columns into the slots of a kernel: at once in machine code where all is plain, else in Python.

What columns of such types need is a plan, made when they first come and found again by comparing
types, not by reading them anew. A plan says yes or nothing: whatever is not plainly right (a null
where none may be, a value out of range, a producer that fails) is read again by
`featurelib_online/columns.py`, whose words the error has. So the table of the border holds in one
place, and the quick way is a subset of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from featurelib.bundle import Bundle
from featurelib.errors import InputError
from featurelib.jit.addresses import address_of
from featurelib.jit.kernel import Array
from featurelib_online.arrow_c import Handed, hand_over, is_arrow, read_type
from featurelib_online.columns import is_pandas, read_columns
from featurelib_online.entry_functions import entry_functions
from featurelib_online.entry_plan import Fields, Made
from featurelib_online.mapping_plan import HandedColumns, MappingPlan, given_types
from featurelib_online.table_plan import TablePlan, schema_words
from featurelib_online.vectors import one_by_one

_MOST_PLANS = 16
"""Kinds of columns that are remembered for a kernel."""


class Entered(NamedTuple):
    """Columns as a program reads them.

    Attributes:
        words: Two an input of the program: the addresses of its values and of its flags, or 0.
        sizes: Of each field of the schema (see `Fields`).
        data: What was given, or handed over.
        made: Its columns, which must live until the program has run and its texts are copied.
    """

    words: Array
    sizes: Array
    data: Any
    made: Made

    @property
    def rows(self) -> int:
        """How many."""
        return self.made.rows

    def free(self) -> None:
        """Says that nothing looks at the columns any more. Optional: the next call is quicker."""
        if self.made.free is not None:
            self.made.free()

    def sharing(self, start: int, stop: int) -> int:
        """The number of a field whose values lie between two addresses in part; -1 for none."""
        words, sizes = address_of(self.made.words), address_of(self.sizes)
        return entry_functions().sharing(words, sizes, len(self.sizes), self.rows, start, stop)


class ColumnEntry:
    """Lets columns into a program. Safe to call from many threads.

    Args:
        bundle: Its schema says what the columns must become.
        inputs: The inputs of the program, in order.
    """

    def __init__(self, bundle: Bundle, inputs: Sequence[str]) -> None:
        self._bundle = bundle
        self._fields = Fields(bundle)
        order = [bundle.schema.names.index(n) for n in inputs]
        self._order = np.array([w for k in order for w in (2 * k, 2 * k + 1)], np.int64)
        self._tables: list[TablePlan] = []
        self._mappings: list[MappingPlan] = []

    def read(self, data: Any) -> Entered:
        """The columns, checked.

        Args:
            data: See `featurelib_online.columns.read_columns`.

        Raises:
            InputError: See there.
        """
        if type(data) is dict:
            data = one_by_one(data, self._bundle.name)
            made = self._quick(self._mapping, data)
        elif is_arrow(data) and not isinstance(data, Mapping) and not is_pandas(data):
            data = hand_over(data)
            made = self._quick(self._table, data)
        else:
            made = None
        if made is None:
            columns, rows = read_columns(data, self._bundle)
            words = np.empty(2 * len(columns), np.int64)
            keep = self._fields.put(dict(enumerate(columns.values())), rows, words)
            made = Made(rows, words, keep)
        return Entered(made.words[self._order], self._fields.sizes, data, made)

    def _quick(self, way: Callable[[Any], Made | None], data: Any) -> Made | None:
        try:
            return way(data)
        except InputError:  # it is raised again, by its turn among all errors
            return None

    def _table(self, handed: Handed) -> Made | None:
        if len(handed.arrays) != 1:
            return None
        for plan in self._tables:
            made = plan.enter(handed)
            if made is not None:
                return made
        kind = read_type(handed.schema)
        words = schema_words(kind)
        if kind.format != "+s" or any(plan.schema == words for plan in self._tables):
            return None
        self._tables = [TablePlan(kind, self._fields), *self._tables[: _MOST_PLANS - 1]]
        return self._tables[0].enter(handed)

    def _mapping(self, data: Mapping[Any, Any]) -> Made | None:
        data = dict(data)  # another thread may change what was given
        names, columns = tuple(data), list(data.values())
        kinds, handed = tuple(map(type, columns)), HandedColumns(columns)
        for plan in self._mappings:
            if plan.kinds == kinds and plan.names == names:
                made = plan.enter(columns, handed) if plan.is_quick else None
                if made is not None:
                    return made
        given = given_types(names, columns, handed, self._fields)
        if given is None or any(
            p.given == tuple(given) and p.kinds == kinds and p.names == names
            for p in self._mappings
        ):
            return None
        plan = MappingPlan(names, kinds, given, self._fields)
        self._mappings = [plan, *self._mappings[: _MOST_PLANS - 1]]
        return plan.enter(columns, handed) if plan.is_quick else None
