"""Parts of URLs and values of JSON: as the RFC's expression and CPython's reader find them."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena, View
from featurelib.node import Node, input_node
from featurelib.ops.json_values.paths import json_path_match
from featurelib.program import Program
from featurelib.state import FittedState
from parity_tests.soak import examples

TEXT = input_node("s", dtypes.STRING, False)
# RFC 3986, appendix B, with the letters that section 3.1 allows in a scheme.
RFC_3986 = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
KEYS = st.sampled_from(["a", "b", "é", "", "a b"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
PATHS = st.lists(KEYS | st.integers(0, 2), max_size=3)
TOKENS = st.sampled_from(
    [*'{}[],:" \\', "1", "-", "0.5", "e3", "true", "null", '"a"', '"\\u00e9"', '"a":', "\t", "é"]
)


def value(node: Node, text: str):
    """What the reference evaluator gives for a node on a text."""
    return Evaluator(Program({"made": node}), FittedState({})).row({"s": text.encode()})["made"]


def shown(path: list[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in path)


@examples(150, soak=20_000)
@given(st.text(st.sampled_from("a1.+:/?#@[]&=é"), max_size=14))
def test_the_parts_of_a_url_are_those_of_the_rfc(text: str) -> None:
    """What the expression of RFC 3986 finds in any text; the host is a part of the authority."""
    found = RFC_3986.fullmatch(text)
    assert found is not None
    parts = [
        value(getattr(TEXT.str, f"url_{part}")(), text)
        for part in ("scheme", "path", "query", "fragment")
    ]
    scheme, authority, *rest = found.groups()
    assert [None if p is None else p.decode() for p in parts] == [scheme, *rest]
    host = value(TEXT.str.url_host(), text)
    assert host is None or host.decode() in authority
    assert authority is not None or value(TEXT.str.url_port(), text) is None


@examples(100, soak=10_000)
@given(VALUES, PATHS, st.booleans(), st.sampled_from([None, 0, "\t"]))
def test_a_path_finds_what_cpython_finds(data, path, is_ascii: bool, indent) -> None:
    """However the text is laid out; a string is shown without its escapes, a null is null."""
    text = json.dumps(data, ensure_ascii=is_ascii, indent=indent)
    wanted = data
    for step in path:
        kind = list if isinstance(step, int) else dict
        inside = isinstance(wanted, kind) and (
            step < len(wanted) if isinstance(step, int) else step in wanted
        )
        wanted = wanted[step] if inside else None
    made = value(TEXT.str.json_path_match(shown(path)), text)
    if wanted is None or isinstance(wanted, str):
        assert made == (None if wanted is None else wanted.encode())
    else:
        assert json.loads(made) == wanted


@examples(200, soak=50_000)
@given(st.lists(TOKENS, max_size=8).map("".join))
def test_malformed_text_has_no_value(text: str) -> None:
    """What CPython's reader refuses is null, and nothing else but null itself."""
    try:
        is_null = json.loads(text) is None
    except ValueError:
        is_null = True
    assert (value(TEXT.str.json_path_match("$"), text) is None) == is_null


@pytest.mark.parametrize("less", [0, 1])
def test_what_is_over_the_row_limit_is_null(less: int) -> None:
    """Strings with escapes and without, and other values: what fits exactly is there."""
    for text, size in (('"abc"', 3), ('"\\u00e9bc"', 4), ("[1, 2]", 6)):
        s = View(text.encode(), 0, len(text.encode()))
        made, valid = json_path_match(s, View(b"", 0, 0), Arena(size - less))
        assert (valid, made.stop - made.start) == ((True, size) if less == 0 else (False, 0)), text


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda s: s.str.json_path_match("a.b"), DefinitionError, r"begins with \$, got 'a.b'"),
        (lambda s: s.str.json_path_match("$.a[*]"), DefinitionError, r"position 3 of '\$.a\[\*\]'"),
        (lambda s: s.str.json_path_match("$.a[-1]"), DefinitionError, "position 3"),
        (lambda s: s.str.json_path_match("$..a"), DefinitionError, "position 1"),
        (lambda s: s.str.json_path_match("$" + "[0]" * 64), DefinitionError, "at most 63"),
        (lambda s: s.str.json_path_match(s), DefinitionError, "a constant path"),
        (lambda s: s.str.len_bytes().str.url_host(), FeatureTypeError, "String"),
    ],
)
def test_what_cannot_be_meant_is_refused(build, error, message) -> None:
    """Paths that are not read, and what is no text."""
    with pytest.raises(error, match=message):
        build(TEXT)
