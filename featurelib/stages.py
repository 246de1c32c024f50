"""A bundle in stages: what depends on one side of a request only is computed apart, and kept.

A service that ranks a hundred films for a user computes what it knows of the user once, and what
it knows of a film when the film changes. Written by hand that is a second definition, which drifts.
Here the graph of a bundle is cut: a stage computes the nodes that read nothing but the stage's
inputs, and the rest reads what the stages computed. The nodes are the same ones, so the bits are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError
from featurelib.fields import Field, InputSchema
from featurelib.layout import Layout
from featurelib.node import FIT, INPUT, LITERAL, Node
from featurelib.program import Program
from featurelib.state import FittedState
from featurelib.windows import Definition

__all__ = ["Stages", "split"]

_NO_META = {"version": 1, "description": "", "owner": "", "tags": []}


@dataclass(frozen=True)
class Stages:
    """A bundle that was cut into stages.

    Attributes:
        whole: The bundle.
        parts: The bundle of each stage. Its outputs are columns of `rest`, by the same names. It
            holds the aggregates of its entities, so `featurelib_online.stream.Served` computes it
            from their states.
        rest: The bundle of what is left: the request's other fields and the outputs of the stages
            in, the features of the whole and its tensors out.
    """

    whole: Bundle
    parts: Mapping[str, Bundle]
    rest: Bundle


def split(bundle: Bundle, stages: Mapping[str, Sequence[str]]) -> Stages:
    """Cuts a bundle into stages.

        stages = fl.split(bundle, {"user": ["user_id", "age"], "film": ["item_id", "genres"]})
        film = stream.Served(stages.parts["film"])      # when a film changes
        kernel = online.compile(stages.rest)            # for each pair

    Stages and rest together give the features of the bundle, bit for bit; the fitted values are
    constants in them. Whether a model may run is asked of the whole bundle (`ModelInputs.check`).

    Args:
        bundle: What is to be cut.
        stages: The request's fields that each stage computes from, by the stage's name. An
            aggregate belongs to the stage that has its entity's field. A stage that has
            the query time may use it; in one that has not, it is asked for if the stage has
            aggregates, and no feature reads it.

    Raises:
        DefinitionError: An unknown field, a field in two stages, or aggregates of one source in
            several stages.
    """
    _check(bundle, stages)
    aggregates = bundle.aggregates.aggregates if bundle.aggregates else {}
    owner: dict[str, str] = {}
    for stage, fields in stages.items():
        owner |= dict.fromkeys(fields, stage)
        owner |= {a.name: stage for a in aggregates.values() if a.entity in fields}
    cut = _Cut(bundle, owner)
    outputs = {name: cut.rest(node) for name, node in bundle.program.outputs.items()}
    for tensor in bundle.layout.tensors:  # inputs that stand in a tensor stay inputs
        for member in tensor.members:
            if member not in outputs and member in owner:
                raise DefinitionError(
                    f"{bundle.name}: tensor `{tensor.name}` holds the input `{member}`, which the "
                    f"stage `{owner[member]}` reads",
                    hint="make a feature of it, or leave it out of the stages",
                )
    parts = {stage: _part(bundle, stage, stages[stage], cut) for stage in stages}
    return Stages(bundle, parts, _rest(bundle, owner, cut, outputs))


class _Cut:
    """One walk over a program: which stage computes a node, and what of it the rest reads."""

    def __init__(self, bundle: Bundle, owner: Mapping[str, str]) -> None:
        self.bundle, self.owner = bundle, owner
        self.names = {node.key: name for name, node in bundle.program.outputs.items()}
        self.asked: dict[str, dict[str, Node]] = {}
        """For each stage the nodes that the rest reads, by the column's name."""
        self._stage: dict[str, str | None] = {}
        self._whole: dict[str, Node] = {}
        self._rest: dict[str, Node] = {}
        for node in bundle.program.serving_nodes:
            args = () if node.op == FIT else node.args
            self._stage[node.key] = stage = self._stage_of(node, args)
            self._whole[node.key] = self._over(node, tuple(self._whole[a.key] for a in args))
            if stage is None and not node.free:
                self._rest[node.key] = self._over(node, tuple(self.rest(a) for a in args))

    def rest(self, node: Node) -> Node:
        """The node as the rest has it: computed there, a constant, or a stage's column."""
        stage = self._stage[node.key]
        if node.free and node.key not in self._rest:  # where its map is: no column can hold it
            self._rest[node.key] = self._over(node, tuple(map(self.rest, node.args)))
        if stage is None or node.free:
            return self._rest[node.key]
        return self._column(node, stage) if stage else self._whole[node.key]

    def part(self, stage: str) -> dict[str, Node]:
        """The outputs of a stage."""
        return {c: self._whole[n.key] for c, n in self.asked.get(stage, {}).items()}

    def _stage_of(self, node: Node, args: tuple[Node, ...]) -> str | None:
        """The stage that computes a node: "" for a constant, None for the rest."""
        if node.op == INPUT:
            return self.owner.get(str(node.param["name"]))
        read = {self._stage[a.key] for a in args} - {""}
        if not read:
            return ""
        return read.pop() if len(read) == 1 else None

    def _over(self, node: Node, args: tuple[Node, ...]) -> Node:
        """The node over other arguments; a fitted value as the constant that it is."""
        if node.op != FIT:
            return Node(node.op, args, node.params, node.dtype, node.nullable, node.source)
        value = self.bundle.state[node.key]
        return Node(LITERAL, (), (("value", value),), node.dtype, False, node.source)

    def _column(self, node: Node, stage: str) -> Node:
        asked = self.asked.setdefault(stage, {})
        column = next((c for c, n in asked.items() if n.key == node.key), None)
        if column is None:
            own = self.names.get(node.key) or (node.param["name"] if node.op == INPUT else None)
            column = f"{stage}.{own or f'#{len(asked)}'}"
            asked[column] = node
        return Node(INPUT, (), (("name", column),), node.dtype, node.nullable, node.source)


