"""`fit_transform`: a row's fold is left out of what saw the target, and of nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
import featurelib_online
from featurelib.errors import DefinitionError, FitError, InputError
from featurelib_offline import fit, fit_transform, transform
from parity_tests.soak import amount

FOLDS = 3


class Row(fl.Schema):
    """A key, a target that a request need not have, and what rows are put into folds by."""

    user: str
    word: str | None
    paid: float | None = None


word, paid = fl.col("word"), fl.col("paid")
encoded = fl.FeatureSet(
    "encoded", version="1.0.0", inputs=Row,
    features=[
        fl.Feature("mean", version=1, expr=word.target_encode(paid, smoothing=2.5)),
        fl.Feature("high", version=1, expr=word.target_encode(paid > 1.0, smoothing=1) > 0.5),
        fl.Feature("count", version=1, expr=word.count_encode()),
    ],
)  # fmt: skip
ROWS = st.lists(
    st.tuples(
        st.text("uvwxyz", min_size=1, max_size=2),
        st.sampled_from(["a", "b", None]),
        st.none() | st.integers(-8, 8).map(lambda v: v / 4),
    ),
    min_size=12,
    max_size=30,
)


def frame_of(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows as a frame."""
    types = {"user": pl.String, "word": pl.String, "paid": pl.Float64}
    return pl.DataFrame(rows, schema=types, orient="row")


def by_hand(rows: list[tuple[Any, ...]]) -> Iterator[float]:
    """The encoding `mean` of each row, from the rows of other folds."""
    folds = [xxhash.xxh64_intdigest(user.encode(), 5) % FOLDS for user, _, _ in rows]
    for fold, (_, own, _) in zip(folds, rows, strict=True):
        others = [r for f, r in zip(folds, rows, strict=True) if f != fold and r[2] is not None]
        mean = sum((Fraction(p) for _, _, p in others), Fraction(0)) / len(others)
        mine = [Fraction(p) for _, w, p in others if w == own]
        yield float((sum(mine, Fraction(0)) + mean * 5 / 2) / (len(mine) + Fraction(5, 2)))


def has_targets_outside_every_fold(rows: list[tuple[Any, ...]]) -> bool:
    """Whether no fold has all the targets."""
    known = {xxhash.xxh64_intdigest(u.encode(), 5) % FOLDS for u, _, p in rows if p is not None}
    return len(known) > 1


@settings(max_examples=amount(12, soak=400), deadline=None)
@given(ROWS.filter(has_targets_outside_every_fold))
def test_each_row_has_what_the_other_folds_say(rows: list[tuple[Any, ...]]) -> None:
    """In exact arithmetic, rounded once; folds are those of the hash; rows keep their order."""
    made = fit_transform(encoded, frame_of(rows), ["user"], fold_by="user", folds=FOLDS, seed=5)
    assert made.features["mean"].to_list() == list(by_hand(rows))
    assert made.features["user"].to_list() == [user for user, _, _ in rows]
    assert made.out_of_fold == ("mean", "high")


def training() -> pl.DataFrame:
    """Rows of many users."""
    rng = random.Random(3)
    users = [f"user {rng.randrange(60)}" for _ in range(amount(200, soak=20_000))]
    return frame_of([(u, rng.choice(["a", "b", None]), rng.gauss(1.0, 1.0)) for u in users])


def test_the_bundle_and_other_features_are_those_of_fit_and_transform() -> None:
    """The state is of all rows; a feature that sees no target is what serving gives."""
    frame = training()
    made = fit_transform(encoded, frame, fold_by="user", folds=FOLDS)
    assert made.bundle == encoded.bind(fit(encoded, frame))
    served = transform(made.bundle, frame)
    assert made.features["count"].equals(served["count"])
    assert not made.features["mean"].equals(served["mean"])


def test_serving_needs_no_target() -> None:
    """A request without it has what `transform` gives, for a known word and an unknown one."""
    frame = training()
    bundle = fit_transform(encoded, frame, fold_by="user").bundle
    kernel = featurelib_online.compile(bundle)
    for text in ("a", "never seen", None):
        (served,) = transform(bundle, frame_of([("u", text, None)]))["mean"]
        assert kernel({"user": "u", "word": text})["mean"] == served


def test_the_order_of_rows_does_not_show() -> None:
    """Shuffled rows have the same bits, in their new places."""
    frame = training().with_row_index("place")
    mixed = frame.sample(fraction=1.0, shuffle=True, seed=1)
    first = fit_transform(encoded, frame.drop("place"), fold_by="user")
    second = fit_transform(encoded, mixed.drop("place"), fold_by="user", threads=2)
    assert second.bundle == first.bundle
    assert second.features.equals(first.features[mixed["place"]])


def test_frames_of_other_libraries_come_back_as_they_came() -> None:
    """A pyarrow table gives a table, a lazy frame a lazy frame."""
    frame = training()
    want = fit_transform(encoded, frame, fold_by="user").features
    table = fit_transform(encoded, frame.to_arrow(), fold_by="user").features
    assert pl.DataFrame(table).equals(want)
    assert fit_transform(encoded, frame.lazy(), fold_by="user").features.collect().equals(want)


def test_without_a_target_it_is_fit_and_transform() -> None:
    """Nothing is out of fold."""
    plain = fl.FeatureSet(
        "plain", version="1.0.0", inputs=Row,
        features=[fl.Feature("count", version=1, expr=word.count_encode())],
    )  # fmt: skip
    frame = training()
    made = fit_transform(plain, frame, fold_by="user")
    assert made.out_of_fold == ()
    assert made.features.equals(transform(made.bundle, frame))


def test_what_has_no_folds_is_refused_by_name() -> None:
    """One fold, no such column, a column that may be null, files, a fold that has everything."""
    frame = training()
    with pytest.raises(DefinitionError, match="folds=1"):
        fit_transform(encoded, frame, fold_by="user", folds=1)
    with pytest.raises(DefinitionError, match="`usr`, no input column"):
        fit_transform(encoded, frame, fold_by="usr")
    with pytest.raises(DefinitionError, match="`word`, which may be null"):
        fit_transform(encoded, frame, fold_by="word")
    with pytest.raises(InputError, match="takes a frame, got files"):
        fit_transform(encoded, "rows.parquet", fold_by="user")
    with pytest.raises(FitError, match=r"without fold .*`target_mean` of a column without a value"):
        fit_transform(encoded, frame.head(1), fold_by="user")
