"""Machines without a device for device kernels: what is said there, and what is imported."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import featurelib as fl
from featurelib.errors import CompileError, NoDeviceError
from featurelib.fields import InputSchema
from featurelib_online import cuda
from featurelib_online.cuda.cuda_device import check_capability, check_driver


def made_of(expr, **more) -> fl.FeatureSet:
    """A set of one feature, ``y``."""
    schema = InputSchema.from_fields({"x": float, "s": str})
    feature = fl.Feature("y", version=1, expr=expr)
    return fl.FeatureSet("s", version="1.0.0", inputs=schema, features=[feature], **more)


SMALL = made_of(fl.col("x") + 1.0, layout={"t": ["y"]})


def test_devices_and_drivers_that_are_too_old_are_refused() -> None:
    """Both numbers are shown, and where the same bits can be had."""
    with pytest.raises(NoDeviceError, match=r"T4 has compute capability 7.5.* need 8.0") as error:
        check_capability("T4", (7, 5))
    assert "serves the same bits from the CPU" in str(error.value)
    check_capability("A100", (8, 0))
    with pytest.raises(NoDeviceError, match=r"supports CUDA 12.4.*by CUDA 13.5"):
        check_driver(12040, 13050)
    check_driver(13000, 13050)


def run_python(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


_COMPILE = """
import featurelib as fl
from featurelib.fields import InputSchema
from featurelib_online import cuda
feature = fl.Feature("y", version=1, expr=fl.col("x") + 1)
schema = InputSchema.from_fields({"x": float})
made = fl.FeatureSet("s", version="1.0.0", inputs=schema, features=[feature], layout={"t": ["y"]})
for device in (0, 7, -1, True):
    try:
        cuda.compile(made, device)
    except fl.FeaturelibError as error:
        print(type(error).__name__, error)
"""


def test_without_a_device_a_kernel_is_refused() -> None:
    """No driver, or no device of that number: one clear error, with the way out."""
    said = run_python(_COMPILE, CUDA_VISIBLE_DEVICES="").splitlines()
    assert len(said) == 2 * 4
    for error, hint in zip(said[::2], said[1::2], strict=True):
        assert error.startswith(("NoDeviceError no CUDA driver", "NoDeviceError no CUDA device"))
        assert hint == "Hint: featurelib_online.compile serves the same bits from the CPU"


def test_without_numba_cuda_the_extra_is_named() -> None:
    """They are asked for when a kernel is compiled, and the error says which extra has them."""
    hidden = "import sys\nsys.modules['cuda'] = None\n"
    said = run_python(hidden + _COMPILE)
    assert said.startswith("MissingExtraError")
    assert "pip install 'featurelib[cuda]'" in said


def test_importing_loads_no_cuda() -> None:
    """A service without devices pays nothing, and neither does one that only names the module."""
    code = (
        "import sys, featurelib_online.cuda\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('cuda', 'numba_cuda', 'torch')"
        " or m.startswith('numba.cuda')])"
    )
    assert run_python(code).strip() == "[]"


@pytest.mark.parametrize("device", ["cpu", "cuda:", "cuda:x", "cuda:-1", "cuda0", None, 1.0])
def test_what_names_no_cuda_device_is_refused(device) -> None:
    """The value and its way out are shown; a number in the wrong words is not guessed."""
    with pytest.raises(NoDeviceError, match="like 'cuda:0', got"):
        cuda.compile(SMALL, device)


@pytest.mark.parametrize("device", [999, "cuda:999"])
def test_torchs_name_of_a_device_is_its_number(device) -> None:
    """Both reach the driver, which has no such device."""
    with pytest.raises(NoDeviceError, match="no CUDA d"):
        cuda.compile(SMALL, device)


def test_a_set_is_checked_for_devices_without_one() -> None:
    """Whether a device can compute a set is known before, and said before, there is a device."""
    cuda.check(SMALL)
    upper = fl.col("s").str.to_uppercase().str.len_chars().fill_null(0)
    text = made_of(upper, layout={"t": ["y"]})
    for ask in (cuda.check, cuda.compile):
        with pytest.raises(CompileError, match="to_uppercase"):
            ask(text)
        with pytest.raises(CompileError, match="has no layout"):
            ask(made_of(upper))
