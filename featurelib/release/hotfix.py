"""A hotfix: the only patch that moves values, and only those that it declares.

A declaration says which features may change, on which rows, why, and by whose word. On which rows
is an expression over the set's inputs, stored as a typed program, so nothing is evaluated from
text where it is read. `featurelib.release.hotfix_file` makes one of a repository's ``hotfix.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from featurelib import borders
from featurelib.bundle import Bundle
from featurelib.canonical_json import UNREADABLE
from featurelib.dtypes import BOOL
from featurelib.errors import DefinitionError, FeaturelibError, HotfixError, ReleaseError
from featurelib.evaluate import Evaluator
from featurelib.fields import InputSchema
from featurelib.intrinsics import Arena
from featurelib.layout import Layout
from featurelib.node import Node
from featurelib.program import Program
from featurelib.release.versions import kind_of, parse
from featurelib.state import FittedState

__all__ = ["ALL", "FORMAT", "Hotfix", "RowRule"]

FORMAT = 1
ALL = "all"
"""What a declaration says instead of an expression where every row may move."""

_FINGERPRINT = re.compile("[0-9a-f]{64}")
_KEYS = {"format", "set", "from", "to", "reason", "approved_by", "accepts", "inputs", "features"}


@dataclass(frozen=True)
class RowRule:
    """On which rows a feature may move.

    Attributes:
        text: As it was written, for people.
        node: The typed expression, a Bool over the set's inputs; None for all rows.
    """

    text: str
    node: Node | None = None


@dataclass(frozen=True)
class Hotfix:
    """A declared hotfix.

    Attributes:
        set: Name of the feature set.
        from_version: The version with the fault.
        to_version: The version without.
        reason: Why.
        approved_by: By whose word.
        accepts: Fingerprints of models that may run on the fixed bundle without retraining; no
            others do.
        schema: The inputs that row expressions read.
        rows: For each feature that may change, on which rows.
    """

    set: str
    from_version: str
    to_version: str
    reason: str
    approved_by: str
    accepts: tuple[str, ...]
    schema: InputSchema
    rows: Mapping[str, RowRule]

    def __post_init__(self) -> None:
        for what in ("set", "reason", "approved_by"):
            text = getattr(self, what)
            if not isinstance(text, str) or not text.strip():
                raise HotfixError(
                    f"a hotfix says its {what}, got {what}={text!r}", hint="write it down, as text"
                )
        _check_versions(self.from_version, self.to_version)
        for digest in self.accepts:
            if not isinstance(digest, str) or not _FINGERPRINT.fullmatch(digest):
                raise HotfixError(
                    f"accepts: expected fingerprints of 64 hex digits, got {digest!r}",
                    hint="take them from the models that may go on: "
                    "fl.ModelInputs.load(path).fingerprint",
                )
        if not self.rows:
            raise HotfixError(
                f"the hotfix of {self.set} {self.to_version} names no feature",
                hint='say which may change, and where: [features.NAME] rows = "..." or "all"',
            )
        for name, rule in self.rows.items():
            if rule.node is not None:
                _check_rule(name, rule)

    @cached_property
    def rows_bundle(self) -> Bundle | None:
        """A bundle whose features are the row expressions, for any engine to compute.

        It has no feature for those that may move on all rows, and is None if there is no other.
        """
        outputs = {name: rule.node for name, rule in self.rows.items() if rule.node is not None}
        if not outputs:
            return None
        meta = {"version": 1, "description": "", "owner": "", "tags": []}
        return Bundle(
            f"rows of the hotfix {self.set}",
            self.to_version,
            "",
            self.schema,
            Program(outputs),
            FittedState({}),
            Layout.make(self.set, {}, outputs, self.schema),
            dict.fromkeys(outputs, meta),
        )

    def rows_of(self, feature: str, rows: Iterable[Any]) -> Any:
        """Whether a feature may move, for each of some rows.

        The reference evaluator says it, row by row; for many rows let an engine compute
        `rows_bundle`. Where an expression is null, the row is not declared.

        Args:
            feature: The feature; one that is not declared may move nowhere.
            rows: Rows as a kernel takes them: mappings from input name to value, aggregates
                included.

        Returns:
            A numpy array of bool.

        Raises:
            InputError: A row does not match the input schema.
        """
        import numpy as np

        rule = self.rows.get(feature)
        given = [borders.canonical_row(r, self.schema, where=self.set, row=i)
                 for i, r in enumerate(rows)]  # fmt: skip
        if rule is None or rule.node is None:
            return np.full(len(given), rule is not None)
        evaluator = Evaluator(Program({feature: rule.node}), FittedState({}), Arena())
        return np.array([evaluator.row(row)[feature] is True for row in given], bool)

    def check(self, old: Bundle, new: Bundle) -> None:
        """Refuses a hotfix that is not of these two bundles.

        Args:
            old: The bundle with the fault.
            new: The fixed one.

        Raises:
            HotfixError: It names another set or version, a feature that one of them has not, or
                one that did not get a new version.
        """
        for bundle, version, which in (
            (old, self.from_version, "from"), (new, self.to_version, "to"),
        ):  # fmt: skip
            if (bundle.name, bundle.version) != (self.set, version):
                raise HotfixError(
                    f"the hotfix is {which} {self.set} {version}, the bundle is "
                    f"{bundle.name} {bundle.version}",
                    hint="`set`, `from` and `to` are those of the two releases",
                )
        for name in self.rows:
            was, now = old.features.get(name), new.features.get(name)
            if was is None or now is None:
                missing = old if was is None else new
                raise HotfixError(
                    f"[features.{name}]: {missing.name} {missing.version} has no such feature",
                    hint=f"its features: {', '.join(missing.features)}",
                )
            if now.version <= was.version:
                raise HotfixError(
                    f"[features.{name}]: it is version {now.version} in {new.version}, as it was "
                    f"version {was.version} in {old.version}",
                    hint=f"a feature that changes gets a new version: version={was.version + 1}",
                )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data: what a release holds as ``declaration.json``."""
        return {
            "format": FORMAT,
            "set": self.set,
            "from": self.from_version,
            "to": self.to_version,
            "reason": self.reason,
            "approved_by": self.approved_by,
            "accepts": list(self.accepts),
            "inputs": self.schema.to_json(),
            "features": {
                name: {
                    "text": rule.text,
                    "rows": ALL if rule.node is None else Program({"rows": rule.node}).to_json(),
                }
                for name, rule in self.rows.items()
            },
        }

    @staticmethod
    def from_json(data: Any) -> Hotfix:
        """The hotfix that `to_json` wrote; every expression in it is typed again.

        Raises:
            HotfixError: The data is no declaration, or of a newer format.
        """
        try:
            if type(data["format"]) is not int or data["format"] > FORMAT:
                raise HotfixError(
                    f"a declaration of format {data['format']!r}, this featurelib reads up to "
                    f"{FORMAT}",
                    hint="pip install -U featurelib",
                )
            made = Hotfix(
                data["set"], data["from"], data["to"], data["reason"], data["approved_by"],
                tuple(data["accepts"]), InputSchema.from_json(data["inputs"]),
                {name: _rule(item) for name, item in data["features"].items()},
            )  # fmt: skip
            _check_inputs(made)
            if made.to_json() != data or set(data) != _KEYS:
                raise HotfixError("the declaration is not as featurelib writes it")
        except HotfixError:
            raise
        except (*UNREADABLE, FeaturelibError) as error:
            raise HotfixError(
                f"no readable declaration of a hotfix: {error!r}",
                hint="it is written by `featurelib release` from hotfix.toml, never by hand",
            ) from None
        return made


