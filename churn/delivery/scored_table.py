"""Scores and list in a table of a warehouse: a row per scored user, which the next scoring of the list replaces."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from churn.artefacts import declared
from churn.data import replace_rows, table_of, writable
from churn.list_folder import list_in
from churn.run_files import RunFiles

_LIST = ["run", "cutoff"]
_USER = "user_id"


@dataclass(frozen=True)
class ScoredTable:
    """A table by the URL of its database and its name."""

    url: str
    name: str

    @classmethod
    def reached(cls, source: str) -> "ScoredTable":
        """The table of a source, URL::table, whose database can be reached.

        Raises:
            UserError: for a source that is none, and a database that cannot be reached.
        """
        found = cls(*table_of(source, key="--to"))
        with writable(found.url):
            return found

    def put(self, folder: Path) -> int:
        """Put the scored users of a folder of `churn score` or `churn run` into the table, and return their number.

        It is one transaction. Rows of the list's run and cutoff give way; where each user has a cutoff of the own, the
        rows of these users with these cutoffs.

        Raises:
            UserError: if the folder has no scores, or they are not as they were written; if the database refuses them.
        """
        run, _ = list_in(folder)
        finished = RunFiles.open(run)
        data = finished.settings["data"]
        own_days = data["outcome"] is not None or data["windows"]["at_risk"] == "arrival"
        rows = _rows(folder)
        rows.insert(0, "run", finished.identity)
        with writable(self.url) as engine:
            replace_rows(engine, self.name, rows, equal=[*_LIST, _USER] if own_days else _LIST)
        return len(rows)


def _rows(folder: Path) -> pd.DataFrame:
    """The scored users, with their place on the list, whether they are held back, and reasons; days are text."""
    scores = declared.SCORES.read(folder).astype({_USER: str})
    listed = declared.PRIORITY.read(folder)[[_USER, "rank", "group"]].astype({_USER: str, "rank": "Int64"})
    told = declared.CONTACTS.read(folder).astype({_USER: str})
    reasons = told[[_USER, *(name for name in told if str(name).startswith("reason_"))]]
    rows = scores.merge(listed, on=_USER, how="left", validate="1:1").merge(reasons, on=_USER, how="left")
    for name in rows.select_dtypes("datetime"):
        rows[name] = rows[name].dt.strftime("%Y-%m-%d")
    return rows[["cutoff", _USER, *(name for name in rows if name not in ("cutoff", _USER))]]
