"""Metadata, health, statistics and the repository of the Open Inference Protocol v2."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor as Threads
from typing import Any

import msgspec

import featurelib as fl
from featurelib.errors import FeaturelibError
from serving_example.app.http import Pending, Rejection, Request, Response, decode, encode
from serving_example.app.oip_tensors import datatype
from serving_example.app.repository import Repository
from serving_example.app.served import PARTS, Served
from serving_example.app.statistics import Statistics
from serving_example.artifacts import UnknownModelError
from serving_example.pool import Pool

__all__ = ["Models"]

NAME = "featurelib-serving-example"
EXTENSIONS = ("binary_tensor_data", "model_configuration", "model_repository", "statistics")


class _Index(msgspec.Struct):
    ready: bool = False


class _Load(msgspec.Struct):
    parameters: dict[str, Any] = {}


class Models:
    """Answers what the protocol asks of models apart from inference.

    Args:
        repository: The models.
        pool: Runs them.
        threads: Where loading may wait.
        on_loop: Runs a function on the event loop, from any thread.
        is_ready: Whether the server can answer.
        statistics: What each model has done.
    """

    def __init__(
        self,
        repository: Repository,
        pool: Pool,
        threads: Threads,
        on_loop: Callable[[Callable[[], None]], None],
        is_ready: Callable[[], bool],
        statistics: Statistics,
    ) -> None:
        self._repository, self._pool, self._threads = repository, pool, threads
        self._on_loop, self._is_ready, self._statistics = on_loop, is_ready, statistics

    def server(self, request: Request) -> Response:
        """``GET /v2``: who we are."""
        about = {"name": NAME, "version": fl.__version__, "extensions": EXTENSIONS}
        return Response(body=encode(about))

    def live(self, request: Request) -> Response:
        """``GET /v2/health/live``."""
        return Response(body=encode({"live": True}))

    def ready(self, request: Request) -> Response:
        """``GET /v2/health/ready``."""
        ready = self._is_ready()
        return Response(200 if ready else 503, encode({"ready": ready}))

    def model_ready(self, request: Request) -> Response:
        """``GET /v2/models/{name}/ready``."""
        served = self._served(request)
        about = {"name": served.name, "ready": self._is_ready()}
        return Response(200 if about["ready"] else 503, encode(about))

    def metadata(self, request: Request) -> Response:
        """``GET /v2/models/{name}``: inputs and outputs."""
        served = self._served(request)
        about = {
            "name": served.name,
            "versions": [served.digest],
            "platform": "pytorch",
            "inputs": [
                {"name": t.name, "datatype": datatype(t), "shape": [-1, t.width]}
                for t in served.layout.tensors
            ],
            "outputs": [
                {"name": name, "datatype": "FP32", "shape": shape}
                for name, shape in _output_shapes(served).items()
            ],
        }
        return Response(body=encode(about))

    def config(self, request: Request) -> Response:
        """``GET /v2/models/{name}/config``, in the words of the extension."""
        served = self._served(request)
        about = {
            "name": served.name,
            "platform": "pytorch_safetensors",
            "backend": "pytorch",
            "max_batch_size": served.card.ladder[-1],
            "input": [
                {"name": t.name, "data_type": f"TYPE_{datatype(t)}", "dims": [t.width]}
                for t in served.layout.tensors
            ],
            "output": [
                {"name": name, "data_type": "TYPE_FP32", "dims": shape[1:] or [1]}
                for name, shape in _output_shapes(served).items()
            ],
            "dynamic_batching": {"preferred_batch_size": list(served.card.ladder)},
            "instance_group": self._instances(),
            "model_warmup": [
                {"name": f"{size} rows", "batch_size": size} for size in served.card.ladder
            ],
            "parameters": {
                name: {"string_value": str(value)} for name, value in self._placed(served).items()
            },
        }
        return Response(body=encode(about))

    def _instances(self) -> list[dict[str, Any]]:
        """A group for each device, in the words of the extension: it knows CPUs and GPUs."""
        return [
            {
                "name": one.name, "count": 1,
                "kind": "KIND_GPU" if one.kind == "cuda" else "KIND_CPU",
            }
            for one in self._pool.stats().devices
        ]  # fmt: skip

    def _placed(self, served: Served) -> dict[str, Any]:
        """What the words of the extension do not say: where it lies, and what it takes there."""
        placement = self._repository.placement(served)
        return {
            "resident_on": ",".join(placement.devices),
            "memory_bytes": placement.memory_bytes,
            "is_pinned": str(placement.is_pinned).lower(),
            "policy": self._pool.policy,
        }

    def stats(self, request: Request) -> Response:
        """``GET /v2/models/{name}/stats``, or of all models."""
        some = [self._served(request)] if "name" in request.parts else self._repository.all()
        told = [self._statistics.about(served.name, served.digest) for served in some]
        return Response(body=encode({"model_stats": told}))

    def index(self, request: Request) -> Response:
        """``POST /v2/repository/index``."""
        only_ready = decode(request.body, _Index).ready if request.body else False
        return Response(
            body=encode(
                [
                    {"name": m.name, "version": m.digest, "state": m.state, "reason": m.reason}
                    for m in self._repository.index()
                    if m.state == "READY" or not only_ready
                ]
            )
        )

    def load(self, request: Request) -> Pending:
        """``POST /v2/repository/models/{name}/load``: what the manifest says now."""
        call = decode(request.body, _Load) if request.body else _Load()
        if call.parameters:
            raise Rejection(
                400, "invalid", "unsupported", "a model is loaded as its artifact says: the "
                "parameters config and files are not taken", field="body.parameters",
            )  # fmt: skip
        name = request.parts["name"]
        return self._later(lambda: self._repository.load(name))

    def unload(self, request: Request) -> Pending:
        """``POST /v2/repository/models/{name}/unload``."""
        if request.body:
            decode(request.body, _Load)
        name = request.parts["name"]
        return self._later(lambda: self._repository.unload(name))

    def _later(self, change: Callable[[], object]) -> Pending:
        """Runs a change where it may wait; who asked and hung up does not stop it."""
        pending = Pending()

        def run() -> None:
            result: Response | Exception
            try:
                change()
                result = Response(content_type=b"")
            except Rejection as error:
                result = error
            except UnknownModelError as error:
                result = Rejection(404, "not_found", "unknown_model", str(error), field="model")
            except FeaturelibError as error:
                result = Rejection(422, "refused", "artifact", str(error), field="model")
            except Exception as error:
                result = error
            self._on_loop(lambda: pending.set(result))

        self._threads.submit(run)
        return pending

    def _served(self, request: Request) -> Served:
        return self._repository.get(request.parts["name"], request.parts.get("version", ""))


def _output_shapes(served: Served) -> dict[str, list[int]]:
    """The outputs; a score is one number a row, a tower gives a vector."""
    dim = served.card.config.get("dim", 1)
    outputs = PARTS[served.card.kind]
    return {n: [-1] if part == "forward" else [-1, dim] for n, (part, _) in outputs.items()}
