"""What traced expressions and typed nodes have in common: operators, methods, namespaces.

Names are Polars'. Which methods exist is read from the op registry, so that a new op is a method at
once; `expr.pyi` (generated) tells editors.
"""

from __future__ import annotations

import difflib
import linecache
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from featurelib.errors import TraceError, UnknownMethodError
from featurelib.op import find_method, get_op, is_public, public_names

NAMESPACES = ("str", "dt", "list", "arr", "struct")
_PACKAGE = str(Path(__file__).parent)
_TRUTH = (
    (r"\bif\b", "for `if`, use fl.when(c).then(a).otherwise(b)"),
    (r"\b(and|or|not)\b", "for `and`, `or`, `not`, use & | ~ with parentheses"),
    (r"\bin\b", "for `in`, use .is_in([...])"),
    (r"\b(max|min)\(", "for max() and min(), use fl.max_horizontal(...), fl.min_horizontal(...)"),
    (r"[<>]=?[^<>()]*[<>]", "for `a < x < b`, use x.is_between(a, b, closed=...)"),
)
"""Where Python asks for a truth value, as it looks in the source, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where in the author's code a node comes from."""

    file: str
    line: int

    def __str__(self) -> str:
        if Path(self.file).parent.name.startswith("ipykernel_"):
            return f"notebook cell, line {self.line}"  # its file is a name that no one knows
        return f"{self.file}:{self.line}"


