"""Inference by the Open Inference Protocol v2: the request's bytes, and the answer's tensors."""

from __future__ import annotations

import itertools
import json
import math
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from featurelib_client.calls import KEY, KEYED, ONCE, READ, Call, new_key
from featurelib_client.errors import ContractError, InputError
from featurelib_client.protocol import InferAnswer, OutputTensor
from featurelib_client.tensors import DATATYPES, Tensor, as_tensor
from featurelib_client.wire import About, Reply

__all__ = ["Inferred", "infer_call", "model_path", "read_tensors", "write_tensors"]

_LENGTH = b"inference-header-content-length"
_DIGITS = re.compile(rb"[0-9]{1,10}\Z")
_VISIBLE = re.compile(r"[\x21-\x7e]{1,128}\Z")


@dataclass(frozen=True, slots=True)
class Inferred:
    """What a model gave.

    Attributes:
        model: Its name.
        version: Its version; the example's is the digest of its artifact.
        outputs: Tensors by name.
        about: How the answer came to be.
    """

    model: str
    version: str
    outputs: dict[str, Tensor]
    about: About


def model_path(model: str, version: str | None = None) -> bytes:
    """The path of a model.

    Raises:
        InputError: It has no name.
    """
    for field, value in (("model", model), ("version", version)):
        is_left_out = value is None and field == "version"
        if not is_left_out and not (isinstance(value, str) and 0 < len(value) <= 200):
            raise InputError(field, f"expected a text of 1 to 200 characters, got {value!r:.80}")
    path = f"/v2/models/{quote(model, safe='')}"
    return (path + (f"/versions/{quote(version, safe='')}" if version else "")).encode()


def infer_call(
    model: str,
    inputs: Mapping[str, object],
    outputs: Iterable[str] | None,
    version: str | None,
    *,
    is_repeatable: bool,
    idempotency_key: str | None = None,
) -> Call[Inferred]:
    """A call that runs a model.

    What may not run twice always has a key, so that a server that knows keys runs it once whatever
    is between it and the client. That this server knows them is said by who gives the key.

    Raises:
        InputError: An input is no tensor, or does not fit what it says of itself; or the key is
            none.
    """
    if not isinstance(inputs, Mapping) or not inputs:
        raise InputError("inputs", f"expected a mapping of names to tensors, got {inputs!r:.80}")
    told, tail = write_tensors(inputs, "inputs")
    body: dict[str, Any] = {"inputs": told}
    if outputs is not None:
        is_one = isinstance(outputs, str) or not isinstance(outputs, Iterable)
        wanted = [outputs] if is_one else list(outputs)
        if not wanted or not all(isinstance(name, str) and name for name in wanted):
            raise InputError("outputs", f"expected names, got {wanted!r:.80}")
        body["outputs"] = [{"name": n, "parameters": {"binary_data": bool(tail)}} for n in wanted]
    elif tail:
        body["parameters"] = {"binary_data_output": True}
    head = json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
    kind = b"application/octet-stream" if tail else b"application/json"
    headers = [(b"Content-Type", kind)]
    if tail:
        headers.append((b"Inference-Header-Content-Length", b"%d" % len(head)))
    repeat = READ
    if idempotency_key is not None:
        repeat = KEYED
        headers.append((KEY, _key(idempotency_key)))
    elif not is_repeatable:
        repeat = ONCE
        headers.append((KEY, new_key()))
    return Call(
        "infer", b"POST", model_path(model, version) + b"/infer", b"".join([head, *tail]),
        _read, repeat=repeat, headers=headers,
    )  # fmt: skip


def _key(given: object) -> bytes:
    if not (isinstance(given, str) and _VISIBLE.match(given)):
        raise InputError(
            "idempotency_key", f"expected 1 to 128 visible ASCII characters, got {given!r:.80}"
        )
    return given.encode()


def write_tensors(
    tensors: Mapping[str, object], field: str
) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Tensors as the protocol's JSON has them, and the bytes that follow it.

    Raises:
        InputError: One is no tensor, or does not fit what it says of itself.
    """
    told: list[dict[str, Any]] = []
    tail: list[bytes] = []
    for name, value in tensors.items():
        if not isinstance(name, str) or not name:
            raise InputError(field, f"expected names that are texts, got {name!r:.80}")
        tensor = as_tensor(value, f"{field}[{name!r}]")
        about: dict[str, Any] = {"name": name, "datatype": tensor.datatype, "shape": tensor.shape}
        if isinstance(tensor.data, bytes):
            about["parameters"] = {"binary_data_size": len(tensor.data)}
            tail.append(tensor.data)
        else:
            about["data"] = tensor.data
        told.append(about)
    return told, tail


def _read(reply: Reply, about: About) -> Inferred:
    body = reply.body
    length = reply.headers.get(_LENGTH)
    if length is not None and (not _DIGITS.match(length) or int(length) > len(body)):
        raise ContractError(
            f"Inference-Header-Content-Length is {length[:20]!r}, the body has {len(body)} bytes",
            body=body,
        )
    head = len(body) if length is None else int(length)
    try:
        told = InferAnswer.model_validate_json(body[:head])
    except ValidationError as error:
        raise ContractError(
            f"no answer to an inference: {first_problem(error)}", body=body
        ) from None
    made = read_tensors(told.outputs, memoryview(body)[head:], body)
    return Inferred(told.model_name, told.model_version, made, about)


def read_tensors(told: Iterable[OutputTensor], raw: memoryview, body: bytes) -> dict[str, Tensor]:
    """Tensors by name, from what the JSON says of them and the bytes behind it.

    Raises:
        ContractError: They do not fit each other; it shows the beginning of `body`.
    """
    made: dict[str, Tensor] = {}
    for output in told:
        if output.name in made:
            raise ContractError(f"output `{output.name}` comes twice", body=body)
        made[output.name], taken = _output(output, raw, body)
        raw = raw[taken:]
    if len(raw):
        raise ContractError(f"{len(raw)} bytes belong to no output", body=body)
    return made


def _output(output: OutputTensor, raw: memoryview, body: bytes) -> tuple[Tensor, int]:
    """A tensor, and how many of the bytes behind the JSON are its."""
    if output.datatype not in DATATYPES:
        raise ContractError(f"output `{output.name}` is {output.datatype}", body=body)
    size = output.parameters.get("binary_data_size")
    if size is None:
        if output.data is None:
            raise ContractError(f"output `{output.name}` has no data", body=body)
        try:
            given = Tensor(output.datatype, output.shape, _flat(output.data))
            return as_tensor(given, f"outputs[{output.name!r}]"), 0
        except InputError as error:
            raise ContractError(str(error), body=body) from None
    needed = math.prod(output.shape) * struct.calcsize(DATATYPES[output.datatype][0])
    if any(n < 0 for n in output.shape) or type(size) is not int or size != needed:
        raise ContractError(
            f"output `{output.name}` of shape {list(output.shape)} says it has {size!r} bytes",
            body=body,
        )
    if len(raw) < size:
        raise ContractError(f"output `{output.name}` is cut off", body=body)
    return Tensor(output.datatype, output.shape, bytes(raw[:size])), size


def _flat(values: list[Any]) -> list[Any]:
    """Values end to end: the protocol allows lists in lists too."""
    while values and all(isinstance(value, list) for value in values):
        values = list(itertools.chain.from_iterable(values))
    return values


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong, with its place."""
    about = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(map(str, about["loc"]))
    return f"{place}: {about['msg']}" if place else about["msg"]
