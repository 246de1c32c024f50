"""A client that was made before a fork: each process has connections and ids of its own."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, os, sys
from featurelib_client import Client

told, tell = os.pipe()
client = Client(sys.argv[1], timeout_s=60.0, cache_bytes=1 << 20)
before = client.recommend(1).about.request_id
child = os.fork()
found = []
for user in range(100, 160):
    got = client.recommend(user + (0 if child else 1000))
    assert got.user_id == user + (0 if child else 1000), got
    found.append(got.about.request_id)
if not child:
    client.close()
    os.write(tell, json.dumps(found).encode())
    os._exit(0)
_, status = os.waitpid(child, 0)
assert client.recommend(7).user_id == 7  # the child has closed its own connection and not ours
print(json.dumps([status, before, found, json.loads(os.read(told, 65536))]))
"""
BESIDE = """
import os, sys, time
from featurelib_client.testing import FakeServer

server = FakeServer()
server.headers["Cache-Control"] = "max-age=1, stale-while-revalidate=600"
client = server.client(cache_bytes=1 << 20)
client.recommend(1)

def refreshes():
    seen, ends = len(server.requests), time.monotonic() + 60.0
    server.clock.now += 2.0
    assert client.recommend(1).about.age_s > 1.0
    while len(server.requests) == seen and time.monotonic() < ends:
        time.sleep(0.001)
    return len(server.requests) > seen

assert refreshes()
child = os.fork()
if not child:
    os._exit(0 if refreshes() else 1)
sys.exit(os.waitpid(child, 0)[1] != 0)
"""


def test_a_client_may_be_used_on_both_sides_of_a_fork(service: int) -> None:
    """Parent and child ask at once: nobody reads the other's answer, and all ids differ."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, f"http://127.0.0.1:{service}"], capture_output=True,
        env={"PYTHONPATH": str(ROOT / "serving_example/client/src")}, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0 and not done.stderr, done.stderr
    status, before, mine, theirs = json.loads(done.stdout)
    assert status == 0 and len({before, *mine, *theirs}) == 121


def test_nobody_waits_for_threads_of_the_other_process() -> None:
    """What runs beside a call, as the refresh of an old answer, runs in the child, too."""
    done = subprocess.run(
        [sys.executable, "-c", BESIDE], capture_output=True, text=True, timeout=300, check=False,
        env={"PYTHONPATH": str(ROOT / "serving_example/client/src")},
    )  # fmt: skip
    assert done.returncode == 0 and not done.stderr, done.stderr
