"""Lists of integers as documents: how often each term of a vocabulary occurs, and its weight."""

from featurelib.dtypes import FLOAT32, Bool, Int64, UInt64, array_type
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    f64_div,
    f64_round_f32,
    f64_sqrt,
    i64_from_u64,
    i64_mul,
    load_f32,
    load_f64,
    store_f32,
)
from featurelib.op import Arena, FloatTable, IntegerTable, Nulls, inlined, kernel_function, op
from featurelib.ops.sequence.elements import IntegerItems, checked_element, integer_at
from featurelib.ops.string_table import table_find_integer


def _counts_type(types, params):
    checked_element(types, params)
    return array_type(FLOAT32, params["n"])


@kernel_function
def count_terms(items: View, terms: View, buf: object, n: Int64, element: Int64) -> Bool:
    """Writes how often each of the first n terms occurs among the elements."""
    for i in range(n):
        store_f32(buf, i, 0.0)
    for i in range(items.start, items.stop):
        rank = table_find_integer(terms, i64_from_u64(integer_at(items.buf, i, element)))
        if rank >= 0 and rank < n:
            # Rounded, since a list may have more of a term than a Float32 counts.
            store_f32(buf, rank, f64_round_f32(load_f32(buf, rank) + 1.0))
    return True


@op(
    "list.term_counts",
    version=1,
    nulls=Nulls.EXPLICIT,
    nullable=lambda items, terms: False,
    result=_counts_type,
    public=False,
)
def list_term_counts(
    items: IntegerItems, terms: IntegerTable, arena: Arena, *, n: UInt64, element: Int64
) -> array_type(FLOAT32, 1):
    """How often each of n terms is among the elements; elements that are no term are left out.

    All zeros for null, and zero behind the last term. The row limit must be at least 4 n bytes, as
    `one_hot` has it.
    """
    view, valid = items
    size = i64_from_u64(n)
    if i64_mul(size, 4) > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, i64_mul(size, 4))
    read = View(view.buf, view.start, view.stop if valid else view.start)
    count_terms(read, terms[0], buf, size, element)
    return View(buf, 0, size), True


@inlined
def weight_at(buf: object, i: Int64, weights: View) -> float:
    """The count of a term times its weight; 0 behind the last weight."""
    return load_f32(buf, i) * load_f64(weights.buf, i) if i < weights.stop else 0.0


@op(
    "list.term_weights",
    version=1,
    nulls=Nulls.EXPLICIT,
    nullable=lambda items, terms, weights: False,
    result=_counts_type,
    public=False,
)
def list_term_weights(
    items: IntegerItems,
    terms: IntegerTable,
    weights: FloatTable,
    arena: Arena,
    *,
    n: UInt64,
    element: Int64,
    is_unit: Bool,
) -> array_type(FLOAT32, 1):
    """`list.term_counts`, each count times the weight of its term, in Float64 and rounded once.

    Divided by the Euclidean length of all of them if `is_unit`, its squares added from left to
    right; zeros stay.
    """
    view, valid = items
    size = i64_from_u64(n)
    if i64_mul(size, 4) > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, i64_mul(size, 4))
    read = View(view.buf, view.start, view.stop if valid else view.start)
    count_terms(read, terms[0], buf, size, element)
    squares = 0.0
    for i in range(size):
        weight = weight_at(buf, i, weights[0])
        squares = squares + weight * weight
    length = f64_sqrt(squares) if is_unit and squares > 0.0 else 1.0
    for i in range(size):
        store_f32(buf, i, f64_round_f32(f64_div(weight_at(buf, i, weights[0]), length)))
    return View(buf, 0, size), True
