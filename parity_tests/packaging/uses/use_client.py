"""The client alone: it asks a service from threads, from tasks and from a shell."""

import asyncio
import importlib
import importlib.util
import json
import subprocess
import sys

import featurelib_client
from featurelib_client import AsyncClient, Client, RefusedError, Tensor, UnavailableError

url, replayer, corpus = sys.argv[1:]
for absent in ("featurelib", "numpy", "torch", "numba", "polars", "msgspec", "httpx"):
    assert importlib.util.find_spec(absent) is None, f"{absent} came along"
assert "site-packages" in str(featurelib_client.__file__)
for extra in ("numpy", "opentelemetry", "prometheus"):
    way_out = ""
    try:
        if extra == "numpy":
            Tensor("FP32", (1,), [0.5]).numpy()
        else:
            importlib.import_module(f"featurelib_client.{extra}")
    except ImportError as error:
        way_out = str(error)
    assert f"pip install featurelib-client[{extra}]" in way_out, f"{extra}: {way_out!r}"


def films(items: object) -> list[int]:
    return [one.item_id for one in items]


async def beside() -> None:
    async with AsyncClient(url) as client:
        answers = await asyncio.gather(*(client.recommend(user, k=3) for user in range(20)))
    assert [(one.user_id, films(one.items)) for one in answers] == [
        (user, [0, 1, 2]) for user in range(20)
    ]


with Client(url, timeout_s=10) as client:
    assert client.ready()
    assert films(client.recommend(42, k=2).items) == [0, 1]
    made = client.infer("m", {"x": Tensor("INT64", (1,), [7])})
    assert made.outputs["y"].values() == [1.0]
    refused: RefusedError | None = None
    try:
        client.metadata("m")
    except RefusedError as error:
        refused = error
    assert refused is not None and refused.status == 404 and refused.request_id
asyncio.run(beside())


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["featurelib-client", *arguments], capture_output=True, text=True, check=False
    )


told = command("recommend", "--user", "42", "--k", "2", "--url", url, "--json")
assert told.returncode == 0 and json.loads(told.stdout)["contract_version"] == 2, told
needs = [word for name in ("recommend", "infer", "models", "ready") for word in ("--needs", name)]
checked = command("check", url, *needs)
assert checked.returncode == 0 and "fits" in checked.stdout, checked
gone = command("models", "--url", "http://127.0.0.1:9")
assert gone.returncode == 1 and UnavailableError.__name__ in gone.stderr, gone
replayed = subprocess.run(
    [sys.executable, replayer, corpus], capture_output=True, text=True, check=False
)
assert replayed.returncode == 0, replayed
print(f"asks from threads, tasks and a shell; checks the contract; {replayed.stdout.strip()}")
