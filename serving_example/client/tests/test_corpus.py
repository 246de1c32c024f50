"""The golden corpus: this client over recorded answers of every version of the contract."""

import copy
import runpy
from pathlib import Path
from typing import Any

import pytest

from featurelib_client import Called, Client, ContractDeprecationWarning, errors
from featurelib_client.notices import PROCESS
from featurelib_client.observe import Silent
from featurelib_client.testing import FakeTransport, ManualClock
from featurelib_client.version import VERSIONS
from featurelib_client.wire import Reply
from serving_example.client.replay import cases, replay

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / "golden_data" / "client"


@pytest.fixture(scope="module")
def corpus() -> list[dict[str, Any]]:
    """All recorded cases."""
    return cases(CORPUS)


def test_the_client_does_what_every_case_says(corpus: list[dict[str, Any]]) -> None:
    """It sends what stands there, and gives the answer or the error that stands there."""
    assert replay(corpus) == []


def test_the_service_still_answers_what_was_recorded() -> None:
    """For the versions that it answers: a change of the wire is seen here, in a file of the review.

    Run the generator if it is meant; an older client then meets it in its own replay.
    """
    made = runpy.run_path(str(ROOT / "golden_data" / "generate" / "client_corpus.py"))["files"]()
    for name, text in made.items():
        assert (CORPUS / name).read_text(encoding="utf-8") == text, name


def test_the_corpus_has_every_kind(corpus: list[dict[str, Any]]) -> None:
    """A file for each version that the client speaks; each flag; each error of a call."""
    assert {f"contract-{version}" for version in VERSIONS} <= {case["file"] for case in corpus}
    answers = [case["expect"]["answer"] for case in corpus if "answer" in case["expect"]]
    flags = {flag for told in answers if isinstance(told, dict) for flag in told.get("flags", [])}
    assert flags == {"no_profile", "no_ratings", "stale", "behind"}
    kinds = {name for name in errors.__all__ if name.endswith("Error")}
    bases = {"CallError", "ClientError"}
    not_of_an_answer = {"CircuitOpenError", "ConfigurationError"}
    assert {case["expect"].get("error") for case in corpus} - {None} == (
        kinds - bases - not_of_an_answer
    )


def first(corpus: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return copy.deepcopy(next(case for case in corpus if case["name"] == name))


def test_a_client_that_does_something_else_is_found(corpus: list[dict[str, Any]]) -> None:
    """Another score, another body or header sent, a request too few or too many, another error."""
    score, sent, header = (first(corpus, "user 1") for _ in range(3))
    fewer, more = first(corpus, "user 1"), first(corpus, "503, and then an answer")
    error = first(corpus, "user 21")
    score["expect"]["answer"]["items"][0][1] = 0.7500000000000001
    sent["exchanges"][-1]["request"]["body"]["k"] = 6
    header["exchanges"][-1]["request"]["headers"]["X-Contract-Version"] = "3"
    fewer["exchanges"].append(fewer["exchanges"][-1])
    more["exchanges"].pop()
    error["expect"]["fields"]["retry_after_s"] = 0.05
    for case in (score, sent, header, fewer, more, error):
        assert len(replay([case])) >= 1, case["name"]
    found = "\n".join(replay([score, sent, header, fewer, more, error]))
    for said in ("expected {", "sent b'", "X-Contract-Version is", "not asked for", "once more",
                 "retry_after_s: expected 0.05, got 0.04"):  # fmt: skip
        assert said in found, found


def test_agreeing_on_an_older_contract_is_no_failure(
    corpus: list[dict[str, Any]], caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The call has one outcome, `ok`, and nothing is logged: the caller has nothing to do."""
    (case,) = [one for one in corpus if (one["file"], one["name"]) == ("contract-1", "user 1")]
    replies = [
        Reply(
            told["status"],
            {name.lower().encode(): value.encode() for name, value in told["headers"]},
            told["body"].encode(),
        )
        for told in (one["reply"] for one in case["exchanges"])
    ]
    seen: list[Called] = []

    class Seen(Silent):
        def called(self, call: Called) -> None:
            seen.append(call)

    clock = ManualClock()
    monkeypatch.setattr(PROCESS, "_is_told", False)
    client = Client(
        "http://films:8000",
        transport=FakeTransport(*replies, clock=clock),
        clock=clock,
        observer=Seen(),
    )
    with client, pytest.warns(ContractDeprecationWarning, match="contract 1"):
        client.recommend(1, k=5)
    assert [(one.outcome, one.attempts) for one in seen] == [("ok", 2)]
    assert not caplog.records
