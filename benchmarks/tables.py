"""What a run found, as tables of Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

PACKAGES = (
    *("numpy", "polars", "pyarrow", "pandas", "numba", "llvmlite", "scikit-learn"),
    *("onnxruntime", "xxhash", "polars-hash", "torch", "msgspec", "numba-cuda"),
)


@dataclass
class Table:
    """One table.

    Attributes:
        title: Its heading.
        header: Names of the columns.
        rows: Cells, as text.
        notes: Sentences below it: what was compared, and how equal it was.
    """

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """The table with heading and notes."""
        widths = [
            max(len(r[i]) for r in [self.header, *self.rows]) for i in range(len(self.header))
        ]
        lines = [_line(self.header, widths)]
        lines.append(
            "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
        )
        lines += [_line(row, widths) for row in self.rows]
        notes = "".join(f"\n- {note}" for note in self.notes)
        return f"## {self.title}\n\n" + "\n".join(lines) + "\n" + (notes + "\n" if notes else "")


def _line(cells: Iterable[str], widths: list[int]) -> str:
    return "| " + " | ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)) + " |"


def machine() -> str:
    """The machine and what runs on it, on one line."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {name}")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{_cpu()}, {os.cpu_count()} cores, {python}, {', '.join(found)}"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor() or platform.machine()


def microseconds(seconds: float) -> str:
    """`1.23`, in microseconds."""
    us = seconds * 1e6
    return f"{us:.2f}" if us < 100 else f"{us:,.0f}"


def times(ratio: float) -> str:
    """`1.23x`."""
    return f"{ratio:.2f}x" if ratio < 100 else f"{ratio:,.0f}x"
