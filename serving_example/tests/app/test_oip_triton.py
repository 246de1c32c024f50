"""Triton's own Python client, unchanged, against the server."""

from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from serving_example.tests.app.world import (
    TOKEN,
    WORDS,
    artifact,
    offline,
    published,
    rows_of,
    running,
    service_of,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: Any) -> Any:
    """A server with a ranker and two towers."""
    store = published(tmp_path_factory.mktemp("artifacts"))
    with running(service_of(store)) as made:
        made.store = store
        yield made


@pytest.fixture
def client(server: Any) -> Any:
    """Triton's client on the public port."""
    with triton.InferenceServerClient(f"127.0.0.1:{server.ports[0]}") as made:
        yield made


@pytest.fixture
def admin(server: Any) -> Any:
    """Triton's client on the admin port."""
    with triton.InferenceServerClient(f"127.0.0.1:{server.ports[1]}") as made:
        yield made


HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def inputs_of(tensors: Any, binary: Any = True) -> Any:
    """The tensors as the client wants them."""
    made = []
    for name, array in tensors.items():
        made.append(triton.InferInput(name, list(array.shape), WORDS[array.dtype]))
        made[-1].set_data_from_numpy(array, binary_data=binary)
    return made


def test_health_and_metadata(client: Any, server: Any) -> None:
    """The server, its models and what they take and give."""
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("ranker") and not client.is_model_ready("nothing")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    about = client.get_model_metadata("towers")
    assert about["versions"] == [server.store.digest("towers")]
    assert {i["name"]: i["shape"] for i in about["inputs"]}["user"] == [-1, 1]
    assert {o["name"]: o["shape"] for o in about["outputs"]} == {
        "score": [-1], "user": [-1, 16], "film": [-1, 16],
    }  # fmt: skip
    config = client.get_model_config("ranker", about["versions"][0][:0])
    assert config["max_batch_size"] == 256


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False, None])
def test_scores_have_the_bits_of_an_offline_run(
    client: Any, binary_in: Any, binary_out: Any
) -> None:
    """JSON and binary, both ways: the model at the padded size, bit for bit."""
    tensors = rows_of(100, seed=3)
    outputs = None
    if binary_out is not None:
        outputs = [triton.InferRequestedOutput("score", binary_data=binary_out)]
    got = client.infer("ranker", inputs_of(tensors, binary_in), outputs=outputs, request_id="7")
    assert got.get_response()["id"] == "7"
    assert got.as_numpy("score").tobytes() == offline(artifact(), tensors).tobytes()


def test_a_tower_needs_its_own_tensors_only(client: Any, server: Any) -> None:
    """Vectors of users from the tensors of users; the version may be named."""
    tensors = rows_of(5, tensors=("user", "user_ids"))
    outputs = [triton.InferRequestedOutput("user")]
    version = server.store.digest("towers")
    got = client.infer("towers", inputs_of(tensors), outputs=outputs, model_version=version)
    assert got.as_numpy("user").tobytes() == offline(artifact("towers"), tensors, "user").tobytes()


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_compressed_request_is_unpacked(client: Any, coding: Any) -> None:
    """The coding covers JSON and bytes together."""
    tensors = rows_of(100)
    got = client.infer("ranker", inputs_of(tensors), request_compression_algorithm=coding)
    assert got.as_numpy("score").tobytes() == offline(artifact(), tensors).tobytes()


def test_many_requests_at_once_each_get_their_own(server: Any) -> None:
    """Requests that share batches have the bits that each has alone."""
    with triton.InferenceServerClient(f"127.0.0.1:{server.ports[0]}", concurrency=8) as client:
        sent = [rows_of(1 + 7 * n % 60, seed=n) for n in range(40)]
        waiting = [client.async_infer("ranker", inputs_of(tensors)) for tensors in sent]
        for tensors, handle in zip(sent, waiting, strict=True):
            scores = handle.get_result().as_numpy("score")
            assert scores.tobytes() == offline(artifact(), tensors).tobytes()


def test_an_inference_with_a_key_runs_once(client: Any) -> None:
    """Sent again it has the answer of the first one, in bytes too; another body is refused."""
    tensors, key = rows_of(9, seed=9), {"Idempotency-Key": "order-7"}

    def ran() -> Any:
        return client.get_inference_statistics("ranker")["model_stats"][0]["inference_count"]

    before = ran()
    for _ in range(3):
        got = client.infer("ranker", inputs_of(tensors), headers=key)
        assert got.as_numpy("score").tobytes() == offline(artifact(), tensors).tobytes()
    assert ran() == before + 9  # rows
    with pytest.raises(InferenceServerException, match="this key came with another body"):
        client.infer("ranker", inputs_of(rows_of(9, seed=8)), headers=key)
    client.infer("ranker", inputs_of(tensors))
    assert ran() == before + 18


def test_an_error_is_the_clients_own_exception(client: Any) -> None:
    """Its text names the field and both sides."""
    tensors = rows_of(4)
    tensors["user"] = np.zeros((4, 2), np.float32)
    with pytest.raises(InferenceServerException, match=r"shape \[rows, 1\], got \[4, 2\]") as error:
        client.infer("ranker", inputs_of(tensors))
    assert error.value.status() == "400"
    with pytest.raises(InferenceServerException, match="no model 'nothing' is loaded"):
        client.get_model_metadata("nothing")


def test_models_are_loaded_and_unloaded_on_the_admin_port(
    server: Any, client: Any, admin: Any
) -> None:
    """The index shows them; the public port refuses; a new artifact is taken by loading."""
    with pytest.raises(InferenceServerException, match="admin port only"):
        client.unload_model("ranker")
    with pytest.raises(InferenceServerException, match="admin token"):
        admin.unload_model("ranker")
    admin.unload_model("ranker", headers=HEADERS)
    index = {m["name"]: m["state"] for m in client.get_model_repository_index()}
    assert index == {"ranker": "UNAVAILABLE", "towers": "READY"}
    assert not client.is_model_ready("ranker")
    other = artifact(seed=9)
    server.store.publish({"ranker": server.store.put(other)})
    try:
        admin.load_model("ranker", headers=HEADERS)
        tensors = rows_of(10)
        got = client.infer("ranker", inputs_of(tensors))
        assert got.as_numpy("score").tobytes() == offline(other, tensors).tobytes()
        assert got.get_response()["model_version"] == other.digest
    finally:
        server.store.publish({"ranker": artifact().digest})
        admin.load_model("ranker", headers=HEADERS)


def test_a_torn_artifact_is_refused_and_the_old_model_goes_on(
    server: Any, client: Any, admin: Any
) -> None:
    """Loading fails with the reason, which the index keeps; scores stay as they were."""
    torn = server.store.put(artifact(seed=10))
    server.store.publish({"ranker": torn})
    weights = server.store.folder / torn / "weights.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    try:
        with pytest.raises(InferenceServerException, match="altered or cut off"):
            admin.load_model("ranker", headers=HEADERS)
        index = {m["name"]: m for m in client.get_model_repository_index()}
        assert index["ranker"]["state"] == "READY" and "altered" in index["ranker"]["reason"]
        tensors = rows_of(10)
        got = client.infer("ranker", inputs_of(tensors))
        assert got.as_numpy("score").tobytes() == offline(artifact(), tensors).tobytes()
    finally:
        weights.write_bytes(whole)
        server.store.publish({"ranker": artifact().digest})
        admin.load_model("ranker", headers=HEADERS)
