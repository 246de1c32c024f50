"""Many small cases in one test, of which each that fails is told.

pytest takes some hundredths of a second for every parameter, in each process that collects it.
Cases that take less than that, by the hundred, are better checked in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def check_each(check: Callable[..., None], cases: Iterable[tuple[Any, ...]]) -> None:
    """Checks every case, whether or not one before it fails.

    Args:
        check: Raises if a case is not as it should be.
        cases: Its arguments.

    Raises:
        BaseExceptionGroup: What each case that fails raised, with its arguments.
    """
    given, failed = list(cases), []
    assert given, "no cases"
    for case in given:
        try:
            check(*case)
        except (Exception, pytest.fail.Exception) as error:
            error.add_note("case: " + ", ".join(map(str, case)))
            failed.append(error)
    if failed:
        raise BaseExceptionGroup(f"{len(failed)} of {len(given)} cases fail", failed)
