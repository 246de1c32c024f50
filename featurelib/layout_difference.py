"""How two layouts differ: that of a model and that of a bundle, both sides of each difference."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from featurelib import dtypes
from featurelib.errors import LayoutMismatchError
from featurelib.layout import Layout, Tensor

if TYPE_CHECKING:
    from featurelib.bundle import Bundle

__all__ = ["Difference", "check_tensors", "differences", "refuse"]

NONE = "none"
_LINE = 78
_MOST_NAMES = 12
"""Names of one side; beyond these a count says how many follow."""


class Difference(NamedTuple):
    """One thing that is not the same on both sides.

    Attributes:
        what: Tensor, member or feature, and what of it.
        model: How the model was trained.
        bundle: How the bundle is.
    """

    what: str
    model: str
    bundle: str


def differences(model: Layout, bundle: Layout) -> list[Difference]:
    """Every difference in tensors and their order, in members and their order, dtype and width."""
    mine, other = ({t.name: t for t in side.tensors} for side in (model, bundle))
    found = _names_and_order(
        {n: _text(t) for n, t in mine.items()}, {n: _text(t) for n, t in other.items()}
    )
    for name, tensor in mine.items():
        if name in other:
            found += _of_tensor(tensor, other[name])
    return found


def _names_and_order(model: dict[str, str], bundle: dict[str, str]) -> list[Difference]:
    """Tensors that one side lacks, and the order of those that both have.

    Args:
        model: What the model's tensors are, by name and in order.
        bundle: What the bundle's are.
    """
    found = [
        Difference(f"tensor `{name}`", model.get(name, NONE), bundle.get(name, NONE))
        for name in dict.fromkeys((*model, *bundle))
        if (name in model) != (name in bundle)
    ]
    order = [tuple(n for n in side if n in model and n in bundle) for side in (model, bundle)]
    if order[0] != order[1]:
        found.append(Difference("order of tensors", *_sides(*order)))
    return found


def check_tensors(bundle: Bundle, declared: Mapping[str, tuple[Any, int | None]]) -> None:
    """Refuses a bundle whose tensors are not those that a model declares by shape alone.

    It is for a model without stored `ModelInputs`. It cannot see another member of the same type,
    or a changed feature: store `ModelInputs` where you can.

    Args:
        bundle: The bundle that is to serve the model (or a feature set that needs no fit).
        declared: Dtype (``fl.Float32``) and width of each tensor, by name and in the order of the
            model; a ragged tensor has the width None.

    Raises:
        LayoutMismatchError: Names, order, dtypes or widths differ; both sides are in the message.
        FeatureTypeError: A dtype is no type of featurelib.
    """
    from featurelib.bundle import as_bundle

    bundle = as_bundle(bundle)
    model = {
        name: _shape(dtypes.as_dtype(dtype, f"tensor `{name}`"), width)
        for name, (dtype, width) in declared.items()
    }
    other = {
        t.name: _shape(t.dtype, None if t.is_ragged else t.width) for t in bundle.layout.tensors
    }
    found = _names_and_order(model, other)
    for name, shape in model.items():
        if other.get(name, shape) != shape:
            found.append(Difference(f"tensor `{name}`", shape, other[name]))
    refuse(
        found,
        f"{bundle.name} {bundle.version}: the bundle's tensors are not those of the model",
        "change the layout of the feature set, or what the model declares",
    )


def refuse(found: Sequence[Difference], message: str, hint: str) -> None:
    """Raises a `LayoutMismatchError` that shows these differences, if there are any."""
    if found:
        raise LayoutMismatchError(
            f"{message}\n{_as_text(found)}", differences=tuple(found), hint=hint
        )


def _as_text(found: Iterable[Difference]) -> str:
    """Differences as lines for people, narrow enough for a terminal or a log."""
    lines: list[str] = []
    for what, model, bundle in found:
        one = f"  {what}: model {model}, bundle {bundle}"
        if len(one) <= _LINE and "," not in model + bundle:
            lines.append(one)
            continue
        lines.append(f"  {what}")
        for label, text in (("    model:  ", model), ("    bundle: ", bundle)):
            lines += textwrap.wrap(
                text,
                _LINE,
                initial_indent=label,
                subsequent_indent=" " * len(label),
                break_long_words=False,
                break_on_hyphens=False,
            )
    return "\n".join(lines)


def _text(tensor: Tensor) -> str:
    return f"{tensor.shape_text}, of {', '.join(_cut(tensor.members))}"


def _of_tensor(model: Tensor, bundle: Tensor) -> list[Difference]:
    where = f"tensor `{model.name}`"
    found = []
    if model.members != bundle.members:
        found.append(Difference(f"{where}, members", *_sides(model.members, bundle.members)))
    if model.dtype != bundle.dtype:
        found.append(Difference(f"{where}, dtype", str(model.dtype), str(bundle.dtype)))
    widths = dict(zip(bundle.members, bundle.widths, strict=True))
    for member, width in dict(zip(model.members, model.widths, strict=True)).items():
        if widths.get(member, width) != width:
            found.append(
                Difference(f"{where}, width of `{member}`", _width(width), _width(widths[member]))
            )
    return found


def _width(width: int) -> str:
    return str(width) if width else "a List"


def _sides(model: Sequence[str], bundle: Sequence[str]) -> tuple[str, str]:
    """Both lists of names, without what is long and the same at their begin and end."""
    shorter = min(len(model), len(bundle))
    begin = next((i for i in range(shorter) if model[i] != bundle[i]), shorter)
    rest = shorter - begin
    end = next((i for i in range(rest) if model[-1 - i] != bundle[-1 - i]), rest)
    begin, end = (0 if n <= 3 else n - 1 for n in (begin, end))
    return _side(model, begin, end), _side(bundle, begin, end)


def _side(names: Sequence[str], begin: int, end: int) -> str:
    before = [f"({begin} as the other)"] if begin else []
    after = [f"({end} as the other)"] if end else []
    return ", ".join([*before, *_cut(names[begin : len(names) - end]), *after]) or NONE


def _cut(names: Sequence[str]) -> list[str]:
    more = len(names) - _MOST_NAMES
    return [*names[:_MOST_NAMES], f"({more} more)"] if more > 1 else list(names)


def _shape(dtype: dtypes.DType, width: int | None) -> str:
    return f"a List of {dtype}" if width is None else f"{width} × {dtype}"
