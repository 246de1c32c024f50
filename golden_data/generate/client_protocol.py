"""Cases of ratings, models and the Open Inference Protocol v2, by hand from its specification.

Bytes behind the JSON are made by `struct`; what a caller must get are the values that went in.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

from client_cases import failed

Json = dict[str, Any]
NUMBERS: dict[str, tuple[str, list[Any]]] = {
    "BOOL": ("?", [True, False]),
    "INT8": ("b", [-128, 127]),
    "INT16": ("h", [-32768, 32767]),
    "INT32": ("i", [-(2**31), 2**31 - 1]),
    "INT64": ("q", [-(2**63), 2**63 - 1]),
    "UINT8": ("B", [0, 255]),
    "UINT16": ("H", [0, 65535]),
    "UINT32": ("I", [0, 2**32 - 1]),
    "UINT64": ("Q", [0, 2**64 - 1]),
    "FP32": ("f", [-0.0, 1.5]),
    "FP64": ("d", [5e-324, 0.1]),
}
INFER = "POST /v2/models/m/infer"
HEADER = "Inference-Header-Content-Length"


def protocol() -> Iterator[Json]:
    """All cases."""
    yield from _json_tensors()
    yield from _binary_tensors()
    yield from _errors()
    yield from _others()


def _case(
    name: str, call: Json, line: str, body: Any, reply: Json, expect: Json, **more: Any
) -> Json:
    request = {"line": line, **({} if body is None else {"body": body}), **more}
    made = {"status": 200, "headers": [["Content-Type", "application/json"]], "body": "", **reply}
    return {
        "name": name, "why": "by hand, from the specification", "call": call,
        "exchanges": [{"request": request, "reply": made}], "expect": expect,
    }  # fmt: skip


def _infer(inputs: Json, **more: Any) -> Json:
    return {"method": "infer", "model": "m", "inputs": inputs, **more}


def _gave(outputs: Any, version: str = "") -> Json:
    return {"answer": {"model": "m", "version": version, "outputs": outputs}}


def _json_tensors() -> Iterator[Json]:
    for word, (_, values) in NUMBERS.items():
        about = {"datatype": word, "shape": [2], "data": values}
        body = {"inputs": [{"name": "x", **about}]}
        told = {"model_name": "m", "model_version": "7", "outputs": [{"name": "y", **about}]}
        expect = _gave({"y": {"datatype": word, "shape": [2], "values": values}}, "7")
        yield _case(f"{word} as JSON", _infer({"x": about}), INFER, body,
                    {"body": json.dumps(told)}, expect)  # fmt: skip
    x = {"datatype": "FP32", "shape": [1], "data": [1.0]}
    body = {"inputs": [{"name": "x", **x}],
            "outputs": [{"name": "y", "parameters": {"binary_data": False}}]}  # fmt: skip
    nested = {"name": "y", "datatype": "INT32", "shape": [2, 2], "data": [[1, 2], [3, 4]]}
    told = {"model_name": "m", "id": "9", "outputs": [nested], "mood": "an extension"}
    expect = _gave({"y": {"datatype": "INT32", "shape": [2, 2], "values": [1, 2, 3, 4]}})
    asked = _infer({"x": x}, outputs=["y"])
    reply = {"body": json.dumps(told)}
    yield _case("lists in lists, one output asked for", asked, INFER, body, reply, expect)
    told = {"model_name": "m", "outputs": []}
    yield _case("a version in the path", _infer({"x": x}, version="3"),
                "POST /v2/models/m/versions/3/infer", {"inputs": [{"name": "x", **x}]},
                {"body": json.dumps(told)}, _gave({}))  # fmt: skip


def _binary_tensors() -> Iterator[Json]:
    for word, (letter, values) in NUMBERS.items():
        raw = struct.pack(f"<2{letter}", *values).hex()
        size = len(raw) // 2
        x = {"name": "x", "datatype": word, "shape": [2], "parameters": {"binary_data_size": size}}
        body = {"inputs": [x], "parameters": {"binary_data_output": True}}
        head = json.dumps({"model_name": "m", "outputs": [{**x, "name": "y"}]})
        reply = {"body": head, "tail_hex": raw, "headers": [[HEADER, str(len(head))]]}
        expect = _gave({"y": {"datatype": word, "shape": [2], "values": values}})
        call = _infer({"x": {"datatype": word, "shape": [2], "hex": raw}})
        yield _case(f"{word} as bytes", call, INFER, body, reply, expect, tail_hex=raw)
    y = {"name": "y", "datatype": "INT16", "shape": [2], "parameters": {"binary_data_size": 4}}
    x = {"datatype": "FP32", "shape": [1], "data": [1.0]}
    body = {"inputs": [{"name": "x", **x}]}
    for name, output, raw, length in (
        ("bytes are cut off", y, "0100", 0),
        ("bytes are left over", y, "010002000300", 0),
        ("a size that the shape does not have", {**y, "shape": [3]}, "01000200", 0),
        ("a head longer than the answer", y, "01000200", 999),
        ("a type without a size", {**y, "datatype": "BYTES"}, "01000200", 0),
    ):
        head = json.dumps({"model_name": "m", "outputs": [output]})
        reply = {"body": head, "tail_hex": raw, "headers": [[HEADER, str(len(head) + length)]]}
        yield _case(name, _infer({"x": x}), INFER, body, reply, failed("ContractError"))


def _errors() -> Iterator[Json]:
    x = {"datatype": "FP32", "shape": [1], "data": [1.0]}
    call, body = _infer({"x": x}), {"inputs": [{"name": "x", **x}]}
    plain = {"error": "the shape is wrong"}
    ours = {**plain, "code": "invalid", "reason": "wrong_shape", "field": "inputs[0].shape",
            "request_id": "r"}  # fmt: skip
    for name, status, told, expect in (
        ("an error as the protocol has it", 400, plain,
         failed("RefusedError", "the shape is wrong", status=400, field=None)),
        ("an error as the example has it", 400, ours,
         failed("RefusedError", reason="wrong_shape", field="inputs[0].shape")),
        ("an error of the model", 500, plain, failed("UnavailableError", "the shape is wrong")),
        ("data with fewer values", 200,
         {"model_name": "m", "outputs": [{"name": "y", **x, "shape": [2]}]},
         failed("ContractError")),
        ("one output twice", 200,
         {"model_name": "m", "outputs": [{"name": "y", **x}, {"name": "y", **x}]},
         failed("ContractError", "twice")),
        ("no name of the model", 200, {"outputs": []}, failed("ContractError", "model_name")),
    ):  # fmt: skip
        reply = {"status": status, "body": json.dumps(told)}
        yield _case(name, call, INFER, body, reply, expect)
    wrong = {"datatype": "INT8", "shape": [1], "data": [128]}
    refused = _case("a value that its type has not", _infer({"x": wrong}), INFER, None, {},
                    failed("InputError", "-128 to 127", field="inputs['x'].data[0]"))  # fmt: skip
    yield {**refused, "exchanges": []}


def _others() -> Iterator[Json]:
    inputs = [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}]
    told = {"name": "m", "platform": "pytorch", "versions": ["1"], "mood": 1, "inputs": inputs,
            "outputs": []}  # fmt: skip
    expect = {name: value for name, value in told.items() if name != "mood"}
    yield _case("metadata", {"method": "metadata", "model": "m"}, "GET /v2/models/m", None,
                {"body": json.dumps(told)}, {"answer": expect})  # fmt: skip
    ready = {"method": "ready"}
    for status, body, is_ready in (
        (200, "", True),
        (200, '{"ready":true}', True),
        (503, "", False),
    ):
        yield _case(f"readiness by {status} {body}".rstrip(), ready, "GET /v2/health/ready", None,
                    {"status": status, "body": body}, {"answer": is_ready})  # fmt: skip
    models = [{"name": "ranker", "digest": "a" * 64, "anything": {"more": [1, None]}}]
    yield _case("models", {"method": "models"}, "GET /v1/models", None,
                {"body": json.dumps({"models": models})}, {"answer": models})  # fmt: skip
    event = {"rating_id": 1, "user_id": 42, "item_id": 7, "rating": 4.5,
             "rated_at": "2026-11-23T12:00:00Z"}  # fmt: skip
    taken = {"accepted": 1, "first_offset": 10, "offset": 11}
    line, call = "POST /v1/events", {"method": "rate", "events": [event]}
    yield _case("a rating", call, line, {"events": [event]},
                {"status": 202, "body": json.dumps(taken)}, {"answer": taken})  # fmt: skip
    yield _case("a rating, and half an answer", call, line, {"events": [event]},
                {"status": 202, "body": '{"accepted": 1}'}, failed("ContractError"))  # fmt: skip
