"""Wrong requests of the Open Inference Protocol: each is a 4xx that names field and reason."""

import copy
import gzip
import json
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving_example.app.limits import Limits
from serving_example.tests.app.world import (
    artifact,
    call_of,
    offline,
    published,
    refused,
    rows_of,
    running,
    service_of,
)

LIMITS = Limits(answer_s=2.0, unpacked_bytes=100_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: Any) -> Any:
    """A server with a ranker and two towers."""
    store = published(tmp_path_factory.mktemp("artifacts"))
    with running(service_of(store, limits=LIMITS)) as made:
        yield made


@pytest.fixture
def client(server: Any) -> Any:
    """A client of the public port. After each test the model still answers, and right."""
    with httpx.Client(base_url=f"http://127.0.0.1:{server.ports[0]}") as made:
        yield made
        tensors = rows_of(3)
        good = made.post("/v2/models/ranker/infer", json=call_of(tensors))
        wanted = offline(artifact(), tensors)
        assert np.array(good.json()["outputs"][0]["data"], np.float32).tobytes() == wanted.tobytes()


def changed(index: Any = 0, **members: Any) -> Any:
    """A right request but for one input; None removes a member."""
    call = call_of(rows_of(2))
    for name, value in members.items():
        call["inputs"][index][name] = value
        if value is None:
            del call["inputs"][index][name]
    return call


IN = "body.inputs[0]"


@pytest.mark.parametrize(
    "call, reason, field",
    [
        ([], "wrong_type", "body"),
        ({}, "missing_field", "body"),
        ({"inputs": []}, "missing_field", "body.inputs"),
        ({"inputs": [1]}, "wrong_type", IN),
        (changed(name="nobody"), "unknown_input", f"{IN}.name"),
        (changed(1, name="user"), "unknown_input", "body.inputs[1].name"),
        (changed(datatype="FP64"), "wrong_dtype", f"{IN}.datatype"),
        (changed(datatype="BYTES"), "wrong_dtype", f"{IN}.datatype"),
        (changed(datatype=3), "wrong_type", f"{IN}.datatype"),
        (changed(shape=[2]), "wrong_shape", f"{IN}.shape"),
        (changed(shape=[2, 2]), "wrong_shape", f"{IN}.shape"),
        (changed(shape=[0, 1], data=[]), "wrong_shape", f"{IN}.shape"),
        (changed(shape=[-1, 1]), "wrong_shape", f"{IN}.shape"),
        (changed(shape=[257, 1], data=[0.0] * 257), "rows", f"{IN}.shape"),
        (changed(shape=[2**62, 1]), "rows", f"{IN}.shape"),
        (changed(shape=[2.5, 1]), "wrong_type", f"{IN}.shape[0]"),
        (changed(shape=[1, 1], data=[0.0]), "wrong_shape", "body.inputs[1].shape"),
        (changed(data=None), "missing_field", f"{IN}.data"),
        (changed(data=[0.0]), "wrong_count", f"{IN}.data"),
        (changed(data=[[0.0], [0.0, 1.0]]), "wrong_count", f"{IN}.data"),
        (changed(data=[[[0.0]], [[0.0]]]), "wrong_type", f"{IN}.data[0][0]"),
        (changed(data=["a", "b"]), "wrong_type", f"{IN}.data[0]"),
        (changed(data=[None, 0.0]), "wrong_type", f"{IN}.data[0]"),
        (changed(data=[True, 0.0]), "wrong_type", f"{IN}.data[0]"),
        (changed(data="ab"), "wrong_type", f"{IN}.data"),
        (changed(data=[1e300, 0.0]), "out_of_range", f"{IN}.data"),
        (changed(1, data=[1.5, 0]), "wrong_type", "body.inputs[1].data[0]"),
        (changed(1, data=[2**40 * 2**40, 0]), "out_of_range", "body.inputs[1].data"),
        (changed(1, data=[10, 0]), "out_of_range", "body.inputs[1].data"),
        (changed(1, data=[-1, 0]), "out_of_range", "body.inputs[1].data"),
        (changed(parameters={"binary_data_size": 8}), "both", f"{IN}.data"),
        (changed(data=None, parameters={"binary_data_size": 8}), "truncated", "body"),
        (changed(data=None, parameters={"binary_data_size": 9}), "wrong_size", None),
        (changed(data=None, parameters={"binary_data_size": "8"}), "wrong_size", None),
        ({**changed(), "outputs": [{"name": "x"}]}, "unknown_output", "body.outputs[0].name"),
        ({**changed(), "outputs": [{}]}, "missing_field", "body.outputs[0]"),
        ({**changed(), "outputs": [{"name": "score"}] * 2}, "unknown_output", None),
        (
            {**changed(), "outputs": [{"name": "score", "parameters": {"classification": 1}}]},
            "unsupported", None,
        ),
        ({**changed(), "parameters": {"sequence_id": 1}}, "unsupported", None),
        ({**changed(), "parameters": {"timeout": -5}}, "wrong_value", "body.parameters.timeout"),
        ({**changed(), "id": 7}, "wrong_type", "body.id"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_refused_by_field_and_reason(
    client: Any, call: Any, reason: Any, field: Any
) -> None:
    """Types, shapes, counts, ranges, names, outputs and parameters."""
    status, got_reason, got_field = refused(client.post("/v2/models/ranker/infer", json=call))
    assert (status, got_reason) == (400, reason)
    assert field is None or got_field == field


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"nul", b"{}{}", b"[" * 50_000])
def test_malformed_json_is_refused(client: Any, body: Any) -> None:
    """Whatever the bytes are."""
    status, reason, field = refused(client.post("/v2/models/ranker/infer", content=body))
    assert status == 400 and field == "body"
    assert reason in ("malformed_json", "wrong_type", "missing_field")  # whichever is met first


@pytest.mark.parametrize("length", ["-1", "x", "99999", "1e3", ""])
def test_a_wrong_length_of_the_json_is_refused(client: Any, length: Any) -> None:
    """The header says how much of the body is JSON."""
    headers = {"Inference-Header-Content-Length": length}
    answer = client.post("/v2/models/ranker/infer", content=b"{}", headers=headers)
    assert refused(answer)[2] == "headers.inference-header-content-length"


def test_bytes_that_belong_to_no_input_are_refused(client: Any) -> None:
    """A body with a rest is not what its sender thinks it is."""
    head = json.dumps(changed()).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    answer = client.post("/v2/models/ranker/infer", content=head + b"rest", headers=headers)
    assert refused(answer) == (400, "wrong_size", "body")


@pytest.mark.parametrize(
    "coding, body, status, reason",
    [
        ("gzip", b"no gzip", 400, "malformed_encoding"),
        ("gzip", gzip.compress(b"{}")[:-3], 400, "malformed_encoding"),
        ("gzip", gzip.compress(b"{}") + b"x", 400, "malformed_encoding"),
        ("deflate", b"\x00", 400, "malformed_encoding"),
        ("gzip", gzip.compress(bytes(10_000_000)), 413, "unpacked_bytes"),
        ("br", b"{}", 415, "content_encoding"),
    ],
    ids=["not packed", "cut off", "more behind", "no deflate", "too large", "unknown"],
)
def test_a_wrong_compression_is_refused(
    client: Any, coding: Any, body: Any, status: Any, reason: Any
) -> None:
    """A small body that unpacks to a large one is stopped at the limit."""
    headers = {"Content-Encoding": coding}
    answer = client.post("/v2/models/ranker/infer", content=body, headers=headers)
    assert refused(answer)[:2] == (status, reason)


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/v2/models/none", 404),
        ("GET", "/v2/models/ranker/versions/1", 404),
        ("POST", "/v2/models/none/infer", 404),
        ("GET", "/v2/models/ranker/infer", 405),
        ("GET", "/v2/trace/setting", 404),
        ("GET", "/v2/systemsharedmemory/status", 404),
        ("POST", "/v2/repository/models/ranker/load", 403),
    ],
)
def test_what_is_not_there_is_said_in_the_protocols_form(
    client: Any, method: Any, path: Any, status: Any
) -> None:
    """Models, versions, methods, and extensions that this server has not."""
    assert refused(client.request(method, path))[0] == status


