"""Golden streams of windows: what the naive oracle answers, and what was worked by hand.

The oracle (`parity_tests/windows/oracle.py`) is plain Python over a list of events with exact
fractions, written from docs/windows.md alone; neither it nor this script imports featurelib. Run it
from the root to write ``golden_data/windows/*.jsonl``: python golden_data/generate/windows.py
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from windows_by_hand import CASES
from windows_streams import COUNTED, NUMBERS, ORDERED, ORIGIN, RULES, WINDOWS, aggregates, stream

from parity_tests.windows import oracle
from parity_tests.windows.oracle_numbers import bits

FOLDER = Path(__file__).resolve().parents[1] / "windows"
COLUMNS = ("x", "n")
SAYS = (
    "the naive oracle of parity_tests/windows: plain Python over the list of events, exact "
    "fractions rounded once"
)
HAND = "by hand, as each line says; the naive oracle agrees"


def power_of_two(f: float) -> float:
    """2**f at 0, where it needs no rule: decay is asked at whole half lives only."""
    if f != 0.0:
        raise ValueError(f)
    return 1.0


def spec_of(asked: dict[str, Any], rules: dict[str, Any]) -> dict[str, Any]:
    """What is asked as the oracle has it: columns by their places, `count_of` by places too."""
    args: list[Any] = [*COLUMNS]
    made = {}
    for name, about in asked.items():
        params = dict(about["params"])
        columns = [args.index(c) for c in about["args"]]
        if about["kind"] == "count_of":
            values = tuple(params.pop("values"))
            if (columns[0], values) not in args:
                args.append((columns[0], values))
            columns, params["size"] = [args.index((columns[0], values))], len(values)
        dtype = "Int64" if about["kind"] == "sum" and about["args"] == ["n"] else "Float64"
        filter_ = None if about["filter"] is None else 0
        made[name] = {
            "kind": about["kind"], "args": columns, "filter": filter_, "window": about["window"],
            "type": dtype, **params,
        }  # fmt: skip
    return {**rules, "aggregates": made, "places": args[len(COLUMNS) :]}


def record_of(record: dict[str, Any], places: list[Any]) -> dict[str, Any]:
    """A record as the oracle has it."""
    given = [record[c] for c in COLUMNS]
    found = [values.index(given[i]) if given[i] in values else None for i, values in places]
    return {
        "key": "ann", "t": record["at"], "a": record["got"], "s": record["seq"],
        "id": record["id"], "deleted": record["gone"], "args": [*given, *found],
        "filters": [record["flag"]],
    }  # fmt: skip


def plain(value: Any) -> Any:
    """A value for JSON: a float by the hex digits of its bits, every NaN as one."""
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    return f"{bits(value):016x}" if isinstance(value, float) else value


def readable(record: dict[str, Any]) -> dict[str, Any]:
    """A record for JSON, where a float that is no number is text."""
    x = record["x"]
    return record | {"x": repr(x) if isinstance(x, float) and not math.isfinite(x) else x}


def write(
    name: str, asked: dict[str, Any], said: list[dict[str, Any]], oracle_says: str, **rules: Any
) -> None:
    """One file: a header, then records in the order of delivery and queries between them."""
    rules = RULES | rules
    spec = spec_of(asked, rules)
    records = [record_of(line["record"], spec["places"]) for line in said if "record" in line]
    header = {"stream": name, "oracle": oracle_says, "rules": rules, "aggregates": asked}
    lines: list[dict[str, Any]] = [header]
    came = 0
    for line in said:
        if "record" in line:
            refused = oracle.refusal(records[came], spec)
            lines.append({"record": readable(line["record"]), "refused": refused})
            came += 1
            continue
        q, only = line["query"]["at"], line.get("ask", list(asked))
        some = spec | {"aggregates": {n: spec["aggregates"][n] for n in only}}
        (found,) = oracle.answers(records, [("ann", q)], some, power_of_two)
        answers = {n: [plain(value), reason] for n, (value, reason) in found.items()}
        if "expected" in line:
            value = line["expected"]
            wanted = [None, value[1:]] if isinstance(value, str) else [plain(value), None]
            assert list(answers.values()) == [wanted], (line, answers)
        lines.append({"query": line["query"], "answers": answers} | _note(line))
    text = "\n".join(json.dumps(line) for line in lines) + "\n"
    (FOLDER / f"{name}.jsonl").write_text(text, encoding="utf-8")


def _note(line: dict[str, Any]) -> dict[str, str]:
    return {"why": line["why"]} if "why" in line else {}


def decayed(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stream at whole hours: there a decayed sum needs no power that is not exact."""
    hour = 3_600_000_000
    made = []
    for line in said:
        (what, inner), *_ = line.items()
        at = {
            k: ORIGIN + (v - ORIGIN) // hour * hour for k, v in inner.items() if k in ("at", "got")
        }
        made.append({what: inner | at})
    queries = [line["query"]["at"] for line in made if "query" in line]
    moved: list[dict[str, Any]] = []
    for i, line in enumerate(made):
        later = [x["record"]["got"] for x in made[i:] if "record" in x]
        if "query" in line and later and min(later) <= line["query"]["at"]:
            continue  # a record of that hour is still to come
        moved.append(line)
    assert len(queries) > 3
    return moved


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    wide, narrow = list(WINDOWS), ["left", "few", "rows_now", "life", "visit", "day"]
    write("numbers", aggregates(NUMBERS, wide), stream(1, 40, False), SAYS, max_events=18)
    write("ordered", aggregates(ORDERED, wide), stream(2, 40, True), SAYS, max_events=18)
    write("counted", aggregates(COUNTED, narrow), decayed(stream(3, 50, True)), SAYS, max_events=40)
    totals = ["life", "life_now", "tiles"]
    write("totals", aggregates(NUMBERS, totals), stream(4, 60, False), SAYS, max_events=15)
    write(
        "totals_without_arrival", aggregates(NUMBERS, totals), stream(5, 50, True, False), SAYS,
        max_events=3, max_lateness=None, max_ahead=None, has_arrival=False,
    )  # fmt: skip
    for name, (rules, asked, said) in CASES.items():
        write(name, asked, said, HAND, **rules)
