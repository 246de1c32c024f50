"""`transform`: the features of a frame, as the same kind of frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from featurelib.bundle import Bundle, as_bundle
from featurelib.errors import DefinitionError
from featurelib.feature_set import FeatureSet
from featurelib_offline.frames import read_frame
from featurelib_offline.plan import Native, plan
from featurelib_offline.point_in_time import with_aggregates

__all__ = ["Collected", "Engine", "transform"]

Engine = Literal["in-memory", "streaming"]


class Collected(NamedTuple):
    """What `transform` gives with ``errors="collect"``; together they are every row.

    Attributes:
        result: The features of the good rows.
        refused: The other rows: ``row`` (its index), ``reasons`` and ``input``.
    """

    result: Any
    refused: Any


def transform(
    bundle: Bundle | FeatureSet,
    data: Any,
    keep: Sequence[str] | None = None,
    *,
    engine: Engine = "in-memory",
    native: Native = "auto",
    errors: Literal["raise", "collect"] = "raise",
    events: Mapping[str, Any] | None = None,
) -> Any:
    """Computes the features of every row.

    Args:
        bundle: Definition and fitted state; or a feature set that needs no fit.
        data: A Polars DataFrame or LazyFrame, pyarrow Table or RecordBatch, or pandas DataFrame.
        keep: Columns of `data` that go along, before the features.
        engine: The Polars engine that runs the plan. A lazy frame gives a lazy frame, and its
            caller's ``collect`` names the engine.
        native: See `featurelib_offline.plan.Plan`.
        errors: With ``collect`` refused rows are returned and not raised.
        events: For a set with aggregates: the records of each event source, as `point_in_time`
            takes them. Rows are then queries, and each is joined with its aggregates as they were
            at its time. Without `events` the frame has the aggregates as columns.

    Returns:
        The same kind of frame, rows in the same order; a `Collected` for ``errors="collect"``.

    Raises:
        InputError: A column or a value does not fit the input schema; the message names it.
    """
    if errors not in ("raise", "collect"):
        raise DefinitionError(f'expected errors="raise" or "collect", got errors={errors!r}')
    if engine not in ("in-memory", "streaming"):
        raise DefinitionError(f'expected engine="in-memory" or "streaming", got engine={engine!r}')
    bundle, kept = as_bundle(bundle), tuple(keep or ())
    if events is not None:
        data = with_aggregates(data, events, bundle.aggregates, bundle.name, native=native)
    collect = errors == "collect"
    frame = read_frame(data, bundle.schema, where=bundle.name, keep=kept, check=not collect)
    steps = plan(bundle, native=native)
    nullable = {name for name, node in bundle.program.outputs.items() if node.nullable}
    if collect:
        good, refused = frame.split()
        result = frame.restore(steps.apply(good, kept), nullable=nullable, engine=engine)
        return Collected(result, frame.restore(refused, engine=engine))
    # The values of data in memory were looked at when the frame was read.
    columns = frame.columns() if frame.is_eager else frame.checked()
    return frame.restore(steps.apply(columns, kept), nullable=nullable, engine=engine)
