"""The OpenAPI document, and schemathesis against the server that it describes."""

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import checks

from serving_example.app import openapi
from serving_example.app.limits import Limits
from serving_example.tests.app.film_world import FilmWorld
from serving_example.tests.app.world import running

pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"
)
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: Any) -> Any:
    """The address of a recommender that documents itself."""
    world = FilmWorld(tmp_path_factory.mktemp("films"), limits=Limits(wait_s=0.01))
    made: list[Any] = []
    routes = world.films.routes(lambda function: made[0].on_loop(function))
    own = world.service.routes(lambda function: made[0].on_loop(function))
    routes.append(openapi.route([*own, *routes], world.films.contracts, world.films.events_request))
    world.films.start()
    with running(world.service, more_routes=routes) as server:
        made.append(server)
        yield f"http://127.0.0.1:{server.ports[0]}"
    world.films.close()
    world.store.close()
    world.log.close()


@pytest.fixture(scope="module")
def document(base: Any) -> Any:
    """The document as the server gives it."""
    return httpx.get(f"{base}/openapi.json").raise_for_status().json()


def test_every_public_route_is_described(document: Any) -> None:
    """Each has a summary, and no admin route is told."""
    paths = document["paths"]
    operations = {(m, p): o for p, of in paths.items() for m, o in of.items()}
    assert ("post", "/v1/recommend") in operations and ("post", "/v1/events") in operations
    assert ("post", "/v2/models/{name}/versions/{version}/infer") in operations
    assert not any("load" in path or "admin" in path for path in paths)
    assert all(o["summary"] and o["operationId"] for o in operations.values())
    ids = [o["operationId"] for o in operations.values()]
    assert len(ids) == len(set(ids))


def test_headers_that_are_read_are_described(document: Any) -> None:
    """Deadline and weight of all that takes a key, the key of what must not run twice."""
    for path, of in document["paths"].items():
        for about in of.values():
            names = {one["name"] for one in about.get("parameters", ()) if one["in"] == "header"}
            assert ({"X-Timeout-Ms", "X-Priority-Weight"} <= names) == ("security" in about)
            is_keyed = path.endswith(("/v1/events", "/infer"))
            assert ("Idempotency-Key" in names) == is_keyed


def test_types_come_from_the_bundles_schema(document: Any) -> None:
    """A user is an integer of 64 bits, a rating has the fields that a sender knows."""
    schemas = document["components"]["schemas"]
    assert schemas["Recommend"]["properties"]["user_id"] == {
        "type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1,
    }  # fmt: skip
    assert set(schemas["Rating"]["properties"]) == {
        "rating_id", "user_id", "item_id", "rating", "rated_at",
    }  # fmt: skip
    assert schemas["Recommend"]["additionalProperties"] is False


def test_schemathesis_finds_no_answer_outside_of_the_document(base: Any, document: Any) -> None:
    """Right and wrong requests of every operation: no 500, and only what the document says."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=base)
    found: Any = list(schema.get_all_operations())
    operations = [result.ok() for result in found]
    assert len(operations) >= 20
    modes = schemathesis.GenerationMode

    for operation in operations:
        good = operation.as_strategy(generation_mode=modes.POSITIVE)
        cases = good
        if operation.body or operation.path_parameters or operation.query:
            cases = st.one_of(good, operation.as_strategy(generation_mode=modes.NEGATIVE))

        @settings(
            max_examples=10, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=cases)
        def check(case: Any) -> None:
            answer = case.call()
            # Who gives it a millisecond may be told that this is too little; that is no failure.
            is_late = any(word in answer.text for word in ('"predicted_late"', '"deadline"'))
            case.validate_response(answer, checks=CHECKS[1:] if is_late else CHECKS)

        check()
