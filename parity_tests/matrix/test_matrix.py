"""What a cell of the matrix installs; `make matrix` runs the cells, and CI one of them."""

import re
import tomllib

import pytest

from parity_tests.matrix.run import ROOT, constraints, requirement
from parity_tests.matrix.versions import ENVIRONMENTS, POLARS


def _lowest() -> dict[str, str]:
    """The lower bounds of the base and of the extras that a cell installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["offline"], *extras["online"]]
    return dict(re.fullmatch(r"([\w-]+)>=([\d.]+)", text).groups() for text in wanted)


def test_the_lowest_environment_has_the_lower_bounds() -> None:
    """Each library below a kernel or a plan in the lowest version that pyproject.toml allows."""
    bounds = _lowest()
    named = {n: v for n, v in ENVIRONMENTS["lowest"].items() if n in bounds}
    assert {*named} == {*bounds} - {"rich"}
    for name, version in named.items():
        assert version.removeprefix("==").startswith(bounds[name]), name
    assert POLARS[0].startswith(bounds["polars"])


def test_the_newest_environment_is_that_of_the_tests() -> None:
    """It has the very pins of constraints.txt, whose Polars is tried for lowerings too."""
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert constraints(dict(ENVIRONMENTS["newest"])).strip() == pinned.strip()
    assert f"\npolars=={POLARS[-1]}\n" in pinned


def test_other_versions_take_the_place_of_pins() -> None:
    """Of what is changed, and of what hangs on it, no pin is left."""
    made = constraints({"polars": "==1.30.0"}).splitlines()
    assert [line for line in made if line.startswith("polars")][-1] == "polars==1.30.0"
    assert not [line for line in made if line.startswith("polars-runtime-32")]


def test_a_wheel_is_a_file_or_a_version(tmp_path) -> None:
    """pip gets the file's address, or the version; anything else is refused before pip is asked."""
    wheel = tmp_path / "featurelib-0.3.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    assert requirement(str(wheel)) == f"featurelib[parity,release] @ {wheel.as_uri()}"
    assert requirement("0.3.0") == "featurelib[parity,release]==0.3.0"
    with pytest.raises(SystemExit, match=r"--wheel takes (.|\n)*got 'no/such.whl'"):
        requirement("no/such.whl")
