"""`check`: a live contract beside the one that the client was built for."""

import copy
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from featurelib_client.cli import main
from featurelib_client.compatibility import OPERATIONS, compare
from featurelib_client.errors import ContractError
from featurelib_client.schemas import gaps
from parity_tests.soak import examples
from serving_example.client.generate import service_document
from serving_example.client.tests.fakes import answer
from serving_example.client.tests.served import Served


@pytest.fixture(scope="module")
def document() -> Any:
    """The document of the service as it stands."""
    return json.loads(json.dumps(service_document()))


def schema(document: Any, name: str) -> Any:
    return document["components"]["schemas"][name]


def test_the_service_of_this_commit_fits(document: Any) -> None:
    """Nothing differs, and the newest contract is used."""
    found = compare(document)
    assert found.is_compatible and found.differences == () and found.used == 2


def narrower(document: Any) -> None:
    schema(document, "Recommend")["properties"]["k"]["maximum"] = 50


def without_field(document: Any) -> None:
    del schema(document, "Recommend")["properties"]["candidates"]


def wants_more(document: Any) -> None:
    schema(document, "Recommend")["properties"]["tenant"] = {"type": "string"}
    schema(document, "Recommend")["required"].append("tenant")


def tells_less(document: Any) -> None:
    schema(document, "Recommended")["required"].remove("flags")


def tells_null(document: Any) -> None:
    inner = {"anyOf": [{"type": "number"}, {"type": "null"}]}
    schema(document, "Item")["properties"]["score"] = inner


def tells_text(document: Any) -> None:
    schema(document, "Taken")["properties"]["offset"] = {"type": "string"}


def no_events(document: Any) -> None:
    del document["paths"]["/v1/events"]


def much_newer(document: Any) -> None:
    (about,) = document["paths"]["/v1/recommend"]["post"]["parameters"][:1]
    about["schema"]["enum"] = ["3", "4"]


def wants_header(document: Any) -> None:
    parameters = document["paths"]["/v1/events"]["post"].setdefault("parameters", [])
    parameters.append({"name": "X-Tenant", "in": "header", "required": True})


