"""Reading a bundle: its digest first, then each part by its own rules, then the whole once more.

Whoever can write a file can make its digest fit. So nothing in a bundle is believed: every node is
typed again, every input is looked up in the schema, and the bundle that was read must write the
very bytes that it was read from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from featurelib import canonical_json
from featurelib.bundle import FORMAT, META, Bundle
from featurelib.bundle_ops import check_bodies, check_installed
from featurelib.canonical_json import UNREADABLE
from featurelib.digest_file import check_digest
from featurelib.errors import (
    BundleError,
    BundleFormatError,
    FeaturelibError,
)
from featurelib.fields import InputSchema
from featurelib.fingerprint import RECIPE
from featurelib.layout import Layout
from featurelib.program import Program
from featurelib.state import FittedState
from featurelib.tables import TableData

if TYPE_CHECKING:
    from featurelib.windows import Definition


def read(data: bytes, where: str) -> Bundle:
    """The bundle with this content.

    Args:
        data: The file's bytes.
        where: What it is, for errors.

    Raises:
        BundleError: See `Bundle.from_bytes`.
    """
    check_digest(data, where)
    try:
        made = _parsed(canonical_json.loads(data), where)
        if made.to_bytes() != data:
            raise BundleFormatError(
                f"{where}: the bundle is not as featurelib writes it, or its fingerprints differ"
            )
    except BundleError:
        raise
    except (*UNREADABLE, FeaturelibError) as error:
        raise BundleFormatError(f"{where}: no readable bundle: {error!r}") from None
    return made


def _parsed(content: Any, where: str) -> Bundle:
    for key, newest, what in (("format", FORMAT, "format"), ("recipe", RECIPE, "recipe")):
        if type(content[key]) is not int or content[key] > newest:
            raise BundleFormatError(
                f"{where}: the bundle has {what} {content[key]!r}, "
                f"this featurelib reads up to {newest}",
                hint="pip install -U featurelib",
            )
    named = content["set"]
    distributions = content.get("distributions", {})
    check_installed(distributions, where)
    made = Bundle(
        named["name"],
        named["version"],
        named["description"],
        InputSchema.from_json(content["inputs"]),
        Program.from_json(content["program"]),
        FittedState.from_json(content["state"]),
        Layout.from_json(content["layout"]),
        {name: {k: item[k] for k in META} for name, item in content["features"].items()},
        _aggregates(content),
        distributions,
    )
    _check_names(made)
    _check_parts(made)
    check_bodies(made, content["ops"], where)
    return made


def _aggregates(content: Any) -> Definition | None:
    if "windows" not in content:
        return None
    from featurelib.windows import Definition

    return Definition.from_json(content["windows"])


def _check_names(made: Bundle) -> None:
    texts = [made.name, made.version, made.description, *made.program.outputs, made.schema.name]
    for field in made.schema:
        texts += [field.name, field.description]
        if type(field.nullable) is not bool:
            raise BundleFormatError(f"field `{field.name}`: nullable={field.nullable!r}")
    for item in made.meta.values():
        if type(item["version"]) is not int or item["version"] < 1:
            raise BundleFormatError(f"expected version >= 1, got {item['version']!r}")
        if type(item["tags"]) is not list:
            raise BundleFormatError(f"expected a list of tags, got {item['tags']!r}")
        texts += [item["description"], item["owner"], *item["tags"]]
    for text in texts:
        if not isinstance(text, str):
            raise BundleFormatError(f"expected text, got {text!r}")


def _check_parts(made: Bundle) -> None:
    """Program, schema, fitted state and layout must speak of the same columns and types."""
    for name, node in _inputs(made.program).items():
        field = made.schema.by_name.get(name)
        if field is None or (field.dtype, field.nullable) != (node.dtype, node.nullable):
            raise BundleFormatError(f"the program reads the input `{name}` as {node!r}: {field}")
    if made.aggregates:
        made.aggregates.request_of(made.schema)  # refuses a schema without their columns
    fits = made.program.fits
    made.state.check(fits)
    for value in made.state.values():
        if isinstance(value, TableData):
            value.encode()  # refuses content that is not of its kind
    if len(made.state) != len(fits):
        raise BundleFormatError("the fitted state has values that nothing reads")
    members = {t.name: t.members for t in made.layout.tensors}
    if len(members) != len(made.layout.tensors) or made.layout != Layout.make(
        made.name, members, made.program.outputs, made.schema
    ):
        raise BundleFormatError("the layout is not that of these features")


def _inputs(program: Program) -> dict[str, Any]:
    """Every input of the program; two nodes that read one column differently are refused."""
    found: dict[str, Any] = {}
    for node in program.nodes:
        if node.op == "input":
            name = node.param["name"]
            if name in found:
                raise BundleFormatError(f"the program reads the input `{name}` as two types")
            found[name] = node
    return found
