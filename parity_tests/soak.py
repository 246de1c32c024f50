"""How much a test does: what a change needs in minutes, or what `make soak` has half an hour for.

`make soak` sets ``FEATURELIB_SOAK=1``. Nothing but an amount may depend on it: a soak tries the
same claim on more examples, rows or places of death, of which the default run takes a sample.
"""

import os
from typing import TypeVar

from hypothesis import settings

Amount = TypeVar("Amount")

IS_SOAK = os.environ.get("FEATURELIB_SOAK", "0") != "0"


def amount(default: Amount, soak: Amount) -> Amount:
    """The amount of this run.

    Args:
        default: In `make test` and in CI.
        soak: In `make soak`.
    """
    return soak if IS_SOAK else default


def examples(default: int, soak: int) -> settings:
    """So many examples of a property, without a deadline: the first one may compile.

    Args:
        default: In `make test` and in CI.
        soak: In `make soak`.
    """
    return settings(max_examples=amount(default, soak), deadline=None)
