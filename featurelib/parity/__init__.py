"""Parity: the same rows through every engine, compared by bits.

    from featurelib.parity import check

    report = check(bundle, rows=5_000)
    assert report.passed, report.lines()

What teams use of it stands here; a name loads its module, and with it the compiler, on first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featurelib.parity.command import golden_record, golden_verify, run_parity
    from featurelib.parity.compare import Difference, Mismatch
    from featurelib.parity.compare_events import EventMismatch
    from featurelib.parity.engines import Engine, Outputs, PartialEngine, all_engines
    from featurelib.parity.event_engines import (
        Answered,
        EventEngine,
        Events,
        all_event_engines,
    )
    from featurelib.parity.first_op import FirstOp
    from featurelib.parity.golden_features import GoldenDifference, golden_path, record, verify
    from featurelib.parity.report import EngineRun, EventSection, Report, Section
    from featurelib.parity.report_html import render
    from featurelib.parity.run import check, check_rows
    from featurelib.parity.run_events import check_events
    from featurelib.parity.targets import (
        Given,
        bind_for_parity,
        find_target,
        read_data,
        read_events,
        read_given,
        read_rows,
    )
    from featurelib.parity.values import Rows, Values

_MODULES = {
    "command": ("golden_record", "golden_verify", "run_parity"),
    "compare": ("Difference", "Mismatch"),
    "compare_events": ("EventMismatch",),
    "engines": ("Engine", "Outputs", "PartialEngine", "all_engines"),
    "event_engines": ("Answered", "EventEngine", "Events", "all_event_engines"),
    "first_op": ("FirstOp",),
    "golden_features": ("GoldenDifference", "golden_path", "record", "verify"),
    "report": ("EngineRun", "EventSection", "Report", "Section"),
    "report_html": ("render",),
    "run": ("check", "check_rows"),
    "run_events": ("check_events",),
    "targets": (
        *("Given", "bind_for_parity", "find_target", "read_data", "read_events", "read_given"),
        "read_rows",
    ),
    "values": ("Rows", "Values"),
}

__all__ = [
    "Answered",
    "Difference",
    "Engine",
    "EngineRun",
    "EventEngine",
    "EventMismatch",
    "EventSection",
    "Events",
    "FirstOp",
    "Given",
    "GoldenDifference",
    "Mismatch",
    "Outputs",
    "PartialEngine",
    "Report",
    "Rows",
    "Section",
    "Values",
    "all_engines",
    "all_event_engines",
    "bind_for_parity",
    "check",
    "check_events",
    "check_rows",
    "find_target",
    "golden_path",
    "golden_record",
    "golden_verify",
    "read_data",
    "read_events",
    "read_given",
    "read_rows",
    "record",
    "render",
    "run_parity",
    "verify",
]


# `generate_rows` and `shrink` are not among these names: once their modules are loaded, Python
# finds the modules here.
def __getattr__(name: str) -> Any:
    import importlib

    for module, names in _MODULES.items():
        if name in names:
            value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
