"""May a model run on a fixed bundle? Only if the hotfix accepts this very model."""

from __future__ import annotations

from featurelib.bundle import Bundle
from featurelib.errors import LayoutMismatchError
from featurelib.model_inputs import ModelInputs
from featurelib.release.hotfix import Hotfix

__all__ = ["check_model"]


def check_model(
    model: ModelInputs, bundle: Bundle, hotfix: Hotfix | None = None, *, is_signed: bool
) -> None:
    """Refuses a bundle that a model was not trained for, and that no signed hotfix links to it.

    A model whose features did not change runs without a word of the hotfix.

    Args:
        model: What the model remembers of its inputs.
        bundle: The bundle that is to serve it.
        hotfix: The declaration that came with the bundle.
        is_signed: Whether a trusted signature of the release was checked that the declaration came
            with: anybody can write that a model is accepted.

    Raises:
        LayoutMismatchError: The bundle gives the model something else than it was trained with,
            and there is no hotfix, or it is of another bundle, does not accept the model, does not
            declare what is different, or its signature was not checked.
    """
    try:
        model.check(bundle)
    except LayoutMismatchError as error:
        refused = error
    else:
        return
    found = refused.differences
    why, way_out = _reason([what for what, _, _ in found], model, bundle, hotfix, is_signed)
    if why:
        message = str(refused).removesuffix(f"\nHint: {refused.hint}")
        raise LayoutMismatchError(
            f"{message}\nthe model {model.fingerprint} may not run on it: {why}",
            differences=found,
            hint=f"{refused.hint}{way_out}",
        ) from None


def _reason(
    differs: list[str], model: ModelInputs, bundle: Bundle, hotfix: Hotfix | None, is_signed: bool
) -> tuple[str, str]:
    """Why no hotfix links the bundle to the model, and what one can do then; empty if one does."""
    if hotfix is None:
        return "no hotfix came with it", ""
    fix = f"the hotfix {hotfix.from_version} to {hotfix.to_version} of {hotfix.set}"
    undeclared = [what for what in differs if what.strip("`") not in hotfix.rows]
    if (bundle.name, bundle.version) != (hotfix.set, hotfix.to_version):
        return f"{fix} is not of this bundle", ""
    if undeclared:
        return f"{fix} does not declare {', '.join(undeclared)}", ""
    if model.fingerprint not in hotfix.accepts:
        way_out = "; or, if it may go on, name it in `accepts` of a hotfix"
        return f"{fix} does not accept it", way_out
    if not is_signed:
        way_out = '; or sign the release, and give its key: Registry(..., public_keys=["...pub"])'
        return f"{fix} accepts it, but no signature says so", way_out
    return "", ""
