"""Feature sets: features over one input schema, with the tensors that a model reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from featurelib import struct_inputs
from featurelib.errors import DefinitionError
from featurelib.feature import Feature
from featurelib.layout import Layout
from featurelib.program import Program
from featurelib.schema import InputSchema, Schema
from featurelib.typing_pass import type_features

if TYPE_CHECKING:
    from featurelib.bundle import Bundle
    from featurelib.state import FittedState
    from featurelib.windows import Definition, WindowAggregate


class FeatureSet:
    """Features that are computed together.

    Args:
        name: The set's name.
        version: ``major.minor.patch``.
        inputs: A `Schema` class, or an `InputSchema`: what a request gives.
        features: The features; their order is the order of the outputs.
        layout: Names of a model's tensors, each with the features (or inputs) that stand side by
            side in it.
        description: What the set is for.
        aggregates: Aggregates over events by name (see `featurelib.windows`). Features read them
            like inputs; each may be null.
        as_of: The input that holds the query time of the aggregates: a Datetime, never null.

    Attributes:
        request: The schema of a request.
        inputs: The schema that features read: the request's fields, then the aggregates.
        aggregates: The aggregates with types, or None.

    Raises:
        DefinitionError: Names clash, types do not fit, or a null could reach a tensor.
    """

    def __init__(
        self,
        name: str,
        *,
        version: str,
        inputs: type[Schema] | InputSchema,
        features: Sequence[Feature],
        layout: Mapping[str, Sequence[str]] | None = None,
        description: str = "",
        aggregates: Mapping[str, WindowAggregate] | None = None,
        as_of: str = "as_of",
    ) -> None:
        parts = version.split(".") if isinstance(version, str) else []
        if len(parts) != 3 or not all(p.isdigit() for p in parts):
            raise DefinitionError(f"{name}: expected version like '1.0.0', got {version!r}")
        wrong = next((f for f in features if not isinstance(f, Feature)), None)
        if wrong is not None:
            raise DefinitionError(
                f"{name}: {wrong!r} is no feature", hint="decorate it: @fl.feature(version=1)"
            )
        self.name = name
        self.version = version
        self.description = description
        self.request = struct_inputs.flat(_as_input_schema(name, inputs))
        self._written = dict(aggregates or {})
        self.aggregates: Definition | None = None
        self.inputs = self.request
        if self._written:
            from featurelib.windows import define

            self.aggregates = define(self._written, as_of=as_of)
            self.aggregates.check_request(self.request, name)
            self.inputs = self.aggregates.with_request(self.request)
        self.features = tuple(features)
        outputs = type_features(name, self.features, self.inputs)
        self.program = Program(outputs)
        self.layout = Layout.make(name, layout or {}, outputs, self.inputs)

    @cached_property
    def needs_fit(self) -> bool:
        """Whether any feature holds an analyzer."""
        return bool(self.program.fits)

    def bind(self, state: FittedState | None = None) -> Bundle:
        """Definition and fitted state together: a `Bundle`.

        Args:
            state: What `featurelib_offline.fit` gave; may be left out where nothing is fitted.
        """
        from featurelib.bundle import bind

        return bind(self, state)

    def explain(self) -> str:
        """The typed graph, and how each engine runs it, as text."""
        from featurelib.explain import explain

        return explain(self)

    def _repr_html_(self) -> str:
        from featurelib.show import feature_set_html

        return feature_set_html(self)

    def __reduce__(self) -> Any:
        members = {t.name: t.members for t in self.layout.tensors}
        content = (self.name, self.version, self.description, self.request.to_json(), members)
        as_of = self.aggregates.as_of if self.aggregates else "as_of"
        return _remade, (*content, self.features, self._written, as_of)

    def __repr__(self) -> str:
        return f"<feature set {self.name} {self.version}: {len(self.features)} features>"


def _as_input_schema(name: str, inputs: Any) -> InputSchema:
    if isinstance(inputs, InputSchema):
        return inputs
    if isinstance(inputs, type) and issubclass(inputs, Schema):
        return inputs.input_schema()
    raise DefinitionError(
        f"{name}: `inputs` is a schema, got {inputs!r}",
        hint="give a class that derives from fl.Schema, or fl.InputSchema.from_fields({...})",
    )


def _remade(
    name: str,
    version: str,
    description: str,
    inputs: Any,
    layout: Mapping[str, Sequence[str]],
    features: Sequence[Feature],
    aggregates: Mapping[str, WindowAggregate],
    as_of: str,
) -> FeatureSet:
    """A feature set that came from another process."""
    return FeatureSet(
        name,
        version=version,
        inputs=InputSchema.from_json(inputs),
        features=features,
        layout=layout,
        description=description,
        aggregates=aggregates,
        as_of=as_of,
    )
