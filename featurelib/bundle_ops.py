"""The ops that a bundle names: are they installed here, and do they mean what they meant?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from featurelib.body_hash import op_hash
from featurelib.errors import BundleError, BundleFormatError, UnknownOpError
from featurelib.op import get_op
from featurelib.op_packages import failures, find_packages

if TYPE_CHECKING:
    from featurelib.bundle import Bundle

__all__ = ["check_bodies", "check_installed"]


def check_installed(distributions: Any, where: str) -> None:
    """Refuses a bundle whose ops of other distributions are not here.

    Args:
        distributions: Which distribution has an op, by ``name@version``, as the bundle says.
        where: The bundle, for errors.

    Raises:
        BundleFormatError: It is no such table.
        UnknownOpError: An op is not here; the error says what to install.
    """
    if not isinstance(distributions, dict) or not all(
        type(name) is str for name in distributions.values()
    ):
        raise BundleFormatError(f"expected the distributions of ops, got {distributions!r}")
    for key, distribution in sorted(distributions.items()):
        op, _, version = key.rpartition("@")
        try:
            get_op(op, int(version))
        except UnknownOpError:
            raise UnknownOpError(
                f"{where}: op `{key}` of the distribution {distribution} is not here: "
                f"{_why_not(distribution)}",
                hint=f"install the {distribution} that has it: pip install -U {distribution}",
            ) from None


def _why_not(distribution: str) -> str:
    installed = [p for p in find_packages() if p.distribution == distribution]
    if not installed:
        return f"no {distribution} with the entry point `featurelib.ops` is installed"
    failed = [line for line in failures() if line.startswith(f"{installed[0]} ")]
    return failed[0] if failed else f"{installed[0]} is installed, and has no such op"


def check_bodies(made: Bundle, recorded: Mapping[str, str], where: str) -> None:
    """Refuses a bundle if an op has another body here than when the bundle was made.

    Args:
        made: The bundle.
        recorded: The hash of each op when it was made, by ``name@version``.
        where: The bundle, for errors.

    Raises:
        BundleError: One has.
    """
    versions = {p.distribution: str(p) for p in find_packages()} if made.distributions else {}
    for op in made.ops:
        here, then = op_hash(op), recorded.get(op.key)
        if here == then:
            continue
        owner = made.distributions.get(op.key)
        raise BundleError(
            f"{where}: op `{op.key}` has another body here than when the bundle was made: hash "
            f"{here} in {versions.get(owner or 'featurelib', owner or 'this featurelib')}, "
            f"{then} in the bundle",
            hint=f"install the {owner or 'featurelib (or the package of the op)'} that made it",
        )