def caller() -> Source:
    """The nearest line outside this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return Source(frame.f_code.co_filename, frame.f_lineno)


class Operators:
    """Operators and methods; a subclass says in `_call` what a call means."""

    __slots__ = ()
    is_expr = True

    def _call(self, name: str, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in NAMESPACES:
            return Namespace(self, name)
        return _method(self, name)

    def __dir__(self) -> list[str]:
        """For completion in a notebook."""
        return [*super().__dir__(), *NAMESPACES, *(m for m in public_names() if "." not in m)]

    def __add__(self, other: Any) -> Any:
        return self._call("add", (self, other), {})

    def __radd__(self, other: Any) -> Any:
        return self._call("add", (other, self), {})

    def __sub__(self, other: Any) -> Any:
        return self._call("sub", (self, other), {})

    def __rsub__(self, other: Any) -> Any:
        return self._call("sub", (other, self), {})

    def __mul__(self, other: Any) -> Any:
        return self._call("mul", (self, other), {})

    def __rmul__(self, other: Any) -> Any:
        return self._call("mul", (other, self), {})

    def __truediv__(self, other: Any) -> Any:
        return self._call("truediv", (self, other), {})

    def __rtruediv__(self, other: Any) -> Any:
        return self._call("truediv", (other, self), {})

    def __floordiv__(self, other: Any) -> Any:
        return self._call("floordiv", (self, other), {})

    def __rfloordiv__(self, other: Any) -> Any:
        return self._call("floordiv", (other, self), {})

    def __mod__(self, other: Any) -> Any:
        return self._call("mod", (self, other), {})

    def __rmod__(self, other: Any) -> Any:
        return self._call("mod", (other, self), {})

    def __pow__(self, other: Any) -> Any:
        return self._call("pow", (self, other), {})

    def __rpow__(self, other: Any) -> Any:
        return self._call("pow", (other, self), {})

    def __neg__(self) -> Any:
        return self._call("neg", (self,), {})

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self._call("abs", (self,), {})

    def __and__(self, other: Any) -> Any:
        return self._call("and_", (self, other), {})

    def __rand__(self, other: Any) -> Any:
        return self._call("and_", (other, self), {})

    def __or__(self, other: Any) -> Any:
        return self._call("or_", (self, other), {})

    def __ror__(self, other: Any) -> Any:
        return self._call("or_", (other, self), {})

    def __xor__(self, other: Any) -> Any:
        return self._call("xor", (self, other), {})

    def __rxor__(self, other: Any) -> Any:
        return self._call("xor", (other, self), {})

    def __invert__(self) -> Any:
        return self._call("not_", (self,), {})

    def __eq__(self, other: object) -> Any:
        return self._call("eq", (self, other), {})

    def __ne__(self, other: object) -> Any:
        return self._call("ne", (self, other), {})

    def __lt__(self, other: Any) -> Any:
        return self._call("lt", (self, other), {})

    def __le__(self, other: Any) -> Any:
        return self._call("le", (self, other), {})

    def __gt__(self, other: Any) -> Any:
        return self._call("gt", (self, other), {})

    def __ge__(self, other: Any) -> Any:
        return self._call("ge", (self, other), {})

    __hash__ = object.__hash__

    def __bool__(self) -> NoReturn:
        source = caller()
        line = linecache.getline(source.file, source.line).strip()
        hints = [hint for pattern, hint in _TRUTH if re.search(pattern, line)]
        shown = f" in `{line}`" if line else ""
        raise TraceError(
            f"{source}: an expression has no truth value{shown}",
            hint="; ".join(hints or [hint for _, hint in _TRUTH]),
        )

    def __iter__(self) -> NoReturn:
        _refuse(
            "an expression cannot be iterated or unpacked", "it stands for one value of one row"
        )

    def __len__(self) -> NoReturn:
        _refuse("len() of an expression", "use .str.len_chars() or .str.len_bytes()")

    def __contains__(self, item: Any) -> NoReturn:
        _refuse("`in` on an expression", "use .str.contains(...) or .is_in([...])")

    def __getitem__(self, item: Any) -> NoReturn:
        _refuse("[...] on an expression", "use .str.slice(offset, length) for a part of a text")

    def __float__(self) -> NoReturn:
        _refuse(
            "float() of an expression (math.log(x) calls it too)",
            "use .cast(fl.Float64), and methods such as x.log() for functions of `math`",
        )

    def __int__(self) -> NoReturn:
        _refuse("int() of an expression", "use .cast(fl.Int64)")

    def __index__(self) -> NoReturn:
        _refuse("an expression used as an index", "use .is_in([...]) or fl.when chains")

    def __round__(self, digits: int = 0) -> Any:
        return self._call("round", (self,), {"decimals": digits})

    def __format__(self, spec: str) -> NoReturn:
        _refuse("an expression in an f-string", "use fl.concat_str([...]) to join text")

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("an expression given to NumPy", "use the expression's own methods: x.log1p()")


class Namespace:
    """``x.str``, ``x.dt``, ...: the methods whose names begin so."""

    __slots__ = ("_name", "_owner")

    def __init__(self, owner: Operators, name: str) -> None:
        self._owner = owner
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _method(self._owner, f"{self._name}.{name}")

    def __dir__(self) -> list[str]:
        """For completion in a notebook."""
        start = f"{self._name}."
        return [m.removeprefix(start) for m in public_names() if m.startswith(start)]


def _method(owner: Operators, name: str) -> Any:
    macro = find_method(name)
    if macro is None and not is_public(name):
        from featurelib.analyzers import functions

        close = difflib.get_close_matches(name, public_names(), n=3, cutoff=0.5)
        hint = "docs/ops.md lists every method"
        if name in functions.ANALYZERS:
            hint = f"the {name} of all rows is found by a fit: fl.{name}(x)"
        elif close:
            hint = "did you mean " + " or ".join(f"`{c}`" for c in close) + "?"
        raise UnknownMethodError(f"{caller()}: no method `{name}`", hint=hint)

    def bound(*args: Any, **params: Any) -> Any:
        return owner._call(name, (owner, *args), params)

    bound.__name__ = name
    bound.__doc__ = macro.__doc__ if macro is not None else get_op(name).doc
    return bound


def _refuse(what: str, hint: str) -> NoReturn:
    raise TraceError(f"{caller()}: {what}", hint=hint)
