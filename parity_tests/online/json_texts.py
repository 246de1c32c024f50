"""A schema for JSON requests, and both readers of a text: machine code, and Python's."""

from __future__ import annotations

from typing import Any

import featurelib as fl
import featurelib_online as online
from featurelib import json_rows
from featurelib.errors import InputError
from featurelib_online.json_reader import NotPlainError, utf8_of
from featurelib_online.micro_batches import BatchWorkspace
from parity_tests.late import Late
from parity_tests.online.all_types import assert_same


class Small(fl.Schema):
    x: float
    y: fl.Float32 | None = None
    n: fl.Int16 = 7
    big: fl.UInt64 | None
    ok: bool
    name: str | None = "none"
    day: fl.Date | None
    when: fl.Datetime | None
    tags: list[fl.Int32] = []  # noqa: RUF012, pydantic copies it


KERNEL = Late(
    lambda: online.compile(
        fl.FeatureSet(
            "small",
            version="1.0.0",
            inputs=Small,
            features=[
                fl.Feature(f"f_{f.name}", version=1, expr=fl.col(f.name))
                for f in Small.input_schema().fields
            ],
            layout={"wide": ["x"], "counts": ["n"], "flags": ["ok"], "tags": ["tags"]},
        )
    )
)
ROW = {
    "x": 1.5, "y": 0.1, "n": -3, "big": 2**64 - 1, "ok": True, "name": "é",
    "day": "2024-02-29", "when": "2024-02-29T12:00:00.25+01:00", "tags": [1, 2],
}  # fmt: skip


def by_python(text: Any) -> Any:
    """What the reader of dicts makes of what Python's JSON reader gave; or the error's text."""
    try:
        parsed = json_rows.parse(text, KERNEL.bundle)
        rows = parsed if isinstance(parsed, list) else [parsed]
        return KERNEL.many(rows) if isinstance(parsed, list) else KERNEL.many([parsed])
    except InputError as error:
        return str(error)


def by_machine(text: Any) -> Any:
    try:
        made = KERNEL.json(text)
    except InputError as error:
        return str(error)
    if isinstance(made, online.Row):
        assert all(t.flags.writeable is False for t in made.tensors.values())
        return made
    return made


def assert_equal_meaning(text: str | bytes) -> None:
    """Equal bits, or the same refusal."""
    ours, theirs = by_machine(text), by_python(text)
    if isinstance(theirs, str) or isinstance(ours, str):
        # One object alone has no row number, an array's has.
        strip = str.maketrans("", "", "0123456789")
        assert str(ours).translate(strip).replace(" in row ", "") == str(theirs).translate(
            strip
        ).replace(" in row ", ""), text
    elif isinstance(ours, online.Row):
        for name in theirs.types:
            assert repr(ours.canonical(name)) == repr(theirs.canonical(name)[0]), (name, text)
    else:
        assert_same(ours, theirs)


def is_plain(text: str) -> bool:
    """Whether machine code read it, or named the pieces that Python reads."""
    work, room = BatchWorkspace(KERNEL), KERNEL.outputs.room(256, {})
    work.outputs[:] = room.words
    data = utf8_of(text)
    assert data is not None
    work.json.start(data)
    try:
        work.json.serve(data)
    except NotPlainError:
        return False
    return work.json.is_done
