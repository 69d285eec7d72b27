"""Reasons compared with the raw tables, by other means than the package's own: pandas and regular expressions."""

import re
from itertools import pairwise

import numpy as np
import pandas as pd

DAYS, RATE = r"(?P<days>[\d,]+) days?", r"(?P<rate>none|[\d.,]+)(?P<unit> a week| in [\d,]+ days?)?"
FACTS = {
    "silence": rf"none for {DAYS}",
    "known": rf"(?P<n>none|[\d.,]+) (?:in all|on the) {DAYS} known",
    "last": rf"(?P<n>none|[\d.,]+) in the last {DAYS}",
    "since": r"(?P<n>[\d.,]+) since (?P<date>\d+ \w+)",
}
ROLES = {"own activity": ("own ", ""), "fans’ activity": ("fan ", ""), "activity elsewhere": ("", " elsewhere")}
WEEKS = ["active days in the last week", *(f"active days {n} days ago" for n in ("8 to 14", "15 to 21", "22 to 28"))]
FANS = "fans in four weeks"
SHARES = {
    "the busiest fan’s share of fans’ activity in four weeks": lambda events, first, last: events.max() / events.sum(),
    "the share of fans in four weeks who came in the last week alone": lambda events, first, last: (first <= 7).mean(),
    "the share of fans in four weeks who are silent everywhere for a week": lambda events, first, last: (
        last > 7
    ).mean(),
}
PER_DAY = " per day known, two weeks added"
LAST_DAY = (
    *SHARES,
    "days since",
    "tenure",
    "total ",
    "active days",
    "mean gap",
    "spread of",
    "last gap",
    "the last week",
)
RISK = ", which the model reads as a risk"


def number(text):
    """What is written, and half of its last digit."""
    if text == "none":
        return 0.0, 0.0
    plain = text.replace(",", "")
    decimals = len(plain.partition(".")[2])
    return float(plain), 0.5 * 10**-decimals + 1e-9


