"""Ops of a team's distribution: found by its entry point, named in the bundle, missed by name.

The distribution is a real one (a module and a ``dist-info`` folder on the path), and each test is
what a fresh process says, because a process that has imported the ops shows nothing.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from featurelib.op_packages import find_packages

ROOT = Path(__file__).parents[2]
OPS = '''"""Ops of Acme."""

from featurelib.dtypes import Float64
from featurelib.op import method, op

RATE = 0.25


@op("acme_margin", version=1)
def acme_margin(price: Float64, cost: Float64) -> Float64:
    """What is left of a price after cost and the tax of Acme."""
    return (price - cost) - price * RATE


@method("acme_half")
def acme_half(x):
    """Half of it."""
    return x * 0.5
'''
FEATURES = '''"""Features of a shop; the module of the ops is not imported here."""

import featurelib as fl


class Sale(fl.Schema):
    price: float
    cost: float


@fl.feature(version=1)
def margin(price: fl.Expr, cost: fl.Expr) -> fl.Expr:
    """What a sale leaves, halved."""
    return price.acme_margin(cost).acme_half()


shop = fl.FeatureSet("shop", version="1.0.0", inputs=Sale, features=[margin])
'''
SAVE = """
from shop_features import shop
shop.bind().save("shop-1.0.0.json")
"""
LOAD = """
import sys
import featurelib as fl
assert "acme" not in sys.modules
bundle = fl.load("shop-1.0.0.json")
"""
FOLLOW = """
import sys
from featurelib.release import Registry
from featurelib_online import live
kernel = live.follow(Registry("registry"), "shop", channel="stable")
print(kernel.current.version, kernel({"price": 100.0, "cost": 20.0})["margin"])
kernel.close()
"""
SERVE = """
import featurelib_online as online
print(online.compile(bundle)({"price": 100.0, "cost": 20.0})["margin"])
"""


class Place:
    """A folder with a distribution and a team's features, and processes that work in it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repository"
        self.site = folder / "site"
        self.root.mkdir()
        self.install(OPS)
        (self.root / "shop_features.py").write_text(FEATURES, encoding="utf-8")

    def install(self, ops: str, version: str = "1.4.0") -> None:
        """Installs a version of the distribution in place of the one before."""
        for folder in self.site.glob("*.dist-info"):
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        info = self.site / f"acme_features-{version}.dist-info"
        info.mkdir(parents=True)
        (self.site / "acme").mkdir(exist_ok=True)
        (self.site / "acme" / "__init__.py").write_text("", encoding="utf-8")
        (self.site / "acme" / "ops.py").write_text(ops, encoding="utf-8")
        head = f"Metadata-Version: 2.1\nName: acme-features\nVersion: {version}\n"
        (info / "METADATA").write_text(head, encoding="utf-8")
        points = "[featurelib.ops]\nacme = acme.ops\n"
        (info / "entry_points.txt").write_text(points, encoding="utf-8")

    def run(self, *command: str, installed: bool = True) -> subprocess.CompletedProcess[str]:
        """What a fresh process of Python says."""
        paths = [str(ROOT), str(self.root), *([str(self.site)] if installed else [])]
        outer = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [sys.executable, *command], cwd=self.root, env=outer, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    def says(self, *command: str, installed: bool = True) -> str:
        """What a process prints that must end well."""
        done = self.run(*command, installed=installed)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def fails(self, *command: str, installed: bool = True) -> str:
        """What a process says that must not."""
        done = self.run(*command, installed=installed)
        assert done.returncode != 0, done.stdout
        return done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def saved(place: Place) -> Place:
    place.says("-c", SAVE)
    return place


def test_a_bundle_names_the_distribution_and_no_version_of_it(saved: Place) -> None:
    """Distribution, op, version and body hash stand in it; other ops stand there as ever."""
    content = json.loads((saved.root / "shop-1.0.0.json").read_bytes())
    assert content["distributions"] == {"acme_margin@1": "acme-features"}
    assert len(content["ops"]["acme_margin@1"]) == 64
    assert "mul@1" in content["ops"]


def test_a_fresh_service_finds_the_op_and_computes(saved: Place) -> None:
    """Nobody imports the team's module: the bundle's op is found by the entry point."""
    assert saved.says("-c", LOAD + SERVE) == "27.5"  # ((100 - 20) - 25) / 2


def test_another_version_with_the_same_body_is_taken(saved: Place) -> None:
    """The distribution may move on; the bytes of the bundle do not."""
    saved.install(OPS.replace('"""Ops of Acme."""', "# no docstring"), "2.0.0")
    again = "assert bundle.to_bytes() == open('shop-1.0.0.json', 'rb').read()\nprint('same')"
    assert saved.says("-c", LOAD + again) == "same"


def test_load_refuses_without_the_distribution(saved: Place) -> None:
    """The error says which op of which distribution, and how to get it."""
    said = saved.fails("-c", LOAD, installed=False)
    assert "UnknownOpError: shop-1.0.0.json: op `acme_margin@1` of the distribution" in said
    assert "no acme-features with the entry point `featurelib.ops` is installed" in said
    assert "Hint: install the acme-features that has it: pip install -U acme-features" in said


def test_load_refuses_an_installed_distribution_without_the_op(saved: Place) -> None:
    """A version of it that lost the op is named."""
    saved.install(OPS.replace('op("acme_margin", version=1)', 'op("acme_margin", version=2)'))
    said = saved.fails("-c", LOAD)
    assert "acme-features 1.4.0 is installed, and has no such op" in said


