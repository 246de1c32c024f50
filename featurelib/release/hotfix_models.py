"""May a model run on a release? Only on what it was trained with, or what hotfixes accept it for.

What a model reads may be otherwise than in its training only where a hotfix made it so: a signed
declaration names the feature and accepts this very model. Later releases that keep the feature as
the hotfix left it keep the model; one that moves it again, another hotfix too, must accept the
model anew. So the releases are looked at backwards, each with the one that it follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from featurelib.bundle import Bundle
from featurelib.errors import LayoutMismatchError, RegistryAwayError, ReleaseError
from featurelib.model_inputs import ModelInputs
from featurelib.release.hotfix import Hotfix
from featurelib.release.versions import parse

if TYPE_CHECKING:
    from featurelib.release import Registry, Release

__all__ = ["Earlier", "Link", "Refusal", "check_model", "earlier_in", "refusal"]

_ACCEPT = "; or, if it may go on, name it in `accepts` of a hotfix"
_SIGN = '; or sign the release, and give its key: Registry(..., public_keys=["...pub"])'
_PUT_BACK = "; or put that release back from a copy of the registry"


@dataclass(frozen=True)
class Link:
    """A release, as far as it says which models may run on it.

    Attributes:
        bundle: Its bundle.
        declaration: Of a hotfix.
        is_signed: Whether a trusted signature of the release was checked: anybody can write that a
            model is accepted.
        previous: The version that it follows, None for the first, or where that is not known.
    """

    bundle: Bundle
    declaration: Hotfix | None = None
    is_signed: bool = False
    previous: str | None = None

    @staticmethod
    def of(release: Release) -> Link:
        """A release that a registry gave."""
        is_signed = release.signed_by is not None
        return Link(release.bundle, release.declaration, is_signed, release.manifest.previous)

    @property
    def name(self) -> str:
        """Set and version."""
        return f"{self.bundle.name} {self.bundle.version}"


Earlier = Callable[[str], Link]
"""Gives the release of a version after every check, or raises a `ReleaseError`."""


def earlier_in(registry: Registry, set_name: str) -> Earlier:
    """The releases of a set in a registry, each read and verified once.

    Args:
        registry: The registry, with the public keys that are trusted.
        set_name: The feature set.
    """
    return cache(lambda version: Link.of(registry.fetch(set_name, version)))


@dataclass(frozen=True)
class Refusal:
    """Why a model may not run on a release.

    Attributes:
        error: What is not as in its training: both sides of each difference.
        why: Which release of the history made it so, and why no hotfix links the model to it.
        way_out: What can be done besides training again.
    """

    error: LayoutMismatchError
    why: str
    way_out: str


def check_model(model: ModelInputs, served: Link, earlier: Earlier | None = None) -> None:
    """Refuses a release that a model was not trained for, and that no signed hotfix links to it.

    A model whose features did not change runs without a word of a hotfix.

    Args:
        model: What the model remembers of its inputs.
        served: The release that is to serve it.
        earlier: Gives the releases before it, where they are needed; None where there are none to
            be had, and only the declaration of `served` counts.

    Raises:
        LayoutMismatchError: The release gives the model something else than it was trained with,
            and not all of that came by signed hotfixes which declare it and accept the model. The
            message names the release where the chain breaks, and the way out.
        RegistryAwayError: An earlier release is needed, and the registry does not answer.
    """
    refused = refusal(model, served, earlier)
    if refused is None:
        return
    error = refused.error
    message = str(error).removesuffix(f"\nHint: {error.hint}")
    raise LayoutMismatchError(
        f"{message}\nthe model {model.fingerprint} may not run on it: {refused.why}",
        differences=error.differences,
        hint=f"{error.hint}{refused.way_out}",
    )


def refusal(model: ModelInputs, served: Link, earlier: Earlier | None = None) -> Refusal | None:
    """Why `check_model` refuses a release, None if it does not.

    Raises:
        RegistryAwayError: See `check_model`.
    """
    try:
        model.check(served.bundle)
    except LayoutMismatchError as error:
        broken = _broken([what for what, _, _ in error.differences], model, served, earlier)
        return None if broken is None else Refusal(error, *broken)
    return None


def _broken(
    differs: list[str], model: ModelInputs, served: Link, earlier: Earlier | None
) -> tuple[str, str] | None:
    """Where the chain of hotfixes to the model breaks, and the way out; None if it is whole."""
    link = served
    while True:
        differs = _not_accepted(differs, model, link)
        if not differs:
            return None
        if earlier is None or link.previous is None:
            return _reason(differs, model, link, is_first=earlier is not None)
        if parse(link.previous) >= parse(link.bundle.version):
            return f"{link.name} says that it follows {link.previous}, which is not older", ""
        try:
            before = earlier(link.previous)
        except RegistryAwayError:
            raise
        except ReleaseError as error:
            said = str(error).removesuffix(f"\nHint: {error.hint}")
            follows = f"{link.name} follows {link.previous}, where a hotfix may have accepted it"
            return f"{follows}, and that release cannot be read: {said}", _PUT_BACK
        moved = [what for what in differs if _is_moved(what, before.bundle, link.bundle)]
        if moved:
            return _reason(moved, model, link)
        link = before


def _not_accepted(differs: list[str], model: ModelInputs, link: Link) -> list[str]:
    """What of the differences the release does not declare in a hotfix that accepts the model."""
    fix = link.declaration
    if fix is None or not (link.is_signed and _is_of(fix, link.bundle)):
        return differs
    if model.fingerprint not in fix.accepts:
        return differs
    declared = _named(fix.rows)
    return [what for what in differs if what not in declared]


def _is_moved(what: str, before: Bundle, after: Bundle) -> bool:
    """Whether a release made a feature other than it was; what is no feature counts as moved."""
    name = _named(after.fingerprints).get(what)
    return name is None or before.fingerprints.get(name) != after.fingerprints[name]


def _reason(
    differs: list[str], model: ModelInputs, link: Link, is_first: bool = False
) -> tuple[str, str]:
    """Why a release does not link what it moved to the model, and what one can do then.

    Args:
        differs: What is not as the model knows it.
        model: The model.
        link: The release.
        is_first: Whether it follows none, so that nobody moved anything.
    """
    fix, what = link.declaration, ", ".join(differs)
    is_declarable = all(what in _named(link.bundle.fingerprints) for what in differs)
    accept = _ACCEPT if is_declarable else ""
    if fix is None:
        if is_first:
            return f"{what} was so in {link.name} already, which is the first release", ""
        return f"no hotfix came with it: {link.name} has another {what}", accept
    this = f"the hotfix {fix.from_version} to {fix.to_version} of {fix.set}"
    undeclared = [d for d in differs if d not in _named(fix.rows)]
    if not _is_of(fix, link.bundle):
        return f"{this} is not of this bundle, {link.name}", ""
    if undeclared:
        return f"{this} does not declare {', '.join(undeclared)}", ""
    if model.fingerprint not in fix.accepts:
        return f"{this} moves {what} and does not accept it", accept
    return f"{this} accepts it, but no signature says so", _SIGN


def _is_of(fix: Hotfix, bundle: Bundle) -> bool:
    return (bundle.name, bundle.version) == (fix.set, fix.to_version)


def _named(features: Iterable[str]) -> dict[str, str]:
    """Features by how differences name them."""
    return {f"`{name}`": name for name in features}
