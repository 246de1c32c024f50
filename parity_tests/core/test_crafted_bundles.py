"""What passes the reader of bundles is safe to compile, however it was written."""

from __future__ import annotations

import dataclasses
import random

import pytest

import featurelib as fl
import featurelib_online as online
from featurelib import borders
from featurelib.bundle import META, Bundle
from featurelib.errors import BundleError, FeaturelibError, InputError
from featurelib.fields import InputSchema
from featurelib.layout import Layout
from featurelib.program import Program
from parity_tests.core.crafted import mutate
from parity_tests.core.rows import bits, reference_rows
from parity_tests.core.small_sets import ROW, rich_bundle

BUNDLE = rich_bundle()
PARTS = {
    "program": (BUNDLE.program.to_json(), Program.from_json),
    "state": (BUNDLE.state.to_json(), fl.FittedState.from_json),
    "layout": (BUNDLE.layout.to_json(), Layout.from_json),
    "schema": (BUNDLE.schema.to_json(), InputSchema.from_json),
}
NAMELESS = dict(zip(META, (1, "", "", []), strict=True))


def crafted(choose: random.Random) -> bytes | None:
    """The file of a bundle one of whose parts was altered, if it can be written at all.

    Digests and fingerprints are made anew, as a forger would.
    """
    name = choose.choice(["program", "program", "program", *PARTS])
    data, read = PARTS[name]
    for _ in range(choose.choice((1, 1, 2))):
        data = mutate(data, choose)
    try:
        made = dataclasses.replace(BUNDLE, **{name: read(data)})
        meta = {n: BUNDLE.meta.get(n, NAMELESS) for n in made.program.outputs}
        return dataclasses.replace(made, meta=meta).to_bytes()
    except (FeaturelibError, ValueError, TypeError, LookupError):
        return None  # the parts do not even make a file


@pytest.mark.parametrize("seed", range(3))
def test_a_forged_bundle_is_refused_or_computes_what_the_reference_computes(seed) -> None:
    """No forged part crashes the process or leads the engines apart: it is refused, or it runs."""
    choose = random.Random(seed)
    files = [crafted(choose) for _ in range(80)]
    ran = 0
    for data in filter(None, files):
        try:
            made = Bundle.from_bytes(data)
        except BundleError:
            continue
        if made == BUNDLE:
            continue
        ran += 1
        kernel = online.compile(made)
        try:
            row = kernel(ROW)
            batch = kernel.many([ROW] * 3)
        except InputError:
            continue  # another input schema
        values = {f.name: borders.canonical(ROW[f.name], f) for f in made.schema}
        (expected,) = reference_rows(made.program, made.state, [values])
        assert {n: bits(row.canonical(n)) for n in row} == expected
        assert len(batch) == 3
    assert ran, "no forged bundle was readable: the test says nothing"


@pytest.mark.parametrize(
    "kind", ["f64", "zone", "unicode_case", "integers", "regex", "regex_finder"]
)
def test_a_fitted_table_of_another_kind_is_refused(kind) -> None:
    """A vocabulary that is a zone would be read by another layout than it has."""
    from featurelib.tables import TableData
    from featurelib.zones import zone_table

    contents = {
        "f64": (1.0,),
        "integers": (1,),
        "unicode_case": ("lower", "17.0.0"),
        "regex": ("a.", "1"),
        "regex_finder": ("a.", "1"),
    }
    content = contents.get(kind, ())
    other = zone_table("UTC") if kind == "zone" else TableData(kind, content)
    key = next(n.key for n in BUNDLE.program.fits if n.dtype.table == "strings")
    state = BUNDLE.state.to_json()
    from featurelib import dtypes, literals

    state[key] = {
        "type": dtypes.to_json(dtypes.table_type(kind)),
        "value": literals.canonical(other),
    }
    forged = dataclasses.replace(BUNDLE, state=fl.FittedState.from_json(state))
    with pytest.raises(BundleError, match="expected"):
        Bundle.from_bytes(forged.to_bytes())
