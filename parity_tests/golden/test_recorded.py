"""No value of a released op has moved: the recordings of every op are as they were."""

import json

from featurelib.op import Op
from parity_tests.cases import check_each
from parity_tests.golden.recorded import FILE, digest, tried
from parity_tests.registry import every_op

RECORDED = json.loads(FILE.read_text(encoding="utf-8"))
OPS = every_op()


def test_an_op_gives_what_was_recorded() -> None:
    """On edges of each signature, all bits; an op without a recording is named."""
    check_each(_is_as_recorded, ((op,) for op in OPS))


def _is_as_recorded(op: Op) -> None:
    assert op.key in RECORDED, f"`{op.key}`: python -m parity_tests.golden.recorded adds it"
    recorded = RECORDED[op.key]
    moved = [n for n in tried(op) if n in recorded and digest(op, n) != recorded[n]]
    assert not moved, (
        f"`{op.key}` gives other values than were recorded, of {', '.join(moved[:3])}: a released "
        "meaning does not change; make it a new version of the op"
    )
    missing = [n for n in recorded if n not in tried(op)]
    assert not missing, f"`{op.key}` takes {', '.join(missing[:3])} no more"


def test_no_recording_is_without_an_op() -> None:
    """An op that a release had is still here: its bundles run for ever."""
    assert not {*RECORDED} - {op.key for op in OPS}
