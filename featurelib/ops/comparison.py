"""Comparison: == != < <= > >=, on numbers, truth values, text and time.

As in Polars, NaN equals itself and is greater than every number, -0.0 equals 0.0, false is less
than true, and text is compared by its UTF-8 bytes (which is the order of its code points).
"""

from featurelib.dtypes import Bool, String
from featurelib.intrinsics import View, i64_add, i64_sub, load_u8
from featurelib.op import Float, Nulls, Signed, Temporal, TypeSet, Unsigned, kernel_function, op
from featurelib.ops.string_table import equal_bytes

Integer = TypeSet("Integer", Signed.names | Unsigned.names)
Discrete = TypeSet("Discrete", Integer.names | Temporal.names)
"""Types whose values are exact integers to a kernel."""


@kernel_function
def text_equal(a: View, b: View) -> Bool:
    """Whether two pieces of text have the same bytes."""
    n = i64_sub(a.stop, a.start)
    return n == i64_sub(b.stop, b.start) and equal_bytes(a.buf, a.start, b.buf, b.start, n)


@kernel_function
def text_less(a: View, b: View) -> Bool:
    """Whether `a` stands before `b` in the order of bytes; a prefix stands first."""
    n = i64_sub(a.stop, a.start)
    m = i64_sub(b.stop, b.start)
    i = 0
    while i < n and i < m:
        p = load_u8(a.buf, i64_add(a.start, i))
        q = load_u8(b.buf, i64_add(b.start, i))
        if p != q:
            return p < q
        i = i64_add(i, 1)
    return n < m


@op("eq", version=1, promote=True)
def eq(a: Float, b: Float) -> Bool:
    """Whether both are equal; NaN equals NaN, and -0.0 equals 0.0."""
    return a == b or (a != a and b != b)


@eq.body
def eq_discrete(a: Discrete, b: Discrete) -> Bool:
    return a == b


@eq.body
def eq_bool(a: Bool, b: Bool) -> Bool:
    return (a and b) or not (a or b)


@eq.body
def eq_text(a: String, b: String) -> Bool:
    return text_equal(a, b)


@op("ne", version=1, promote=True)
def ne(a: Float, b: Float) -> Bool:
    """Whether the two differ: not `eq`."""
    return a != b and (a == a or b == b)


@ne.body
def ne_discrete(a: Discrete, b: Discrete) -> Bool:
    return a != b


@ne.body
def ne_bool(a: Bool, b: Bool) -> Bool:
    return (a or b) and not (a and b)


@ne.body
def ne_text(a: String, b: String) -> Bool:
    return not text_equal(a, b)


@op("lt", version=1, promote=True)
def lt(a: Float, b: Float) -> Bool:
    """Whether `a` stands before `b`; NaN is the greatest."""
    return a < b or (a == a and b != b)


@lt.body
def lt_discrete(a: Discrete, b: Discrete) -> Bool:
    return a < b


@lt.body
def lt_bool(a: Bool, b: Bool) -> Bool:
    return b and not a


@lt.body
def lt_text(a: String, b: String) -> Bool:
    return text_less(a, b)


@op("le", version=1, promote=True)
def le(a: Float, b: Float) -> Bool:
    """Whether `a` is equal to `b` or stands before it; NaN is the greatest."""
    return a <= b or b != b


@le.body
def le_discrete(a: Discrete, b: Discrete) -> Bool:
    return a <= b


@le.body
def le_bool(a: Bool, b: Bool) -> Bool:
    return b or not a


@le.body
def le_text(a: String, b: String) -> Bool:
    return not text_less(b, a)


@op("gt", version=1, promote=True)
def gt(a: Float, b: Float) -> Bool:
    """Whether `a` stands after `b`; NaN is the greatest."""
    return a > b or (b == b and a != a)


@gt.body
def gt_discrete(a: Discrete, b: Discrete) -> Bool:
    return a > b


@gt.body
def gt_bool(a: Bool, b: Bool) -> Bool:
    return a and not b


@gt.body
def gt_text(a: String, b: String) -> Bool:
    return text_less(b, a)


@op("ge", version=1, promote=True)
def ge(a: Float, b: Float) -> Bool:
    """Whether `a` is equal to `b` or stands after it; NaN is the greatest."""
    return a >= b or a != a


@ge.body
def ge_discrete(a: Discrete, b: Discrete) -> Bool:
    return a >= b


@ge.body
def ge_bool(a: Bool, b: Bool) -> Bool:
    return a or not b


@ge.body
def ge_text(a: String, b: String) -> Bool:
    return not text_less(a, b)


def _never(*nullables: bool) -> bool:
    return False


@op("eq_missing", version=1, nulls=Nulls.EXPLICIT, promote=True, nullable=_never)
def eq_missing(a: Float, b: Float) -> Bool:
    """As `eq`, but two nulls are equal and a null differs from every value: never null."""
    x, y = a[0], b[0]
    if a[1] and b[1]:
        return x == y or (x != x and y != y), True
    return not (a[1] or b[1]), True


@eq_missing.body
def eq_missing_discrete(a: Discrete, b: Discrete) -> Bool:
    if a[1] and b[1]:
        return a[0] == b[0], True
    return not (a[1] or b[1]), True


@eq_missing.body
def eq_missing_bool(a: Bool, b: Bool) -> Bool:
    if a[1] and b[1]:
        return (a[0] and b[0]) or not (a[0] or b[0]), True
    return not (a[1] or b[1]), True


@eq_missing.body
def eq_missing_text(a: String, b: String) -> Bool:
    if a[1] and b[1]:
        return text_equal(a[0], b[0]), True
    return not (a[1] or b[1]), True


@op("ne_missing", version=1, nulls=Nulls.EXPLICIT, promote=True, nullable=_never)
def ne_missing(a: Float, b: Float) -> Bool:
    """Not `eq_missing`: never null."""
    x, y = a[0], b[0]
    if a[1] and b[1]:
        return x != y and (x == x or y == y), True
    return a[1] or b[1], True


@ne_missing.body
def ne_missing_discrete(a: Discrete, b: Discrete) -> Bool:
    if a[1] and b[1]:
        return a[0] != b[0], True
    return a[1] or b[1], True


@ne_missing.body
def ne_missing_bool(a: Bool, b: Bool) -> Bool:
    if a[1] and b[1]:
        return (a[0] or b[0]) and not (a[0] and b[0]), True
    return a[1] or b[1], True


@ne_missing.body
def ne_missing_text(a: String, b: String) -> Bool:
    if a[1] and b[1]:
        return not text_equal(a[0], b[0]), True
    return a[1] or b[1], True
