"""Normal forms and title case: as CPython and Polars have them; what is refused, what is null."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.intrinsics import Arena, View
from featurelib.node import input_node
from featurelib.ops.casing import to_titlecase
from featurelib.ops.normal_forms import normalize
from featurelib.ops.unicode_encoding import FORMS, case_table, class_table, normal_table
from featurelib.tables import TableData
from parity_tests.soak import amount, examples

COMBINING = "aeo\u0301\u0323\u0307\u0327\u0345\u1100\u1161\u11a8가각éṩ\u09c7\u09beﬁ\u1e9b"


def read(table: TableData) -> View:
    data, count = table.encode()
    return View(data, 0, count)


NORMAL = {form: read(normal_table(form)) for form in FORMS}
TITLE = [*map(read, map(case_table, ("title", "lower"))), read(class_table("alphabetic"))]


def view(text: str) -> View:
    """A text with other bytes before it."""
    data = text.encode()
    return View(b"zz" + data, 2, 2 + len(data))


def text_of(result: tuple[View, bool]) -> str | None:
    made, valid = result
    return bytes(made.buf[made.start : made.stop]).decode() if valid else None


def is_known(text: str) -> bool:
    """Whether the older Unicode of CPython has all of its code points."""
    return not any(unicodedata.category(c) == "Cn" for c in text)


@pytest.mark.parametrize("form", FORMS)
@examples(100, soak=20_000)
@given(st.text(st.sampled_from(COMBINING), max_size=10) | st.text(max_size=6).filter(is_known))
def test_a_normal_form_is_that_of_cpython(form: str, text: str) -> None:
    """Of code points that both know, for which it never changes; once is enough."""
    made = text_of(normalize(view(text), NORMAL[form], Arena()))
    assert made == unicodedata.normalize(form, text)
    assert text_of(normalize(view(made), NORMAL[form], Arena())) == made


def test_each_code_point_has_the_normal_forms_of_cpython() -> None:
    """Those that change in some form, and marks beside a letter."""
    changed = 0
    for code in range(0x80, 0x2FA20, amount(7, soak=1)):
        char = chr(code)
        forms = {form: unicodedata.normalize(form, f"e{char}\u0323") for form in FORMS}
        if not is_known(char) or unicodedata.category(char) == "Cs":
            continue
        if unicodedata.normalize("NFKD", char) == char and not unicodedata.combining(char):
            continue
        for form, expected in forms.items():
            made = text_of(normalize(view(f"e{char}\u0323"), NORMAL[form], Arena()))
            assert made == expected, (form, hex(code))
        changed += 1
    assert changed > 2000


@examples(150, soak=20_000)
@given(st.text(st.sampled_from("abßǆΣσİıé\u0301ﬁ1²ⅷ '-_日\u0902क"), max_size=12))
def test_title_case_is_that_of_polars(text: str) -> None:
    """Words end at what is no letter; sigma at the end of a word is the final one."""
    expected = pl.Series([text]).str.to_titlecase().item()
    assert text_of(to_titlecase(view(text), *TITLE, Arena())) == expected


@pytest.mark.parametrize("less", [0, 1])
def test_what_is_over_the_row_limit_is_null(less: int) -> None:
    """What fits exactly is there; one byte less is too little, in the quick ways too."""
    texts = {"abc": 3, "éb": 3, "e\u0301" * 8: 16}
    for text, size in texts.items():
        made = text_of(normalize(view(text), NORMAL["NFC"], Arena(size - less)))
        assert (made is None) == bool(less), text
    for text, size in {"abc": 3, "ŉ": 3, "ßß": 4}.items():
        made = text_of(to_titlecase(view(text), *TITLE, Arena(size - less)))
        assert (made is None) == bool(less), text


def test_what_cannot_be_meant_is_refused() -> None:
    """A form that Unicode does not have, and what is no text."""
    s, x = input_node("s", dtypes.STRING, False), input_node("x", dtypes.FLOAT64, False)
    with pytest.raises(DefinitionError, match="NFC, NFKC, NFD, NFKD, got 'nfc'"):
        s.str.normalize("nfc")
    with pytest.raises(FeatureTypeError, match="takes"):
        x.str.to_titlecase()
