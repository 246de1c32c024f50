"""Random projection: a vector of any length as one of n, with distances kept but for a little.

Component i is the sum of the elements, each with a random sign, divided by the root of n
(Achlioptas 2003, the first of his two distributions: the second saves time where a matrix is
stored, and none is here). The sign of element j in component i is bit j mod 64 of the XXH64 of the
eight bytes of 2**32 i + j // 64: minus where it is set. So a projection has no state, and a seed
says all of it.
"""

from featurelib.dtypes import FLOAT64, Float64, Int64, UInt64, array_type
from featurelib.errors import FeatureTypeError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    f64_div,
    f64_from_i64,
    f64_sqrt,
    i64_add,
    i64_and,
    i64_mul,
    i64_shl,
    i64_shr,
    i64_sub,
    u64_and,
    u64_from_i64,
    u64_shr,
)
from featurelib.node import Node, apply
from featurelib.op import Arena, Nulls, inlined, kernel_function, method, op
from featurelib.ops.encode import checked_places
from featurelib.ops.hashing import checked_seed, xxh64_u64
from featurelib.ops.sequence.elements import FloatItems, checked_element, element_code, float_at
from featurelib.ops.sequence.ordering import size_of
from featurelib.ops.sequence.vectors import store_float


@kernel_function
def signs_of(component: Int64, block: Int64, seed: UInt64) -> UInt64:
    """The signs of 64 elements in a component, the first in the lowest bit; a set bit is minus."""
    return xxh64_u64(u64_from_i64(i64_add(i64_shl(component, 32), block)), seed)


@inlined
def scale_of(n: Int64) -> Float64:
    """What the sums are multiplied with, so that lengths are kept."""
    return f64_div(1.0, f64_sqrt(f64_from_i64(n)))


def _projected(types, params):
    return array_type(checked_element(types, params), params["n"])


@op(
    "list.random_projection",
    version=1,
    nulls=Nulls.EXPLICIT,
    nullable=lambda items: items,
    result=_projected,
    public=False,
)
def list_random_projection(
    items: FloatItems, arena: Arena, *, n: Int64, seed: UInt64, element: Int64
) -> array_type(FLOAT64, 1):
    """n sums of the elements with random signs, from left to right in Float64, over the root of n.

    Rounded once to the type of the elements. The row limit must hold the n elements, which the
    definition checks against the default one.
    """
    view, valid = items
    size = i64_mul(n, size_of(element))
    if size > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, size)
    count = i64_sub(view.stop, view.start) if valid else 0
    for i in range(n):
        total, signs = 0.0, u64_from_i64(0)
        for j in range(count):
            at = i64_and(j, 63)
            if at == 0:
                signs = signs_of(i, i64_shr(j, 6), seed)
            x = float_at(view.buf, i64_add(view.start, j), element)
            is_minus = u64_and(u64_shr(signs, at), 1) != u64_from_i64(0)
            total = total - x if is_minus else total + x
        store_float(buf, i, total * scale_of(n), element)
    return View(buf, 0, n), valid


@method("arr.random_projection")
@method("list.random_projection")
def random_projection(items: Node, n: int, *, seed: int = 0) -> Node:
    """A vector of floats as an Array of n, with lengths and distances kept but for a little.

    Component i is the sum of the elements with random signs, from left to right in Float64, times
    1 / sqrt(n). The signs are bits of `hash64` of the place, so the seed is all that there is to
    keep. Null where the vector is; elements of Lists that are longer or shorter have the signs of
    their places. Distances of m vectors move by less than a share e for n of about
    8 log(m) / e**2 (Achlioptas 2003).

    Args:
        items: A List or Array of floats.
        n: How many components, from 1 to 8,192.
        seed: Another seed is another projection.
    """
    inner = items.dtype.inner
    if inner is None or not inner.is_float:
        raise FeatureTypeError(
            f"`random_projection` takes a List or Array of floats, got {items.dtype}",
            hint="declare its elements as floats",
        )
    params = {"seed": checked_seed(seed), "element": element_code(inner)}
    return apply("list.random_projection", (items,), {"n": checked_components(n), **params})


def checked_components(n: int) -> int:
    """The number of components.

    Raises:
        DefinitionError: It is no integer from 1 to 8,192, of which the row limit holds a Float64
            each.
    """
    return checked_places(n, "random_projection", most=8192)
