"""Text methods refuse what they cannot mean, and the case tables are those of Unicode."""

import unicodedata

import pytest

from featurelib import dtypes
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.intrinsics import Arena, View
from featurelib.node import Node, input_node
from featurelib.ops.casing import casefold, to_lowercase, to_uppercase
from featurelib.ops.char_classes import is_of_class
from featurelib.ops.unicode_encoding import case_table, class_table
from featurelib.tables import TableData

CLASSES = ("letter", "decimal_number")
TEXT = input_node("s", dtypes.STRING, False)
NUMBER = input_node("i", dtypes.INT32, False)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: TEXT.str.slice(1.5), "offset: expected a constant integer, got 1.5"),
        (lambda: TEXT.str.slice(0, -1), "expected an integer >= 0, got -1"),
        (lambda: TEXT.str.head(True), "expected a constant integer, got True"),
        (lambda: TEXT.concat_str("a", separator=1), "expected a text as separator, got 1"),
        (lambda: TEXT.hash_bucket(0), "1 <= n < 2\\*\\*64, got n=0"),
        (lambda: TEXT.hash64(seed=-1), "0 <= seed < 2\\*\\*64, got -1"),
        (lambda: TEXT.one_hot(0), "1 <= n <= 16384, got n=0"),
        (lambda: NUMBER.ordinal([]), "got none"),
    ],
)
def test_a_bad_constant_is_refused_by_value(build: object, message: str) -> None:
    """The message names the method, what it expected, and the value."""
    with pytest.raises(DefinitionError, match=message):
        build()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: TEXT + NUMBER, "`concat` takes"),
        (lambda: TEXT.concat_str(NUMBER), "`concat_str` takes String, got Int32"),
        (lambda: TEXT.one_hot(3), "an integer index or a list of values, got String"),
        (lambda: NUMBER.ordinal(["a"]), "the values are text, the column is Int32"),
        (lambda: NUMBER.ordinal([2**40]), "1099511627776 does not fit Int32"),
        (lambda: NUMBER.str.to_lowercase(), "takes \\(String, Table"),
    ],
)
def test_a_wrong_type_is_refused_by_name(build: object, message: str) -> None:
    """The message names the types that meet and the ones that were wanted."""
    with pytest.raises(FeatureTypeError, match=message):
        build()  # type: ignore[operator]


def test_plus_joins_text_from_both_sides() -> None:
    """A constant text may stand on either side of the sign."""
    for node in (TEXT + "a", "a" + TEXT, TEXT + TEXT):
        assert isinstance(node, Node)
        assert (node.op, node.dtype) == ("concat@1", dtypes.STRING)


@pytest.mark.parametrize("n", [1, 2**32, 2**32 + 1])
def test_buckets_have_the_narrowest_type_of_two(n: int) -> None:
    """Up to 2**32 buckets are UInt32, more are UInt64."""
    assert TEXT.hash_bucket(n).dtype == (dtypes.UINT32 if n <= 2**32 else dtypes.UINT64)


def test_the_case_tables_agree_with_an_older_unicode() -> None:
    """What CPython maps (Unicode 14 in Python 3.11) maps the same way here; mappings never change.

    Final sigma needs a word around it and is among the golden cases.
    """
    tables = {d: View(*_parts(case_table(d))) for d in ("lower", "upper")}
    changed = [
        c
        for c in range(128, 0x20000)
        if unicodedata.category(chr(c)) in ("Lu", "Ll", "Lt", "Nl", "So", "Mn")
        and (chr(c).lower(), chr(c).upper()) != (chr(c), chr(c))
    ]
    assert len(changed) > 2500
    for code in changed:
        data = chr(code).encode()
        s = View(data, 0, len(data))
        lower, _ = to_lowercase(s, tables["lower"], Arena())
        upper, _ = to_uppercase(s, tables["upper"], Arena())
        assert bytes(lower.buf).decode() == chr(code).lower(), hex(code)
        assert bytes(upper.buf).decode() == chr(code).upper(), hex(code)


def test_folding_and_classes_agree_with_an_older_unicode() -> None:
    """Each code point that CPython knows folds here as there, and is a letter or a digit as there.

    It knows Unicode 14 (in Python 3.11). A folding never changes; a class has not changed since for
    a code point that had one.
    """
    fold, letter, digit = (
        View(*_parts(t)) for t in (case_table("fold"), *map(class_table, CLASSES))
    )
    folded = 0
    for code in (*range(0x3400), *range(0x9FF0, 0x20000), 0x10FFFF):
        char = chr(code)
        if unicodedata.category(char) in ("Cn", "Cs"):
            continue
        data = char.encode()
        s = View(data, 0, len(data))
        result, _ = casefold(s, fold, Arena())
        assert bytes(result.buf).decode() == char.casefold(), hex(code)
        assert is_of_class(s, letter) == char.isalpha(), hex(code)
        assert is_of_class(s, digit) == char.isdecimal(), hex(code)
        folded += char.casefold() != char
    assert folded > 1500


def _parts(table: TableData) -> tuple[bytes, int, int]:
    data, count = table.encode()
    return data, 0, count
