"""`fit_transform`: a fit, and training rows whose own fold was left out of what saw the target.

**This is the one call whose output differs from serving.** A target encoding of a training row that
counts the row's own target tells the model the answer. So rows are put into folds by a hash of a
key column, and each row has the encoding that the other folds give. Every other value is what
`transform` and serving compute, and the bundle has the encoding of all rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError, InputError
from featurelib.expr import col
from featurelib.feature_set import FeatureSet
from featurelib.node import FIT, Node
from featurelib.program import Program, topological
from featurelib.state import FittedState
from featurelib.typing_pass import type_expr
from featurelib_offline.files import is_source
from featurelib_offline.fit import Progress, SeriesBatch, accumulator_of, analyzer_of, fit
from featurelib_offline.frames import read_frame
from featurelib_offline.plan import Native, plan
from featurelib_offline.point_in_time import with_aggregates

__all__ = ["FitTransformed", "fit_transform"]


class FitTransformed(NamedTuple):
    """What `fit_transform` gives.

    Attributes:
        bundle: Definition and fitted state of all rows: what serving loads.
        features: The features of the training rows, the same kind of frame, in the same order.
        out_of_fold: The features whose values here differ from those that serving gives.
    """

    bundle: Bundle
    features: Any
    out_of_fold: tuple[str, ...]


def fit_transform(
    feature_set: FeatureSet,
    data: Any,
    keep: Sequence[str] = (),
    *,
    fold_by: str,
    folds: int = 5,
    seed: int = 0,
    native: Native = "auto",
    threads: int = 1,
    progress: Progress | None = None,
    events: Mapping[str, Any] | None = None,
) -> FitTransformed:
    """Fits a set, and computes its training rows out of fold: not what serving gives for them.

    The fold of a row is ``hash64(fold_by, seed) % folds``, so it depends on neither the order of
    rows nor the rows beside it, and all rows of a key are in one fold. Only analyzers that see a
    target (`target_encode`) leave a row's fold out; analyzers around them are of all rows.

    Args:
        feature_set: The definition.
        data: The training rows, a frame as `transform` takes it; a lazy one is collected.
        keep: Columns of `data` that go along, before the features.
        fold_by: An input column of text or integers that is never null, such as a user's id.
        folds: How many folds, 2 or more.
        seed: Of the hash.
        native: See `featurelib_offline.plan.Plan`.
        threads: See `fit`.
        progress: See `fit`.
        events: See `featurelib_offline.transform`.

    Raises:
        DefinitionError: No such column, or fewer than two folds.
        FitError: These rows have no such statistic, or those outside of a fold have none.
        InputError: A column or a value does not fit the input schema.
    """
    where = feature_set.name
    fold = _fold_of(feature_set, fold_by, folds, seed)
    if is_source(data):
        raise InputError(
            f"{where}: fit_transform takes a frame, got files",
            hint="polars.read_parquet(...); or fit(...) and job(...), if no target is encoded",
        )
    if events is not None:
        data = with_aggregates(data, events, feature_set.aggregates, where, native=native)
    frame = read_frame(data, feature_set.inputs, where=where, keep=keep)
    with frame.naming_faults():
        rows = frame.checked().collect(engine="in-memory")
    bundle = feature_set.bind(
        fit(feature_set, rows.select(feature_set.inputs.names), native=native, threads=threads,
            progress=progress)
    )  # fmt: skip
    (numbers,) = plan(Program({"fold": fold}), native=native).apply(rows.lazy()).collect()
    nodes = [n for n in bundle.program.fits if analyzer_of(n).sees_target]
    members = [np.flatnonzero(numbers.to_numpy() == k) for k in range(folds)]
    parts = []
    for state, mine in zip(_states(bundle, nodes, rows, members, native), members, strict=True):
        steps = plan(bundle.program, dict(state), native=native)
        parts.append(steps.apply(rows[mine].lazy(), tuple(keep)).collect(engine="in-memory"))
    order = np.argsort(np.concatenate(members), kind="stable")
    nullable = {name for name, node in bundle.program.outputs.items() if node.nullable}
    features = frame.restore(pl.concat(parts)[order], nullable=nullable)
    return FitTransformed(bundle, features, _readers(bundle, nodes))


def _fold_of(feature_set: FeatureSet, fold_by: str, folds: int, seed: int) -> Node:
    """The node of a row's fold."""
    where = f"{feature_set.name}: fit_transform"
    if not isinstance(folds, int) or isinstance(folds, bool) or folds < 2:
        raise DefinitionError(f"{where}: expected folds >= 2, got folds={folds!r}")
    if fold_by not in feature_set.inputs.by_name:
        raise DefinitionError(
            f"{where}: fold_by names `{fold_by}`, no input column",
            hint=f"there are {', '.join(feature_set.inputs.names)}",
        )
    if feature_set.inputs.by_name[fold_by].nullable:
        raise DefinitionError(
            f"{where}: fold_by names `{fold_by}`, which may be null, and a null has no fold",
            hint="fold by a column that is never null",
        )
    return type_expr(where, col(fold_by).hash_bucket(folds, seed=seed), feature_set.inputs)


def _states(
    bundle: Bundle,
    nodes: list[Node],
    rows: pl.DataFrame,
    members: list[np.ndarray[Any, Any]],
    native: Native,
) -> list[FittedState]:
    """The state for the rows of each fold."""
    if not nodes:
        return [bundle.state] * len(members)
    arguments = Program({arg.key: arg for n in nodes for arg in n.args})
    read = plan(arguments, dict(bundle.state), native=native).apply(rows.lazy())
    columns = read.collect(engine="in-memory")
    found: list[dict[str, Any]] = [{} for _ in members]
    for node in nodes:
        whole = accumulator_of(node)
        parts = []
        for mine in members:
            part: Any = accumulator_of(node)
            part.update(tuple(SeriesBatch(columns[a.key][mine], a.dtype) for a in node.args))
            whole.merge(part)
            parts.append(part)
        for k, part in enumerate(parts):
            place = f"{bundle.name}: `{node.key[:12]}` without fold {k}"
            found[k][node.key] = part.out_of_fold(whole, place)
    state = bundle.state
    return [
        FittedState({k: (state.dtype(k), values.get(k, state[k])) for k in state})
        for values in found
    ]


def _readers(bundle: Bundle, nodes: list[Node]) -> tuple[str, ...]:
    """The features that read one of these fitted nodes."""
    keys = {n.key for n in nodes}
    return tuple(
        name
        for name, root in bundle.program.outputs.items()
        if any(n.op == FIT and n.key in keys for n in topological([root], through_fits=False))
    )
