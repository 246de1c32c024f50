"""Ops: a name, a version, a null rule, and bodies written once in kernel Python.

A body's annotations are its type rule (`featurelib.signature`). An op may have several bodies,
tried in order. Keyword-only arguments are parameters: constants fixed where the feature is defined.
An argument annotated `Arena` is filled in by the engine.

Bodies compute in the kinds of `featurelib.dtypes` (64 bits wide). Where the result type is
narrower, the program adds a `narrow` node; a body never sees it.
"""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from featurelib.dtypes import DType
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.op_packages import is_own
from featurelib.op_registry import (
    _REGISTRY,
    METHODS,
    all_ops,
    check_owner,
    find_method,
    get_op,
    is_public,
    public_names,
)
from featurelib.signature import (
    AnyDatetime,
    Arena,
    Body,
    CaseTable,
    ClassTable,
    FinderTable,
    Float,
    FloatTable,
    GroupTable,
    IntegerTable,
    NormalTable,
    PowerTable,
    RegexTable,
    Signed,
    SignedTable,
    StringTable,
    T,
    Temporal,
    TypeSet,
    Unsigned,
    UnsignedTable,
    ZoneTable,
    pattern_name,
    read_signature,
)

F = TypeVar("F", bound=Callable[..., Any])


class Nulls(enum.Enum):
    """What an op does about nulls."""

    PROPAGATE = "propagate"
    """The body sees values only; the result is null where any argument is."""
    MAYBE = "maybe"
    """As PROPAGATE, and the body returns ``(value, valid)``."""
    EXPLICIT = "explicit"
    """The body takes and returns ``(value, valid)`` pairs."""


ResultRule = Callable[[tuple[DType, ...], dict[str, Any]], DType]


@dataclass(frozen=True, eq=False)
class Op:
    """A row transform. Callable inside bodies (on plain values) and on expressions.

    Attributes:
        name: As users write it; a dot puts it in a namespace: ``str.len_chars``.
        version: Meaning changes only with it.
        nulls: The null rule.
        bodies: Tried in order.
        promote: Numeric arguments of different types meet in their supertype first.
        nullable: For EXPLICIT ops: result nullability from the arguments'; None: as PROPAGATE.
        result: Where a signature cannot say it (an Array's size from a parameter), the result type
            from argument types and parameters.
        device: None if the op cannot run on a device, else "".
        device_reason: Why it cannot.
        public: Whether expressions have it as a method.
    """

    name: str
    version: int
    nulls: Nulls
    bodies: list[Body]
    promote: bool = False
    nullable: Callable[..., bool] | None = None
    result: ResultRule | None = None
    device_reason: str | None = None
    public: bool = True

    @property
    def key(self) -> str:
        """``name@version``, as bundles write it."""
        return f"{self.name}@{self.version}"

    @property
    def is_own(self) -> bool:
        """Whether it is featurelib's own, and not of a team's distribution or module."""
        return is_own(self.bodies[0].fn)

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.bodies[0].fn) or ""

    def body(self, fn: F) -> F:
        """Decorator: adds a body for other types. Returns the function as it is."""
        self.bodies.append(read_signature(self.name, fn))
        return fn

    def resolve(self, arg_types: tuple[DType, ...], params: dict[str, Any]) -> tuple[Body, DType]:
        """The body for these argument types, and the result type.

        Raises:
            FeatureTypeError: No body takes these types.
        """
        for body in self.bodies:
            dtype = body.match(arg_types)
            if dtype is not None:
                return body, self.result(arg_types, params) if self.result else dtype
        takes = " or ".join(
            dict.fromkeys(f"({', '.join(pattern_name(p) for p in b.args)})" for b in self.bodies)
        )
        raise FeatureTypeError(
            f"`{self.name}` takes {takes}, got ({', '.join(map(str, arg_types))})"
        )

    def result_nullable(self, nullables: tuple[bool, ...]) -> bool:
        """Whether the result may be null, given whether each argument may."""
        if self.nullable is not None:
            return self.nullable(*nullables)
        return True if self.nulls is Nulls.MAYBE else any(nullables)

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Inside a body: the first body on plain values. On expressions: a new expression."""
        if any(getattr(a, "is_expr", False) for a in args):
            from featurelib.expr import apply

            return apply(self, args, params)
        return self.bodies[0].fn(*args, **params)

    def __repr__(self) -> str:
        return f"<op {self.key}>"


def op(
    name: str,
    *,
    version: int,
    nulls: Nulls = Nulls.PROPAGATE,
    promote: bool = False,
    nullable: Callable[..., bool] | None = None,
    result: ResultRule | None = None,
    device_reason: str | None = None,
    public: bool = True,
) -> Callable[[Callable[..., Any]], Op]:
    """Decorator that makes a body an op and registers it. See `Op` for the arguments.

    Raises:
        DefinitionError: The same name and version is registered already from another place, or the
            name is one of featurelib's own.
    """

    def make(fn: Callable[..., Any]) -> Op:
        check_owner(name, fn, [o.bodies[0].fn for o in _REGISTRY.get(name, {}).values()])
        made = Op(
            name, version, nulls, [read_signature(name, fn)], promote, nullable, result,
            device_reason, public,
        )  # fmt: skip
        versions = _REGISTRY.setdefault(name, {})
        old = versions.get(version)
        if old is not None and old.bodies[0].fn.__module__ != fn.__module__:
            raise DefinitionError(
                f"op `{made.key}` is defined twice: in {old.bodies[0].fn.__module__} and in "
                f"{fn.__module__}",
                hint="give the new meaning a new name or a new version",
            )
        versions[version] = made
        return made

    return make


def method(name: str) -> Callable[[F], F]:
    """Decorator: a function over nodes becomes the expression method `name`.

    The function that it gives back takes expressions as well: on these it records the call, and the
    author's function runs when their types are known.

    Raises:
        DefinitionError: The name is a method of featurelib's own.
    """

    def register(fn: F) -> F:
        check_owner(name, fn, [METHODS[name]] if name in METHODS else [])

        @functools.wraps(fn)
        def dispatch(*args: Any, **params: Any) -> Any:
            from featurelib.expr import Expr, contains, record

            if contains((args, params), Expr):
                return record(name, args, params)
            return fn(*args, **params)

        METHODS[name] = fn
        return dispatch  # type: ignore[return-value]

    return register


def kernel_function(fn: F) -> F:
    """Marks a helper that bodies may call; it is kernel Python too and is compiled with them."""
    fn.__kernel_function__ = True  # type: ignore[attr-defined]
    return fn


def inlined(fn: F) -> F:
    """Marks straight-line arithmetic to be put in line always: only so loops over it vectorise."""
    fn.__inlined__ = True  # type: ignore[attr-defined]
    return kernel_function(fn)


__all__ = [
    "METHODS",
    "AnyDatetime",
    "Arena",
    "Body",
    "CaseTable",
    "ClassTable",
    "FinderTable",
    "Float",
    "FloatTable",
    "GroupTable",
    "IntegerTable",
    "NormalTable",
    "Nulls",
    "Op",
    "PowerTable",
    "RegexTable",
    "Signed",
    "SignedTable",
    "StringTable",
    "T",
    "Temporal",
    "TypeSet",
    "Unsigned",
    "UnsignedTable",
    "ZoneTable",
    "all_ops",
    "find_method",
    "get_op",
    "inlined",
    "is_public",
    "kernel_function",
    "method",
    "op",
    "public_names",
]
