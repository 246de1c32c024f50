"""Every body is kernel Python by its types: Numba infers them, no code is run.

The syntax tree cannot see whether `a + b` adds floats. Here each body is typed for each kind that
its signature takes, and so is each kernel function that it calls, as it calls it.
"""

import itertools
import operator
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from numba.core import ir, registry, ssa, types
from numba.core.compiler import run_frontend
from numba.core.typed_passes import type_inference_stage

from featurelib.dtypes import SCALARS, DType
from featurelib.intrinsics import u64_from_i64
from featurelib.jit.bodies import compiled, signature
from featurelib.op import Body, Op, TypeSet, kernel_function
from parity_tests.cases import check_each
from parity_tests.registry import every_op

ARITHMETIC = {operator.add, operator.sub, operator.mul, operator.neg}
COMPARISON = {operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge}
INPLACE = {operator.iadd: operator.add, operator.isub: operator.sub, operator.imul: operator.mul}


def kinds(pattern: DType | TypeSet) -> list[str]:
    """The kinds of argument that a pattern of a signature takes."""
    if isinstance(pattern, DType):
        return [pattern.kind]
    names = SCALARS.keys() if pattern.names is None else pattern.names
    return sorted({SCALARS[n].kind if n in SCALARS else "v" for n in names})


def kind_rows(body: Body) -> Iterator[tuple[str, ...]]:
    """All kinds that a body's arguments may have, one type variable at a time having one kind."""
    variables = {p.name: p for p in body.args if isinstance(p, TypeSet)}
    for chosen in itertools.product(*(kinds(p) for p in variables.values())):
        bound = dict(zip(variables, chosen, strict=True))
        yield tuple(p.kind if isinstance(p, DType) else bound[p.name] for p in body.args)


def typed_offences(fn: Callable[..., Any], args: tuple[Any, ...]) -> list[str]:
    """Arithmetic on what is no float, and comparison of two kinds, each with its line."""
    target = registry.cpu_target
    target.typing_context.refresh()
    target.target_context.refresh()
    tree = ssa.reconstruct_ssa(run_frontend(compiled(fn).py_func))
    inferred = type_inference_stage(target.typing_context, target.target_context, tree, args, None)
    known = constants(tree)
    found = []
    for statement in assignments(tree):
        expr = statement.value
        if not isinstance(expr, ir.Expr) or expr.op not in ("binop", "inplace_binop", "unary"):
            continue
        does = INPLACE.get(expr.fn, expr.fn)
        given = [types.unliteral(inferred.typemap[v.name]) for v in expr.list_vars()]
        right = set(given) == {types.float64} if does in ARITHMETIC else len(set(given)) == 1
        if does in ARITHMETIC | COMPARISON and not right and statement.target.name not in known:
            place = f"{fn.__module__}.{fn.__qualname__}, line {expr.loc.line}"
            found.append(f"{place}: {does.__name__} on {', '.join(map(str, given))}")
    return found


def assignments(tree: Any) -> Iterator[Any]:
    return (found for b in tree.blocks.values() for found in b.find_insts(ir.Assign))


def constants(tree: Any) -> dict[str, int]:
    """Variables that hold an integer constant of 64 bits: both machines fold these alike."""
    known: dict[str, int] = {}
    for statement in assignments(tree):
        expr, value = statement.value, None
        if isinstance(expr, ir.Const | ir.Global | ir.FreeVar):
            value = expr.value
        elif isinstance(expr, ir.Expr) and expr.op in ("binop", "unary"):
            given = [known.get(v.name) for v in expr.list_vars()]
            value = expr.fn(*given) if expr.fn in ARITHMETIC and None not in given else None
        if type(value) is int and -(1 << 63) <= value < 1 << 63:
            known[statement.target.name] = value
    return known


_checked: set[tuple[Any, ...]] = set()


def helpers(fn: Callable[..., Any]) -> Iterator[tuple[Callable[..., Any], tuple[Any, ...]]]:
    """Kernel functions and op bodies that `fn` names, with the types that they were called with."""
    for value in [fn.__globals__.get(n) for n in fn.__code__.co_names]:
        inner = value.bodies[0].fn if isinstance(value, Op) else value
        if isinstance(value, Op) or getattr(value, "__kernel_function__", False):
            for args in list(compiled(inner).overloads):
                yield inner, args


def check(fn: Callable[..., Any], args: tuple[Any, ...]) -> list[str]:
    """Offences of a function and of all that it calls; each pair of function and types once."""
    if (fn, args) in _checked:
        return []
    _checked.add((fn, args))
    found = typed_offences(fn, args)
    for inner, inner_args in helpers(fn):
        found += check(inner, inner_args)
    return found


def test_bodies_do_arithmetic_on_floats_only() -> None:
    """Raw + - * has Float64 on both sides, and a comparison one kind on both sides."""

    def check_op(op: Op) -> None:
        found = []
        for body in op.bodies:
            for row in kind_rows(body):
                found += check(body.fn, signature(body, row, op.nulls, "f").args)
        assert not found, "\n".join(found)

    check_each(check_op, ((op,) for op in every_op()))


@kernel_function
def adds(a, b):
    return a + b


@kernel_function
def compares(a, b):
    return a < b


@kernel_function
def compares_with_a_literal(a):
    return u64_from_i64(a) > 3


@kernel_function
def negates(a):
    return -a


@pytest.mark.parametrize(
    ("fn", "args", "says"),
    [
        (adds, (types.int64, types.int64), "add on int64, int64"),
        (adds, (types.float64, types.int64), "add on float64, int64"),
        (compares, (types.int64, types.float64), "lt on int64, float64"),
        (compares, (types.uint64, types.int64), "lt on uint64, int64"),
        (compares_with_a_literal, (types.int64,), "gt on uint64, int64"),
        (negates, (types.int64,), "neg on int64"),
    ],
)
def test_the_check_of_types_can_fail(fn, args, says) -> None:
    """Each mixture that the two machines do differently is found and named."""
    assert says in typed_offences(fn, args)[0]


def test_floats_and_equal_kinds_pass() -> None:
    """Float arithmetic and a comparison of one kind with itself are kernel Python."""
    assert not typed_offences(adds, (types.float64, types.float64))
    assert not typed_offences(compares, (types.uint64, types.uint64))
