"""What it costs to read a row: nanoseconds a value by type, and a row of 13 numbers and 26 texts.

python benchmarks/measure_reader.py

Best of many repetitions; each figure includes the call and the loop around it, given as "empty".
"literal" is a row whose keys are the schema's own objects in its order, "parsed" one from
`json.loads`, "reversed" one in another order. The last line is what `itemgetter` alone takes.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from featurelib import dtypes
from featurelib.dtypes import DType
from featurelib.fields import Field, InputSchema
from featurelib_online.read_plan import ReadPlan
from featurelib_online.read_values import READ

VALUES: list[tuple[DType, Any]] = [
    (dtypes.FLOAT64, 1.5), (dtypes.FLOAT64, 3), (dtypes.FLOAT32, 0.1), (dtypes.INT64, 5),
    (dtypes.BOOL, True), (dtypes.STRING, "hello"), (dtypes.DATE, dt.date(2020, 1, 2)),
    (dtypes.DATETIME, dt.datetime(2020, 1, 2, 3, 4, 5, 6, dt.UTC)),
    (dtypes.DURATION, dt.timedelta(3, 4, 5)), (dtypes.FLOAT64, None),
]  # fmt: skip


def best_ns(fn: Callable[[Any], Any], argument: Any, calls: int = 4000, times: int = 30) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        for _ in range(calls):
            fn(argument)
        best = min(best, (time.perf_counter() - start) / calls)
    return 1e9 * best


def readings(fields: list[Field], values: list[Any]) -> dict[str, float]:
    plan = ReadPlan(InputSchema("row", tuple(fields)))
    literal = dict(zip(plan._keys, values, strict=True))
    parsed = {"".join(list(k)): v for k, v in literal.items()}
    rows = {"literal": literal, "parsed": parsed, "reversed": dict(reversed(literal.items()))}
    assert all(plan._read_row(row) == READ for row in rows.values())
    return {name: best_ns(plan._read_row, row) for name, row in rows.items()}


def main() -> None:
    empty = best_ns(ReadPlan(InputSchema("empty", ()))._read_row, {})
    print(f"empty {empty:.0f} ns")
    for dtype, value in VALUES:
        fields = [Field(f"x{i}", dtype, nullable=True) for i in range(40)]
        costs = {n: (t - empty) / 40 for n, t in readings(fields, [value] * 40).items()}
        shown = "  ".join(f"{n} {t:5.1f}" for n, t in costs.items())
        print(f"{dtype!s:14} {type(value).__name__:10} ns a value  {shown}")
    fields = [Field(f"i{i}", dtypes.FLOAT64, nullable=True) for i in range(13)]
    fields += [Field(f"c{i}", dtypes.STRING, nullable=True) for i in range(26)]
    values = [1.5 * i for i in range(13)] + [f"{7919 * i:08x}" for i in range(26)]
    shown = "  ".join(f"{n} {t:5.0f}" for n, t in readings(fields, values).items())
    print(f"row of 13 numbers and 26 texts, ns  {shown}")
    row = json.loads(json.dumps(dict(zip((f.name for f in fields), values, strict=True))))
    print(f"itemgetter of the 39 keys, ns  {best_ns(itemgetter(*row), row):.0f}")


if __name__ == "__main__":
    main()