class Log:
    """Daily series of every user's counts before a cutoff, from the raw tables."""

    def __init__(self, frames, cutoff, *, history_days, at_risk_days=7):
        self.cutoff, self.history_days = pd.Timestamp(cutoff), history_days
        events = _by_day(frames["events"])
        self.start = events.day.min()
        events = events[events.day < self.cutoff]
        own = events.user_id == events.actor_id
        self.events, self.last_seen = events[~own], events.groupby("actor_id").day.max()
        parts = [
            (events[own], "own {}", "user_id"),
            (events[~own], "fan {}", "user_id"),
            (events[~own], "{} elsewhere", "actor_id"),
        ]
        rows = [
            pd.DataFrame({"user": part[who], "day": part.day, "name": part.event.map(form.format), "value": 1.0})
            for part, form, who in parts
        ]
        if "stickers" in frames:
            gifts = _by_day(frames["stickers"])
            gifts = gifts[gifts.day < self.cutoff]
            for name, value in (("stickers received", 1.0), ("sticker amount", gifts.amount)):
                rows.append(pd.DataFrame({"user": gifts.user_id, "day": gifts.day, "name": name, "value": value}))
        self.rows = pd.concat(rows)
        joined = {}
        if "members" in frames:
            joined = frames["members"].set_index("user_id").joined.to_dict()
        seen = self.rows.groupby("user").day.min()
        self.begin = {user: max(min(day, joined.get(user, day)), self.start) for user, day in seen.items()}
        self.active = events[own].groupby("user_id").day.max()
        self.acts = events[own].groupby("user_id").day.apply(lambda days: sorted(set(days))).to_dict()
        recent = self.active >= self.cutoff - pd.Timedelta(days=at_risk_days)
        self.at_risk = [user for user in self.active.index[recent] if not joined or user in joined]
        self.joined = joined
        self.days = {key: dict(zip(part.day, part.value, strict=True)) for key, part in self._sums()}
        self.averages = {}

    def _sums(self):
        sums = self.rows.groupby(["user", "name", "day"]).value.sum().reset_index()
        return sums.groupby(["user", "name"])

    def total(self, user, name, days, until=0):
        """The sum over some days that end so many days before the cutoff."""
        found = self.days.get((user, name), {})
        ago = {(self.cutoff - day).days - until: value for day, value in found.items()}
        return sum(value for days_ago, value in ago.items() if 1 <= days_ago <= days)

    def known(self, user):
        return (self.cutoff - self.begin[user]).days

    def others(self, name):
        """The average per user and day of everyone at risk, of the days that each could have had."""
        if name not in self.averages:
            days = sum(min(self.known(user), self.history_days) for user in self.at_risk)
            totals = [self.total(user, name, self.history_days) for user in self.at_risk]
            self.averages[name] = sum(totals) / days
        return self.averages[name]

    def others_last_day(self, name):
        """The average of everyone at risk, as of the day before the cutoff."""
        if name not in self.averages:
            self.averages[name] = sum(self.last_day(user, name) for user in self.at_risk) / len(self.at_risk)
        return self.averages[name]

    def usual(self, user, name):
        days = min(self.known(user) - self.history_days, 56)
        return self.total(user, name, days, until=self.history_days) / days

    def last_day(self, user, name):
        if name == FANS or name in SHARES:
            return self._people(user, name)
        if name in WEEKS or "gap" in name or name.endswith((" in four weeks", PER_DAY)):
            return self._context(user, name)
        if name == "days since activity":
            return (self.cutoff - self.active[user]).days - 1
        if name.startswith("tenure"):
            days = (self.cutoff - self.joined.get(user, self.begin[user])).days - 1
            return min(days, 28) if "four weeks" in name else days
        if name.endswith(" a day so far"):
            return self.total(user, name.removesuffix(" a day so far"), 10_000) / self.known(user)
        return self.total(user, name.removeprefix("total "), 10_000)

    def _context(self, user, name):
        """What is known of a user at the cutoff beside the history."""
        ago = [(self.cutoff - day).days for day in self.acts[user]]
        if name in WEEKS:
            return sum(7 * WEEKS.index(name) < days <= 7 * WEEKS.index(name) + 7 for days in ago)
        gaps = [min(a - b, 28) for a, b in pairwise(ago)] or [0]
        if "gap" in name:
            measures = {"mean": np.mean, "spread": np.std, "last": lambda gaps: gaps[-1]}
            return measures[name.partition(" ")[0]](gaps)
        if name == f"active days{PER_DAY}":
            return len(ago) / (self.known(user) + 14)
        if name.endswith(PER_DAY):
            return self._of_role(user, name.removesuffix(PER_DAY), 10_000) / (self.known(user) + 14)
        counted = name.removesuffix(" in four weeks").removeprefix("the last week’s share of ")
        month = self._of_role(user, counted, 28)
        return month if "share" not in name else 100 * (self._of_role(user, counted, 7) + 0.5) / (month + 2)

    def _people(self, user, name):
        """The fans of the last four weeks, or a share in per cent."""
        visits = self.events[(self.events.user_id == user) & (self.events.day >= self.cutoff - pd.Timedelta(days=28))]
        if name == FANS or visits.empty:
            return visits.actor_id.nunique()
        by_fan = visits.groupby("actor_id").day
        first = (self.cutoff - by_fan.min()).dt.days
        last = (self.cutoff - self.last_seen[first.index]).dt.days
        return 100 * SHARES[name](by_fan.size(), first, last)

    def _of_role(self, user, counted, days):
        """The sum over all columns of a role, or of one column."""
        begins, ends = ROLES.get(counted, (counted, counted))
        names = [name for who, name in self.days if who == user and name.startswith(begins) and name.endswith(ends)]
        return sum(self.total(user, name, days) for name in names)


