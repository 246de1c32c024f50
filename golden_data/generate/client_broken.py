"""What is no whole answer of contract 2: answers that were edited, and what stands before servers.

By hand: an edit is named by the case, and what proxies say is RFC 9110's.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from client_cases import SCRIPT, answered, failed

Json = dict[str, Any]


def broken(body: Json, whole: Json) -> Iterator[Json]:
    """Cases made from one exchange that is whole.

    Args:
        body: What is asked.
        whole: The exchange.
    """
    right = {"answer": answered(SCRIPT[1], 2)}

    def case(name: str, reply: Json, expect: Json, **more: Any) -> Json:
        made = {**whole, "reply": {**whole["reply"], **reply}}
        return {
            "name": name, "why": "edited", "call": {"method": "recommend", **body},
            "exchanges": [made], "expect": expect, **more,
        }  # fmt: skip

    def edited(change: Any) -> Json:
        told = copy.deepcopy(json.loads(whole["reply"]["body"]))
        change(told)
        return {"body": json.dumps(told)}

    def more_everywhere(told: Json) -> None:
        told["mood"] = {"colour": ["blue", None]}
        told["items"][0]["why"] = "liked by friends"
        told["model"]["version"] = 7

    yield case("fields more at all levels", edited(more_everywhere), right)
    ending = [*whole["reply"]["headers"], ["Sunset", "Sat, 01 Jan 2028 00:00:00 GMT"]]
    yield case("a server of N+1 says that N will end", {"headers": ending}, right)
    for name, change in (
        ("score is a text", lambda told: told["items"][0].update(score="0.75")),
        ("score is null", lambda told: told["items"][0].update(score=None)),
        ("user_id is a number with a point", lambda told: told.update(user_id=1.5)),
        ("flags are left out", lambda told: told.pop("flags")),
        ("items are an object", lambda told: told.update(items={})),
        ("as_of has no zone", lambda told: told.update(as_of="2026-11-23T12:30:15")),
    ):
        yield case(name, edited(change), failed("ContractError", reason="contract"))
    text = whole["reply"]["body"]
    for name, reply in (
        ("cut in the middle", {"body": text[: len(text) // 2]}),
        ("nothing", {"body": ""}),
        ("a page of a proxy", {"body": "<html>busy</html>"}),
        ("a list", {"body": "[]"}),
        ("NaN is no JSON", {"body": text.replace("0.75", "NaN")}),
    ):
        yield case(name, reply, failed("ContractError", reason="contract"))
    apart = failed(
        "ContractVersionError", "speaks contract 2", "answers 3", mine=[2], theirs=[3]
    )  # fmt: skip
    yield case("by another contract", {"headers": [["X-Contract-Version", "3"]]}, apart)
    refused = {
        "error": {
            "code": "invalid", "reason": "contract_version", "field": None, "message": "no",
            "request_id": "golden-1",
        }
    }  # fmt: skip
    for versions, way in (("3, 4", "upgrade featurelib-client"), ("0", "a newer server")):
        reply = {"status": 400, "headers": [["X-Contract-Versions", versions]],
                 "body": json.dumps(refused)}  # fmt: skip
        theirs = [int(one) for one in versions.split(",")]
        expect = failed("ContractVersionError", f"answers {versions}", way, theirs=theirs)
        yield case(f"only contract {versions}", reply, expect)
    for status, headers, expect in (
        (301, {"Location": "http://elsewhere/"}, failed("ContractError", reason="status")),
        (403, {}, failed("AuthenticationError")),
        (404, {}, failed("RefusedError", status=404, reason="status_404", field=None)),
        (408, {}, failed("RefusedError", status=408)),
        (413, {}, failed("RefusedError", status=413)),
        (429, {"Retry-After": "7"}, failed("OverloadError", retry_after_s=7.0)),
        (429, {}, failed("OverloadError", retry_after_s=None)),
        (500, {}, failed("UnavailableError", "500")),
        (501, {}, failed("UnavailableError", "501")),
        (502, {}, failed("UnavailableError", "502")),
        (503, {}, failed("UnavailableError", "503", retry_after_s=None)),
        (503, {"Retry-After": "2"}, failed("OverloadError", retry_after_s=2.0)),
        (504, {}, failed("UnavailableError", "504")),
    ):
        reply = {"status": status, "headers": [[n, v] for n, v in headers.items()],
                 "body": "<html>a proxy</html>"}  # fmt: skip
        name = " ".join([str(status), *headers])
        yield case(name, reply, expect, why="a proxy, as RFC 9110 has it")
    again = {"status": 503, "headers": [["Retry-After", "0"]], "body": ""}
    retried = case("503, and then an answer", {}, right, why="what only reads is sent again")
    first = {**whole, "reply": again}
    yield {**retried, "exchanges": [first, *retried["exchanges"]], "settings": {"max_attempts": 2}}
