"""Fitted state: what a fit found, by the key of the node that asked for it."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from featurelib import dtypes, literals
from featurelib.analyzers.base import FittedValue, argument_type, from_json
from featurelib.dtypes import DType
from featurelib.errors import BundleFormatError, FeatureTypeError, FitError
from featurelib.tables import TableData

if TYPE_CHECKING:
    from featurelib.node import Node

_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, struct.error)
_SCALARS = {"b": bool, "i": int, "u": int, "f": float}


class FittedState(Mapping[str, FittedValue]):
    """Values of fitted nodes by node key: scalars as kernels hold them, or tables. Immutable.

    Equal states have equal bits: 0.0 and -0.0 differ, and a NaN would equal itself.

    Args:
        values: Type and value of each fitted node, by its key.
    """

    __slots__ = ("_types", "_values")

    def __init__(self, values: Mapping[str, tuple[DType, FittedValue]]) -> None:
        for key, (dtype, value) in values.items():
            _check(key, dtype, value)
        self._types = {key: values[key][0] for key in sorted(values)}
        self._values = {key: values[key][1] for key in sorted(values)}

    def __getitem__(self, key: str) -> FittedValue:
        try:
            return self._values[key]
        except KeyError:
            raise FitError(
                f"the fitted state has no value for node {key[:12]}",
                hint="it comes from another definition: fit this one",
            ) from None

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def dtype(self, key: str) -> DType:
        """The type of a fitted value."""
        return self._types[key]

    def subset(self, keys: set[str]) -> FittedState:
        """The state of some nodes only."""
        return FittedState({k: (self._types[k], self[k]) for k in keys})

    def union(self, other: FittedState) -> FittedState:
        """Both states as one.

        Raises:
            FitError: They have different bits for one node.
        """
        mine, theirs = self.to_json(), other.to_json()
        for key in mine.keys() & theirs.keys():
            if mine[key] != theirs[key]:
                a, b = _shown(self[key]), _shown(other[key])
                raise FitError(f"two states differ at node {key[:12]}: {a}, {b}")
        pairs = {k: (s._types[k], s._values[k]) for s in (self, other) for k in s}
        return FittedState(pairs)

    def check(self, fits: Iterable[Node]) -> None:
        """Refuses a state that these fitted nodes cannot have come to.

        Kernels read a table by the layout that its op expects, so a table of another kind in a
        bundle would be read beyond its end.

        Raises:
            BundleFormatError: A value is missing, of another type, or a table of another kind.
        """
        for node in fits:
            if node.key not in self:
                raise BundleFormatError(f"the fitted state has no value for node {node.key[:12]}")
            analyzer = from_json(json.loads(node.param["analyzer"]))
            wanted = analyzer.result_dtype(argument_type([a.dtype for a in node.args]))
            for got in (node.dtype, self.dtype(node.key)):
                if got != wanted:
                    raise BundleFormatError(
                        f"fitted state of `{analyzer.name}`, node {node.key[:12]}: expected "
                        f"{wanted}, got {got}"
                    )

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads back; floats as their bits."""
        return {
            key: {"type": dtypes.to_json(self._types[key]), "value": literals.canonical(value)}
            for key, value in self._values.items()
        }

    @staticmethod
    def from_json(data: Any) -> FittedState:
        """The state that `to_json` wrote.

        Raises:
            BundleFormatError: The data is no fitted state.
        """
        try:
            return FittedState(
                {
                    key: (dtypes.from_json(item["type"]), literals.from_canonical(item["value"]))
                    for key, item in data.items()
                }
            )
        except (*_UNREADABLE, FeatureTypeError) as error:
            raise BundleFormatError(f"no readable fitted state: {error!r}") from None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FittedState):
            return NotImplemented
        return self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(tuple(self._values))

    def __repr__(self) -> str:
        inside = ", ".join(f"{k[:12]}: {_shown(v)}" for k, v in self._values.items())
        return f"FittedState({{{inside}}})"

    def __reduce__(self) -> Any:
        return FittedState.from_json, (self.to_json(),)


def _shown(value: FittedValue) -> str:
    return repr(value) if isinstance(value, bytes) else str(value)


def _check(key: str, dtype: DType, value: FittedValue) -> None:
    views = {"Table": TableData, "String": bytes}
    wanted: type | None = views.get(dtype.name, _SCALARS.get(dtype.kind))
    fits = wanted is not None and type(value) is wanted
    if fits and dtype.is_integer:
        low, high = dtype.bounds
        fits = isinstance(value, int) and low <= value <= high
    if fits and isinstance(value, TableData):
        fits = value.kind == dtype.table
    if not fits:
        raise TypeError(f"node {key[:12]}: expected a value of type {dtype}, got {value!r}")