def _rule(item: Any) -> RowRule:
    if item["rows"] == ALL:
        return RowRule(item["text"])
    program = Program.from_json(item["rows"])
    return RowRule(item["text"], program.outputs["rows"])


def _check_versions(old: str, new: str) -> None:
    try:
        before, after = parse(old), parse(new)
    except ReleaseError as error:
        raise HotfixError(f"from, to: {error}") from None
    if not before < after or kind_of(before, after) != "patch":
        raise HotfixError(
            f"a hotfix is a patch, got from={old!r}, to={new!r}",
            hint=f"release it as {before.next('patch')}",
        )


def _check_rule(name: str, rule: RowRule) -> None:
    node = rule.node
    assert node is not None
    where = f"[features.{name}] rows = {rule.text!r}"
    if node.dtype != BOOL:
        raise HotfixError(
            f"{where}: expected a Bool, got {node.dtype}",
            hint="compare something: distance > 100",
        )
    if Program({"rows": node}).fits:
        raise HotfixError(
            f"{where}: a row is chosen by its inputs alone, and this reads fitted values",
            hint="write the number that was fitted",
        )


def _check_inputs(hotfix: Hotfix) -> None:
    for name, rule in hotfix.rows.items():
        if rule.node is None:
            continue
        for read, node in Program({"rows": rule.node}).inputs.items():
            field = hotfix.schema.by_name.get(read)
            if field is None or (field.dtype, field.nullable) != (node.dtype, node.nullable):
                raise DefinitionError(f"[features.{name}] reads `{read}` as {node!r}: {field}")
