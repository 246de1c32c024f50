"""The command: what it prints, on which stream, and with which status it ends."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from featurelib_client.cli import main
from featurelib_client.cli.show import clean, table
from featurelib_client.wire import Failure, Reply
from serving_example.client.tests.fakes import RECOMMENDED, answer, header, refusal
from serving_example.client.tests.served import Served

METADATA = {
    "name": "ranker", "platform": "pytorch",
    "inputs": [
        {"name": "user", "datatype": "FP32", "shape": [-1, 2]},
        {"name": "ids", "datatype": "INT64", "shape": [-1, 1]},
    ],
    "outputs": [{"name": "score", "datatype": "FP32", "shape": [-1]}],
}  # fmt: skip
INFERRED = {
    "model_name": "ranker", "model_version": "v7",
    "outputs": [{"name": "score", "datatype": "FP32", "shape": [2], "data": [0.5, -2]}],
}  # fmt: skip


@pytest.fixture
def served() -> Served:
    """A service that answers all that is asked of it here."""
    made = Served()
    made.at("/v1/recommend", answer(RECOMMENDED, 200, x_contract_version="2"))
    made.at("/v2/health/ready", answer({"ready": True}))
    made.at("/v1/models", answer({"models": [{"name": "ranker", "state": "READY"}]}))
    made.at("/v2/models/ranker", answer(METADATA))
    made.at("/v2/models/ranker/infer", answer(INFERRED))
    return made


def test_recommend_prints_films_by_rank_and_the_request(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table with the best first, then what made it, then the request's id."""
    assert main(["recommend", "--user", "42", "--k", "2"], served.sync) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["rank", "film", "score"], ["1", "7", "0.5"], ["2", "3", "-1"],
    ]  # fmt: skip
    assert "a" * 12 in lines[3] and header(served.sent[0], b"X-Request-Id").decode() in lines[4]
    assert json.loads(served.sent[0].body or b"") == {"user_id": 42, "k": 2}


