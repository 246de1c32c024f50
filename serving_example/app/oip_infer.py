"""Inference by the Open Inference Protocol v2: JSON, and the binary tensor extension."""

from __future__ import annotations

import re
import zlib
from typing import Any

import numpy as np

from serving_example.app.http import Pending, Rejection, Request, Response, decode, encode
from serving_example.app.limits import Limits
from serving_example.app.oip_tensors import InputTensor, read_tensor, refuse
from serving_example.app.repository import Repository
from serving_example.app.served import Served
from serving_example.app.wire import InferAsked
from serving_example.app.work import run_jobs
from serving_example.devices.protocol import Array
from serving_example.pool import Door, Job

__all__ = ["Inference"]

_HEADER = b"inference-header-content-length"
_DIGITS = re.compile(rb"[0-9]{1,10}\Z")
BINARY = b"application/octet-stream"


class _Infer(InferAsked, kw_only=True):
    inputs: list[InputTensor]


class Inference:
    """Answers ``POST /v2/models/{name}[/versions/{version}]/infer``.

    Args:
        repository: The models.
        pool: Runs them.
        limits: Of bodies that are compressed.
    """

    def __init__(self, repository: Repository, door: Door, limits: Limits) -> None:
        self._repository, self._door, self._limits = repository, door, limits

    def infer(self, request: Request) -> Response | Pending:
        """One request.

        Raises:
            Rejection: What is wrong with it, and where.
        """
        served = self._repository.get(request.parts["name"], request.parts.get("version", ""))
        body = _unpacked(request, self._limits.unpacked_bytes)
        length = _json_length(request, len(body))
        call: _Infer = decode(body[:length], _Infer)
        _check_parameters(call.parameters, request)
        outputs = _outputs(call, served)
        tensors = _read(call, served, outputs, memoryview(body)[length:])
        rows = len(next(iter(tensors.values())))
        work = [(served.outputs[output], tensors, rows) for output in outputs]

        def finish(request: Request, jobs: list[Job]) -> Response:
            made = {o: job.answer for o, job in zip(outputs, jobs, strict=True)}
            return _response(call, served, outputs, made)

        return run_jobs(self._door, work, request, finish)


def _outputs(call: _Infer, served: Served) -> dict[str, bool]:
    """The outputs that are asked for, and whether as bytes."""
    binary = call.parameters.get("binary_data_output", False)
    if not call.outputs:
        return {name: bool(binary) for name in served.outputs}
    made: dict[str, bool] = {}
    for i, output in enumerate(call.outputs):
        field = f"body.outputs[{i}]"
        if output.name not in served.outputs or output.name in made:
            raise refuse(
                "unknown_output", f"{field}.name", f"model {served.name!r} gives "
                f"{', '.join(served.outputs)}, each once; got {output.name[:80]!r}",
            )  # fmt: skip
        if output.parameters.get("classification"):
            raise refuse(
                "unsupported", f"{field}.parameters.classification", "scores have no classes"
            )
        made[output.name] = bool(output.parameters.get("binary_data", binary))
    return made


def _read(
    call: _Infer, served: Served, outputs: dict[str, bool], raw: memoryview
) -> dict[str, Array]:
    """The tensors that the outputs need, checked; the body has nothing else."""
    known = {tensor.name: tensor for tensor in served.layout.tensors}
    needed = {t.name for output in outputs for t in served.outputs[output].layout.tensors}
    largest = served.card.ladder[-1]
    made: dict[str, Array] = {}
    for i, given in enumerate(call.inputs):
        field = f"body.inputs[{i}]"
        if given.name not in known or given.name in made:
            raise refuse(
                "unknown_input", f"{field}.name", f"model {served.name!r} takes "
                f"{', '.join(known)}, each once; got {given.name[:80]!r}",
            )  # fmt: skip
        array, taken = read_tensor(given, field, known[given.name], raw, largest)
        raw = raw[taken:]
        _check_ids(array, served.id_bounds.get(given.name), f"{field}.data")
        made[given.name] = array
        if len(array) != len(next(iter(made.values()))):
            raise refuse(
                "wrong_shape", f"{field}.shape", "all inputs have as many rows, got "
                f"{len(next(iter(made.values())))} and {len(array)}",
            )  # fmt: skip
    missing = sorted(needed - made.keys())
    if missing:
        raise refuse(
            "missing_field", "body.inputs", f"the outputs need the inputs {', '.join(missing)} too"
        )
    if len(raw):
        raise refuse("wrong_size", "body", f"{len(raw)} bytes belong to no input")
    return made


