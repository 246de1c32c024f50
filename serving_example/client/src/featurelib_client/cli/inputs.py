"""The tensors of a file, for `infer` and `bench`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from featurelib_client.errors import InputError
from featurelib_client.protocol import ModelMetadata
from featurelib_client.tensors import Tensor

__all__ = ["read_file", "tensors"]

_WORDS = ("datatype", "shape", "data")


def read_file(name: str) -> dict[str, Any]:
    """The JSON of a file; ``-`` is the standard input.

    Raises:
        InputError: It cannot be read, or is no object of tensors.
    """
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        told = json.loads(text)
    except OSError as error:
        raise InputError("--inputs", f"{name}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError("--inputs", f"{name} is no JSON: {error}") from None
    if not isinstance(told, dict) or not told:
        raise InputError("--inputs", f"{name}: expected an object, got {told!r:.40}")
    return told


def tensors(told: dict[str, Any], metadata: Callable[[], ModelMetadata]) -> dict[str, Tensor]:
    """Tensors by name. The metadata is asked for only if a tensor does not tell its type.

    Args:
        told: Names with lists in lists, or with objects of `datatype`, `shape`, `data`.
        metadata: What the model takes.

    Raises:
        InputError: One of them is no tensor.
    """
    types: dict[str, str] = {}
    made = {}
    for name, value in told.items():
        if isinstance(value, dict):
            if sorted(value) != sorted(_WORDS):
                raise InputError(name, f"expected {', '.join(_WORDS)}, got {', '.join(value)}")
            shape = value["shape"]
            if not isinstance(shape, list):
                raise InputError(name, f"shape: expected a list, got {shape!r:.40}")
            _, data = _flat(value["data"], name)
            made[name] = Tensor(value["datatype"], tuple(shape), data)
            continue
        types = types or {one.name: one.datatype for one in metadata().inputs}
        if name not in types:
            known = ", ".join(types) or "none"
            raise InputError(name, f"the model has no such input; it takes {known}")
        made[name] = Tensor(types[name], *_flat(value, name))
    return made


def _flat(value: Any, name: str) -> tuple[tuple[int, ...], list[Any]]:
    """Shape and values of lists in lists."""
    if not isinstance(value, list):
        raise InputError(name, f"expected a list or a tensor, got {value!r:.40}")
    shape = [len(value)]
    while value and all(isinstance(one, list) for one in value):
        sizes = {len(one) for one in value}
        if len(sizes) > 1:
            raise InputError(name, f"lists side by side have {sorted(sizes)} values")
        shape += sizes
        value = [one for inner in value for one in inner]
    if any(isinstance(one, list) for one in value):
        raise InputError(name, "values and lists stand side by side")
    return tuple(shape), value
