"""Machine code of dense layers, with the bits of torch's and no cost of a call.

A forward of torch of a few rows takes some twenty calls of a dozen microseconds each, and as many
rows as the smallest size of the ladder. Here a function of a module is one call, for exactly the
rows that there are, and each row is computed by itself: what comes beside it cannot show.

The order of all operations is that of torch 2.13 with MKL on x86-64 with AVX2, found by asking it
for sums of numbers that cancel. A place of a product with many columns is summed from the first
column to the last with fused multiplications; a product with one column and sums of a row have
four and eight partial sums. Another library may have another order: `dense.py` compares before it
takes this. It stands in one file, because the cache of machine code looks at no other.
"""

from __future__ import annotations

# mypy: ignore-errors
import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from featurelib.jit.windows.memory import WORD, helper, word
from featurelib.jit.windows.plain import Plain

BLOCK = 48
"""Rows that go through all layers before the next ones: what lies between layers stays near."""
LAYER_WORDS, PLAN_WORDS = 5, 5
"""Of a layer in a plan, and before the first one."""
VECTORS, UNIT, SCORES = 0, 1, 2
"""How a plan ends."""
_TALL, _WIDE, _LANES = 4, 2, 8
"""Rows and vectors of a tile, and the numbers of a vector: eight sums and two of weights are ten of
the sixteen registers that AVX2 has."""

_F32, _I32, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_F32, _LANES)


def _array_of(numba_type):
    @intrinsic
    def pointer(typingctx, address):
        def build(context, builder, sig, args):
            return builder.inttoptr(args[0], context.get_value_type(sig.return_type))

        return types.CPointer(numba_type)(types.int64), build

    return pointer


_floats = _array_of(types.float32)
_ids = _array_of(types.uint32)


def _loop(b, count, carried, body):
    """Emits ``for i in range(count): carried = body(i, carried)``; gives what is carried last."""
    before, zero = b.block, ir.Constant(_I64, 0)
    head, inner, after = (b.append_basic_block(name) for name in ("head", "inner", "after"))
    b.branch(head)
    b.position_at_end(head)
    i, values = b.phi(_I64), [b.phi(value.type) for value in carried]
    b.cbranch(b.icmp_signed("<", i, count), inner, after)
    b.position_at_end(inner)
    made, following = body(i, values), b.add(i, ir.Constant(_I64, 1))
    for phi, first, later in zip([i, *values], [zero, *carried], [following, *made], strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(later, b.block)
    b.branch(head)
    b.position_at_end(after)
    return values


def _at(b, base, step, count, offset=0):
    """The address so many steps and bytes behind another."""
    place = b.add(base, b.mul(step, count if isinstance(count, ir.Value) else _int(count)))
    return b.add(place, _int(offset))


def _int(value):
    return ir.Constant(_I64, value)


def _read(b, address, of):
    return b.load(b.inttoptr(address, of.as_pointer()), align=4)


def _tile(tall, wide):
    """Code of ``out = rows @ weights + added`` for so many rows and vectors of columns.

    Its arguments: the addresses of rows, weights, what is added, and out, each with the bytes from
    a row to the next one; how many columns a row has; whether what is below zero becomes zero.
    """

    @intrinsic
    def multiply(typingctx, rows, row_step, weights, weight_step, n, added, added_step, out,
                 out_step, is_cut):  # fmt: skip
        def build(context, b, sig, args):
            rows, row_step, weights, weight_step, n, added, added_step, out, out_step, cut = args
            of_three = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
            fused = cgutils.get_or_insert_function(b.module, of_three, "llvm.fma.v8f32")
            zeros = ir.Constant(_VECTOR, [0.0] * _LANES)
            same = ir.Constant(ir.VectorType(_I32, _LANES), [0] * _LANES)
            starts = [_at(b, rows, row_step, r) for r in range(tall)]

            def column(k, sums):
                columns = [
                    _read(b, _at(b, weights, weight_step, k, 32 * v), _VECTOR) for v in range(wide)
                ]
                made = []
                for start in starts:
                    number = _read(b, _at(b, start, _int(4), k), _F32)
                    alone = b.insert_element(zeros, number, ir.Constant(_I32, 0))
                    spread = b.shuffle_vector(alone, zeros, same)
                    made += [
                        b.call(fused, [spread, weight, one])
                        for weight, one in zip(columns, sums[len(made) :], strict=False)
                    ]
                return made

            sums = _loop(b, n, [zeros] * (tall * wide), column)
            cuts = b.icmp_signed("!=", cut, _int(0))
            for i, one in enumerate(sums):
                r, offset = i // wide, 32 * (i % wide)
                value = b.fadd(one, _read(b, _at(b, added, added_step, r, offset), _VECTOR))
                positive = b.select(b.fcmp_ordered("<", value, zeros), zeros, value)
                place = b.inttoptr(_at(b, out, out_step, r, offset), _VECTOR.as_pointer())
                b.store(b.select(cuts, positive, value), place, align=4)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 10), build

    return multiply


