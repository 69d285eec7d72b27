import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.artefacts import declared, read_json, read_table, write_json, write_table
from churn.explanation import Reason, Story, reason_rows
from churn.report import write_report
from churn.report.users import anomalies
from churn.report.whom import shortlist
from churn.runs import Run

from .parsed_page import page_of

pytestmark = pytest.mark.slow

IDS = ["=1+1", "007", "<script>alert(1)</script>", "plain"]


def departed(run, users=tuple(IDS), **facts):
    """Give a made-up run users who depart from their past."""
    n = len(users)
    table = pd.DataFrame(
        {"user_id": list(users), "cutoff": pd.Timestamp("2016-12-25"), "score": 0.7, "direction": "drop"}
    )
    table["p_churn"], table["segment"] = [0.25] * n, ["likely churner"] * n
    table["held_back"] = False
    declared.ANOMALIES.write(table, run)
    declared.DEPARTURES.write(_departures(users), run)
    known = {"n_scored": 300, "n_examined": 280, "n_departed": 9, "n_listed": n}
    write_json(read_json(run / "manifest.json") | {"anomalies": known | facts}, run / "manifest.json")
    return run


def _departures(users):
    silent = Reason("own_post", "count", "low", Story(0, 7, 90, 21, 0, silent_days=7, long_silence=True))
    busy = Reason("own_=cmd", "count", "low", Story(9, 7, 90, float("nan"), 8.5, long_silence=True))
    told = [(user, place, one) for user in users for place, one in enumerate((silent, busy), start=1)]
    return reason_rows(told, "user_id")


def test_users_stand_with_what_departed_and_among_how_many(run):
    page = page_of(departed(run), anomalies.build, shortlist.build)
    text = page.text.replace("\u00a0", " ")
    assert "Scored users with at least 4 earlier weeks: 280 of 300. Of these, 9 depart" in text
    assert "by 3.0 standard deviations or more from their own weeks, and the 4 most unusual are listed" in text
    assert "own post: none for 7 days; usually 21 a week · " in text
    assert "less than usual" in text and "25.0%" in text and "Likely churners, not listed" in text
    assert any(heads[:3] == ["User", "Last week", "What departed"] for heads in page.tables)


def test_who_is_held_back_does_not_stand_as_on_the_list(run):
    departed(run)
    table = pd.read_csv(run / "anomalies.csv").assign(segment="priority", held_back=[False, True, False, False])
    table.to_csv(run / "anomalies.csv", index=False)
    rows = anomalies.build(Run.open(run)).blocks[-1].rows
    assert [row[-1].text for row in rows] == [
        "On the list",
        "Held back at random: do not contact",
        *["On the list"] * 2,
    ]


def test_ids_are_as_they_are_and_none_is_run(run):
    section = anomalies.build(Run.open(departed(run)))
    table = section.blocks[-1]
    assert [row[0].text for row in table.rows] == IDS
    page = page_of(run, anomalies.build, shortlist.build)
    assert all("alert(1)" not in script for script in page.scripts)


def test_the_file_holds_no_formula(run):
    lines = (departed(run) / "anomalies.csv").read_text().splitlines()
    assert lines[1].startswith('"\'=1+1"')


def test_nobody_is_a_sentence(run):
    assert "Nobody was examined" in page_of(run, anomalies.build, shortlist.build).text
    departed(run, users=(), n_departed=0)
    assert "Nobody is listed: none of 280 users" in page_of(run, anomalies.build, shortlist.build).text
    (run / "anomalies.csv").unlink()
    departed(run, users=())
    assert "Nobody is listed" in page_of(run, anomalies.build, shortlist.build).text


def test_where_all_who_depart_are_listed_it_says_all(run):
    text = page_of(departed(run, n_departed=len(IDS)), anomalies.build, shortlist.build).text
    assert f"from their own weeks: {len(IDS)}, all listed" in text and "the 4 most unusual" not in text


def test_the_listed_whose_week_was_unusual_are_marked_with_what_departed(run):
    departed(run)
    cells = {row[1].text: row[1] for row in listed(run).rows}
    assert cells["=1+1"].badge == "unusual week"
    assert (
        cells["=1+1"].hint
        == "own post: none for 7 days; usually 21 a week · own =cmd: 9 in the last 7 days; others 8.5 a week"
    )
    assert sum(bool(cell.badge) for cell in cells.values()) == len({*IDS} & {*cells}) == 3
    assert (
        f"Marked “unusual week”: 3 users of {len(cells)}, whose" in page_of(run, anomalies.build, shortlist.build).text
    )


def test_without_anomalies_nobody_is_marked(run):
    assert not [row for row in listed(run).rows if row[1].badge]
    assert "unusual week”: " not in page_of(run, anomalies.build, shortlist.build).text


@pytest.mark.parametrize(("alone", "badges"), [(4, 4), (20, 0)])
def test_listed_users_of_one_active_day_or_none_are_marked_unless_most_are(alone, badges, run):
    table = read_table(run / "priority.parquet")
    days = np.where(np.arange(len(table)) < alone, np.arange(len(table)) % 2, 5)
    write_table(table.assign(active_days=days), run / "priority.parquet")
    assert [row[1].badge for row in listed(run).rows].count("hardly active") == badges
    text = page_of(run, shortlist.build).text
    assert (f"Marked “hardly active”: {alone} users of 30" in text) == bool(badges)
    assert (f"{alone} users of 30 were active on at most one of the last 7 days" in text) == (not badges)


def test_the_section_names_both_files_that_it_is_made_from(run):
    tables = Run.open(departed(run)).view("anomalies").tables
    assert {"anomalies.csv", "departures.parquet"} <= tables.keys()


def test_the_files_for_a_team_say_what_departed_in_a_week(run):
    write_report(departed(run))
    contacts = declared.CONTACTS.read(run).set_index("user_id")
    told = contacts.unusual_week.dropna()
    assert set(told.index) == {name for name in IDS if name in contacts.index} and told.str.contains("days").all()


def listed(run):
    """The list's table."""
    return next(block for block in shortlist.build(Run.open(run)).blocks if block.kind == "table")


def test_the_badges_of_rows_that_are_drawn_later_travel_with_them(run):
    table = replace(listed(departed(run)), at_once=0)
    users = [row[1] for row in json.loads(table.later)["rows"]]
    assert {"text": "=1+1", "badge": "unusual week", "hint": table.rows[1][1].hint} in users