def test_load_refuses_another_body_and_shows_both_hashes(saved: Place) -> None:
    """A constant that the body reads has changed: which op, what it was, what it is, and where."""
    then = json.loads((saved.root / "shop-1.0.0.json").read_bytes())["ops"]["acme_margin@1"]
    saved.install(OPS.replace("RATE = 0.25", "RATE = 0.5"), "1.5.0")
    here = saved.says(
        "-c",
        "from featurelib.body_hash import op_hash\n"
        "from featurelib.op import get_op\n"
        "print(op_hash(get_op('acme_margin', 1)))",
    )
    said = saved.fails("-c", LOAD)
    assert here != then
    assert f"hash {here} in acme-features 1.5.0, {then} in the bundle" in said
    assert "Hint: install the acme-features that made it" in said


def test_a_module_that_cannot_be_imported_is_named(saved: Place) -> None:
    """Its fault is told to who needs its ops, and to who asks for a list; to nobody else."""
    saved.install("import no_such_module\n")
    reason = "acme-features 1.4.0 names acme.ops, whose import fails: ModuleNotFoundError"
    assert reason in saved.fails("-c", LOAD)
    listed = "from featurelib.op import all_ops\nlist(all_ops())"
    assert reason in saved.fails("-c", "import featurelib\n" + listed)
    plain = "from featurelib.op import get_op\nimport featurelib.ops\nprint(get_op('abs').key)"
    assert saved.says("-c", plain) == "abs@1"


def test_nothing_is_imported_before_an_op_is_missed(place: Place) -> None:
    """Features without the team's ops never import its module; a list of ops does."""
    script = """
import sys
import featurelib as fl

class Row(fl.Schema):
    x: float

@fl.feature(version=1)
def y(x: fl.Expr) -> fl.Expr:
    return x.log1p().standardize()

fl.FeatureSet("rows", version="1.0.0", inputs=Row, features=[y])
before = "acme.ops" in sys.modules
from featurelib.op import all_ops
print(before, "acme_margin@1" in {op.key for op in all_ops()}, "acme_half" in dir(fl.col("x")))
"""
    assert place.says("-c", script) == "False True True"


def test_what_is_installed_in_a_running_process_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a notebook that installs a team's ops, then a newer version of them, then none."""
    place = Place(tmp_path)
    place.site.mkdir(exist_ok=True)
    monkeypatch.syspath_prepend(str(place.site))
    for version in ("1.4.0", "1.5.0"):
        place.install(OPS, version)
        found = [str(package) for package in find_packages()]
        assert found == [f"acme-features {version}"]
    shutil.rmtree(next(place.site.glob("*.dist-info")))
    assert find_packages() == []


@pytest.mark.parametrize(
    "taken",
    ['@op("clip", version=7)\ndef c(x: Float64) -> Float64:\n', '@method("clip")\ndef c(x):\n'],
)
def test_a_team_cannot_take_a_name_of_ours(place: Place, taken: str) -> None:
    """A newer `clip` would change what everybody's features mean; its own name is asked for."""
    place.install(f"{OPS}\n\n{taken}    return x\n")
    said = place.fails(
        "-c", "from featurelib.op import all_ops\nimport featurelib.ops\nlist(all_ops())"
    )
    assert "`clip` is featurelib's own" in said
    assert "such as `acme_clip`" in said


def test_an_op_of_no_distribution_is_named_by_the_gate(place: Place) -> None:
    """A bundle with an op from a notebook names no distribution, and says which op it is."""
    script = "import acme.ops\n" + SAVE + "print(shop.bind().unowned_ops)"
    for file in place.site.glob("*.dist-info/entry_points.txt"):
        file.unlink()
    assert place.says("-c", script) == "('acme_margin@1',)"
    assert b"distributions" not in (place.root / "shop-1.0.0.json").read_bytes()


def test_the_commands_need_no_import(saved: Place) -> None:
    """Gate, release, promote and a service that follows: nothing but the distribution is there."""
    command = "import sys; from featurelib.cli import main; sys.exit(main(sys.argv[1:]))"
    (saved.root / "pyproject.toml").write_text("[tool.featurelib]\nsets = []\n", encoding="utf-8")
    (saved.root / "rows.jsonl").write_text('{"price": 100.0, "cost": 20.0}\n', encoding="utf-8")
    bundle = "golden_data/features/shop/1.0.0/shop-1.0.0.json"
    saved.says("-c", command, "golden", "record", "shop-1.0.0.json", "rows.jsonl")
    (saved.root / bundle).write_bytes((saved.root / "shop-1.0.0.json").read_bytes())
    saved.says("-c", command, "lock")
    page = saved.says("-c", command, "gate", bundle, "--rows", "300")
    assert page.startswith("gate passed: shop 1.0.0")
    (saved.root / "registry").mkdir()
    registry = ("--registry", "registry")
    saved.says("-c", command, "release", bundle, *registry)
    saved.says("-c", command, "promote", "shop", "1.0.0", "--channel", "stable", *registry)
    assert "stable  1.0.0" in saved.says("-c", command, "status", "shop", *registry)
    assert saved.says("-c", FOLLOW) == "1.0.0 27.5"
    refused = saved.fails("-c", FOLLOW, installed=False)
    assert "op `acme_margin@1` of the distribution acme-features is not here" in refused