@intrinsic
def _sum(typingctx, row, n):
    """The sum of n numbers, a multiple of 8: of every eighth in up to four parts, then of those."""

    def build(context, b, sig, args):
        row, n = args
        zeros = ir.Constant(_VECTOR, [0.0] * _LANES)
        fours = b.lshr(n, _int(5))

        def vector(at):
            return _read(b, _at(b, row, _int(32), at), _VECTOR)

        def four(i, parts):
            first = b.shl(i, _int(2))
            return [b.fadd(part, vector(b.add(first, _int(j)))) for j, part in enumerate(parts)]

        first, *parts = _loop(b, fours, [zeros] * 4, four)
        begun = b.shl(fours, _int(2))
        (made,) = _loop(
            b, b.sub(b.lshr(n, _int(3)), begun), [first],
            lambda i, sums: [b.fadd(sums[0], vector(b.add(begun, i)))],
        )  # fmt: skip
        for part in parts:
            made = b.fadd(made, part)
        total = b.extract_element(made, ir.Constant(_I32, 0))
        for lane in range(1, _LANES):
            total = b.fadd(total, b.extract_element(made, ir.Constant(_I32, lane)))
        return total

    return types.float32(types.int64, types.int64), build


@intrinsic
def _dot(typingctx, row, weights, n):
    """The product of n numbers, a multiple of 4, and a column.

    The first four are summed in order; on goes the first of four sums, of every fourth.
    """

    def build(context, b, sig, args):
        row, weights, n = args
        four = ir.VectorType(_F32, 4)

        def product(at, of):
            place = _at(b, row, _int(4), at), _at(b, weights, _int(4), at)
            return b.fmul(*[_read(b, address, of) for address in place])

        first = product(0, _F32)
        for k in range(1, 4):
            first = b.fadd(first, product(k, _F32))
        begun = b.insert_element(ir.Constant(four, [0.0] * 4), first, ir.Constant(_I32, 0))
        times = b.sub(b.lshr(n, _int(2)), _int(1))
        (made,) = _loop(
            b, times, [begun],
            lambda i, sums: [
                b.fadd(sums[0], product(b.shl(b.add(i, _int(1)), _int(2)), four))
            ],
        )  # fmt: skip
        one, two, three, last = (b.extract_element(made, ir.Constant(_I32, j)) for j in range(4))
        return b.fadd(b.fadd(one, three), b.fadd(two, last))

    return types.float32(types.int64, types.int64, types.int64), build


_tile_4_2, _tile_4_1 = _tile(_TALL, _WIDE), _tile(_TALL, 1)
_tile_1_2, _tile_1_1 = _tile(1, _WIDE), _tile(1, 1)


@helper
def _layer(n, rows, step, n_in, n_out, weights, added, added_step, out, is_relu):
    """One layer for n rows; `out` has n_out columns, a multiple of 8."""
    across = 4 * n_out
    for c in range(0, n_out - 8, 16):
        weight, add, place = weights + 4 * c, added + 4 * c, out + 4 * c
        r = 0
        while r + 4 <= n:
            _tile_4_2(rows + r * step, step, weight, across, n_in, add + r * added_step,
                      added_step, place + r * across, across, is_relu)  # fmt: skip
            r += 4
        while r < n:
            _tile_1_2(rows + r * step, step, weight, across, n_in, add + r * added_step,
                      added_step, place + r * across, across, is_relu)  # fmt: skip
            r += 1
    if n_out % 16:
        c = n_out - 8
        weight, add, place = weights + 4 * c, added + 4 * c, out + 4 * c
        r = 0
        while r + 4 <= n:
            _tile_4_1(rows + r * step, step, weight, across, n_in, add + r * added_step,
                      added_step, place + r * across, across, is_relu)  # fmt: skip
            r += 4
        while r < n:
            _tile_1_1(rows + r * step, step, weight, across, n_in, add + r * added_step,
                      added_step, place + r * across, across, is_relu)  # fmt: skip
            r += 1


