"""Zones: the pinned table against `zoneinfo`, local time both ways, and what is refused."""

import random
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.dtypes import DATE, DATETIME, DURATION
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.node import Node, input_node
from featurelib.ops.temporal.calendar import DAY, FIRST_INSTANT, LAST_INSTANT
from featurelib.ops.temporal.pin_zones import read_tzif, zone_lines
from featurelib.ops.temporal.zones import (
    EARLIEST,
    LATEST,
    NULL,
    SHIFT_FORWARD,
    instant_of,
    offset_at,
)
from featurelib.zones import DATA, parse_rule, zone_names, zone_release, zone_table

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
US = timedelta(microseconds=1)
T = input_node("t", DATETIME, False)
EDGY = (
    *("America/New_York", "Europe/London", "Europe/Dublin", "Asia/Kolkata", "Australia/Lord_Howe"),
    *("Pacific/Apia", "America/Nuuk", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Manila"),
)


def oracle(name: str) -> zoneinfo.ZoneInfo:
    """The zone as CPython reads it from the wheel; the system's files may be older."""
    with resources.files("tzdata.zoneinfo").joinpath(name).open("rb") as file:
        return zoneinfo.ZoneInfo.from_file(file, key=name)


def instants(name: str, count: int) -> Iterator[int]:
    """Around every listed transition, and anywhere in years 1 to 9999."""
    for second in zone_table(name).content[2::2]:
        yield from (second * 1_000_000 + d for d in (-1, 0, 1))
    rnd = random.Random(name)
    for _ in range(count):
        # zoneinfo cannot show a local time outside years 1 to 9999.
        yield rnd.randrange(FIRST_INSTANT + DAY, LAST_INSTANT - DAY)
        yield rnd.randrange(1_500_000_000_000_000, 5_000_000_000_000_000)


def test_the_table_is_that_of_the_wheel() -> None:
    """The pinned file is what the generator makes of the tzdata wheel of the same release."""
    import tzdata

    assert zone_release() == tzdata.IANA_VERSION, "run featurelib.ops.temporal.pin_zones"
    package = Path(tzdata.__file__).parent
    lines = zone_lines(package / "zoneinfo", (package / "zones").read_text().split())
    assert DATA.read_text(encoding="ascii").splitlines()[1:] == lines


def test_every_zone_has_the_offsets_of_zoneinfo() -> None:
    """In every zone, around transitions and to year 9999, the offset is zoneinfo's."""
    for name in zone_names():
        place, (words, _) = oracle(name), zone_table(name).encode()
        for t in instants(name, 8):
            offset = (EPOCH + timedelta(microseconds=t)).astimezone(place).utcoffset()
            assert offset is not None
            assert offset_at(t, words) == offset // US, (name, t)


@pytest.mark.parametrize("name", EDGY)
def test_local_time_leads_back_to_its_instant(name: str) -> None:
    """The first or the last instant of a local time is where it came from, never a third."""
    words, _ = zone_table(name).encode()
    for t in instants(name, 200):
        local = t + offset_at(t, words)
        both = [instant_of(local, words, fold, NULL) for fold in (EARLIEST, LATEST)]
        assert (t, True) in both, (name, t)
        once = instant_of(local, words, NULL, NULL)
        assert once == (t, True) if both[0] == both[1] else not once[1], (name, t)


@pytest.mark.parametrize("name", EDGY)
def test_a_gap_is_null_or_where_the_clocks_jump(name: str) -> None:
    """A local time in a gap has no instant; shifted forward it is the transition itself."""
    words, _ = zone_table(name).encode()
    for second in zone_table(name).content[2::2]:
        at = second * 1_000_000
        before, after = offset_at(at - 1, words), offset_at(at, words)
        for local in {at + before, at + after - 1} if after > before else ():
            assert not instant_of(local, words, EARLIEST, NULL)[1], (name, at)
            assert instant_of(local, words, EARLIEST, SHIFT_FORWARD) == (at, True), (name, at)


@given(t=st.integers(-(1 << 63), (1 << 63) - 1), name=st.sampled_from(EDGY))
def test_lookups_are_total(t: int, name: str) -> None:
    """Any 64 bits under a null lead to some answer, never out of the table."""
    words, _ = zone_table(name).encode()
    assert abs(offset_at(t, words)) < DAY
    for fold in (EARLIEST, LATEST, NULL):
        assert type(instant_of(t, words, fold, SHIFT_FORWARD)[1]) is bool


def test_unknown_zones_are_refused_with_the_nearest_names() -> None:
    """A misspelt zone is refused where it is written."""
    with pytest.raises(DefinitionError, match=r"(?s)'America/NewYork'.*America/New_York"):
        zone_table("America/NewYork")
    with pytest.raises(DefinitionError, match="IANA"):
        T.dt.convert_time_zone(5)


@pytest.mark.parametrize("text", ["EST5EDT,J60,M11.1.0", "", "EST", "EST5EDT,M3.2.0"])
def test_rules_beyond_the_table_are_refused(text: str) -> None:
    """A rule that the reader does not know stops the pinning, not a kernel."""
    with pytest.raises(DefinitionError, match="POSIX"):
        parse_rule(text)


def test_old_files_are_refused() -> None:
    """A file without 64-bit times is no source."""
    with pytest.raises(ValueError, match="TZif"):
        read_tzif(b"TZif" + bytes(60))


def test_parts_of_a_zoned_column_are_local() -> None:
    """A part of a zoned column reads its clocks; converting changes the type alone."""
    zoned = T.dt.convert_time_zone("Asia/Tokyo")
    assert str(zoned.dtype) == "Datetime(Asia/Tokyo)"
    assert zoned.dt.hour().args[0].op == "to_local@1"
    assert T.dt.hour().args[0] is T
    assert not zoned.dt.hour().nullable


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: T.dt.replace_time_zone("Asia/Tokyo"), "ambiguous"),
        (lambda: T.dt.replace_time_zone("Asia/Tokyo", ambiguous="raise"), "'raise'"),
        (lambda: T.dt.truncate("1x"), "'1x'"),
        (lambda: T.dt.truncate("0h"), "'0h'"),
        (lambda: T.dt.truncate("1d12h"), "'1d12h'"),
        (lambda: T.dt.truncate("99999y"), "'99999y'"),
        (lambda: input_node("d", DATE, False).dt.truncate("1h"), "'1h'"),
        (lambda: T.dt.epoch("ns"), "'ns'"),
    ],
)
def test_wrong_constants_are_refused_by_value(make: object, says: str) -> None:
    """A wrong rule, unit or stretch is refused where it is written, with its value."""
    with pytest.raises(DefinitionError, match=says):
        make()  # type: ignore[operator]


def test_truncation_is_nullable_only_where_a_start_may_be_missing() -> None:
    """Days, Monday weeks, months and years start in year 1 at the latest; 7 years may not."""
    assert not any(T.dt.truncate(e).nullable for e in ("1h", "15m", "1d", "1w", "1mo", "1q", "1y"))
    assert T.dt.truncate("7y").nullable
    assert T.dt.convert_time_zone("Asia/Tokyo").dt.truncate("1d").nullable


def test_zoned_differences_need_one_zone() -> None:
    """Two zones do not subtract, as in Polars; a duration is refused as a time."""
    from featurelib.ops.temporal import temporal_add, temporal_sub

    zoned: Node = T.dt.convert_time_zone("Asia/Tokyo")
    with pytest.raises(FeatureTypeError, match="one zone"):
        temporal_sub(T, zoned)
    with pytest.raises(FeatureTypeError, match="no meaning"):
        temporal_add(T, T)
    with pytest.raises(FeatureTypeError, match="got Duration"):
        input_node("d", DURATION, False).dt.truncate("1h")
    shifted = temporal_add(zoned, timedelta(hours=1))
    assert shifted is not None
    assert shifted.dtype == zoned.dtype
    assert shifted.nullable