@pytest.mark.parametrize(
    "change, place, client, server, way",
    [
        (narrower, "POST /v1/recommend request k", "at most 100", "at most 50", "400"),
        (without_field, "POST /v1/recommend request candidates", "may have", "not know", "leave"),
        (wants_more, "POST /v1/recommend request tenant", "no such", "requires", "upgrade"),
        (tells_less, "POST /v1/recommend answer flags", "requires it", "may leave", "upgrade"),
        (tells_null, "answer items[].score", "number", "null", "upgrade"),
        (tells_text, "POST /v1/events answer offset", "integer", "string", "upgrade"),
        (no_events, "POST /v1/events", "asks it", "does not have it", "do not call `rate`"),
        (much_newer, "POST /v1/recommend", "2, 1", "4, 3", "upgrade featurelib-client"),
        (wants_header, "POST /v1/events header X-Tenant", "not send", "requires", "upgrade"),
    ],
)
def test_what_breaks_is_named_with_both_sides_and_the_way_out(
    change: Any, place: str, client: str, server: str, way: str, document: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Status 3; the place, what the client was built for, what the server says, what to do."""
    document = copy.deepcopy(document)
    change(document)
    served = Served().at("/openapi.json", answer(document))
    assert main(["check", "http://films:8000", "--json"], served.sync) == 3
    (found,) = json.loads(capsys.readouterr().out)["differences"]
    assert place in found["place"] and client in found["client"] and server in found["server"]
    assert way in found["way_out"] and found["is_break"]
    assert main(["check", "http://films:8000"], served.sync) == 3
    out = " ".join(capsys.readouterr().out.split())
    assert all(word in out for word in ("breaks", found["place"], "http://films:8000", way))
    # Who does not need that operation may go on.
    others = [op for op in OPERATIONS if OPERATIONS[op] not in found["place"]]
    assert compare(document, others).is_compatible


def test_a_server_that_takes_and_tells_more_fits(document: Any) -> None:
    """A wider bound, an optional field and one more field of an answer break nothing."""
    document = copy.deepcopy(document)
    schema(document, "Recommend")["properties"]["k"]["maximum"] = 500
    schema(document, "Recommend")["properties"]["mood"] = {"type": "string"}
    schema(document, "Recommended")["properties"]["mood"] = {"type": "string"}
    schema(document, "Recommended")["required"].append("mood")
    assert compare(document).differences == ()


def test_a_version_ahead_or_behind_is_a_note(document: Any) -> None:
    """N+1 and N: N is used, by its own schemas. N-1 alone: it is used, and nothing breaks."""
    ahead, behind = copy.deepcopy(document), copy.deepcopy(document)
    schemas = ahead["components"]["schemas"]
    for name in ("Recommend", "Recommended"):
        schemas[f"{name}V2"] = schemas[name]
        schemas[name] = {"type": "object", "properties": {}, "additionalProperties": False}
    (about,) = ahead["paths"]["/v1/recommend"]["post"]["parameters"][:1]
    about["schema"]["enum"] = ["2", "3"]
    found = compare(ahead)
    assert (found.used, found.is_compatible) == (2, True)
    assert "upgrade featurelib-client" in found.differences[0].way_out
    schemas = behind["components"]["schemas"]
    for name in ("Recommend", "Recommended"):
        schemas[name] = schemas[f"{name}V1"]
    (about,) = behind["paths"]["/v1/recommend"]["post"]["parameters"][:1]
    about["schema"]["enum"] = ["1"]
    found = compare(behind)
    assert (found.used, found.is_compatible) == (1, True)
    assert "upgrade the server" in found.differences[0].way_out


@pytest.mark.parametrize(
    "broken",
    [
        None, 3, [], {}, {"paths": {}}, {"paths": 1, "components": {"schemas": {}}},
        {"paths": {"/v1/events": {"post": {}}}, "components": {"schemas": {}}},
    ],
)  # fmt: skip
def test_what_is_no_document_is_an_error_with_its_excerpt(broken: Any) -> None:
    """Never a verdict on half a document."""
    with pytest.raises(ContractError) as caught:
        compare(broken)
    assert caught.value.excerpt == json.dumps(broken)[:300]


def test_a_reference_to_itself_is_an_error(document: Any) -> None:
    """A schema without end is refused, not followed."""
    document = copy.deepcopy(document)
    document["components"]["schemas"]["Taken"] = {"$ref": "#/components/schemas/Taken"}
    with pytest.raises(ContractError, match="themselves"):
        compare(document)


# --- schemas beside a checker of values that shares no code with them ---------------------------


def permits(schema: Any, value: Any) -> bool:
    """Whether a value keeps a schema of this test's grammar."""
    if "anyOf" in schema:
        return any(permits(one, value) for one in schema["anyOf"])
    kind = schema.get("type")
    if kind == "null":
        return value is None
    if kind == "integer":
        low, high = schema.get("minimum", -999), schema.get("maximum", 999)
        return type(value) is int and low <= value <= high
    if kind == "string":
        return isinstance(value, str) and len(value) <= schema.get("maxLength", 99)
    if kind == "array":
        return isinstance(value, list) and all(permits(schema["items"], one) for one in value)
    if kind == "object":
        known = schema["properties"]
        return (
            isinstance(value, dict)
            and set(schema["required"]) <= set(value)
            and (schema.get("additionalProperties", True) or set(value) <= set(known))
            and all(permits(known[name], value[name]) for name in set(value) & set(known))
        )
    return True


def closed(schema: Any) -> Any:
    """The schema without fields that it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {word: closed(inner) for word, inner in schema.items()}
    return made | {"additionalProperties": False} if schema.get("type") == "object" else made


def _object(inner: Any) -> Any:
    @st.composite
    def made(draw: Any) -> Any:
        fields = draw(st.dictionaries(st.sampled_from("abc"), inner, max_size=3))
        required = [name for name in fields if draw(st.booleans())]
        told = {"type": "object", "properties": fields, "required": required}
        return told | ({"additionalProperties": False} if draw(st.booleans()) else {})

    return made()


NUMBERS = st.integers(-4, 4)
PLAIN = st.one_of(
    st.just({"type": "null"}), st.just({"type": "integer"}),
    st.builds(lambda a, b: {"type": "integer", "minimum": a, "maximum": b}, NUMBERS, NUMBERS),
    st.builds(lambda n: {"type": "string", "maxLength": n}, st.integers(0, 3)),
)  # fmt: skip
SCHEMAS = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        _object(inner), st.builds(lambda one: {"type": "array", "items": one}, inner),
        st.builds(lambda some: {"anyOf": some}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=4,
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(st.none(), st.integers(-6, 6), st.text("xy", max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    ),
    max_leaves=4,
)


@example({"type": "null"}, {"anyOf": [{"type": "integer"}]}, [None])
@given(SCHEMAS, SCHEMAS, st.lists(VALUES, min_size=1, max_size=8))
@examples(30, soak=5000)
def test_no_gap_means_that_every_value_is_understood(
    narrow: Any, wide: Any, values: list[Any]
) -> None:
    """Where no gap is found, what keeps the narrow schema, and has its fields alone, keeps both."""
    assert not list(gaps(narrow, {}, narrow, {})), "a schema fits itself"
    if not list(gaps(narrow, {}, wide, {})):
        for value in values:
            assert permits(wide, value) or not permits(closed(narrow), value)