def test_json_is_the_whole_answer(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json the output is one value that holds what the server said and the request's id."""
    arguments = ["recommend", "--user", "42", "--candidates", "3,7", "--json"]
    assert main(arguments, served.sync) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["items"] == RECOMMENDED["items"] and told["contract_version"] == 2
    assert told["details"]["feature_age_s"] == RECOMMENDED["feature_age_s"]
    assert told["about"]["request_id"] == header(served.sent[0], b"X-Request-Id").decode()
    assert json.loads(served.sent[0].body or b"")["candidates"] == [3, 7]


@pytest.mark.parametrize("name", ["-", "pairs.json"])
def test_infer_takes_lists_and_asks_for_their_types(
    name: str, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A list has the type that the model's metadata says, and the shape of its nesting."""
    text = json.dumps({"user": [[0.5, 1], [2, 3]], "ids": [[4], [5]]})
    monkeypatch.chdir(tmp_path)
    Path("pairs.json").write_text(text)
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert main(["infer", "ranker", "--inputs", name], served.sync) == 0
    out = capsys.readouterr().out
    assert out.startswith("score  FP32 [2]\n  0.5 -2\n")
    assert [sent.target for sent in served.sent] == [
        b"/v2/models/ranker", b"/v2/models/ranker/infer",
    ]  # fmt: skip
    assert json.loads(served.sent[1].body or b"")["inputs"] == [
        {"name": "user", "datatype": "FP32", "shape": [2, 2], "data": [0.5, 1, 2, 3]},
        {"name": "ids", "datatype": "INT64", "shape": [2, 1], "data": [4, 5]},
    ]


def test_infer_asks_nothing_where_tensors_tell_their_types(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server without metadata can be asked: whole tensors need none. All values are in JSON."""
    file = tmp_path / "in.json"
    whole = {"datatype": "INT64", "shape": [2, 1], "data": [[4], [5]]}
    file.write_text(json.dumps({"ids": whole}))
    assert main(["infer", "ranker", "--inputs", str(file), "--json"], served.sync) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["outputs"] == {"score": {"datatype": "FP32", "shape": [2], "data": [0.5, -2]}}
    assert told["version"] == "v7" and len(served.sent) == 1


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "is no JSON"),
        ("[1]", "expected an object"),
        ("{}", "expected an object"),
        ('{"user": 3}', "user: expected a list"),
        ('{"user": [[1, 2], [3]]}', "[1, 2] values"),
        ('{"user": [[1], 2]}', "side by side"),
        ('{"user": {"data": [1]}}', "datatype, shape, data"),
        ('{"usr": [1]}', "it takes user, ids"),
        ('{"ids": [0.5]}', "ids"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_inputs_that_are_no_tensors_are_refused_before_anything_is_run(
    text: str, said: str, served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, one line that names the input, and no inference was sent."""
    file = tmp_path / "in.json"
    file.write_text(text)
    assert main(["infer", "ranker", "--inputs", str(file)], served.sync) == 2
    captured = capsys.readouterr()
    assert said in captured.err and captured.err.count("\n") == 1 and not captured.out
    assert all(not sent.target.endswith(b"/infer") for sent in served.sent)


def test_ready_is_told_by_the_status(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """0 where it can answer; 1 where it says no, and where there is nobody."""
    assert main(["ready"], served.sync) == 0
    served.at("/v2/health/ready", answer({"ready": False}, 503))
    assert main(["ready"], served.sync) == 1
    served.at("/v2/health/ready", Failure("connect", "refused", False))
    assert main(["ready", "--json"], served.sync) == 1
    assert capsys.readouterr().out == 'ready\nnot ready\n{\n "ready": false\n}\n'


def test_a_failure_is_one_line_with_the_request(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1; standard error names class, reason and request; standard output is empty."""
    served.at("/v1/models", refusal(503, "overloaded", "queue_full", retry_after="0"))
    assert main(["models", "--attempts", "2"], served.sync) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    name = header(served.sent[0], b"X-Request-Id").decode()
    assert "OverloadError: models: " in captured.err and f"request {name}, sent 2" in captured.err
    assert main(["models", "--json", "--attempts", "1"], served.sync) == 1
    told = json.loads(capsys.readouterr().err)
    assert (told["error"], told["reason"], told["attempts"]) == ("OverloadError", "queue_full", 1)
    assert told["request_id"] == header(served.sent[-1], b"X-Request-Id").decode()


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["recommend"], "--user"),
        (["recommend", "--user", "x"], "--user"),
        (["recommend", "--user", "1", "--candidates", "1,,2"], "--candidates"),
        (["recommend", "--user", "1", "--k", "0"], "k: "),
        (["recommend", "--us", "1"], "--user"),
        (["models", "--url", "ftp://x"], "base_url"),
        (["models", "--timeout-s", "0"], "timeout_s"),
        (["models", "--attempts", "0"], "max_attempts"),
        (["models", "--key-file", "/no/such/file"], "--key-file /no/such/file: No such file"),
        (["infer", "ranker", "--inputs", "/no/such/file"], "No such file"),
        (["bench", "--k", "0"], "k: "),
        (["bench", "--k", "0", "--rate", "9"], "k: "),
        (["bench", "--rate", "0"], "--rate"),
        (["bench", "--rate", "nan"], "--rate"),
        (["bench", "--seconds", "inf"], "--seconds"),
        (["bench", "--workers", "0"], "--workers"),
        (["bench", "--inputs", "-"], "--model"),
        (["check", "--needs", "nothing"], "--needs"),
        (["nothing"], "nothing"),
        ([], "COMMAND"),
    ],
)
def test_who_asks_wrongly_is_told_so_in_a_line(
    arguments: list[str], said: str, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, the option or field named, and nothing was sent."""
    assert main(arguments, served.sync, served.beside) == 2
    captured = capsys.readouterr()
    assert said in captured.err and captured.err.count("\n") == 1 and not captured.out
    assert not served.sent


def test_a_key_comes_from_a_file_or_the_environment(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is stronger; no option takes a key itself, for others see arguments."""
    monkeypatch.setenv("FEATURELIB_CLIENT_KEY", "of-the-environment")
    assert main(["models"], served.sync) == 0
    (tmp_path / "key").write_text("of-the-file\n")
    assert main(["models", "--key-file", str(tmp_path / "key")], served.sync) == 0
    keys = [header(sent, b"Authorization") for sent in served.sent]
    assert keys == [b"Bearer of-the-environment", b"Bearer of-the-file"]


@pytest.mark.parametrize("command", ["", "recommend", "infer", "models", "ready", "check", "bench"])
def test_help_has_examples_and_fits_60_columns(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is wider, each command shows how it is used, and what its status means."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("FEATURELIB_CLIENT_URL", "http://films:8000")
    assert main([*command.split(), "--help"]) == 0
    out = capsys.readouterr().out
    assert f"featurelib-client {command}" in out.partition("example")[2] and "exit status:" in out
    assert max(map(len, out.splitlines())) <= 60


def test_output_fits_a_narrow_terminal(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In 60 columns no line of any command is longer, whatever names a server has."""
    monkeypatch.setenv("COLUMNS", "60")
    told = [{"name": "n" * 90, "state": "READY" * 9, "kind": "k", "digest": "d" * 64}]
    served.at("/v1/models", answer({"models": told}))
    long: Any = {**RECOMMENDED, "flags": ["no_ratings", "behind", "stale", "x" * 30]}
    served.at("/v1/recommend", answer(long, 200, x_contract_version="2"))
    assert main(["models"], served.sync) == 0
    assert main(["recommend", "--user", "1"], served.sync) == 0
    assert main(["bench", "--count", "3"], served.sync, served.beside) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 60


def test_text_of_a_server_moves_no_cursor() -> None:
    """Control characters, ends of lines and escapes of terminals are shown as question marks."""
    assert clean("a\x1b[2Jb\nc\u202ed") == "a?[2Jb?c?d"
    assert table(["a", ">b"], [["x\ty", 10], ["z", 2]], 80) == ["a     b", "x?y  10", "z     2"]


def test_a_deprecated_contract_is_a_line_on_standard_error(
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is printed as ever; the warning does not stand between its lines."""
    from featurelib_client.notices import PROCESS

    monkeypatch.setattr(PROCESS, "_is_told", False)
    reply = answer(RECOMMENDED, 200, x_contract_version="2", sunset="Sat, 01 Jan 2028 00:00:00 GMT")
    served.at("/v1/recommend", reply)
    assert main(["recommend", "--user", "1", "--json"], served.sync) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["user_id"] == 42
    assert captured.err.startswith("featurelib-client: warning: ") and "2028" in captured.err
    assert captured.err.count("\n") == 1


def test_check_of_a_server_without_a_document_names_what_to_try(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plain server of the protocol has none: status 1, and the way out."""
    assert main(["check", "http://plain:8000"], served.sync) == 1
    assert "no /openapi.json; of a plain server" in capsys.readouterr().err
    served.at("/openapi.json", Reply(200, {}, b'{"paths": 3}'))
    assert main(["check"], served.sync) == 1
    assert "no OpenAPI document" in capsys.readouterr().err
