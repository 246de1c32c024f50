"""Typed nodes: a graph in which every op is resolved and every type is known.

Equal nodes have equal keys (a digest of op, version, parameters, types and arguments), so common
subexpressions are found by key alone. Macros are functions over nodes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from featurelib import dtypes, literals
from featurelib.dtypes import FLOAT64, INT64, UINT64, DType
from featurelib.errors import DefinitionError, FeaturelibError, FeatureTypeError
from featurelib.op import Body, Op, TypeSet, find_method, get_op
from featurelib.operators import Operators, Source
from featurelib.tables import TableData

INPUT, LITERAL, FIT, ELEMENT, MAP = "input", "literal", "fit", "element", "map"
_WIDE = {"f": FLOAT64, "i": INT64, "u": UINT64}
_ARITHMETIC = ("Float", "Signed", "Unsigned")
_ON_SEQUENCES = ("add", "sub", "mul", "truediv")
_source: list[Source | None] = [None]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Node(Operators):
    """One typed value of a row.

    Attributes:
        op: ``name@version`` of an op, or ``input``, ``literal``, ``fit``; ``element`` and ``map``
            are those of `featurelib.mapping`.
        args: The nodes that it reads.
        params: Constants by name; of an input its name, of a literal its value, of a fit the
            analyzer's description.
        dtype: The type.
        nullable: Whether it may be null.
        source: The author's line, not part of the key.
        key: Digest of all but the source.
        free: Keys of the elements that the value depends on; a row has one value of it where there
            are none. A `map` goes through its element and leaves none.
    """

    op: str
    args: tuple[Node, ...]
    params: tuple[tuple[str, Any], ...]
    dtype: DType
    nullable: bool
    source: Source | None = field(default=None)
    key: str = field(init=False, default="")
    free: frozenset[str] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        content = [
            self.op,
            [a.key for a in self.args],
            [[k, literals.canonical(v)] for k, v in self.params],
            dtypes.to_json(self.dtype),
            self.nullable,
        ]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        object.__setattr__(self, "key", hashlib.sha256(text.encode()).hexdigest())
        if self.op == ELEMENT:
            object.__setattr__(self, "free", frozenset({self.key}))
        elif self.op not in (FIT, MAP):
            object.__setattr__(self, "free", frozenset().union(*(a.free for a in self.args)))

    @property
    def param(self) -> dict[str, Any]:
        """Parameters as a dictionary."""
        return dict(self.params)

    @property
    def is_call(self) -> bool:
        """Whether an op computes it: it is no input, constant, element or map."""
        return "@" in self.op

    def _call(self, name: str, args: tuple[Any, ...], params: dict[str, Any]) -> Node:
        return call(name, args, params)

    def __repr__(self) -> str:
        return f"<{self.op} {self.dtype}{'?' if self.nullable else ''}>"


@contextlib.contextmanager
def at(source: Source | None) -> Iterator[None]:
    """Nodes made inside come from this line."""
    _source.append(source)
    try:
        yield
    finally:
        _source.pop()


def here() -> Source | None:
    """The line that nodes are being made for."""
    return _source[-1]


def input_node(name: str, dtype: DType, nullable: bool) -> Node:
    """A column of the input schema."""
    return Node(INPUT, (), (("name", name),), dtype, nullable, here())


def literal(value: Any, dtype: DType | None = None) -> Node:
    """A constant; without a type it has that of its Python type. None is null."""
    if dtype is None:
        dtype = literals.default_dtype(value)
    return Node(
        LITERAL, (), (("value", literals.to_kernel(value, dtype)),), dtype, value is None, here()
    )


def table(data: TableData) -> Node:
    """Constant data that an op reads."""
    return Node(LITERAL, (), (("value", data),), dtypes.table_type(data.kind), False, here())


def analyze(analyzer: Any, *args: Any) -> Any:
    """What a fit finds over all rows of these columns; on traced expressions it is recorded."""
    from featurelib.analyzers.base import argument_type
    from featurelib.expr import Expr, record

    if any(isinstance(a, Expr) for a in args):
        return record("analyze", args, {"analyzer": analyzer})
    if any(a.free for a in args):
        raise FeatureTypeError(
            "an analyzer looks at whole columns, and an element of a list is none",
            hint="fit it on a column, and give its value to `list.eval`",
        )
    result = analyzer.result_dtype(argument_type([a.dtype for a in args]))
    params = (("analyzer", json.dumps(analyzer.to_json(), sort_keys=True)),)
    return Node(FIT, args, params, result, False, here())


def call(name: str, args: tuple[Any, ...], params: dict[str, Any]) -> Node:
    """A method call on nodes: the macro of that name, else the op."""
    if any(isinstance(a, Node) and a.dtype.is_temporal for a in args):
        from featurelib.ops.temporal.arithmetic import TEMPORAL

        temporal = TEMPORAL[name](*args) if name in TEMPORAL else None
        if temporal is not None:
            return temporal
    elif name in _ON_SEQUENCES and any(isinstance(a, Node) and a.dtype.inner for a in args):
        from featurelib.ops.sequence.methods import sequence_operator

        return sequence_operator(name, *args)
    macro = find_method(name)
    if macro is not None:
        try:
            made = macro(*args, **params)
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is None:
                raise DefinitionError(f"`{name}`: {error}") from None
            raise
        return made if isinstance(made, Node) else literal(made)
    return apply(name, args, params)


def apply(op: Op | str, args: tuple[Any, ...], params: dict[str, Any] | None = None) -> Node:
    """The node of an op on nodes and plain values (which become constants of the column's type).

    Raises:
        FeatureTypeError: No body takes these types, or a constant does not fit.
        DefinitionError: A parameter is missing, unknown or of the wrong type.
    """
    op = get_op(op) if isinstance(op, str) else op
    params = dict(params or {})
    nodes = _meet(op, args)
    body, dtype = _resolve(op, nodes, params)
    _check_params(op, body, params)
    nullable = op.result_nullable(tuple(n.nullable for n in nodes))
    ordered = tuple(sorted(params.items()))
    computed = dtype if op.name.startswith("narrow") else computed_dtype(body, dtype)
    made = Node(op.key, nodes, ordered, computed, nullable, here())
    return made if computed == dtype else narrow(made, dtype)


def computed_dtype(body: Body, dtype: DType) -> DType:
    """What a body computes where the result is `dtype`: arithmetic is done wide, then narrowed."""
    pattern = body.result
    wide = isinstance(pattern, TypeSet) and pattern.name in _ARITHMETIC and dtype.is_narrow
    return _WIDE[dtype.kind] if wide else dtype


def narrow(node: Node, dtype: DType) -> Node:
    """A wide result brought to a narrow type: an integer wraps, a float is rounded once."""
    kind = {"f": "float", "i": "signed", "u": "unsigned"}[dtype.kind]
    params = () if dtype.kind == "f" else (("bits", dtype.bits),)
    op = get_op(f"narrow_{kind}")
    return Node(op.key, (node,), params, dtype, node.nullable, here())


def _resolve(op: Op, nodes: tuple[Node, ...], params: dict[str, Any]) -> tuple[Body, DType]:
    try:
        return op.resolve(tuple(n.dtype for n in nodes), params)
    except FeatureTypeError as error:
        where = f" ({here()})" if here() else ""
        inputs = [str(n.param["name"]) for n in nodes if n.op == INPUT]
        of = (
            f" from input column{'s' * (len(inputs) > 1)} " + ", ".join(map(repr, inputs))
            if inputs
            else ""
        )
        raise FeatureTypeError(f"{error}{of}{where}", hint="see docs/types.md, or cast") from None


def _meet(op: Op, args: tuple[Any, ...]) -> tuple[Node, ...]:
    """Arguments as nodes: constants typed, numbers promoted, integers made floats where needed."""
    typed = [a for a in args if isinstance(a, Node)]
    common = _common([n.dtype for n in typed]) if op.promote else None
    nodes = [
        _cast(a, common) if isinstance(a, Node) else _constant(op, i, a, args, common)
        for i, a in enumerate(args)
    ]
    types = tuple(n.dtype for n in nodes)
    if not any(b.match(types) for b in op.bodies):
        floats = [_cast(n, FLOAT64) if n.dtype.is_integer else n for n in nodes]
        takes_float = any(b.match(tuple(n.dtype for n in floats)) for b in op.bodies)
        # Table arguments stay; only ops without integer bodies are widened, as Polars does.
        if takes_float and not any(t.is_integer for t in _concrete(op)):
            return tuple(floats)
    return tuple(nodes)


def _concrete(op: Op) -> Iterator[DType]:
    for body in op.bodies:
        for pattern in body.args:
            if isinstance(pattern, DType):
                yield pattern
            elif pattern.names:
                yield from (dtypes.SCALARS[n] for n in pattern.names if n in dtypes.SCALARS)


def _common(types: list[DType]) -> DType | None:
    """The supertype of numeric types, None where there is nothing to do."""
    if not types or not all(t.is_numeric for t in types):
        return None
    common = types[0]
    for t in types[1:]:
        met = dtypes.supertype(common, t)
        if met is None:
            raise FeatureTypeError(
                f"{common} and {t} do not meet in one type",
                hint="cast one of them: .cast(fl.Int64) or .cast(fl.Float64)",
            )
        common = met
    return common


def _cast(node: Node, dtype: DType | None) -> Node:
    if dtype is None or node.dtype == dtype or not node.dtype.is_numeric:
        return node
    if node.op == LITERAL:
        with contextlib.suppress(FeatureTypeError):
            return literal(node.param["value"], dtype)
    cast: Node = node.cast(dtype)
    return cast


def number(x: Node, what: str) -> Node:
    """Numbers or truth values as Float64. A cast alone would read text, too.

    Args:
        x: A column.
        what: Who asks, for the error.

    Raises:
        FeatureTypeError: It is neither.
    """
    if not x.dtype.is_numeric and x.dtype.name != "Bool":
        raise FeatureTypeError(
            f"`{what}` takes numbers or truth values, got {x.dtype}",
            hint="cast the column: x.cast(fl.Float64)",
        )
    made: Node = x.cast(dtypes.FLOAT64)
    return made


def _constant(op: Op, i: int, value: Any, args: tuple[Any, ...], common: DType | None) -> Node:
    """A plain Python argument as a node: typed by its place, else by the columns beside it."""
    if isinstance(value, TableData):
        return table(value)
    beside = common
    for body in op.bodies:
        if len(body.args) != len(args) or beside is not None:
            continue
        pattern = body.args[i]
        if isinstance(pattern, DType):
            with contextlib.suppress(FeatureTypeError):
                return literal(value, pattern)
            continue
        for p, a in zip(body.args, args, strict=True):
            fits = isinstance(p, TypeSet) and p.name == pattern.name and isinstance(a, Node)
            if fits and isinstance(p, TypeSet) and p.accepts(a.dtype):
                beside = a.dtype
    if beside is None:
        beside = (
            next((a.dtype for a in args if isinstance(a, Node)), None) if value is None else None
        )
    return literal(value, beside)


def _check_params(op: Op, body: Body, params: dict[str, Any]) -> None:
    for name, dtype in body.params:
        if name not in params:
            raise DefinitionError(f"`{op.name}` needs the parameter `{name}` ({dtype})")
        try:
            params[name] = literals.to_kernel(params[name], dtype)
        except FeaturelibError as error:
            raise DefinitionError(f"`{op.name}`, parameter `{name}`: {error}") from None
    unknown = set(params) - {n for n, _ in body.params}
    if unknown and op.result is None:
        raise DefinitionError(f"`{op.name}` has no parameter `{sorted(unknown)[0]}`")
