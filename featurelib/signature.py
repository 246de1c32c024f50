"""Signatures of bodies: what an annotation of a body means.

A concrete name (`Float64`) takes that type; a `TypeSet` (`Float`, `Signed`, `T`, ...) takes any of
its types, the same one wherever the name stands.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from featurelib import dtypes
from featurelib.dtypes import DType
from featurelib.errors import DefinitionError


@dataclass(frozen=True)
class TypeSet:
    """A type variable of a body's signature: any type whose name it holds; `names` None is any.

    `elements` narrows Lists and Arrays to those with elements of these names.
    """

    name: str
    names: frozenset[str] | None
    elements: frozenset[str] | None = None

    def accepts(self, dtype: DType) -> bool:
        if self.names is None:
            return dtype.name != "Table"
        held = dtype.inner.name if dtype.inner is not None else ""
        return dtype.name in self.names and (self.elements is None or held in self.elements)


if TYPE_CHECKING:
    Float = float
    Signed = int
    Unsigned = int
    AnyDatetime = int
    Temporal = int
    ListF = Any
    CaseTable = Any
    ClassTable = Any
    NormalTable = Any
    PowerTable = Any
    StringTable = Any
    IntegerTable = Any
    FloatTable = Any
    SignedTable = Any
    UnsignedTable = Any
    RegexTable = Any
    FinderTable = Any
    GroupTable = Any
    ZoneTable = Any
    Arena = Any
    T = TypeVar("T")
else:
    Float = TypeSet("Float", frozenset({"Float32", "Float64"}))
    Signed = TypeSet("Signed", frozenset({"Int8", "Int16", "Int32", "Int64"}))
    Unsigned = TypeSet("Unsigned", frozenset({"UInt8", "UInt16", "UInt32", "UInt64"}))
    AnyDatetime = TypeSet("AnyDatetime", frozenset({"Datetime"}))
    Temporal = TypeSet("Temporal", frozenset({"Date", "Datetime", "Duration"}))
    # Layouts of tables: see `featurelib.tables`.
    CaseTable = dtypes.table_type("unicode_case")
    ClassTable = dtypes.table_type("unicode_class")
    NormalTable = dtypes.table_type("unicode_normal")
    PowerTable = dtypes.table_type("powers_of_ten")
    StringTable = dtypes.table_type("strings")
    IntegerTable = dtypes.table_type("integers")
    FloatTable = dtypes.table_type("f64")
    SignedTable = dtypes.table_type("i64")
    UnsignedTable = dtypes.table_type("u64")
    RegexTable = dtypes.table_type("regex")
    FinderTable = dtypes.table_type("regex_finder")
    GroupTable = dtypes.table_type("regex_groups")
    ZoneTable = dtypes.table_type("zone")
    Arena = TypeSet("Arena", frozenset())
    T = TypeSet("T", None)


@dataclass(frozen=True, eq=False)
class Body:
    """One implementation of an op.

    Attributes:
        fn: Kernel Python; CPython runs it as it stands.
        args: Type patterns of the positional arguments.
        params: Names and types of the keyword-only parameters, in the order of the signature.
        result: Type pattern of the result.
        takes_arena: Whether the last positional argument is the scratch arena.
    """

    fn: Callable[..., Any]
    args: tuple[DType | TypeSet, ...]
    params: tuple[tuple[str, DType], ...]
    result: DType | TypeSet
    takes_arena: bool

    def match(self, arg_types: tuple[DType, ...]) -> DType | None:
        """The result type on these argument types, None if they do not fit."""
        if len(arg_types) != len(self.args):
            return None
        bound: dict[str, DType] = {}
        for pattern, dtype in zip(self.args, arg_types, strict=True):
            if isinstance(pattern, DType):
                if pattern != dtype:
                    return None
            elif not pattern.accepts(dtype) or bound.setdefault(pattern.name, dtype) != dtype:
                return None
        return bound[self.result.name] if isinstance(self.result, TypeSet) else self.result


def pattern_name(pattern: DType | TypeSet) -> str:
    """How errors and docs name a pattern."""
    return str(pattern) if isinstance(pattern, DType) else pattern.name


def read_signature(name: str, fn: Callable[..., Any]) -> Body:
    """The body that a function's annotations describe.

    Raises:
        DefinitionError: Its annotations are text.
        FeatureTypeError: An annotation is no type.
    """
    args: list[DType | TypeSet] = []
    params: list[tuple[str, DType]] = []
    takes_arena = False
    hints = fn.__annotations__
    if any(isinstance(h, str) for h in hints.values()):
        raise DefinitionError(
            f"op `{name}`: annotations of a body must be objects, not text",
            hint="remove `from __future__ import annotations` from the file",
        )
    for p in inspect.signature(fn).parameters.values():
        if p.annotation is Arena:
            takes_arena = True
        elif p.kind is p.KEYWORD_ONLY:
            params.append((p.name, dtypes.as_dtype(p.annotation, f"op `{name}`, {p.name}")))
        elif isinstance(p.annotation, TypeSet):
            args.append(p.annotation)
        else:
            args.append(dtypes.as_dtype(p.annotation, f"op `{name}`, {p.name}"))
    result = hints["return"]
    if not isinstance(result, TypeSet):
        result = dtypes.as_dtype(result, f"op `{name}`, result")
    return Body(fn, tuple(args), tuple(params), result, takes_arena)
