"""Which models run on a release: those that it does not concern, and those that hotfixes accept."""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.errors import LayoutMismatchError, RegistryAwayError, UnknownReleaseError
from featurelib.release.hotfix import Hotfix, RowRule
from featurelib.release.hotfix_models import Earlier, Link, check_model
from parity_tests.soak import examples


@cache
def made(version: str, number: int, other: float = 1.0, members=("fixed", "same")) -> Bundle:
    a = fl.col("a")
    features = [
        fl.Feature("fixed", version=number, expr=a * float(number)),
        fl.Feature("same", version=1, expr=a + other),
    ]
    return fl.FeatureSet(
        "small",
        version=version,
        inputs=fl.InputSchema.from_fields({"a": float}),
        features=features,
        layout={"dense": list(members)},
    ).bind()


OLD, NEW = made("1.0.0", 1), made("1.0.1", 2)
MODEL = fl.ModelInputs.of(OLD)
HOTFIX = Hotfix(
    "small", "1.0.0", "1.0.1", "why", "who", (MODEL.fingerprint,), NEW.schema,
    {"fixed": RowRule("all")},
)  # fmt: skip


def test_an_accepted_model_runs() -> None:
    """Its fingerprint is named, and the declared feature is all that is different."""
    with pytest.raises(LayoutMismatchError):
        check_model(MODEL, Link(NEW, is_signed=True))
    check_model(MODEL, Link(NEW, HOTFIX, is_signed=True))


def test_a_model_that_the_fix_does_not_concern_runs() -> None:
    """None of its features changed, so nobody must accept it."""
    model = fl.ModelInputs.of(made("1.0.0", 1, members=("same",)))
    new = made("1.0.1", 2, members=("same",))
    check_model(model, Link(new, replace(HOTFIX, accepts=())))


REFUSED = {
    "not accepted": (NEW, replace(HOTFIX, accepts=("00" * 32,)), "does not accept"),
    "accepts none": (NEW, replace(HOTFIX, accepts=()), "does not accept"),
    "another bundle": (made("1.0.2", 2), HOTFIX, "is not of this bundle"),
    "another feature": (made("1.0.1", 2, other=3.0), HOTFIX, "does not declare `same`"),
    "another layout": (made("1.0.1", 2, members=("same", "fixed")), HOTFIX, "does not declare"),
    "no declaration": (NEW, None, "no hotfix came with it"),
}


@pytest.mark.parametrize(("bundle", "hotfix", "says"), REFUSED.values(), ids=REFUSED)
def test_every_other_model_is_refused(bundle: Bundle, hotfix: Hotfix | None, says: str) -> None:
    """What the model was trained with, what it would get, why the hotfix does not help."""
    with pytest.raises(LayoutMismatchError, match=says) as refused:
        check_model(MODEL, Link(bundle, hotfix, is_signed=True))
    assert refused.value.differences and "Hint:" in str(refused.value)
    assert f"the model {MODEL.fingerprint} may not run on it" in str(refused.value)


def test_a_declaration_that_nobody_signed_accepts_no_model() -> None:
    """Who can write a file could let any model run on any values; the way out is a key."""
    with pytest.raises(LayoutMismatchError, match="no signature says so") as refused:
        check_model(MODEL, Link(NEW, HOTFIX))
    assert "public_keys=" in str(refused.value)


# A history: 1.0.0 has number 1; the hotfix 1.0.1 number 2; later releases as each test says.


def fix(old: str, new: str, accepts: bool = True, features: tuple[str, ...] = ("fixed",)) -> Hotfix:
    """A hotfix that accepts the model of 1.0.0, or none."""
    named = (MODEL.fingerprint,) if accepts else ()
    rows = dict.fromkeys(features, RowRule("all"))
    return replace(HOTFIX, from_version=old, to_version=new, accepts=named, rows=rows)


ORIGIN = Link(OLD, None, True)
FIRST = Link(NEW, HOTFIX, True, "1.0.0")


def history(*links: Link) -> Earlier:
    """Releases by version, as a registry gives them."""
    known = {link.bundle.version: link for link in links}

    def earlier(version: str) -> Link:
        if version not in known:
            raise UnknownReleaseError(f"no release small {version}", hint="release it")
        return known[version]

    return earlier


def test_a_later_release_that_keeps_what_a_hotfix_fixed_keeps_the_model() -> None:
    """However many releases follow that are no hotfix, or fix something else."""
    minor = Link(made("1.1.0", 2), None, True, "1.0.1")
    other = Link(made("1.1.1", 2, other=3.0), fix("1.1.0", "1.1.1", True, ("same",)), True, "1.1.0")
    major = Link(made("2.0.0", 2, other=3.0), None, True, "1.1.1")
    earlier = history(ORIGIN, FIRST, minor, other)
    for served in (minor, other, major):
        check_model(MODEL, served, earlier)


