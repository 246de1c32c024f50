"""The batch plan under both of Polars' engines, native lowerings taken and not taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.parity.engines import Engine, Outputs, pieces
from featurelib.parity.values import Rows, Values
from featurelib_offline import transform
from featurelib_offline.columns import series, series_column

__all__ = ["POLARS_ENGINES", "PolarsEngine", "frame_of", "rows_values"]


@dataclass(frozen=True)
class PolarsEngine:
    """`featurelib_offline.transform` over a frame in memory.

    Attributes:
        engine: Which engine of Polars runs the plan.
        native: ``auto`` as in production, ``never`` (all in the column kernel) or ``always``.
        in_pieces: Whether the frame consists of slices of many lengths, at odd offsets.
    """

    engine: Literal["in-memory", "streaming"]
    native: Literal["auto", "never", "always"] = "auto"
    in_pieces: bool = False

    @property
    def name(self) -> str:
        """For reports."""
        way = {"auto": "", "never": ", column kernel", "always": ", native"}[self.native]
        return f"polars {self.engine}{way}"

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`."""
        frame = _in_pieces(rows) if self.in_pieces else frame_of(rows)
        made = transform(bundle, frame, engine=self.engine, native=self.native)
        return {
            name: rows_values(made[name], node.dtype)
            for name, node in bundle.program.outputs.items()
        }


def frame_of(rows: Rows) -> pl.DataFrame:
    """The rows as a Polars frame in the types of the schema."""
    return pl.DataFrame([series(n, v.column(), v.dtype) for n, v in rows.columns.items()])


def rows_values(values: pl.Series, dtype: DType) -> Values:
    """A series of a frame by its bits."""
    return Values.of_column(series_column(values.rechunk(), dtype), dtype)


def _in_pieces(rows: Rows) -> pl.DataFrame:
    """A frame of many chunks: each a slice that starts inside its buffers, and inside a byte."""
    order = np.arange(len(rows))
    shifted = frame_of(rows.take(np.concatenate([order[:3], order])))
    skip = len(shifted) - len(rows)
    parts = [shifted.slice(skip + start, stop - start) for start, stop in pieces(len(rows))]
    return pl.concat(parts, rechunk=False)


POLARS_ENGINES: list[Engine] = [
    PolarsEngine("in-memory"),
    PolarsEngine("streaming", in_pieces=True),
    PolarsEngine("in-memory", "never", in_pieces=True),
    PolarsEngine("streaming", "never"),
]
