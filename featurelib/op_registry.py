"""The registry of ops and methods by name: what bodies of bundles and calls are found in.

Ops are registered by `featurelib.op.op` when their module is imported. What is asked for and not
registered is looked for in other distributions first (`featurelib.op_packages`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from featurelib import op_packages
from featurelib.errors import DefinitionError, UnknownOpError

if TYPE_CHECKING:
    from featurelib.expr import Expr
    from featurelib.op import Op

__all__ = [
    "METHODS",
    "all_ops",
    "check_owner",
    "find_method",
    "get_op",
    "is_public",
    "public_names",
]

_REGISTRY: dict[str, dict[int, Op]] = {}
METHODS: dict[str, Callable[..., Expr]] = {}
"""Expression methods that are written over other expressions (macros), by name."""


def check_owner(name: str, fn: Callable[..., Any], known: Iterable[Callable[..., Any]]) -> None:
    """Refuses a name that is featurelib's own for a function of another package.

    A new version of one of our ops would be the newest, and change what everybody else writes.

    Args:
        name: Of an op or a method.
        fn: Its body or macro.
        known: What the name stands for already.

    Raises:
        DefinitionError: It is our name, and another's function.
    """
    if not op_packages.is_own(fn) and any(map(op_packages.is_own, known)):
        raise DefinitionError(
            f"{fn.__module__}: `{name}` is featurelib's own, and means the same to everybody",
            hint=f"give yours another name, such as `acme_{name.rpartition('.')[2]}`",
        )


def get_op(name: str, version: int | None = None) -> Op:
    """The op of that name, by default its newest version.

    One that is not registered is looked for in the distributions that have the entry point
    `featurelib.ops`.

    Raises:
        UnknownOpError: No such op or version.
    """
    versions = _REGISTRY.get(name, {})
    if not versions or version not in (None, *versions):
        op_packages.load_packages()
        versions = _REGISTRY.get(name, {})
    if not versions:
        failed = "".join(f"\n{line}" for line in op_packages.failures())
        raise UnknownOpError(f"no op `{name}`{failed}")
    if version is None:
        return versions[max(versions)]
    if version not in versions:
        have = ", ".join(map(str, sorted(versions)))
        whose = op_packages.distribution_of(versions[max(versions)].bodies[0].fn.__module__)
        raise UnknownOpError(
            f"no version {version} of op `{name}` here, only {have}",
            hint=f"a newer {whose or 'featurelib'} may have it: pip install -U "
            f"{whose or 'featurelib'}",
        )
    return versions[version]


def find_method(name: str) -> Callable[..., Expr] | None:
    """The macro of that name, None where an op or nothing has it."""
    if name not in METHODS and name not in _REGISTRY:
        op_packages.load_packages()
    return METHODS.get(name)


def is_public(name: str) -> bool:
    """Whether an op of that name is an expression method; only what is registered is looked at."""
    versions = _REGISTRY.get(name, {})
    return bool(versions) and versions[max(versions)].public


def all_ops() -> Iterator[Op]:
    """Every op and version, by name; those of other distributions are imported first.

    Raises:
        DefinitionError: The module of a distribution cannot be imported.
    """
    op_packages.load_packages()
    failed = list(op_packages.failures())
    if failed:
        raise DefinitionError(
            "\n".join(failed), hint="repair the distribution, or uninstall it: its ops are missing"
        )
    for name in sorted(_REGISTRY):
        yield from (_REGISTRY[name][v] for v in sorted(_REGISTRY[name]))


def public_names() -> set[str]:
    """Every method of an expression with its namespace, as far as distributions can be imported."""
    op_packages.load_packages()
    return {*METHODS, *filter(is_public, _REGISTRY)}
