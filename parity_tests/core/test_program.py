"""Programs: typed nodes in order, shared, and the same after a journey through JSON."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import featurelib as fl
from featurelib.errors import BundleError, BundleFormatError, UnknownOpError
from featurelib.program import Program
from featurelib.tables import TableData
from parity_tests.core.small_sets import feature, make_set, rich_bundle, rich_set


def test_a_program_survives_json() -> None:
    """What `to_json` writes reads back to a program that writes the same, through real JSON."""
    program = rich_set().program
    text = json.dumps(program.to_json())
    again = Program.from_json(json.loads(text))
    assert json.dumps(again.to_json()) == text
    assert list(again.outputs) == list(program.outputs)
    assert [n.key for n in again.nodes] == [n.key for n in program.nodes]


def test_arguments_come_before_their_users() -> None:
    """Nodes stand in topological order, each once; fitted nodes are leaves for serving."""
    scaled = (fl.col("distance") - fl.mean(fl.col("small") + 1.0)).log1p()
    program = make_set(feature("scaled", scaled), *rich_set().features).program
    place = {n.key: i for i, n in enumerate(program.nodes)}
    assert len(place) == len(program.nodes)
    for made in program.nodes:
        assert all(place[a.key] < place[made.key] for a in made.args)
    serving = {n.key for n in program.serving_nodes}
    assert serving < set(place)
    assert {n.key for n in program.fits} <= serving


def test_an_input_that_only_a_fit_reads_is_no_input_of_serving() -> None:
    """A mean of another column is a constant when it serves."""
    x = fl.col("distance") - fl.mean(fl.col("delay").fill_null(0.0))
    assert list(make_set(feature("f", x)).program.inputs) == ["distance"]


def test_a_subset_has_its_nodes_only() -> None:
    """The program of one output has no node of another."""
    program = rich_set().program
    one = program.subset(["hour"])
    assert list(one.outputs) == ["hour"]
    assert list(one.inputs) == ["leaves"]


def test_the_order_of_features_is_the_order_of_outputs() -> None:
    """Outputs come as the author wrote them; the fingerprints do not depend on it."""
    a, b = feature("a", fl.col("distance") + 1.0), feature("b", fl.col("small") + 1.0)
    one, two = make_set(a, b).bind(), make_set(b, a).bind()
    assert list(one.outputs) == ["a", "b"]
    assert list(two.outputs) == ["b", "a"]
    assert one.fingerprints == two.fingerprints
    assert one.fingerprint == two.fingerprint


ROOT = Path(__file__).parents[2]
_BYTES = """
import sys
from parity_tests.core.small_sets import feature, make_set
import featurelib as fl
values = {"UA", "DL", "AA", "B6", "Zürich"}
made = make_set(feature("f", fl.col("carrier").is_in(values)), feature("g", fl.col("small") + 0.1))
print(made.bind().digest)
"""


def test_two_processes_write_the_same_bytes() -> None:
    """Nothing depends on the hash seed of a process, a Python set of constants included."""
    digests = {
        subprocess.run(
            [sys.executable, "-c", _BYTES],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(digests) == 1


def _json() -> dict:
    return {
        "nodes": [
            {"op": "input", "type": "Float64", "params": {"name": "x"}},
            {"op": "literal", "type": "Float64", "params": {"value": {"f": "3ff0000000000000"}}},
            {"op": "add@1", "type": "Float64", "args": [0, 1]},
        ],
        "outputs": [["f", 2]],
    }


def test_the_example_is_a_program() -> None:
    """The JSON that the next tests spoil is readable as it stands."""
    assert Program.from_json(_json()).to_json() == _json()


TABLE = {"type": "Table", "kind": "f64"}
SPOILED = [
    ("node index forward", lambda d: d["nodes"][2].update(args=[0, 2])),
    ("node index negative", lambda d: d["nodes"][2].update(args=[0, -1])),
    ("node index a truth value", lambda d: d["nodes"][2].update(args=[0, True])),
    ("node index a float", lambda d: d["nodes"][2].update(args=[0, 1.0])),
    ("output index beyond", lambda d: d.update(outputs=[["f", 3]])),
    ("one argument", lambda d: d["nodes"][2].update(args=[0])),
    ("three arguments", lambda d: d["nodes"][2].update(args=[0, 1, 1])),
    ("result of another kind", lambda d: d["nodes"][2].update(type="Int64")),
    ("result narrower", lambda d: d["nodes"][2].update(type="Float32")),
    ("result text", lambda d: d["nodes"][2].update(type="String")),
    ("nullable without a reason", lambda d: d["nodes"][2].update(nullable=True)),
    ("a parameter too many", lambda d: d["nodes"][2].update(params={"n": {"i": "1"}})),
    ("a constant of another type", lambda d: d["nodes"][1].update(type="Int64")),
    ("a constant as int", lambda d: d["nodes"][1].update(params={"value": {"i": "1"}})),
    ("a constant as bool", lambda d: d["nodes"][1].update(params={"value": True})),
    ("a null that is none", lambda d: d["nodes"][1].update(params={"value": None})),
    ("an input of table type", lambda d: d["nodes"][0].update(type=TABLE)),
    ("an input without name", lambda d: d["nodes"][0].update(params={})),
    ("an input with arguments", lambda d: d["nodes"][1].update(op="input", args=[0])),
    ("an unknown type", lambda d: d["nodes"][0].update(type="Decimal")),
    ("no op", lambda d: d["nodes"][2].update(op=None)),
    ("a version that is no number", lambda d: d["nodes"][2].update(op="add@one")),
    ("a version spelled otherwise", lambda d: d["nodes"][2].update(op="add@01")),
    ("an empty op", lambda d: d["nodes"][2].update(op="")),
    ("no nodes", lambda d: d.pop("nodes")),
    ("nodes that are text", lambda d: d.update(nodes="abc")),
    ("outputs that are numbers", lambda d: d.update(outputs=[1, 2])),
]  # fmt: skip


@pytest.mark.parametrize("spoil", [s for _, s in SPOILED], ids=[n for n, _ in SPOILED])
def test_a_node_that_no_definition_can_make_is_refused(spoil) -> None:
    """Types, sizes and flags are derived again: machine code believes them."""
    data = _json()
    spoil(data)
    with pytest.raises(BundleFormatError):
        Program.from_json(data)


@pytest.mark.parametrize("op", ["nosuch@1", "add@99", "@1"])
def test_an_op_that_is_not_installed_is_named(op) -> None:
    """A newer op or version is refused by name, not computed by another."""
    data = _json()
    data["nodes"][2]["op"] = op
    with pytest.raises(UnknownOpError, match=op.partition("@")[0] or "no op"):
        Program.from_json(data)


def test_an_array_longer_than_a_row_may_hold_is_refused() -> None:
    """A one-hot vector of 2**62 places would wrap around its own size check."""
    features = make_set(feature("f", fl.col("pax").cast(fl.UInt32).one_hot(4)))
    for n in (16385, (1 << 62) + 1, (1 << 64) - 1):
        data = features.program.to_json()
        (made,) = (row for row in data["nodes"] if row["op"] == "one_hot@1")
        made["params"]["n"] = {"i": str(n)}
        made["type"]["size"] = n
        with pytest.raises(BundleError):
            Program.from_json(data)


@pytest.mark.parametrize(
    "content",
    [
        ("UTC0", 0, 5, 0, -5, 0),
        ("UTC0", 0, 5, 0, 5, 0),
        ("UTC0", 0, 1 << 70, 0),
        ("UTC0", 86400),
        ("UTC0", 0, 5),
        ("EST5EDT,M13.1.0,M11.1.0", 0),
        ("EST5EDT,M3.6.0,M11.1.0", 0),
        ("EST5EDT,M3.2.0/999,M11.1.0", 0),
        ("nonsense", 0),
        (),
    ],
    ids=repr,
)
def test_a_zone_table_that_is_out_of_order_is_refused(content) -> None:
    """A kernel walks the table without a look at its bounds, so the encoder checks it."""
    with pytest.raises((ValueError, IndexError, fl.FeaturelibError)):
        TableData("zone", content).encode()


def test_a_program_travels() -> None:
    """Programs are pickled by their JSON, and only by it."""
    program = rich_bundle().program
    assert pickle.loads(pickle.dumps(program)).to_json() == program.to_json()
