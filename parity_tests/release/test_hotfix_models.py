"""Which models run on a fixed bundle: those that it does not concern, and those that it accepts."""

from dataclasses import replace

import pytest

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.errors import LayoutMismatchError
from featurelib.release.hotfix import Hotfix, RowRule
from featurelib.release.hotfix_models import check_model


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
        check_model(MODEL, NEW, is_signed=True)
    check_model(MODEL, NEW, HOTFIX, is_signed=True)


def test_a_model_that_the_fix_does_not_concern_runs() -> None:
    """None of its features changed, so nobody must accept it."""
    model = fl.ModelInputs.of(made("1.0.0", 1, members=("same",)))
    new = made("1.0.1", 2, members=("same",))
    check_model(model, new, replace(HOTFIX, accepts=()), is_signed=False)


REFUSED = {
    "not accepted": (MODEL, NEW, replace(HOTFIX, accepts=("00" * 32,)), "does not accept"),
    "accepts none": (MODEL, NEW, replace(HOTFIX, accepts=()), "does not accept"),
    "another bundle": (MODEL, made("1.0.2", 2), HOTFIX, "is not of this bundle"),
    "another feature": (MODEL, made("1.0.1", 2, other=3.0), HOTFIX, "does not declare `same`"),
    "another layout": (
        MODEL, made("1.0.1", 2, members=("same", "fixed")), HOTFIX, "does not declare",
    ),
    "no declaration": (MODEL, NEW, None, "no hotfix came with it"),
}  # fmt: skip


@pytest.mark.parametrize(("model", "bundle", "hotfix", "says"), REFUSED.values(), ids=REFUSED)
def test_every_other_model_is_refused(model, bundle, hotfix, says: str) -> None:
    """What the model was trained with, what it would get, why the hotfix does not help."""
    with pytest.raises(LayoutMismatchError, match=says) as refused:
        check_model(model, bundle, hotfix, is_signed=True)
    assert refused.value.differences and "Hint:" in str(refused.value)
    assert f"the model {model.fingerprint} may not run on it" in str(refused.value)


def test_a_declaration_that_nobody_signed_accepts_no_model() -> None:
    """Who can write a file could let any model run on any values; the way out is a key."""
    with pytest.raises(LayoutMismatchError, match="no signature says so") as refused:
        check_model(MODEL, NEW, HOTFIX, is_signed=False)
    assert "public_keys=" in str(refused.value)
