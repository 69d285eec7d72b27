"""A user's own days before a list, from the panel of the run that drew it."""

import glob
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from churn.artefacts import as_written, read_json
from churn.errors import UserError
from churn.language import say_many
from churn.serving import words
from churn.serving.catalogue import Drawn
from churn.serving.drawing import Chart, counts
from churn.serving.lists import Lists

_DAYS, _NAMED = 28, (0, 14, 27)  # of the chart; the ones that are named under it
_OWN = "own_"  # begins the columns of what users do themselves


def own_days(lists: Lists, drawn: Drawn, user_id: str) -> Chart | None:
    """A user's own events by the day.

    None where the list is of another folder's data, of arrivals, of ids that are hashes, or where the panel is gone.
    """
    panel = drawn.folder / "dataset" / "panel"
    if not drawn.is_run or drawn.run.scattered or drawn.run.segments.id_key or not panel.is_dir():
        return None
    try:
        days = [drawn.cutoff - timedelta(days=before) for before in range(_DAYS, 0, -1)]
        numbers = _counted(lists, panel, user_id, days)
    except UserError:  # deleted or damaged meanwhile: a page without a chart
        return None
    if numbers is None:
        return None
    told = [words.day(one) for one in days]
    labels = [_labelled(day, n) for day, n in zip(told, numbers, strict=True)]
    return counts(numbers, labels, [day if place in _NAMED else "" for place, day in enumerate(told)])


def _labelled(day: str, n: int) -> str:
    told = say_many("{n} event", "{n} events", n)
    return f"{day}: {told}"


def _counted(lists: Lists, panel: Path, user_id: str, days: Sequence[date]) -> list[int] | None:
    """The own events of some days on end; None for a user whom the panel lacks, or without such columns."""
    query = "SELECT first, last, start FROM read_parquet($path) WHERE CAST(user_id AS VARCHAR) = $user"
    found = lists.rows(query, {"path": glob.escape(str(panel / "users.parquet")), "user": user_id})
    with as_written(panel, KeyError, TypeError, IndexError):
        told = read_json(panel / "panel.json")
        own = [place for place, name in enumerate(told["features"]) if name.startswith(_OWN)]
        if not found or not own:
            return None
        first, last, start = (int(found[0][name]) for name in ("first", "last", "start"))
        origin = date(1970, 1, 1) + timedelta(days=int(told["first_day"]))
        table = np.load(panel / "counts.npy", mmap_mode="r")
        places = [(day - origin).days for day in days]
        rows = [start + place - first if first <= place <= last else 0 for place in places]  # row 0 is of no events
        return [int(n) for n in table[rows][:, own].sum(axis=1)]
