"""Cases of the client's corpus: what is asked, what the service is made to say, what is expected.

All by hand. `SCRIPT` is what the service answers to a user; what a caller must get follows from it
by docs/sdk.md, and stands beside it in words that share nothing with the client.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from serving_example.app.contracts import Item, ModelName, Recommended
from serving_example.app.http import Rejection
from serving_example.pool import DroppedError, PoolDownError, RefusedError
from serving_example.scheduler import Refusal
from serving_example.store import StoreUnavailable

RANKER, TOWERS, PRINT = "a1" * 32, "b2" * 32, "c3" * 32
BIG = 2**63 - 1


def told(user: int, items: Any = ((50, 0.75), (181, -0.5)), **more: Any) -> Recommended:
    """An answer of the service."""
    ages = {"user_state": 1.5, "film": None}
    given = {
        "model": ModelName("ranker", RANKER), "retrieval": ModelName("towers", TOWERS),
        "fingerprint": PRINT, "as_of": dt.datetime(2026, 11, 23, 12, 30, 15, 250_000, dt.UTC),
        "feature_age_s": ages, "flags": [], **more,
    }  # fmt: skip
    return Recommended(user_id=user, items=[Item(*one) for one in items], **given)


SCRIPT: dict[int, Recommended | Exception] = {
    1: told(1),
    2: told(2, flags=["no_profile"]),
    3: told(3, flags=["no_ratings"]),
    4: told(4, flags=["stale"]),
    5: told(5, flags=["behind"]),
    6: told(6, flags=["no_profile", "no_ratings", "stale", "behind"]),
    7: told(7, ((9, 0.25),), retrieval=None),
    8: told(8, ()),
    9: told(9, ((1, -0.0), (2, 5e-324), (3, 1.7976931348623157e308), (4, 0.1), (5, 1e22))),
    -BIG - 1: told(-BIG - 1, ((BIG, 1.0), (-BIG - 1, 0.0))),
    11: told(11, feature_age_s={}, model=ModelName("rångör-☃", RANKER)),
    21: RefusedError("ranker", Refusal("queue_full", 0.04)),
    22: RefusedError("ranker", Refusal("predicted_late", 2.5)),
    23: RefusedError("ranker", Refusal("tenant_over_share", 1.0)),
    24: RefusedError("ranker", Refusal("cold", 0.25)),
    25: RefusedError("ranker", Refusal("no_device", None)),
    26: DroppedError("ranker", "expired"),
    27: DroppedError("ranker", "device_lost"),
    28: PoolDownError("the devices do not run"),
    29: StoreUnavailable("no answer"),
    30: ZeroDivisionError("a secret of the inside"),
    31: Rejection(404, "not_found", "unknown_model", "no model `x` is loaded", field="model"),
}
"""By user."""


def details(made: Recommended) -> dict[str, Any]:
    """What contract 2 tells of an answer, in JSON's words."""
    names = (made.model, made.retrieval)
    model, retrieval = (None if one is None else {"name": one.name, "digest": one.digest}
                        for one in names)  # fmt: skip
    return {
        "user_id": made.user_id,
        "items": [{"item_id": one.item_id, "score": one.score} for one in made.items],
        "model": model, "retrieval": retrieval, "fingerprint": PRINT,
        "as_of": "2026-11-23T12:30:15.250000Z", "feature_age_s": made.feature_age_s,
        "flags": made.flags, "contract_version": 2,
    }  # fmt: skip


def answered(made: Recommended, version: int) -> dict[str, Any]:
    """What a caller gets; contract 1 tells neither flags nor details."""
    return {
        "user_id": made.user_id, "items": [[one.item_id, one.score] for one in made.items],
        "model_digest": RANKER, "contract_version": version,
        "flags": made.flags if version == 2 else [],
        "details": details(made) if version == 2 else None,
    }  # fmt: skip


def failed(error: str, *says: str, **fields: Any) -> dict[str, Any]:
    """An error that a caller gets."""
    return {"error": error, "fields": fields, "says": list(says)}


FAILURES: dict[int, dict[str, Any]] = {
    21: failed("OverloadError", reason="queue_full", retry_after_s=0.04),
    22: failed("OverloadError", reason="predicted_late", retry_after_s=2.5),
    23: failed("OverloadError", reason="tenant_over_share", retry_after_s=1.0),
    24: failed("OverloadError", reason="cold", retry_after_s=0.25),
    25: failed("OverloadError", reason="no_device"),
    26: failed("DeadlineError", reason="deadline_passed"),
    27: failed("OverloadError", reason="device_lost"),
    28: failed("OverloadError", reason="device_down"),
    29: failed("OverloadError", reason="store_away"),
    30: failed("UnavailableError", reason="failed"),
    31: failed("RefusedError", "no model `x`", status=404, code="not_found", field="model"),
}
"""What callers get of `SCRIPT`. A 503 that says when to come again is an overload."""
