"""Golden cases of `str.json_path_match`: by CPython's `json`, and a walk over what it reads.

Numbers keep their text in it, and what it reads beyond RFC 8259 (NaN, halves of surrogate pairs) is
by hand. Polars must say the same of strings, and of what leads to nothing.
"""

from __future__ import annotations

import json
import platform
from typing import Any

import polars as pl
from numeric_cases import BY_HAND, case, write

ORACLE = f"CPython {platform.python_version()} json"
Step = str | int
SHOP = (
    '{"id": 17, "name": "café \\u00e9\\n\\"x\\"", "price": 1.50, '
    '"tags": ["a", "b", ["c", {"d": 1e2}]], "owner": {"name": "Ann", "tags": [], "0": "zero"}, '
    '"sold": false, "left": null, "": "empty"}'
)
TRIED: list[tuple[str, list[Step]]] = [
    (SHOP, path)
    for path in (
        ["id"], ["name"], ["price"], ["tags", 0], ["tags", 2, 0], ["tags", 2, 1, "d"], ["tags", 3],
        ["owner", "name"], ["owner", "0"], ["owner", 0], ["owner", "tags", 0], ["sold"], ["left"],
        [""], ["none"], ["id", "x"], ["name", 0], ["tags", "0"], ["left", "x"],
    )
] + [
    ('"text"', []), ("12", []), ("true", []), ('{"a":null}', ["a"]), ("[false]", [0]),
    ('{"a":true}', ["a"]), ("null", []), (" [1,2] ", [1]), ("[1,2]", [0]),
    ("[]", [0]), ("{}", ["a"]), ('{"a":1,"a":2}', ["a"]), ('{"a":{"b":1},"a":{}}', ["a", "b"]),
    ('{"a":{"b":1},"a":{"b":"x"}}', ["a", "b"]), ('{"a":[1],"a":3,"b":4}', ["a", 0]),
    ('[[1,2],[3,[4,5]],6]', [1, 1, 1]), ('[[1,2],[3,[4,5]],6]', [2]), ('[[[]],[{}],7]', [2]),
    ('{"x":[0,0],"y":[1,"z"]}', ["y", 1]), ('{"a\\u0062":"é"}', ["ab"]), ('{"ab":1}', ["a"]),
    ('{"a":1}', ["ab"]), ('{"é":"\\ud83d\\ude00"}', ["é"]), ('{"日本":"語"}', ["日本"]),
    ('["\\b\\f\\n\\r\\t\\/\\\\\\""]', [0]), ('"\\u0000"', []), ("-0.0e-00", []), ("1E+5", []),
    ('{"a": [ 1 , 2 ] }', ["a", 1]), ("\t\r\n1\n", []),
    ('{"k":{"a":1,"b":{"a":2}}}', ["k", "b", "a"]), ('{"b":{"a":2},"a":3}', ["a"]),
    ("[" * 63 + "1" + "]" * 63, [0] * 63), ("[0,1,2,3,4,5,6,7,8,9,10]", [10]),
]  # fmt: skip
MALFORMED = [
    "", " ", "{", "[", "[1", "[1,", "[1,]", "{,}", '{"a"}', '{"a":}', '{"a":1,}', "{a:1}", "[1 2]",
    "1 2", "01", "-", "1.", ".5", "1e", "1e+", "+1", "tru", "truex", "True", "nul", "null{", "NaN",
    "[Infinity]", '"', '"a', '"\\', '"\\x"', '"\\u12"', '"\\u12g4"', '"a\tb"', "'a'", "]", "}",
    "[}", '{"a":1]', "[1]]", "\ufeff1", "[1]x", "// c\n1", '"\\ud800"', '"\\udc00"',
    '"\\ud800\\u0041"', '"\\ud83d"', "\x00", "1\x00", "[" * 64 + "]" * 64, "{" * 100,
    '{"a" 1}', '{"a":1 "b":2}',
    "[,1]", "{1:2}", "-a", "0x1", "fals", "\u00a01",
]  # fmt: skip
WRONG_PATHS = ["x", "k", "k3:ab", "i", "$", "k-1:a", "kx:a", "é", "i0", "k99999999999999999999:a"]


class Number(str):
    """A number as it is written."""


def refused(name: str) -> Any:
    raise ValueError(name)


def by_python(text: str, path: list[Step]) -> str | None:
    """What a reader of the RFC finds; None where it finds nothing, or the text is malformed."""
    try:
        value = json.loads(
            text, parse_int=Number, parse_float=Number, parse_constant=refused, strict=True
        )
    except ValueError:
        return None
    for step in path:
        fits = isinstance(value, list if isinstance(step, int) else dict)
        if not fits or (step >= len(value) if isinstance(step, int) else step not in value):  # type: ignore[operator]
            return None
        value = value[step]
    if isinstance(value, str):
        return str(value)
    return json.dumps(value) if isinstance(value, bool) else None


def polars_path(path: list[Step]) -> str:
    return "$" + "".join(f"[{s}]" if isinstance(s, int) else f"['{s}']" for s in path)


def sent(path: list[Step]) -> str:
    """The form in which the body reads a path."""
    return "".join(f"i{s}:" if isinstance(s, int) else f"k{len(s.encode())}:{s}" for s in path)


def main() -> None:
    """Writes the file."""
    types, cases = ["String"] * 2, []
    for text, path in TRIED:
        out = by_python(text, path)
        theirs = pl.Series([text]).str.json_path_match(polars_path(path)).item()
        is_number = out is not None and out[:1] in "-0123456789"
        assert is_number or "" in path or len(path) > 60 or theirs == out, (text, path, out, theirs)
        group = "basic" if text.isascii() and path else "text_edges"
        cases.append(case(group, types, [text, sent(path)], "String", out, ORACLE, "by its path"))
    whole = {
        ('{"a": [1, {"b" : 2}]}', "k1:a"): '[1, {"b" : 2}]',
        ('{"a": [1, {"b" : 2}]}', "k1:ai1:"): '{"b" : 2}',
        (" {} ", ""): "{}",
        ("[ ]", ""): "[ ]",
        ("[" * 63 + "]" * 63, ""): "[" * 63 + "]" * 63,
    }
    for (text, steps), out in whole.items():
        why = "lists and objects as they are written"
        cases.append(case("basic", types, [text, steps], "String", out, BY_HAND, why))
    for text in MALFORMED:
        assert "\\ud" in text or "\\udc" in text or text[:3] == "[[[" or by_python(text, []) is None
        cases.append(case("text_edges", types, [text, ""], "String", None, BY_HAND, "no JSON"))
    for text in ('{"a":1,"b":}', '{"a":1}x', '{"a":1', '{"a":"\\ud800"}', '{"b":tru,"a":1}'):
        why = "malformed elsewhere"
        cases.append(case("text_edges", types, [text, "k1:a"], "String", None, BY_HAND, why))
    for steps in WRONG_PATHS:
        why = "what no definition writes ends the path"
        out = None if steps.startswith("i") else '{"ab":1}'
        cases.append(case("text_edges", types, ['{"ab":1}', steps], "String", out, BY_HAND, why))
    for args in ([None, "k1:a"], ["{}", None]):
        cases.append(case("nulls", types, args, "String", None, BY_HAND, "null in, null out"))
    write("json_values", "str.json_path_match", cases)


if __name__ == "__main__":
    main()
