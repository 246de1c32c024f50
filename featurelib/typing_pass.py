"""From traced expressions to typed nodes: every recorded call is replayed on the input schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from featurelib.errors import DefinitionError, FeaturelibError, FeatureTypeError
from featurelib.expr import Expr
from featurelib.expr_rows import inner
from featurelib.feature import Feature
from featurelib.mapping import PER_ELEMENT, element
from featurelib.node import INPUT, Node, analyze, at, call, input_node, literal
from featurelib.program import topological
from featurelib.schema import InputSchema


def type_features(
    set_name: str, features: Sequence[Feature], schema: InputSchema
) -> Mapping[str, Node]:
    """The typed node of each feature, in the order given.

    Raises:
        DefinitionError: Two features of one name, a name that is no input and no feature, a cycle.
        FeatureTypeError: Types do not fit; the message names feature, op, type and line.
    """
    typing = _Typing(set_name, {}, schema)
    for item in features:
        if item.name in typing.features:
            raise DefinitionError(
                f"{set_name}: two features are named `{item.name}`",
                hint="a name stands for one feature of a set",
            )
        typing.features[item.name] = item
    fields = {f.name for f in (*schema.fields, *schema.structs)}
    for item in features:
        if item.name in fields:
            raise DefinitionError(
                f"{set_name}: feature `{item.name}` has the name of an input column",
                hint="rename one; an input can stand in `layout` without a feature",
            )
    typed = {item.name: typing.feature(item.name) for item in features}
    _refuse_structs(set_name, typed.values())
    return typed


def _refuse_structs(where: str, nodes: Iterable[Node]) -> None:
    for node in topological(nodes, through_fits=True):
        if node.op == INPUT and node.dtype.fields:
            raise FeatureTypeError(
                f"{where}: input column `{node.param['name']}` is a Struct; ops take its members"
                + (f" ({node.source})" if node.source else ""),
                hint=f'read one: .struct.field("{node.dtype.fields[0][0]}")',
            )


def type_expr(where: str, expr: Expr, schema: InputSchema) -> Node:
    """The typed node of one expression over the columns of a schema, with no features beside it.

    Args:
        where: What the expression is for, for errors.
        expr: A traced expression.
        schema: The columns that it may name.

    Raises:
        FeatureTypeError: Types do not fit; the message names op, type and line.
    """
    try:
        node = _Typing(where, {}, schema).expr(expr, {})
    except FeaturelibError as error:
        message = str(error).removesuffix(f"\nHint: {error.hint}")
        raise type(error)(f"{where}: {message}", hint=error.hint) from None
    _refuse_structs(where, [node])
    return node


class _Typing:
    """One pass over the features of a set; remembers what is typed already."""

    def __init__(self, set_name: str, features: dict[str, Feature], schema: InputSchema) -> None:
        self.set_name = set_name
        self.features = features
        self.schema = schema
        self.done: dict[str, Node] = {}
        self.elements: list[Node] = []
        """Of the lists whose expressions are being typed, the innermost last."""

    def feature(self, root: str) -> Node:
        """Types a feature after those that it reads, without recursion: chains may be long."""
        waiting = {root: iter(self.reads(root))}
        while waiting:
            name, rest = next(reversed(waiting.items()))
            following = next((n for n in rest if n not in self.done), None)
            if following is None:
                del waiting[name]
                if name not in self.done:
                    self.done[name] = self.named(name)
            elif following in waiting:
                names = [*waiting, following]
                circle = " -> ".join(names[names.index(following) :])
                raise DefinitionError(f"{self.set_name}: features refer to each other: {circle}")
            else:
                waiting[following] = iter(self.reads(following))
        return self.done[root]

    def reads(self, name: str) -> list[str]:
        """The features that a feature reads."""
        found: dict[str, None] = {}
        seen: set[int] = set()
        stack = [self.features[name].expr]
        while stack:
            expr = stack.pop()
            if id(expr) in seen:
                continue
            seen.add(id(expr))
            if expr.name == "column" and expr.args[0] in self.features:
                found[expr.args[0]] = None
            stack.extend(inner(expr))
        return list(found)

    def named(self, name: str) -> Node:
        """Types a feature; an error names the set and the feature."""
        try:
            return self.expr(self.features[name].expr, {})
        except FeaturelibError as error:
            message = str(error).removesuffix(f"\nHint: {error.hint}")
            raise type(error)(f"{self.set_name}.{name}: {message}", hint=error.hint) from None

    def expr(self, root: Expr, memo: dict[int, Node]) -> Node:
        """Types an expression; arguments first, without recursion, so that depth is no limit."""
        stack: list[tuple[Expr, bool]] = [(root, False)]
        while stack:
            expr, ready = stack.pop()
            if id(expr) in memo:
                continue
            waiting = [e for e in _of_the_row(expr) if id(e) not in memo]
            if waiting and not ready:
                stack.append((expr, True))
                stack.extend((e, False) for e in waiting)
                continue
            with at(expr.source):
                memo[id(expr)] = self.located(expr, memo)
        return memo[id(root)]

    def located(self, expr: Expr, memo: dict[int, Node]) -> Node:
        """Types one call; an error names the author's line."""
        try:
            return self.one(expr, memo)
        except FeaturelibError as error:
            if str(expr.source) in str(error):
                raise
            message = str(error).removesuffix(f"\nHint: {error.hint}")
            raise type(error)(f"{message} ({expr.source})", hint=error.hint) from None

    def one(self, expr: Expr, memo: dict[int, Node]) -> Node:
        if expr.name == "column":
            return self.column(expr)
        if expr.name == "element":
            return self.element()
        if expr.name in PER_ELEMENT and expr.args:
            return self.per_element(expr, memo)
        args = tuple(_replace(a, memo) for a in expr.args)
        params = {k: _replace(v, memo) for k, v in expr.params}
        if expr.name == "analyze":
            node: Node = analyze(params["analyzer"], *args)
            return node
        if expr.name == "literal":
            return literal(args[0])
        return call(expr.name, args, params)

    def per_element(self, expr: Expr, memo: dict[int, Node]) -> Node:
        """Types a call of which an argument is an expression over the elements of the list."""
        items = _replace(expr.args[0], memo)
        self.elements.append(element(items))
        try:
            inside: dict[int, Node] = {}
            for value in inner(expr)[1:]:
                self.expr(value, inside)
            args = tuple(_replace(a, inside) for a in expr.args[1:])
            params = {k: _replace(v, inside) for k, v in expr.params}
        finally:
            self.elements.pop()
        return call(expr.name, (items, *args), params)

    def element(self) -> Node:
        if not self.elements:
            raise FeatureTypeError(
                "fl.element() stands for an element of a list, and here is none",
                hint="use it in the expression of a list: x.list.eval(fl.element() * 2)",
            )
        return self.elements[-1]

    def column(self, expr: Expr) -> Node:
        name = expr.args[0]
        if name in self.features:
            return self.done[name]
        for f in (*self.schema.fields, *self.schema.structs):
            if f.name == name:
                return input_node(name, f.dtype, f.nullable)
        inputs = ", ".join(f.name for f in self.schema.fields)
        raise FeatureTypeError(
            f"`{name}` is neither an input column nor a feature of the set ({expr.source})",
            hint=f"input columns: {inputs}",
        )


def _of_the_row(expr: Expr) -> list[Expr]:
    """What is typed before a call: all that it is given, but for what is about an element."""
    return inner(expr)[:1] if expr.name in PER_ELEMENT else inner(expr)


def _replace(value: Any, memo: dict[int, Node]) -> Any:
    if isinstance(value, Expr):
        return memo[id(value)]
    if isinstance(value, (tuple, list)):
        return tuple(_replace(v, memo) for v in value)
    return value