def test_a_nan_comes_back_as_bytes_only(client: Any) -> None:
    """JSON has no NaN: asked for JSON the server says so, asked for bytes it gives them."""
    tensors = rows_of(2)
    tensors["user"][0] = np.nan
    call = call_of({n: a for n, a in tensors.items() if n != "user"})
    call["inputs"].append(
        {"name": "user", "shape": [2, 1], "datatype": "FP32", "parameters": {"binary_data_size": 8}}
    )
    head = json.dumps(call).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    body = head + tensors["user"].tobytes()
    answer = client.post("/v2/models/ranker/infer", content=body, headers=headers)
    assert refused(answer)[:2] == (422, "not_finite")
    call["parameters"] = {"binary_data_output": True}
    head = json.dumps(call).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    body = head + tensors["user"].tobytes()
    answer = client.post("/v2/models/ranker/infer", content=body, headers=headers)
    length = int(answer.headers["Inference-Header-Content-Length"])
    assert np.isnan(np.frombuffer(answer.content[length:], np.float32)[0])


leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.sampled_from(["user", "FP32", "INT64", "score", 1, [1, 1], [[0.0]]]).map(copy.deepcopy),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_change_of_a_request_is_a_500(server: Any, data: Any) -> None:
    """A right request with members replaced at random is answered, or refused by field."""
    call = changed()
    for _ in range(data.draw(st.integers(1, 3))):
        place = call
        while isinstance(place, (dict, list)) and place and data.draw(st.booleans(), "deeper"):
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(place[key], (dict, list)) or not place[key]:
                break
            place = place[key]
        if place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            place[data.draw(st.sampled_from(keys))] = data.draw(leaves)
    body = json.dumps(call)
    url = f"http://127.0.0.1:{server.ports[0]}/v2/models/ranker/infer"
    answer = httpx.post(url, content=body)
    assert answer.status_code == 200 or refused(answer)[0] in (400, 422)
