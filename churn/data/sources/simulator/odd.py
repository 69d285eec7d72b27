"""Odd logs: small made-up tables with what engines are likely to read differently, to compare engines by."""

from collections.abc import Callable, Sequence
from datetime import UTC, date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.random import Generator

ZONES = (  # with daylight saving of an hour and of half of one, in either half of the year, and with odd offsets
    *("UTC", "Asia/Seoul", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"),
    *("Asia/Kathmandu", "Pacific/Auckland", "America/Sao_Paulo", "Asia/Kolkata"),
)
_BEGINS = ("2024-02-20", "2024-10-15", "2023-09-20", "1999-12-10", "1969-12-01", "2018-10-20")
_DAYS = 45
_NAMES = [
    "ada",
    "Ada",
    "Zoë",
    "김",
    "_x",
    "10",
    "9",
    "07",
    "7",
    "ben ",
    "o'neil",
    "a\\b",
    "é",
    "e\N{COMBINING ACUTE ACCENT}",
]
_TYPES = ["post", "comment", "like", "댓글", "Post", "a'b", "rare one"]
_NO_TIMES = ["soon", "2024-02-30", "", "24:00", "2024-13-01", "now", "infinity", "12d"]
_NO_AMOUNTS = ["some", "", "1,2,3", "NaN?", "--5"]
Drawn = tuple[dict[str, pa.Table], dict[str, Any]]


def odd_log(seed: int) -> Drawn:
    """Tables by name, and the keys of a `data:` block with which they are to be read.

    Example:
        >>> tables, keys = odd_log(0)
        >>> keys["events"], "user_id" in tables["events"].column_names
        ('events', True)
    """
    rng = np.random.default_rng([seed, 23])
    begin = pd.Timestamp(str(rng.choice(_BEGINS)))
    ids = _ids(rng)
    tables = {"events": _events(rng, begin, ids)}
    if rng.random() < 0.6:
        tables["stickers"] = _stickers(rng, begin, ids)
    if rng.random() < 0.5:
        tables["members"] = _members(rng, begin, ids)
    return tables, {name: name for name in tables} | _keys(rng, begin, tables["events"])


def _keys(rng: Generator, begin: pd.Timestamp, events: pa.Table) -> dict[str, Any]:
    keys: dict[str, Any] = {"zone": str(rng.choice(ZONES)), "deduplicate": bool(rng.random() < 0.3), "features": []}
    keys["negative"] = str(rng.choice(["reject", "drop", "keep"]))
    if rng.random() < 0.4:
        keys["first_day"] = str((begin + pd.Timedelta(days=5)).date())
        keys["last_day"] = str((begin + pd.Timedelta(days=_DAYS - 5)).date())
    if "event" in events.column_names:
        keys["max_event_types"] = int(rng.integers(1, 6))
        keys |= {"allowed_events": ["post", "comment", "댓글"]} if rng.random() < 0.2 else {}
        keys |= {"activity_events": ["post"]} if rng.random() < 0.2 else {}
    return keys


def _ids(rng: Generator) -> Callable[[Sequence[int]], pa.Array]:
    """The way in which a log writes users, given by number, -1 for none."""
    kind = rng.choice(["names", "numbers", "floats", "spelt"])
    if kind == "names":
        return lambda users: pa.array([None if u < 0 else _NAMES[u % len(_NAMES)] for u in users])
    if kind == "numbers":
        return lambda users: pa.array([None if u < 0 else int(u) * 977 for u in users], pa.int64())
    if kind == "floats":
        return lambda users: pa.array([None if u < 0 else float(u) + 0.5 * (u == 3) for u in users], pa.float64())
    return lambda users: pa.array([None if u < 0 else str(u) if k % 3 else f"{u}.0" for k, u in enumerate(users)])


def _users(rng: Generator, n: int, *, most: int, absent: float) -> list[int]:
    drawn = (rng.random(n) ** 2 * most).astype(int)
    return [-1 if gone else int(user) for user, gone in zip(drawn, rng.random(n) < absent, strict=True)]


def _events(rng: Generator, begin: pd.Timestamp, ids: Callable[[Sequence[int]], pa.Array]) -> pa.Table:
    n = int(rng.integers(150, 500))
    users = _users(rng, n, most=9, absent=0.02)
    columns = {"user_id": ids(users), "timestamp": _times(rng, begin, n)}
    if rng.random() < 0.8:
        others = _users(rng, n, most=14, absent=0.02)
        columns["actor_id"] = ids(
            [o if fan else u for u, o, fan in zip(users, others, rng.random(n) < 0.5, strict=True)]
        )
    if rng.random() < 0.85:
        kinds = [_TYPES[min(int(rng.exponential(1.2)), len(_TYPES) - 1)] for _ in range(n)]
        columns["event"] = pa.array([None if gone else k for k, gone in zip(kinds, rng.random(n) < 0.02, strict=True)])
    if rng.random() < 0.3:
        columns["event_id"] = pa.array([str(number) for number in rng.integers(0, n * 5, n)])
    table = pa.table(columns)
    return pa.concat_tables([table, table.slice(0, int(rng.integers(0, 60)))]) if rng.random() < 0.4 else table


def _stickers(rng: Generator, begin: pd.Timestamp, ids: Callable[[Sequence[int]], pa.Array]) -> pa.Table:
    n = int(rng.integers(20, 120))
    columns = {"user_id": ids(_users(rng, n, most=9, absent=0.03)), "timestamp": _times(rng, begin, n)}
    whole = rng.integers(-3, 40, n) * 0.25  # sums of which are exact in any order
    kind = rng.choice(["none", "floats", "whole", "text", "decimals"])
    if kind == "floats":
        odd = rng.choice([np.nan, np.inf, -np.inf], n)
        columns["amount"] = pa.array(np.where(rng.random(n) < 0.05, odd, whole), mask=rng.random(n) < 0.03)
    elif kind == "whole":
        columns["amount"] = pa.array(rng.integers(-3, 40, n), mask=rng.random(n) < 0.03)
    elif kind == "text":
        told = [str(rng.choice(["{} EUR", "{}", " $ {}", "{}0"])).format(f"{w:.2f}") for w in whole]
        columns["amount"] = pa.array([str(rng.choice(_NO_AMOUNTS)) if rng.random() < 0.04 else word for word in told])
    elif kind == "decimals":
        columns["amount"] = pa.array(whole).cast(pa.decimal128(12, 2))
    return pa.table(columns)


def _members(rng: Generator, begin: pd.Timestamp, ids: Callable[[Sequence[int]], pa.Array]) -> pa.Table:
    users = [int(user) for user in rng.permutation(9)[: int(rng.integers(4, 9))]]
    users += [-1] * int(rng.integers(0, 2)) + users[: int(rng.integers(0, 3))]
    joined = [begin - pd.Timedelta(days=int(day)) for day in rng.integers(-20, 200, len(users))]
    dates = pa.array([day.date() for day in joined])
    return pa.table({"user_id": ids(users), "joined": dates, "plan": pa.array(rng.choice(["a", "b"], len(users)))})


def _times(rng: Generator, begin: pd.Timestamp, n: int) -> pa.Array:
    """Moments in one of the forms that logs have them in, with some that are missing, unreadable or far away."""
    seconds = rng.integers(0, _DAYS * 86_400, n)
    seconds = np.where(rng.random(n) < 0.2, seconds // 3_600 * 3_600, seconds)
    moments = [
        begin + pd.Timedelta(seconds=int(s)) + pd.Timedelta(microseconds=int(u))
        for s, u in zip(seconds, rng.choice([0, 1, 999_999, 500_000], n), strict=True)
    ]
    far = [
        pd.Timestamp("1850-06-01"),
        pd.Timestamp("2199-12-31 23:30"),
        pd.Timestamp("1950-01-01"),
        pd.Timestamp("2230-01-01"),
    ]
    moments = [far[int(rng.integers(4))] if rng.random() < 0.01 else moment for moment in moments]
    gone = rng.random(n) < 0.02
    return _FORMS[int(rng.integers(len(_FORMS)))](rng, moments, gone)


def _whole(unit: int) -> Callable[[Generator, list[pd.Timestamp], Any], pa.Array]:
    """Whole numbers since 1970, in some unit of a second."""
    return lambda rng, moments, gone: pa.array([m.value // (10**9 // unit) for m in moments], pa.int64(), mask=gone)


def _seconds(_: Generator, moments: list[pd.Timestamp], gone: Any) -> pa.Array:
    return pa.array([m.value / 1e9 for m in moments], pa.float64(), mask=gone)


def _typed(zone: str | None) -> Callable[[Generator, list[pd.Timestamp], Any], pa.Array]:
    return lambda rng, moments, gone: pa.array(
        [m.tz_localize(UTC).to_pydatetime() if zone else m.to_pydatetime() for m in moments],
        pa.timestamp("us", zone),
        mask=gone,
    )


def _dates(_: Generator, moments: list[pd.Timestamp], gone: Any) -> pa.Array:
    days: list[date] = [moment.date() for moment in moments]
    return pa.array(days, pa.date32(), mask=gone)


def _texts(*forms: str) -> Callable[[Generator, list[pd.Timestamp], Any], pa.Array]:
    """Text, each value in one of some forms of strftime, with an offset or a zone where the form has one."""

    def written(rng: Generator, moments: list[pd.Timestamp], gone: Any) -> pa.Array:
        chosen = rng.choice(forms, len(moments))
        found = [m.strftime(str(form)) for m, form in zip(moments, chosen, strict=True)]
        odd = rng.random(len(moments)) < 0.03
        return pa.array([str(rng.choice(_NO_TIMES)) if o else t for o, t in zip(odd, found, strict=True)], mask=gone)

    return written


_FORMS: tuple[Callable[[Generator, list[pd.Timestamp], Any], pa.Array], ...] = (
    *(_typed(zone) for zone in (None, "UTC", "America/New_York")),
    _dates,
    *(_whole(unit) for unit in (1, 1_000, 1_000_000, 10**9)),
    _seconds,
    _texts("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"),
    _texts("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.%fZ", "%Y-%m-%d"),
    _texts("%Y-%m-%d %H:%M:%S+09:00", "%Y-%m-%d %H:%M:%S-0330", "%Y-%m-%dT%H:%M:%S+05"),
    _texts("%Y/%m/%d %H:%M", "%Y%m%dT%H%M%S", "%Y.%m.%d", "%Y-%m-%d %H:%M:%S,%f"),
    _texts("%Y-%m-%d %H:%M:%S Europe/Berlin", "%Y-%m-%dT%H:%M:%S[America/New_York]", "%Y-%m-%d %H:%M"),
    _texts("%Y%m%d"),
)
