"""A small feature set in a module of its own, with rows in files, as a user has it."""

from pathlib import Path

MODULE = '''
import featurelib as fl


class Trip(fl.Schema):
    miles: float
    city: str | None


@fl.feature(version=1, owner="rides", tags=["distance"])
def miles_z(miles: fl.Expr) -> fl.Expr:
    """Miles in training deviations."""
    return miles.standardize().cast(fl.Float32)


@fl.feature(version=2)
def city_index(city: fl.Expr) -> fl.Expr:
    """The city, by how often it is gone to."""
    return city.fill_null("?").vocabulary_index(max_size=3)


trips = fl.FeatureSet("trips", version="1.0.0", inputs=Trip, features=[miles_z, city_index])
'''
GOOD = "miles,city\n1.5,Oslo\n2.5,Rome\n3.0,\n2.0,Oslo\n"
BAD = "miles,city\n1.5,Oslo\n,Rome\n3.0,\n"


def write(folder: Path) -> None:
    """The module and its files."""
    (folder / "trip_features.py").write_text(MODULE, encoding="utf-8")
    (folder / "good.csv").write_text(GOOD, encoding="utf-8")
    (folder / "bad.csv").write_text(BAD, encoding="utf-8")
    (folder / "broken_features.py").write_text("1 / 0\n", encoding="utf-8")
