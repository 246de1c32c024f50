"""JSON requests: what the text itself may hold."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

import featurelib as fl
from featurelib import borders
from featurelib.errors import InputError
from featurelib.json_rows import parse

SCHEMA = fl.InputSchema.from_fields(
    {"x": float, "days": (list[fl.Date], []), "t": fl.Datetime | None}
)
BUNDLE: Any = SimpleNamespace(name="flights", schema=SCHEMA)


def test_times_are_read_from_text_also_inside_lists() -> None:
    """A JSON row becomes the row that Python values would give."""
    row = parse('{"x": 1, "days": ["2013-01-01"], "t": "2013-01-01T00:00:00-05:00"}', BUNDLE)
    instant = dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC)
    python = {"x": 1.0, "days": [dt.date(2013, 1, 1)], "t": instant}
    assert borders.canonical_row(row, SCHEMA) == borders.canonical_row(python, SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        '{"x": NaN, "t": null}',
        '{"x": 1e400, "t": null}',
        '{"x": 1, "x": 2, "t": null}',
        '{"x": 1, "t": "now"}',
        '{"x": 1',
        "[" * 100_000,
        "[1]",
        b'{"x": "\xff", "t": null}',
    ],
)
def test_loose_json_is_refused(text: str | bytes) -> None:
    """NaN, numbers beyond Float64, repeated keys, depth and bad UTF-8 are errors of input."""
    with pytest.raises(InputError, match="flights"):
        parse(text, BUNDLE)