def refused(served: Link, *links: Link) -> str:
    with pytest.raises(LayoutMismatchError) as error:
        check_model(MODEL, served, history(*links))
    assert error.value.hint and "train the model again" in error.value.hint
    return " ".join(str(error.value).split())


def test_a_second_hotfix_must_accept_the_model_again() -> None:
    """What it moves is its to answer for; the refusal names it and says the way out."""
    bundle = made("1.0.2", 3)
    again = Link(bundle, fix("1.0.1", "1.0.2"), True, "1.0.1")
    check_model(MODEL, again, history(ORIGIN, FIRST))
    silent = Link(bundle, fix("1.0.1", "1.0.2", accepts=False), True, "1.0.1")
    said = refused(silent, ORIGIN, FIRST)
    assert "hotfix 1.0.1 to 1.0.2 of small moves `fixed` and does not accept it" in said
    assert "name it in `accepts` of a hotfix" in said
    after = Link(made("1.1.0", 3), None, True, "1.0.2")
    assert "hotfix 1.0.1 to 1.0.2" in refused(after, ORIGIN, FIRST, silent)
    check_model(MODEL, after, history(ORIGIN, FIRST, again))


def test_a_later_hotfix_may_accept_what_an_earlier_release_moved() -> None:
    """To accept is a word about the values that are served, so it mends a broken chain."""
    silent = Link(NEW, fix("1.0.0", "1.0.1", accepts=False), True, "1.0.0")
    minor = Link(made("1.1.0", 2), None, True, "1.0.1")
    assert "does not accept it" in refused(minor, ORIGIN, silent)
    mended = Link(made("1.1.1", 2), fix("1.1.0", "1.1.1"), True, "1.1.0")
    check_model(MODEL, mended, history(ORIGIN, silent, minor))
    check_model(MODEL, Link(made("1.2.0", 2), None, True, "1.1.1"), history(mended, minor))


MINOR = Link(made("1.1.0", 2), None, True, "1.0.1")
BROKEN = {
    "a release is missing": ([ORIGIN], "1.1.0 follows 1.0.1, where a hotfix may have accepted it"),
    "no signature": ([ORIGIN, replace(FIRST, is_signed=False)], "no signature says so"),
    "no hotfix": ([ORIGIN, replace(FIRST, declaration=None)], "small 1.0.1 has another `fixed`"),
    "of another version": (
        [ORIGIN, replace(FIRST, declaration=fix("1.0.0", "1.0.2"))], "is not of this bundle",
    ),
    "declares another feature": (
        [ORIGIN, replace(FIRST, declaration=fix("1.0.0", "1.0.1", True, ("same",)))],
        "does not declare `fixed`",
    ),
    "other values than the hotfix left": (
        [ORIGIN, replace(FIRST, bundle=made("1.0.1", 3))], "no hotfix came with it: small 1.1.0",
    ),
    "follows itself": ([replace(FIRST, declaration=None, previous="1.0.1")], "is not older"),
    "begins otherwise": (
        [replace(FIRST, declaration=None, previous=None)], "the first release",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("links", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_chain_is_named(links: list[Link], says: str) -> None:
    """The release where it breaks, and why it links nothing."""
    assert says in refused(MINOR, *links)


def test_a_hotfix_declares_no_tensor() -> None:
    """Another layout is refused, and nobody is told to accept it."""
    served = Link(made("1.1.0", 2, members=("same", "fixed")), None, True, "1.0.1")
    said = refused(served, ORIGIN, FIRST)
    assert "another tensor `dense`" in said and "name it in `accepts`" not in said


def test_a_registry_that_is_away_is_no_verdict() -> None:
    """Who asks may ask again."""

    def away(version: str) -> Link:
        raise RegistryAwayError("it does not answer", hint="wait")

    with pytest.raises(RegistryAwayError):
        check_model(MODEL, MINOR, away)


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 3), st.sampled_from(["none", "hotfix", "yes"])),
        min_size=1,
        max_size=4,
    )
)
@examples(25, 500)
def test_a_model_runs_if_and_only_if_every_value_came_by_a_hotfix_that_accepts_it(
    steps: list[tuple[int, int, str]],
) -> None:
    """Over any history of two features, as a walk forwards says it: what each is allowed to be."""
    links, allowed, was = [ORIGIN], {"fixed": {1}, "same": {1}}, {"fixed": 1, "same": 1}
    for i, (number, other, kind) in enumerate(steps):
        now = {"fixed": number, "same": other}
        moved = tuple(n for n in now if now[n] != was[n])
        version, before = f"1.0.{i + 1}", f"1.0.{i}"
        declaration = None
        if kind != "none" and moved:
            declaration = fix(before, version, kind == "yes", moved)
        for name in moved:
            accepted = declaration is not None and kind == "yes"
            allowed[name] = {1, now[name]} if accepted else {1}
        links.append(Link(made(version, number, float(other)), declaration, True, before))
        was = now
    may = all(was[n] in allowed[n] for n in was)
    try:
        check_model(MODEL, links[-1], history(*links))
        assert may
    except LayoutMismatchError:
        assert not may
