"""Reads a repository's ``hotfix.toml``: the one place where the text of a row expression is traced.

set = "flights"
from = "1.1.0"
to = "1.1.1"
reason = "the hour after the clocks go back was counted twice"
approved_by = "on-call, in the review of the fix"
accepts = []                      # fingerprints of models that may go on

[features.leaves_at_rush_hour]
rows = "time_hour.dt.month() == 11"
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import tomllib
from pathlib import Path
from typing import Any, TypeGuard

from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError, FeaturelibError, HotfixError
from featurelib.expr import Expr, col
from featurelib.fields import InputSchema
from featurelib.node import Node
from featurelib.release.hotfix import ALL, Hotfix, RowRule
from featurelib.typing_pass import type_expr

__all__ = ["FILE", "read", "trace_rows"]

FILE = "hotfix.toml"
_KEYS = ("set", "from", "to", "reason", "approved_by", "accepts", "features")
_ALLOWED = (
    ast.Expression, ast.Call, ast.keyword, ast.Attribute, ast.Name, ast.Load, ast.Constant,
    ast.BinOp, ast.UnaryOp, ast.Compare, ast.Tuple, ast.List, ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip
_TYPES = {
    "Bool", "Date", "Datetime", "Duration", "Float32", "Float64", "Int8", "Int16", "Int32", "Int64",
    "String", "UInt8", "UInt16", "UInt32", "UInt64",
}  # fmt: skip
_BUILDERS = _TYPES | {
    "coalesce", "col", "concat_str", "lit", "max_horizontal", "min_horizontal", "when",
}  # fmt: skip
_INSTEAD = {
    ast.And: "use `&`, with each side in brackets",
    ast.Or: "use `|`, with each side in brackets",
    ast.Not: "use `~`",
    ast.Is: "use .is_null()",
    ast.IsNot: "use .is_not_null()",
    ast.In: "use .is_in([...])",
    ast.NotIn: "use ~x.is_in([...])",
}


def read(path: str | os.PathLike[str], old: Bundle, new: Bundle) -> Hotfix:
    """The hotfix that a file declares, checked against the bundle with the fault and the fixed one.

    Args:
        path: The file: ``hotfix.toml``, or the ``declaration.json`` that a release has of it.
        old: The bundle with the fault.
        new: The fixed one; its inputs are those of row expressions.

    Raises:
        HotfixError: It is no TOML, has an unknown or missing key, names no feature or one that
            the set has not, a feature without a new version, rows that are no Bool expression,
            or fingerprints that are none.
        OSError: It cannot be read.
    """
    where = Path(path)
    if where.suffix == ".json":
        return _declaration(where, old, new)
    try:
        content = tomllib.loads(where.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise HotfixError(f"{where}: no readable TOML: {error}") from None
    try:
        _check_keys(content, _KEYS, "")
        rows = {name: _rule(name, item, new.schema) for name, item in _features(content).items()}
        if not isinstance(content["accepts"], list):
            raise HotfixError(f"accepts: expected a list, got {content['accepts']!r}")
        made = Hotfix(
            content["set"], content["from"], content["to"], content["reason"],
            content["approved_by"], tuple(content["accepts"]), new.schema, rows,
        )  # fmt: skip
        made.check(old, new)
    except HotfixError as error:
        message = str(error).removesuffix(f"\nHint: {error.hint}")
        raise HotfixError(f"{where}: {message}", hint=error.hint) from None
    return made


def _declaration(path: Path, old: Bundle, new: Bundle) -> Hotfix:
    try:
        made = Hotfix.from_json(json.loads(path.read_bytes()))
        made.check(old, new)
    except (HotfixError, ValueError) as error:
        hint = error.hint if isinstance(error, HotfixError) else None
        raise HotfixError(
            f"{path}: {str(error).removesuffix(f'{chr(10)}Hint: {hint}')}", hint=hint
        ) from None
    return made


def trace_rows(feature: str, text: str, schema: InputSchema) -> Node:
    """The typed expression that a text means, with the inputs' names for their columns.

    Args:
        feature: The feature that it is for, for errors.
        text: Featurelib Python: ``distance > 100``, ``fl.col("arr delay").is_null()``.
        schema: The inputs.

    Raises:
        HotfixError: It is no expression, names what is no input, or its types do not fit.
    """
    import featurelib as fl

    where = f"[features.{feature}] rows = {text!r}"
    columns = {f.name: col(f.name) for f in (*schema.fields, *schema.structs)}
    names: dict[str, Any] = {**columns, "fl": fl}
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise HotfixError(
            f"{where}: no Python expression: {error}", hint=f'as in "distance > 100", or "{ALL}"'
        ) from None
    _check_syntax(tree, names, where)
    try:
        made = eval(compile(tree, FILE, "eval"), {"__builtins__": {}}, names)
        if not isinstance(made, Expr):
            raise DefinitionError(
                f"expected an expression of the inputs, got {made!r}",
                hint=f'say "{ALL}" where every row may move',
            )
        return type_expr("rows", made, schema)
    except Exception as error:  # whatever it is, the text is at fault
        hint = error.hint if isinstance(error, FeaturelibError) else None
        message = str(error).removesuffix(f"\nHint: {hint}")
        raise HotfixError(f"{where}: {message}", hint=hint) from None


def _check_syntax(tree: ast.AST, names: dict[str, Any], where: str) -> None:
    for node in ast.walk(tree):
        instead = _INSTEAD.get(type(node))
        if instead is not None:
            raise HotfixError(
                f"{where}: `{type(node).__name__.lower()}` cannot be asked of an expression",
                hint=instead,
            )
        if isinstance(node, ast.BoolOp):
            continue  # its operator comes by, and says what to write instead
        if not isinstance(node, _ALLOWED):
            raise HotfixError(
                f"{where}: {type(node).__name__} is no part of a row expression",
                hint="write it with operators and methods of the inputs",
            )
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            raise HotfixError(f"{where}: `{node.attr}` is no method of an expression")
        if _is_of_fl(node) and node.attr not in _BUILDERS:
            raise HotfixError(
                f"{where}: fl.{node.attr} is no part of a row expression",
                hint=f"of fl there are {', '.join(sorted(_BUILDERS - _TYPES))}, and types",
            )
        if isinstance(node, ast.Name) and node.id not in names:
            close = difflib.get_close_matches(node.id, names, n=1)
            inputs = ", ".join(n for n in names if n != "fl")
            raise HotfixError(
                f"{where}: `{node.id}` is no input",
                hint=f"did you mean `{close[0]}`?" if close else f"the inputs: {inputs}",
            )


def _is_of_fl(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "fl"
    )


def _features(content: dict[str, Any]) -> dict[str, Any]:
    features = content["features"]
    if not isinstance(features, dict):
        raise HotfixError(f"features: expected tables [features.NAME], got {features!r}")
    return features


def _rule(name: str, item: Any, schema: InputSchema) -> RowRule:
    if not isinstance(item, dict):
        raise HotfixError(f"[features.{name}]: expected a table, got {item!r}")
    _check_keys(item, ("rows",), f"[features.{name}] ")
    text = item["rows"]
    if not isinstance(text, str):
        raise HotfixError(f"[features.{name}]: expected rows as text, got rows={text!r}")
    if text.strip() == ALL:
        return RowRule(text)
    return RowRule(text, trace_rows(name, text, schema))


def _check_keys(content: dict[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in content:
        if key not in keys:
            close = difflib.get_close_matches(key, keys, n=1)
            raise HotfixError(
                f"{where}no such key: {key!r}",
                hint=f"did you mean `{close[0]}`?" if close else f"the keys: {', '.join(keys)}",
            )
    missing = [key for key in keys if key not in content]
    if missing:
        what = "names no feature" if missing == ["features"] else f"lacks {', '.join(missing)}"
        raise HotfixError(
            f"{where}it {what}", hint='docs/releases.md has an example of a whole "hotfix.toml"'
        )
