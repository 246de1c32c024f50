"""Which models may run on a release, as the gate sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from featurelib.bundle import Bundle
from featurelib.release.changed import changed_between
from featurelib.release.consumers import find_consumers
from featurelib.release.findings import Finding
from featurelib.release.gate_report import Check
from featurelib.release.hotfix import Hotfix
from featurelib.release.hotfix_models import Earlier
from featurelib.release.impact import SAYS, Impact, impact

__all__ = ["check_models"]

_RUN = ("runs", "accepted")


def check_models(
    paths: Sequence[str],
    old: Bundle,
    new: Bundle,
    hotfix: Hotfix | None,
    earlier: Earlier | None,
    notes: list[str],
) -> Check:
    """Holds the word of a hotfix against the models that it names; says what others may do.

    That a model may not run is no fault of a release: it may be trained again. That a declaration
    accepts a model which may not run all the same, or one that nobody knows, is.

    Args:
        paths: Files of `fl.ModelInputs`, or folders of these.
        old: The release before.
        new: What is to be released.
        hotfix: Its declaration, if it is one.
        earlier: Gives `old` and the releases before it, if a registry is given.
        notes: Gets each model that may not run.

    Raises:
        ReleaseError: A path is not there, or no model's; `old` is another release than `earlier`
            has.
    """
    found = impact(old, changed_between(old, new), find_consumers(paths), new, hotfix, earlier)
    notes += [
        f"{m.path} may not run on {new.version}: {SAYS[m.verdict]}"
        for m in found.models
        if m.verdict not in _RUN
    ]
    may = sum(m.verdict in _RUN for m in found.models)
    said = f"{may} of {len(found.models)} may run on {new.version}"
    unread = (Finding(path, why, "save it again") for path, why in found.unread.items())
    return Check("models", said, (*unread, *_accepted(hotfix, found)))


def _accepted(hotfix: Hotfix | None, found: Impact) -> Iterator[Finding]:
    known = {m.fingerprint: m for m in found.models}
    for digest in hotfix.accepts if hotfix is not None else ():
        model = known.get(digest)
        if model is None:
            yield Finding(
                f"accepts {digest}",
                f"none of the {len(known)} models that were looked at has this fingerprint",
                "take it from `featurelib impact`, or name the file of that model: --models",
            )
        elif model.verdict not in _RUN:
            yield Finding(
                f"accepts {digest}",
                f"{model.path} may not run all the same ({SAYS[model.verdict]}): "
                f"{'; '.join(model.reasons)}",
                "take it out of `accepts` and train it again; or declare what it reads",
            )
