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
    from featurelib.parity.engines import Engine, Outputs, PartialEngine, all_engines
    from featurelib.parity.first_op import FirstOp
    from featurelib.parity.golden_features import GoldenDifference, golden_path, record, verify
    from featurelib.parity.report import EngineRun, Report, Section
    from featurelib.parity.report_html import render
    from featurelib.parity.run import check, check_rows
    from featurelib.parity.targets import bind_for_parity, find_target, read_data, read_rows
    from featurelib.parity.values import Rows, Values

_MODULES = {
    "command": ("golden_record", "golden_verify", "run_parity"),
    "compare": ("Difference", "Mismatch"),
    "engines": ("Engine", "Outputs", "PartialEngine", "all_engines"),
    "first_op": ("FirstOp",),
    "golden_features": ("GoldenDifference", "golden_path", "record", "verify"),
    "report": ("EngineRun", "Report", "Section"),
    "report_html": ("render",),
    "run": ("check", "check_rows"),
    "targets": ("bind_for_parity", "find_target", "read_data", "read_rows"),
    "values": ("Rows", "Values"),
}

__all__ = [
    "Difference",
    "Engine",
    "EngineRun",
    "FirstOp",
    "GoldenDifference",
    "Mismatch",
    "Outputs",
    "PartialEngine",
    "Report",
    "Rows",
    "Section",
    "Values",
    "all_engines",
    "bind_for_parity",
    "check",
    "check_rows",
    "find_target",
    "golden_path",
    "golden_record",
    "golden_verify",
    "read_data",
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
