"""Conditions and missing values: if_else, fill_null, coalesce, nullif, NaN and infinity tests."""

from typing import Any

from featurelib import expr
from featurelib.dtypes import Bool, String, supertype
from featurelib.errors import FeatureTypeError
from featurelib.node import Node, apply, literal
from featurelib.op import Float, Nulls, T, method, op
from featurelib.ops.comparison import Discrete, Integer, text_equal


def _never(*nullables: bool) -> bool:
    return False


def _always(*nullables: bool) -> bool:
    return True


@op(
    "if_else",
    version=1,
    nulls=Nulls.EXPLICIT,
    nullable=lambda condition, then, otherwise: then or otherwise,
    public=False,
)
def if_else(condition: Bool, then: T, otherwise: T) -> T:
    """`then` where the condition is true, `otherwise` where it is false or null."""
    if condition[0] and condition[1]:
        return then
    return otherwise


@op("is_null", version=1, nulls=Nulls.EXPLICIT, nullable=_never)
def is_null(x: T) -> Bool:
    """Whether the value is missing. NaN is a value."""
    return not x[1], True


@op("is_not_null", version=1, nulls=Nulls.EXPLICIT, nullable=_never)
def is_not_null(x: T) -> Bool:
    """Whether there is a value. NaN is one."""
    return x[1], True


@op(
    "fill_null",
    version=1,
    nulls=Nulls.EXPLICIT,
    promote=True,
    nullable=lambda x, value: x and value,
)
def fill_null(x: T, value: T) -> T:
    """x, or `value` where x is null."""
    return x if x[1] else value


@method("fill_null")
def _fill_null(x: Node, value: Any) -> Node:
    """x, or `value` where x is null. The one constant for a List is the empty one, ``[]``."""
    if x.dtype.name == "List" and isinstance(value, (list, tuple)):
        if value:
            raise FeatureTypeError(
                f"`fill_null` of {x.dtype}: a constant List is [], got {value!r}",
                hint="fill with [], or with a column",
            )
        return apply("list.fill_empty", (x,), {})
    return apply("fill_null", (x, value), {})


@op("nullif", version=1, nulls=Nulls.EXPLICIT, promote=True, nullable=_always)
def nullif(x: Float, value: Float) -> Float:
    """x, but null where it equals `value` (as `eq`: NaN too); a null `value` changes nothing."""
    a, b = x[0], value[0]
    return a, x[1] and not (value[1] and (a == b or (a != a and b != b)))


@nullif.body
def nullif_discrete(x: Discrete, value: Discrete) -> Discrete:
    return x[0], x[1] and not (value[1] and x[0] == value[0])


@nullif.body
def nullif_bool(x: Bool, value: Bool) -> Bool:
    a, b = x[0], value[0]
    return a, x[1] and not (value[1] and ((a and b) or not (a or b)))


@nullif.body
def nullif_text(x: String, value: String) -> String:
    return x[0], x[1] and not (value[1] and text_equal(x[0], value[0]))


@op("is_nan", version=1)
def is_nan(x: Float) -> Bool:
    """Whether the value is NaN; an integer never is, a null stays null."""
    return x != x


@is_nan.body
def is_nan_integer(x: Integer) -> Bool:
    return False


@op("is_not_nan", version=1)
def is_not_nan(x: Float) -> Bool:
    """Whether the value is not NaN; a null stays null."""
    return x == x


@is_not_nan.body
def is_not_nan_integer(x: Integer) -> Bool:
    return True


@op("is_finite", version=1)
def is_finite(x: Float) -> Bool:
    """Whether the value is neither an infinity nor NaN."""
    return x - x == 0.0


@is_finite.body
def is_finite_integer(x: Integer) -> Bool:
    return True


@op("is_infinite", version=1)
def is_infinite(x: Float) -> Bool:
    """Whether the value is an infinity of either sign."""
    return x == x and x - x != 0.0


@is_infinite.body
def is_infinite_integer(x: Integer) -> Bool:
    return False


@op(
    "fill_nan",
    version=1,
    nulls=Nulls.EXPLICIT,
    promote=True,
    nullable=lambda x, value: x or value,
)
def fill_nan(x: Float, value: Float) -> Float:
    """x, or `value` (null too) where x is NaN; a null x stays null."""
    return value if x[1] and x[0] != x[0] else x


@method("if_else")
def choose(condition: Any, then: Any, otherwise: Any) -> Node:
    """What `fl.when(c).then(a).otherwise(b)` means: numbers of different types meet first."""
    branches = [then, otherwise]
    if not any(isinstance(b, Node) for b in branches):
        branches = [b if b is None else literal(b) for b in branches]
    nodes = [b for b in branches if isinstance(b, Node)]
    if len(nodes) == 2 and nodes[0].dtype != nodes[1].dtype:
        common = supertype(nodes[0].dtype, nodes[1].dtype)
        if common is None:
            raise FeatureTypeError(
                f"`when`: `then` is {nodes[0].dtype} and `otherwise` is {nodes[1].dtype}",
                hint="cast one of them, so that both branches have one type",
            )
        branches = [node.cast(common) for node in nodes]
    return apply(if_else, (condition, *branches))


@method("coalesce")
def coalesce(first: Any, *others: Any) -> Any:
    """The first value that is not null, from left to right; on expressions or nodes."""
    for other in others:
        first = expr.apply(fill_null, (first, other), {})
    return first
