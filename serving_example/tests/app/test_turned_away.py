"""Refusals of the scheduler are answered from what was made before: in the same bytes."""

from typing import Any, get_args

from hypothesis import example, given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.app.errors import as_rejection, as_response, turned_away
from serving_example.pool import RefusedError
from serving_example.scheduler import Refusal
from serving_example.scheduler.work import RefusalReason

SECONDS = st.floats(0.0, 1e5) | st.sampled_from([0.0, 1e-9, 0.001, 1.0, 1.0000001, 2.5])


@given(
    st.sampled_from(get_args(RefusalReason)),
    st.none() | SECONDS,
    SECONDS,
    st.from_regex(r"[A-Za-z0-9._:-]{1,64}", fullmatch=True) | st.text(max_size=20),
)
@example("predicted_late", 1.5, 1.5, "the id")
@example("predicted_late", 1.5, 1.5, '1500.0"')
@examples(40, soak=2_000)
def test_a_refusal_says_what_a_rejection_says(
    reason: Any, after_s: float | None, usual_s: float, request_id: str
) -> None:
    """Status, headers and each byte of the body are those of the long way."""
    refusal = Refusal(reason, after_s)
    rejection = as_rejection(RefusedError("a model", refusal), usual_s)
    code, told, made = turned_away(refusal, request_id, usual_s)
    assert (code, told) == (rejection.code, rejection.reason)
    assert vars_of(made) == vars_of(as_response(rejection, request_id))


def vars_of(response: Any) -> Any:
    """What a response says."""
    return {name: getattr(response, name) for name in response.__struct_fields__}
