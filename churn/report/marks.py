"""Marks of a listed user: a week unlike the others, and the group of like behaviour."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from churn import segments
from churn.artefacts import declared
from churn.explanation import worded
from churn.language import say, say_many
from churn.report.tables import Cell, Choice, Column, text_cell
from churn.report.wording import count
from churn.runs import Run, records


@dataclass(frozen=True)
class Marks:
    """Marks by user; empty for a run without the artefact."""

    departed: Mapping[str, str]  # what departed from the own past
    groups: Mapping[str, str]  # the group's number and name

    def user(self, user_id: str) -> Cell:
        """The id, with a badge where the last week was unusual."""
        if user_id not in self.departed:
            return Cell(user_id)
        return Cell(user_id, badge=say("unusual week"), hint=self.departed[user_id])

    def group(self, user_id: str) -> Cell:
        """The group, a dash where there is none."""
        return text_cell(self.groups.get(user_id))

    def column(self, users: pd.DataFrame) -> Column | None:
        """The head of the groups, with a field to choose from; nothing where no user has one."""
        named = Counter(self.groups[name] for name in map(str, users.user_id) if name in self.groups)
        if not named:
            return None
        options = tuple(
            (name.partition(":")[0], say("{group} ({n})", group=name, n=count(n))) for name, n in named.most_common()
        )
        return Column(say("Group"), below=True, choice=Choice(say("Group"), say("any"), options))

    def sentence(self, users: pd.DataFrame) -> str:
        """A sentence on how many of the listed are marked, and where more is said; nothing where none is."""
        marked = sum(name in self.departed for name in map(str, users.user_id))
        if not marked:
            return ""
        return say_many(
            "Marked “unusual week”: {n} user of {listed}, whose last 7 days are unlike the user’s own earlier weeks. "
            "The evidence tells what departed; look before you call.",
            "Marked “unusual week”: {n} users of {listed}, whose last 7 days are unlike their own earlier weeks. The "
            "evidence tells what departed; look before you call.",
            marked,
            listed=count(len(users)),
        )


def marks(run: Run) -> Marks:
    """The marks of each user in the run's optional tables."""
    departed, names = departures(run), group_names(run)
    users = run.table(declared.GROUPED).dropna(subset=["group"])
    grouped = {str(row.user_id): names[int(row.group)] for row in records(users) if int(row.group) in names}
    return Marks(departed, grouped)


def departures(run: Run) -> dict[str, str]:
    """The counts of an unusual week that depart from the user's own past, in words, by user."""
    users = run.table(declared.ANOMALIES)["user_id"]
    words = worded(run.table(declared.DEPARTURES), users, by="user_id").to_numpy(object)
    return {str(user): " · ".join(filter(None, told)) for user, told in zip(users, words, strict=True)}


def group_names(run: Run) -> dict[int, str]:
    """The number of each group and what sets it apart."""
    named = segments.group_names(run.table(declared.GROUP_COLUMNS))
    return {group: f"{count(group)}: {name}" for group, name in named.items()}
