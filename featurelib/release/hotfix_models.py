"""May a model run on a fixed bundle? Only if the hotfix accepts this very model."""

from __future__ import annotations

from featurelib.bundle import Bundle
from featurelib.errors import LayoutMismatchError
from featurelib.model_inputs import ModelInputs
from featurelib.release.hotfix import Hotfix

__all__ = ["check_model"]


def check_model(model: ModelInputs, bundle: Bundle, hotfix: Hotfix | None = None) -> None:
    """Refuses a bundle that a model was not trained for, and that no hotfix links to it.

    A model whose features did not change runs without a word of the hotfix.

    Args:
        model: What the model remembers of its inputs.
        bundle: The bundle that is to serve it.
        hotfix: The declaration that came with the bundle, from a release whose signature was
            checked.

    Raises:
        LayoutMismatchError: The bundle gives the model something else than it was trained with,
            and the hotfix is of another bundle, does not accept the model, or does not declare
            what is different.
    """
    try:
        model.check(bundle)
    except LayoutMismatchError as error:
        refused = error
    else:
        return
    if hotfix is None:
        raise refused
    message = str(refused).removesuffix(f"\nHint: {refused.hint}")
    fix = f"the hotfix {hotfix.from_version} to {hotfix.to_version} of {hotfix.set}"
    undeclared = [what for what, _, _ in refused.differences if what.strip("`") not in hotfix.rows]
    if (bundle.name, bundle.version) != (hotfix.set, hotfix.to_version):
        why, way_out = f"{fix} is not of this bundle", refused.hint
    elif undeclared:
        why, way_out = f"{fix} does not declare {', '.join(undeclared)}", refused.hint
    elif model.fingerprint not in hotfix.accepts:
        why = f"{fix} does not accept the model {model.fingerprint}"
        way_out = f"{refused.hint}; or, if it may go on, name it in `accepts` of a hotfix"
    else:
        return
    raise LayoutMismatchError(
        f"{message}\n{why}", differences=refused.differences, hint=way_out
    ) from None