@helper
def _square(row, n, room):
    """The sum of the squares of n numbers, and a little, so that it is not 0."""
    numbers, squares = nb.carray(_floats(row), (n,)), nb.carray(_floats(room), (n,))
    for j in range(n):
        squares[j] = numbers[j] * numbers[j]
    return _sum(room, n) + np.float32(1e-12)


@Plain
def forward(
    n, plan, rows, step, added, added_step, mixed, mixed_step, room, half, out, ends
):  # pragma: no cover - machine code
    """Takes n rows through layers to vectors, vectors with their squared lengths, or scores.

    ``plan``: how many layers; how they end (`VECTORS`, `UNIT`, `SCORES`); for scores the addresses
    of the weights and of the bias of the last layer, and how many products are added; then for each
    layer the columns that it reads and gives, the addresses of weights, a row of float32 for each
    column read, and of the bias, and whether ReLU follows.

    Of ``rows``, ``added`` (in the place of the first layer's bias; 0: that) and ``mixed`` (the
    products, for scores) the address of the first row, and the bytes from one to the next. ``room``
    has twice ``half`` bytes, each enough for a block of the widest layer. ``out``: vectors, a row
    for each; ``ends``: squared lengths, or scores.
    """
    n_layers, end = word(plan, 0), word(plan, 1)
    last, bias, products = word(plan, 2), word(plan, 3), word(plan, 4)
    score = nb.carray(_floats(ends), (n,))
    for begin in range(0, n, BLOCK):
        count = min(n - begin, BLOCK)
        source, source_step, width = rows + begin * step, step, 0
        for i in range(n_layers):
            about = plan + WORD * (PLAN_WORDS + LAYER_WORDS * i)
            width = word(about, 1)
            add, add_step = word(about, 3), 0
            if i == 0 and added != 0:
                add, add_step = added + begin * added_step, added_step
            place = room + (i & 1) * half
            if end != SCORES and i == n_layers - 1:
                place = out + 4 * begin * width
            _layer(count, source, source_step, word(about, 0), width, word(about, 2), add, add_step,
                   place, word(about, 4))  # fmt: skip
            source, source_step = place, 4 * width
        for r in range(count):
            row = source + r * source_step
            if end == UNIT:
                score[begin + r] = _square(row, width, room)
            elif end == SCORES:
                made = _dot(row, last, width) + nb.carray(_floats(bias), (1,))[0]
                if products:
                    made += _sum(mixed + (begin + r) * mixed_step, products)
                score[begin + r] = made
    return 0


@Plain
def spread(
    n, numbers, n_numbers, ids, n_ids, tables, out, width
):  # pragma: no cover - machine code
    """Writes the columns of n rows, float32 (n, width): numbers, then the vectors of their ids.

    Addresses of: float32 (n, n_numbers); uint32 (n, n_ids); for each column of ids that has a
    vector which one it is, how many vectors there are, their columns, and their address; the rows.

    Gives -1, or the first row with an id that has no vector.
    """
    known = nb.carray(_ids(ids), (n, n_ids))
    for r in range(n):
        given = nb.carray(_floats(numbers + 4 * n_numbers * r), (n_numbers,))
        row = nb.carray(_floats(out + 4 * width * r), (width,))
        for j in range(n_numbers):
            row[j] = given[j]
        at, about = n_numbers, tables
        while at < width:
            one, columns = np.int64(known[r, word(about, 0)]), word(about, 2)
            if one >= word(about, 1):
                return r
            vector = nb.carray(_floats(word(about, 3) + 4 * columns * one), (columns,))
            for j in range(columns):
                row[at + j] = vector[j]
            at += columns
            about += 4 * WORD
    return -1