def _by_day(table):
    times = pd.to_datetime(table.timestamp, utc=True).dt.tz_localize(None)
    return table.assign(day=times.dt.normalize())


def check(log, user, reason):
    """Raise an AssertionError for a reason that is not true, mixes units, or points another way than it says."""
    name, _, words = reason.partition(": ")
    if name.startswith(LAST_DAY) or name.endswith(("a day so far", PER_DAY, "in four weeks")):
        return _check_last_day(log, user, name, words)
    kind, fact = next((kind, found) for kind, form in FACTS.items() if (found := re.match(form, words)))
    days, value = _check_fact(log, user, name, kind, fact)
    rest = words[fact.end() :]
    told = re.fullmatch(
        rf"(?:; usually (?P<u>[\d.,]+)(?P<uu> a week| in [\d,]+ days?)?)?(?:[;,] others {RATE})?"
        rf"(?:, more than others \({RATE.replace('rate', 'r').replace('unit', 'x')}\){RISK})?"
        r"(?:, (?:fewer|less) than usual \((?P<f>[\d.,]+)(?P<fu> a week| in [\d,]+ days?)\))?",
        rest,
    )
    assert told and rest, reason
    said = told.groupdict()
    length = 7 if not value else days
    for key, unit, truth in (
        ("u", said["uu"] or said["unit"], lambda: log.usual(user, name)),
        ("f", said["fu"], lambda: log.usual(user, name)),
        ("rate", said["unit"], lambda: log.others(name)),
        ("r", said["x"], lambda: log.others(name)),
    ):
        if said[key] is None:
            continue
        there, half = number(said[key])
        assert said[key] == "none" or _days_of(unit) == length, f"{reason}: {value} of {length} days"
        assert abs(truth() * length - there) <= max(half, 0.05 * there), f"{reason}: {truth() * length}"
        assert value < there if key in "uf" else (value > there if key == "r" else True), reason
    if said["rate"] and not said["u"]:
        assert value <= number(said["rate"])[0] + number(said["rate"])[1], reason
    return kind


def _check_fact(log, user, name, kind, fact):
    """The days that a fact is of, and its value."""
    found = fact.groupdict()
    if kind == "since":
        date = pd.Timestamp(f"{found['date']} {log.cutoff.year}")
        days = (log.cutoff - date).days
    else:
        days = int(found["days"].replace(",", ""))
    if kind == "silence":
        assert log.total(user, name, days) == 0
        assert log.total(user, name, days + 1) > 0
        return days, 0.0
    assert days == {"known": log.known(user), "last": log.history_days, "since": days}[kind], (name, fact.group())
    value, half = number(found["n"])
    assert abs(log.total(user, name, days) - value) <= max(half, 0.001 * value), (name, fact.group())
    return days, value


def _days_of(unit):
    return 7 if unit == " a week" else int(re.search(r"[\d,]+", unit).group().replace(",", ""))


def _check_last_day(log, user, name, words):
    said = re.fullmatch(
        r"(?P<v>[\d.,]+)(?: days|%)?"
        rf"(?:; others (?P<o>[\d.,]+)%?|, (?P<side>more|less) than others \((?P<r>[\d.,]+)\){RISK})",
        words,
    )
    assert said, (name, words)
    value, half = number(said["v"])
    assert abs(log.last_day(user, name) - value) <= max(half, 0.001 * value), (name, words)
    there, half = number(said["o"] or said["r"])
    truth = log.others_last_day(name)
    assert abs(truth - there) <= max(half, 0.05 * there), (name, words, truth)
    high = name == "days since activity" or "gap" in name
    if said["side"]:
        assert said["side"] == ("less" if high else "more")
        assert (value < there) == high or abs(value - there) <= half
    elif "%" not in words:  # shares are told without a direction
        assert (value >= there - half) if high else (value <= there + half), (name, words)
    return "last day"
