"""Runs the benchmarks and puts their tables into docs/benchmarks.md, in place of those of before.

python -m benchmarks [--quick] [--only one_row,batch] [--out docs/benchmarks.md]

With --quick nothing is written unless --out says where.

The page `windows` takes a quarter of an hour: python -m benchmarks --only windows
The page `live` takes seven minutes: python -m benchmarks --only live
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import os
import time
from pathlib import Path

from benchmarks.document import joined, merged, section
from benchmarks.tables import machine

PAGES = (
    *("one_row", "micro_batch", "batch", "flights", "texts", "torch_dataset", "stream", "served"),
    *("staged", "windows", "live", "serving", "serving_path", "serving_front", "cold_start"),
    *("compile_time", "ptx_time", "import_time", "client"),
)
LONG = ("windows", "live")
"""Pages of minutes to a quarter of an hour: they run when they are asked for by name."""
_WHOLE = tuple(page for page in PAGES if page not in LONG)
_FILE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Made by `make bench`; do not edit. Contestants take turns in one run; times are medians, ratios are
medians of the ratios of each turn, which move much less. Peers compute the same values, checked in
the run; where another library rounds differently the distance is given. Above each table stands the
command for it alone, when it ran, and how busy the machine was at its start. What needs a GPU is
not here (`benchmarks/device.py`).

{machine}

"""


def main() -> None:
    """Runs what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows, few turns: does it run?")
    parser.add_argument("--only", default=",".join(_WHOLE), help="pages, by commas")
    parser.add_argument("--out", type=Path, help=f"the file ({_FILE.name} in docs/)")
    given = parser.parse_args()
    pages = [p for p in given.only.split(",") if p]
    unknown = [p for p in pages if p not in PAGES]
    if unknown:
        parser.error(f"no page {unknown[0]!r}; pages are {', '.join(PAGES)}")
    out = given.out or (None if given.quick else _FILE)
    for page in pages:
        start, when = time.perf_counter(), f"{dt.date.today()}, load {os.getloadavg()[0]:.1f}"
        made = importlib.import_module(f"benchmarks.{page}").measure(given.quick)
        for table in made:
            print(table.markdown(), flush=True)
        print(f"({page}: {time.perf_counter() - start:.0f} s)\n", flush=True)
        if out is not None:  # after each page: who ends a long run keeps what it has measured
            old = out.read_text() if out.exists() else ""
            new = {page: "\n".join(section(table, page, when) for table in made)}
            out.write_text(joined(_HEAD.format(machine=machine()), merged(old, new, PAGES)))
            print(f"written: {out}")


if __name__ == "__main__":
    main()
