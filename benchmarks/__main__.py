"""Runs the benchmarks and writes docs/benchmarks.md.

python -m benchmarks [--quick] [--only one_row,batch] [--out docs/benchmarks.md]

The page `windows` takes a quarter of an hour: python -m benchmarks --only windows
The page `live` takes some minutes: python -m benchmarks --only live
"""

from __future__ import annotations

import argparse
import importlib
import time
from pathlib import Path

from benchmarks.tables import Table, machine

PAGES = (
    *("one_row", "micro_batch", "batch", "flights", "torch_dataset", "stream", "served", "staged"),
    *("windows", "live", "serving", "compile_time", "ptx_time", "import_time"),
)
LONG = ("windows", "live")
"""Pages of minutes to a quarter of an hour: they run when they are asked for by name."""
_WHOLE = tuple(page for page in PAGES if page not in LONG)
_HEAD = """# Benchmarks

Made by `{command}`; do not edit. Contestants take turns in one run; times are medians, ratios are
medians of the ratios of each turn, which move much less. Peers compute the same values, checked in
the run; where another library rounds differently the distance is given. Above each table stands the
command for it alone; what needs a GPU is not here (`benchmarks/device.py`).

{machine}

"""


def main() -> None:
    """Runs what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows, few turns: does it run?")
    parser.add_argument("--only", default=",".join(_WHOLE), help="pages, by commas")
    parser.add_argument("--out", type=Path, help="the file (default: docs/benchmarks.md, or none)")
    given = parser.parse_args()
    pages = [p for p in given.only.split(",") if p]
    unknown = [p for p in pages if p not in PAGES]
    if unknown:
        parser.error(f"no page {unknown[0]!r}; pages are {', '.join(PAGES)}")
    whole = not given.quick and tuple(pages) == _WHOLE
    out = given.out or (Path(__file__).parent.parent / "docs" / "benchmarks.md" if whole else None)
    text: list[str] = []
    here = machine()
    for page in pages:
        start = time.perf_counter()
        made = importlib.import_module(f"benchmarks.{page}").measure(given.quick)
        for table in made:
            print(table.markdown(), flush=True)
        print(f"({page}: {time.perf_counter() - start:.0f} s)\n", flush=True)
        text += [_with_command(table, page) for table in made]
    if out is not None:
        out.write_text(_HEAD.format(command="make bench", machine=here) + "\n".join(text))
        print(f"written: {out}")


def _with_command(table: Table, page: str) -> str:
    heading, rest = table.markdown().split("\n\n", 1)
    return f"{heading}\n\n`python -m benchmarks --only {page}`\n\n{rest}"


if __name__ == "__main__":
    main()
