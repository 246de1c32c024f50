"""Fitted transforms against scikit-learn: nulls are equal, values as near as each line says.

Its sums round at every step and move with the order of rows, ours do not; so a line states the
distance that was measured, in units of the last place of its largest value, and its bound.
``python -m parity_tests.fit.test_golden_transforms`` fills in what was measured.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

import featurelib as fl
from featurelib.node import Node, input_node
from featurelib.parity.golden_values import parse_type
from parity_tests.cases import check_each
from parity_tests.fit.fitting import fitted

FOLDER = Path(__file__).parents[2] / "golden_data" / "transforms"
Line = dict[str, Any]


def lines(method: str) -> list[Line]:
    """Every line of golden_data/transforms that calls a method."""
    return [*map(json.loads, (FOLDER / f"{method}.jsonl").read_text(encoding="utf-8").splitlines())]


def called(method: str, line: Line) -> Node:
    """The method on the column x; other columns are arguments of their names.

    A line with an index calls the function of that name on all columns, and takes one result.
    """
    columns = {
        name: input_node(name, parse_type(held["type"]), True)
        for name, held in line["columns"].items()
    }
    if "index" in line:
        several = getattr(fl, method)(list(columns.values()), *line["args"], **line["params"])
        one: Node = several[line["index"]]
        return one
    x = columns.pop("x")
    made: Node = attrgetter(method)(x)(*line["args"], **columns, **line["params"])
    return made


def found(method: str, line: Line) -> list[Any]:
    """What we give on the rows of a line, fitted on them."""
    return fitted(called(method, line), {n: c["values"] for n, c in line["columns"].items()})


def distance(ours: list[Any], line: Line) -> float:
    """Largest distance, in ulps of their largest value, rounded up to a hundredth.

    Ulps are those of Float64, unless the line says that the values are of Float32.
    """
    theirs = line["out"]
    if ours and isinstance(ours[0], tuple):
        ours, theirs = ([v for row in rows for v in row] for rows in (ours, theirs))
    assert [v is None for v in ours] == [v is None for v in theirs]
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None]
    largest = max(abs(float(b)) for _, b in pairs)
    is_single = line.get("out_type") == "Float32"
    unit = Fraction(math.ulp(largest)) * (1 << 29 if is_single else 1)
    most = max(abs(Fraction(a) - Fraction(b)) for a, b in pairs)
    return math.ceil(100 * most / unit) / 100


@pytest.mark.parametrize("method", sorted(file.stem for file in FOLDER.glob("*.jsonl")))
def test_transform_is_as_near_to_its_oracle_as_the_line_says(method: str) -> None:
    """The distance is the one that was measured, which the bound allows."""
    check_each(_is_as_near_as_the_line_says, ((method, line) for line in lines(method)))


def _is_as_near_as_the_line_says(method: str, line: Line) -> None:
    measured = distance(found(method, line), line)
    assert measured == line["ulp"]["measured"]
    assert measured <= line["ulp"]["bound"]


def test_every_transform_has_lines_of_values_and_nulls() -> None:
    """No file is without plain values, and none without a missing row."""
    for file in FOLDER.glob("*.jsonl"):
        groups = {json.loads(line)["group"] for line in file.read_text("utf-8").splitlines()}
        assert groups >= {"basic", "nulls"}, file.name


if __name__ == "__main__":
    for path in sorted(FOLDER.glob("*.jsonl")):
        filled = []
        for text in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            line["ulp"]["measured"] = distance(found(path.stem, line), line)
            filled.append(json.dumps(line))
        path.write_text("\n".join(filled) + "\n", encoding="utf-8")
        print(path.stem, max(json.loads(t)["ulp"]["measured"] for t in filled))
