"""API keys, their rates, and the file that they stand in."""

import hashlib
import os
import stat
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving_example.app.http import Rejection
from serving_example.app.keys import ApiKey, Keys, KeysError, new_key, write_key
from serving_example.app.rate import TokenBucket
from serving_example.tests.app.world import TOKEN, published, running, service_of


@given(
    st.floats(0.1, 1000), st.integers(1, 50),
    st.lists(st.floats(0, 5, allow_subnormal=False), max_size=60),
)  # fmt: skip
def test_a_bucket_gives_its_rate_and_its_burst_and_no_more(
    rate: Any, burst: Any, pauses: Any
) -> None:
    """However requests come, those that pass are at most burst + rate x time."""
    now = [0.0]
    bucket = TokenBucket(rate, burst, lambda: now[0])
    passed = 0
    for pause in pauses:
        now[0] += pause
        wait = bucket.take()
        passed += wait == 0.0
        assert 0 <= wait <= 1 / rate + 1e-9
    assert passed <= burst + rate * now[0] + 1e-6


def test_the_wait_that_is_told_is_enough() -> None:
    """Who waits for as long as he was told passes; a clock that goes back gives nothing."""
    now = [0.0]
    bucket = TokenBucket(2.0, 1, lambda: now[0])
    assert bucket.take() == 0.0
    now[0] = -5.0
    wait = bucket.take()
    assert wait == 0.5
    now[0] += wait
    assert bucket.take() == 0.0


@pytest.mark.parametrize("rate, burst", [(0, 1), (-1, 1), (1, 0.5), (float("nan"), 1)])
def test_a_bucket_that_never_gives_is_refused(rate: Any, burst: Any) -> None:
    """Rates are above 0, bursts at least 1."""
    with pytest.raises(ValueError):
        TokenBucket(rate, burst, lambda: 0.0)


def test_a_key_is_known_by_its_hash() -> None:
    """The file holds no key; the key has 256 random bits; another is refused."""
    text, stored = new_key("team-a", os.urandom)
    assert text.startswith("flk_team-a_") and len(text.rpartition("_")[2]) == 64
    assert stored.sha256 == hashlib.sha256(text.encode()).hexdigest()
    keys = Keys([stored], lambda: 0.0)
    assert keys.admit(b"Bearer " + text.encode()) == "team-a"
    for wrong in (None, b"", b"Bearer", b"Basic " + text.encode(), b"Bearer " + text[:-1].encode(),
                  b"Bearer flk_team-b_" + text[11:].encode(), b"\xff\xfe"):  # fmt: skip
        with pytest.raises(Rejection) as error:
            keys.admit(wrong)
        assert error.value.status == 401 and error.value.field == "headers.authorization"


def test_a_key_that_asks_too_often_is_told_when_to_come_back() -> None:
    """429 with Retry-After; other keys are not touched; new limits count from now."""
    (a, stored_a), (b, stored_b) = (new_key(n, os.urandom, rate=1, burst=2) for n in "ab")
    keys = Keys([stored_a, stored_b], lambda: 0.0)
    ask = [b"Bearer " + t.encode() for t in (a, b)]
    assert keys.admit(ask[0]) == keys.admit(ask[0]) == "a"
    with pytest.raises(Rejection) as error:
        keys.admit(ask[0])
    assert (error.value.status, error.value.retry_after_s) == (429, 1.0)
    assert keys.admit(ask[1]) == "b"
    keys.replace([stored_a])
    with pytest.raises(Rejection, match="key a may ask"):
        keys.admit(ask[0])
    with pytest.raises(Rejection, match="send Authorization"):
        keys.admit(ask[1])


def test_a_file_of_keys_is_its_owners(tmp_path: Any) -> None:
    """Keys are added one at a time, under names that are free; only the owner may read."""
    path = tmp_path / "keys.json"
    stored = [new_key(name, os.urandom)[1] for name in ("a", "b")]
    for key in stored:
        write_key(path, key)
    assert Keys.read(path) == stored
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(KeysError, match="is a key 'a' already"):
        write_key(path, stored[0])


@pytest.mark.parametrize("content", [b"", b"{}", b'{"keys": [{"name": "a"}]}', b'{"keys": 1}'])
def test_a_file_that_is_none_is_refused(tmp_path: Any, content: Any) -> None:
    """The message names the file and the place in it."""
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    with pytest.raises(KeysError, match=r"keys\.json"):
        Keys.read(path)
    with pytest.raises(KeysError, match="No such file"):
        Keys.read(tmp_path / "none.json")


@pytest.mark.parametrize(
    "keys",
    [
        [ApiKey("A", "0" * 64)], [ApiKey("a", "0")], [ApiKey("a", "0" * 64, rate=0)],
        [ApiKey("a", "0" * 64), ApiKey("a", "1" * 64)],
    ],
)  # fmt: skip
def test_keys_that_cannot_be_are_refused(keys: Any) -> None:
    """Names, hashes, rates, and each name once."""
    with pytest.raises(KeysError):
        Keys(keys, lambda: 0.0)
    with pytest.raises(KeysError, match="1 to 40"):
        new_key("Not A Name", os.urandom)


def test_the_server_asks_for_a_key(tmp_path: Any) -> None:
    """Models want one, health does not; who asks too often gets 429; each key is counted."""
    text, stored = new_key("team-a", os.urandom, rate=0.01, burst=2)
    with running(service_of(published(tmp_path), keys=[stored])) as server:
        base = f"http://127.0.0.1:{server.ports[0]}"
        assert httpx.get(f"{base}/healthz").status_code == 200
        missing = httpx.get(f"{base}/v2/models/ranker")
        assert missing.status_code == 401 and missing.headers["www-authenticate"] == "Bearer"
        headers = {"Authorization": f"Bearer {text}"}
        got = [httpx.get(f"{base}/v2/models/ranker", headers=headers) for _ in range(3)]
        assert [g.status_code for g in got] == [200, 200, 429]
        assert 1 <= int(got[2].headers["retry-after"]) <= 100
        assert httpx.get(f"{base}/metrics").status_code == 401  # it names the keys
        admin = {"Authorization": f"Bearer {TOKEN}"}
        page = httpx.get(f"http://127.0.0.1:{server.ports[1]}/metrics", headers=admin).text
        assert 'featurelib_key_requests_total{key="team-a"} 2.0' in page
        assert 'featurelib_rejections_total{code="rate_limited",reason="key_rate"} 1.0' in page