def _check_ids(array: Array, bounds: tuple[int, ...] | None, field: str) -> None:
    """An id outside its table would fail the whole batch, the requests of others too."""
    if bounds is None:
        return
    low, high = array.min(axis=0), array.max(axis=0)
    for column, rows in enumerate(bounds):
        if low[column] < 0 or high[column] >= rows:
            raise refuse(
                "out_of_range", field, f"column {column} holds ids from 0 to {rows - 1}, got "
                f"{low[column] if low[column] < 0 else high[column]}",
            )  # fmt: skip


def _response(
    call: _Infer, served: Served, outputs: dict[str, bool], made: dict[str, Array]
) -> Response:
    told: list[dict[str, Any]] = []
    tail: list[bytes] = []
    for name, is_binary in outputs.items():
        array = made[name]
        about: dict[str, Any] = {"name": name, "datatype": "FP32", "shape": list(array.shape)}
        if is_binary:
            raw = array.astype("<f4", copy=False).tobytes()
            about["parameters"] = {"binary_data_size": len(raw)}
            tail.append(raw)
        elif not np.isfinite(array).all():
            raise Rejection(
                422, "invalid", "not_finite", f"output `{name}` has a NaN or infinity, which JSON "
                "has not; ask for binary data, or give finite inputs", field="body.inputs",
            )  # fmt: skip
        else:
            about["data"] = array.ravel().tolist()
        told.append(about)
    answer = {"model_name": served.name, "model_version": served.digest, "outputs": told}
    if call.id:
        answer["id"] = call.id
    head = encode(answer)
    if not tail:
        return Response(body=head)
    return Response(
        body=b"".join([head, *tail]), content_type=BINARY,
        headers=((_HEADER, str(len(head)).encode()),),
    )  # fmt: skip


def _check_parameters(parameters: dict[str, Any], request: Request) -> None:
    if parameters.get("sequence_id"):
        raise refuse(
            "unsupported", "body.parameters.sequence_id", "the models here have no sequences"
        )
    timeout_us = parameters.get("timeout")
    if timeout_us:
        if type(timeout_us) is not int or timeout_us < 0:
            raise refuse(
                "wrong_value", "body.parameters.timeout",
                f"expected whole microseconds, got {str(timeout_us)[:40]}",
            )  # fmt: skip
        request.deadline = min(request.deadline, request.arrived + timeout_us / 1e6)


def _json_length(request: Request, size: int) -> int:
    """How much of the body is JSON; the bytes of tensors come behind it."""
    text = request.headers.get(_HEADER)
    if text is None:
        return size
    if not _DIGITS.match(text) or int(text) > size:
        raise refuse(
            "wrong_value", "headers.inference-header-content-length",
            f"expected 0 to {size}, the length of the JSON in the body, got {text[:40]!r}",
        )  # fmt: skip
    return int(text)


def _unpacked(request: Request, limit: int) -> bytes:
    """The body without its compression."""
    coding = request.headers.get(b"content-encoding", b"identity").lower()
    if coding == b"identity":
        return request.body
    if coding not in (b"gzip", b"deflate"):
        raise Rejection(
            415, "invalid", "content_encoding", f"expected gzip, deflate or none, got "
            f"{coding[:40]!r}", field="headers.content-encoding",
        )  # fmt: skip
    unpack = zlib.decompressobj(31 if coding == b"gzip" else 15)
    try:
        made = unpack.decompress(request.body, limit)
    except zlib.error:
        made, unpack = b"", zlib.decompressobj()
    if unpack.unconsumed_tail:
        raise Rejection(
            413, "too_large", "unpacked_bytes", f"a body has at most {limit} bytes when it is "
            "unpacked", field="body",
        )  # fmt: skip
    if not unpack.eof or unpack.unused_data:
        raise refuse("malformed_encoding", "body", f"the body is no whole {coding.decode()} data")
    return made
