"""The two hot functions of a stream as builtins: one call into machine code, no Numba dispatcher.

A call of a builtin costs a tenth of a call of a dispatcher with five arguments.
"""

from __future__ import annotations

# mypy: ignore-errors
from collections.abc import Callable
from functools import lru_cache

from featurelib.jit.cache import plain_address
from featurelib.jit.windows import entries
from featurelib.jit.windows.plain import call_plain
from featurelib_online.cpython_api import long_as_address, long_from_i64, tuple_get
from featurelib_online.reader import STAMP_VALUE, builtin_of


@lru_cache(maxsize=1)
def _compiled() -> tuple[int, int]:
    """Addresses of `apply` and `query`."""

    def apply(self, state):
        plan, columns = long_as_address(tuple_get(self, 1)), long_as_address(tuple_get(self, 2))
        record, at = long_as_address(tuple_get(self, 3)), long_as_address(state)
        code = long_as_address(tuple_get(self, 0))
        return long_from_i64(call_plain(code, at, plan, columns, 0, record))

    def query(self, asked):
        plan, work = long_as_address(tuple_get(self, 1)), long_as_address(tuple_get(self, 2))
        state, q = long_as_address(tuple_get(asked, 0)), long_as_address(tuple_get(asked, 1))
        starts, code = long_as_address(tuple_get(asked, 2)), long_as_address(tuple_get(self, 0))
        return long_from_i64(call_plain(code, state, plan, work, q, starts))

    stamp = str(STAMP_VALUE)
    return plain_address(apply, stamp), plain_address(query, stamp)


def bind_apply(plan: int, columns: int, record: int) -> Callable[[int], int]:
    """A function of a state's address: applies the record that stands in the columns.

    The addresses are those of `featurelib.jit.windows.entries.apply_row`; what they point to must
    outlive the function.
    """
    code = _compiled()[0]
    made: Callable[[int], int] = builtin_of(
        "apply_record", code, (entries.apply_row.address, plan, columns, record)
    )
    return made


def bind_query(plan: int, work: int) -> Callable[[tuple[int, int, int]], int]:
    """A function of (address of a state, query time, address of calendar starts): asks.

    It gives the number of nulls, or `OTHER_DEFINITION`; the answers stand at the front of the
    workspace.
    """
    code = _compiled()[1]
    made: Callable[[tuple[int, int, int]], int] = builtin_of(
        "query_state", code, (entries.query_state.address, plan, work)
    )
    return made