def _check(bundle: Bundle, stages: Mapping[str, Sequence[str]]) -> None:
    request, seen = bundle.request, dict[str, str]()
    for stage, fields in stages.items():
        for field in fields:
            if field not in request.by_name:
                raise DefinitionError(
                    f"{bundle.name}: stage `{stage}` names `{field}`, no field of a request",
                    hint=f"there are {', '.join(request.names)}",
                )
            if field in seen:
                raise DefinitionError(
                    f"{bundle.name}: field `{field}` is in the stages `{seen[field]}` and `{stage}`"
                )
            seen[field] = stage


def _part(bundle: Bundle, stage: str, fields: Iterable[str], cut: _Cut) -> Bundle:
    definition, wanted = bundle.aggregates, set(fields)
    mine = None
    if definition and any(a.entity in wanted for a in definition.aggregates.values()):
        kept = {n: a for n, a in definition.aggregates.items() if a.entity in wanted}
        sources = {a.source: definition.sources[a.source] for a in kept.values()}
        mine = Definition(sources, kept, definition.as_of)
        for name, digest in mine.state_fingerprints.items():
            if digest != definition.state_fingerprints[name]:
                raise DefinitionError(
                    f"{bundle.name}: stage `{stage}` has some of the aggregates over `{name}`, and "
                    "their states are kept as one",
                    hint="put every field that names an entity of the source into one stage",
                )
        wanted.add(definition.as_of)
    request = _fields(bundle.request, wanted)
    outputs = cut.part(stage)
    return Bundle(
        f"{bundle.name}.{stage}", bundle.version, f"Stage `{stage}` of {bundle.name}.",
        mine.with_request(request) if mine else request, Program(outputs), FittedState({}),
        Layout(()), dict.fromkeys(outputs, _NO_META), mine,
    )  # fmt: skip


def _rest(
    bundle: Bundle, owner: Mapping[str, str], cut: _Cut, outputs: Mapping[str, Node]
) -> Bundle:
    request = _fields(bundle.request, {n for n in bundle.request.names if n not in owner})
    columns = tuple(
        Field(column, node.dtype, node.nullable)
        for asked in cut.asked.values()
        for column, node in asked.items()
    )
    free = tuple(f for f in bundle.schema if f.name not in owner and f.name not in request.by_name)
    schema = InputSchema(request.name, (*request, *free, *columns), request.extra, request.structs)
    members = {t.name: t.members for t in bundle.layout.tensors}
    return Bundle(
        f"{bundle.name}.rest", bundle.version, f"What the stages of {bundle.name} leave.",
        schema, Program(outputs), FittedState({}),
        Layout.make(bundle.name, members, outputs, schema), bundle.meta, None,
    )  # fmt: skip


def _fields(request: InputSchema, wanted: set[str]) -> InputSchema:
    fields = tuple(f for f in request if f.name in wanted)
    whole = (s for s in request.structs if _members(request, s) <= wanted)
    return InputSchema(request.name, fields, request.extra, tuple(whole))


def _members(request: InputSchema, struct: Field) -> set[str]:
    return {f.name for f in request if f.name.startswith(f"{struct.name}.")}
