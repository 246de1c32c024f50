"""The registered ops, for tests that ask something of each of them."""

import importlib
import pkgutil

import featurelib.ops
from featurelib.op import Op, all_ops


def every_op() -> list[Op]:
    """Every op and version of this distribution, by name."""
    for module in pkgutil.walk_packages(featurelib.ops.__path__, "featurelib.ops."):
        importlib.import_module(module.name)
    return [op for op in all_ops() if op.bodies[0].fn.__module__.startswith("featurelib.ops.")]
