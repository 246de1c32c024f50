"""A feature set with aggregates over two sources, for the tests of the parity check."""

from __future__ import annotations

import datetime as dt

import featurelib as fl
from featurelib.windows import EventSource, calendar, last, rows, session


class Trade(fl.Schema):
    """A record of a trade."""

    account: str
    at: fl.Datetime
    id: int
    received: fl.Datetime
    seq: fl.Int32
    gone: bool | None
    amount: float | None
    units: int


class Login(fl.Schema):
    """A record of a login; it arrives when it happens."""

    user: int
    at: fl.Datetime
    id: str
    device: str | None


class Request(fl.Schema):
    """What a service is asked."""

    account: str
    other: str
    user: int
    now: fl.Datetime
    limit: float


TRADES = EventSource(
    "trades", Trade, key="account", time="at", id="id", arrival="received", sequence="seq",
    deleted="gone", max_lateness=dt.timedelta(hours=6), max_ahead=dt.timedelta(minutes=5),
    max_events=40,
)  # fmt: skip
LOGINS = EventSource("logins", Login, key="user", time="at", id="id", max_events=25)
DAY = TRADES.over(last(days=1))

AGGREGATES = {
    "trades_1d": DAY.count(),
    "amount_1d": DAY.sum(fl.col("amount")),
    "other_1d": DAY.sum(fl.col("units")).on("other"),
    "large_last": TRADES.over(rows(5)).where(fl.col("amount") >= 100.0).mean(fl.col("amount")),
    "median_1d": DAY.quantile(fl.col("amount"), 0.5, rule="linear"),
    "visit": LOGINS.over(session(dt.timedelta(hours=1))).count(),
    "logins_today": LOGINS.over(calendar("day", "America/New_York")).count(),
    "devices": LOGINS.over(last(days=30)).n_unique(fl.col("device").hash_bucket(1000)),
}


@fl.feature(version=1)
def share(amount_1d: fl.Expr, limit: fl.Expr) -> fl.Expr:
    """How much of the limit the last day took."""
    return amount_1d.fill_null(0.0) / limit


@fl.feature(version=1)
def busy(trades_1d: fl.Expr, other_1d: fl.Expr, logins_today: fl.Expr, devices: fl.Expr) -> fl.Expr:
    """Whether much goes on."""
    trades = trades_1d.fill_null(99) > other_1d.fill_null(3)
    return trades | (logins_today.fill_null(99) > devices.fill_null(0))


SET = fl.FeatureSet(
    "trading", version="1.0.0", inputs=Request, features=[share, busy], aggregates=AGGREGATES,
    as_of="now",
)  # fmt: skip
