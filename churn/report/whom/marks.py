"""Marks of a listed user: a week unlike the others, hardly an active day, and the group of like behaviour."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from churn import segments
from churn.artefacts import declared
from churn.language import say, say_many
from churn.report.parts.tables import Cell, Choice, Column, text_cell
from churn.report.parts.wording import count
from churn.run_files import records
from churn.runs import Run


@dataclass(frozen=True)
class Marks:
    """Marks by user; empty for a run without the artefact."""

    departed: Mapping[str, str]  # what departed from the own past
    groups: Mapping[str, str]  # the group's number and name
    hardly_active: frozenset[str]  # active on one day of the history, or none
    listed: int  # users on the list
    history_days: int

    @property
    def mostly_hardly_active(self) -> bool:
        """Whether a mark at every user who was hardly active would stand at most users."""
        return 2 * len(self.hardly_active) > self.listed

    def user(self, user_id: str) -> Cell:
        """The id, with a badge where the last week was unusual or the user hardly active."""
        badges = [say("unusual week")] if user_id in self.departed else []
        if user_id in self.hardly_active and not self.mostly_hardly_active:
            badges.append(say("hardly active"))
        return Cell(user_id, badge=" · ".join(badges), hint=self.departed.get(user_id, ""))

    def group(self, user_id: str) -> Cell:
        """The group, a dash where there is none."""
        return text_cell(self.groups.get(user_id))

    def column(self, users: pd.DataFrame) -> Column | None:
        """The head of the groups, with a field to choose from; nothing where there is one for all, or none."""
        named = Counter(self.groups[name] for name in map(str, users.user_id) if name in self.groups)
        if len(named) < 2:  # one group for all tells nobody from another
            return None
        options = tuple(
            (name.partition(":")[0], say("{group} ({n})", group=name, n=count(n))) for name, n in named.most_common()
        )
        return Column(say("Group"), below=True, choice=Choice(say("Group"), say("any"), options))

    def sentences(self, users: pd.DataFrame) -> list[str]:
        """Sentences on how many of the listed are marked, a sentence for each mark that somebody has."""
        ids, listed = set(map(str, users.user_id)), count(len(users))
        found = (len(ids & self.departed.keys()), self._unusual), (len(ids & self.hardly_active), self._hardly_active)
        return [sentence(n, listed) for n, sentence in found if n]

    @staticmethod
    def _unusual(marked: int, listed: str) -> str:
        return say_many(
            "Marked “unusual week”: {n} user of {listed}, whose last 7 days are unlike the user’s own earlier weeks. "
            "What is unlike stands in the spreadsheet and in the evidence; read it before you call.",
            "Marked “unusual week”: {n} users of {listed}, whose last 7 days are unlike their own earlier weeks. What "
            "is unlike stands in the spreadsheet and in the evidence; read it before you call.",
            marked,
            listed=listed,
        )

    def _hardly_active(self, marked: int, listed: str) -> str:
        days = {"listed": listed, "days": self.history_days}
        if self.mostly_hardly_active:
            return say_many(
                "{n} user of {listed} was active on at most one of the last {days} days: chances and reasons from so "
                "little activity are rough.",
                "{n} users of {listed} were active on at most one of the last {days} days: chances and reasons from so "
                "little activity are rough.",
                marked,
                **days,
            )
        return say_many(
            "Marked “hardly active”: {n} user of {listed}, active on at most one of the last {days} days: chances and "
            "reasons from so little activity are rough.",
            "Marked “hardly active”: {n} users of {listed}, active on at most one of the last {days} days: chances and "
            "reasons from so little activity are rough.",
            marked,
            **days,
        )


def marks(run: Run) -> Marks:
    """The marks of each user in the run's optional tables."""
    names = group_names(run)
    users = run.table(declared.GROUPED).dropna(subset=["group"])
    grouped = {str(row.user_id): names[int(row.group)] for row in records(users) if int(row.group) in names}
    listed = run.to_contact
    return Marks(departures(run), grouped, _hardly_active(listed), len(listed), run.windowing["history_days"])


def departures(run: Run) -> dict[str, str]:
    """The counts of an unusual week that depart from the user's own past, in words, by user."""
    return segments.departures(run.table(declared.ANOMALIES)["user_id"], run.table(declared.DEPARTURES))


def _hardly_active(listed: pd.DataFrame) -> frozenset[str]:
    """The users of a list with one active day or none; nobody in a list that does not know the days."""
    if "active_days" not in listed:
        return frozenset()
    return frozenset(map(str, listed.user_id[listed.active_days <= 1]))


def group_names(run: Run) -> dict[int, str]:
    """The number of each group and what sets it apart."""
    named = segments.group_names(run.table(declared.GROUP_COLUMNS))
    return {group: f"{count(group)}: {name}" for group, name in named.items()}
