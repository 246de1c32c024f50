"""A small service for tests: a real bundle, real artifacts, a real server on a loopback port."""

import contextlib
import functools
import threading
import time
from typing import Any

import numpy as np
import polars as pl
import torch

import featurelib as fl
from featurelib_offline import fit
from serving_example import models
from serving_example.app.limits import Limits
from serving_example.app.routes import Routes
from serving_example.app.server import Server, bound
from serving_example.app.service import Service
from serving_example.artifacts import ArtifactStore
from serving_example.devices import Ladder, cpu_device
from serving_example.pool import Job, Program

LADDER = (128, 256)
PATIENT = Limits(compute_s=5.0)
"""A machine that runs many tests at once may stand still for a second."""
TOKEN = "admin-token-of-a-test"


class Pair(fl.Schema):
    """A user and a film."""

    user_id: int
    item_id: int
    stars: float
    year: int


@functools.cache
def bundle() -> Any:
    """Tensors of the five names that towers and rankers read."""
    stars, year = fl.col("stars"), fl.col("year").cast(fl.Float64)
    made = {
        "u": (stars / 5.0).cast(fl.Float32),
        "f": (year / 100.0).cast(fl.Float32),
        "p": (stars * year).log1p().cast(fl.Float32),
        "i_user": fl.col("user_id").vocabulary_index(),
        "i_film": fl.col("item_id").vocabulary_index(),
    }
    layout = {"user": ["u"], "user_ids": ["i_user"], "film": ["f"], "film_ids": ["i_film"]}
    pairs = fl.FeatureSet(
        "pairs", version="1.0.0", inputs=Pair,
        features=[fl.Feature(name, version=1, expr=e) for name, e in made.items()],
        layout={**layout, "pair": ["p"]},
    )  # fmt: skip
    frame = pl.DataFrame(
        {"user_id": range(8), "item_id": range(8), "stars": [1.0] * 8, "year": [1990] * 8}
    )
    return pairs.bind(fit(pairs, frame))


WORDS = {np.dtype(np.float32): "FP32", np.dtype(np.uint32): "UINT32", np.dtype(np.int64): "INT64"}
"""Types of arrays in the Open Inference Protocol."""

IDS = 10
"""Rows of each embedding table: 8 words, null and unknown."""


def artifact(kind: Any = "ranker", seed: Any = 0, name: Any = "m", of: Any = None) -> Any:
    """A model with random weights."""
    of = of or bundle()
    shapes = models.shapes_of(of).to_json()
    config = {"shapes": shapes, "embedding": 4, "hidden": [16]}
    if kind == "towers":
        config["dim"] = 16
    torch.manual_seed(seed)
    return models.artifact_of(
        models.make(kind, config), name=name, bundle=of, ladder=LADDER, metrics={}
    )


def published(folder: Any, **names: Any) -> Any:
    """A store with artifacts under names."""
    store = ArtifactStore(folder)
    names = names or {"ranker": artifact(), "towers": artifact("towers")}
    store.publish({name: store.put(made) for name, made in names.items()})
    return store


def rows_of(
    count: Any, seed: Any = 0, tensors: Any = ("user", "user_ids", "film", "film_ids", "pair")
) -> Any:
    """Tensors that the models can read."""
    generator = np.random.default_rng(seed)
    return {
        name: generator.integers(0, IDS, (count, 1)).astype(dtype_of(name))
        if name.endswith("_ids")
        else generator.standard_normal((count, 1)).astype(np.float32)
        for name in tensors
    }


def dtype_of(name: Any) -> Any:
    """The type of a tensor of the layout."""
    (found,) = [t.dtype.storage for t in bundle().layout.tensors if t.name == name]
    return np.dtype(found)


def offline(made: Any, tensors: Any, part: Any = "forward", size: Any = 128) -> Any:
    """What torch gives for the rows with zeros behind them."""
    module = models.load(made)
    padded = {}
    for name, array in tensors.items():
        padded[name] = torch.zeros((size, array.shape[1]), dtype=torch.from_numpy(array).dtype)
        padded[name][: len(array)] = torch.from_numpy(array)
    with torch.inference_mode():
        return getattr(module, part)(padded).numpy()[: len(array)]


def service_of(store: Any, **options: Any) -> Any:
    """A service over a store, its models loaded."""
    made = Service(
        artifacts=store, devices=options.pop("devices", None) or [cpu_device()],
        limits=options.pop("limits", PATIENT), check=lambda inputs: inputs.check(bundle()),
        clock=options.pop("clock", time.monotonic), id_prefix="t",
        stuck_after_s=options.pop("stuck_after_s", 60.0), **options,
    )  # fmt: skip
    made.load()
    return made


def waited(claim: Any) -> bool:
    """Whether a claim comes true within some seconds."""
    until = time.monotonic() + 15
    while not (holds := claim()) and time.monotonic() < until:
        time.sleep(0.01)
    return bool(holds)


class Gate(Program):
    """Keeps a device busy until it is opened."""

    def __init__(self, model: str = "gate:wait") -> None:
        self.model, self.digest, self.part = model, "gate", "wait"
        self.ladder, self.load_s = Ladder([4]), 0.0
        self.entered, self.go = threading.Event(), threading.Event()

    def needs(self, device: Any) -> Any:
        """Nothing."""
        return 0

    def load(self, device: Any) -> Any:
        """In one step."""
        yield from ()
        return self

    def run(self, given: Any) -> Any:
        """Waits."""
        self.entered.set()
        assert self.go.wait(20)
        return [None] * len(given)

    def unload(self) -> None:
        """Nothing lies there."""


@contextlib.contextmanager
def busy(pool: Any) -> Any:
    """Inside, one device has begun a batch that does not end."""
    gate, done = Gate(), threading.Event()
    pool.add(gate)
    assert pool.ready(gate, 10)
    job = Job(gate, None, 1, time.monotonic() + 60, lambda job: done.set(), ":gate")
    pool.submit(job)
    assert gate.entered.wait(10)
    try:
        yield gate
    finally:
        gate.go.set()
        assert done.wait(10)
        pool.retire(gate)


@contextlib.contextmanager
def running(service: Any, *, more_routes: Any = None, drain_s: Any = 5.0) -> Any:
    """The service behind two loopback ports: gives the server, whose `ports` are public, admin."""
    sockets = [bound("127.0.0.1", 0), bound("127.0.0.1", 0)]
    applications: list[Any] = []
    server = Server(applications, service.delivery, on_drain=service.drain, drain_s=drain_s)
    routes = Routes([*service.routes(server.on_loop), *(more_routes or [])])
    applications += [
        (service.application(routes), sockets[0]),
        (service.application(routes, TOKEN), sockets[1]),
    ]
    thread = threading.Thread(target=server.run, kwargs={"signals": False}, daemon=True)
    thread.start()
    try:
        assert server.is_started.wait(20)
        yield server
    finally:
        server.stop()
        thread.join(20)
        service.close()
        assert not thread.is_alive()


def call_of(tensors: Any) -> Any:
    """A request with all values as JSON."""
    return {
        "inputs": [
            {"name": n, "shape": list(a.shape), "datatype": WORDS[a.dtype], "data": a.tolist()}
            for n, a in tensors.items()
        ]
    }


def refused(answer: Any) -> Any:
    """Status, reason and field of a refusal in the protocol's form."""
    about = answer.json()
    assert isinstance(about["error"], str) and about["request_id"] and about["code"]
    return answer.status_code, about["reason"], about["field"]
