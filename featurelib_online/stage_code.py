"""Machine code that gathers cells of vectors by row number, into a column for each cell."""

from __future__ import annotations

# mypy: ignore-errors
import numba as nb
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from featurelib.jit.windows.memory import helper, word
from featurelib.jit.windows.plain import Plain

BLOCK_WORDS = 7
"""Of each block of `gather`."""


def _array_of(numba_type):
    @intrinsic
    def pointer(typingctx, address):
        def build(context, builder, sig, args):
            return builder.inttoptr(args[0], context.get_value_type(sig.return_type))

        return types.CPointer(numba_type)(types.int64), build

    return pointer


def _reader_of(numba_type, bits):
    @intrinsic
    def read(typingctx, address):
        def build(context, builder, sig, args):
            place = builder.inttoptr(args[0], ir.IntType(bits).as_pointer())
            return builder.load(place, align=1)

        return numba_type(types.int64), build

    return read


_words, _halves = _array_of(types.uint64), _array_of(types.uint32)
_quarters, _bytes = _array_of(types.uint16), _array_of(types.uint8)
_word, _half = _reader_of(types.uint64, 64), _reader_of(types.uint32, 32)
_quarter, _byte = _reader_of(types.uint16, 16), _reader_of(types.uint8, 8)


@helper
def _take(n, rows, size, source, step, out):
    """The cell of each row: it begins `step` bytes behind that of the row before."""
    row = nb.carray(_words(rows), (n,))
    if size == 8:
        words = nb.carray(_words(out), (n,))
        for i in range(n):
            words[i] = _word(source + step * nb.int64(row[i]))
    elif size == 4:
        halves = nb.carray(_halves(out), (n,))
        for i in range(n):
            halves[i] = _half(source + step * nb.int64(row[i]))
    elif size == 2:
        quarters = nb.carray(_quarters(out), (n,))
        for i in range(n):
            quarters[i] = _quarter(source + step * nb.int64(row[i]))
    else:
        cells = nb.carray(_bytes(out), (n,))
        for i in range(n):
            cells[i] = _byte(source + step * nb.int64(row[i]))


@Plain
def gather(n, rows, limit, n_blocks, blocks):  # pragma: no cover - machine code
    """Gathers cells of rows. Gives -1, or the place of the first row that is not below `limit`.

    ``rows``: int64 (n). A block has cells of one size: it, how many, the address of the first row,
    the bytes from a cell to the next one and from a row to the next one, int64 numbers of cells,
    and where to: a row of n cells for each.
    """
    for i in range(n):
        if not 0 <= word(rows, i) < limit:
            return i
    for b in range(n_blocks):
        at = blocks + 8 * BLOCK_WORDS * b
        size, out = word(at, 0), word(at, 6)
        for c in range(word(at, 1)):
            source = word(at, 2) + word(at, 3) * word(word(at, 5), c)
            _take(n, rows, size, source, word(at, 4), out + size * n * c)
    return -1
