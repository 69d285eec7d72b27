import json
import shutil

import numpy as np
import pandas as pd
import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.report.users import behaviour
from churn.report.whom import shortlist
from churn.runs import Run
from churn.segments.behaviour import stability

from .parsed_page import figures, page_of

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert(9)</script>"
LOW = f"1: low in nearly everything, most of all {HOSTILE}, fan reply, own post"


def grouped(run, **facts):
    """Give a made-up run three groups, one of them small."""
    numbers = {"group": [1, 2, 3], "n": [200, 80, 20]}
    rates = {"churn": [0.4, 0.7, 0.2], "churn_low": [0.35, 0.6, 0.1], "churn_high": [0.45, 0.8, 0.3]}
    stickers = {"sticker": [0.1, 0.02, 0.3], "sticker_low": [0.08, 0.0, 0.2], "sticker_high": [0.12, 0.05, 0.4]}
    listed = {"n_listed": [10, 12, 8], "expected_listed": [20.0, 8.0, 2.0], "n_windows": [900, 500, 60]}
    table = pd.DataFrame(
        {**numbers, "share": [0.6667, 0.2667, 0.0667], "p_churn": [0.41, 0.72, 0.19], "p_sticker": [0.11, 0.03, 0.28]}
        | {**listed, "n_users": [400, 150, 12], **rates, **stickers}
    )
    write_table(table, run / "groups.csv")
    features = ["own_post", "fan_reply", HOSTILE]
    rows = [
        (g, name, 100 * g, 1.0, 2.0, (g - 2) * (1 + place)) for g in (1, 2, 3) for place, name in enumerate(features)
    ]
    write_table(
        pd.DataFrame(rows, columns=["group", "feature", "n", "mean", "mean_all", "difference"]),
        run / "group_columns.csv",
    )
    _tried(run)
    known = {"number": 3, "n_learnt": 300, "n_compared": 300, "learnt_from": "scored users", "n_columns": 3}
    write_json(read_json(run / "manifest.json") | {"groups": known | facts}, run / "manifest.json")
    return run


def _tried(run):
    columns = ["groups", "stability", "shuffled", "explained", "explained_shuffled", "explained_one_kind", "beats_both"]
    rows = [(2, 0.8, 0.6, 0.4, 0.3, 0.38, False), (3, 0.93, 0.4, 0.6, 0.35, 0.45, True)]
    write_table(pd.DataFrame(rows, columns=columns), run / "group_stability.csv")


def said(run):
    page = page_of(run, behaviour.build, shortlist.build)
    return page, page.text.replace("\u00a0", " ")


def test_the_groups_stand_with_their_scores_their_list_and_what_happened(run):
    page, text = said(grouped(run))
    assert "There are 3 groups of like behaviour, found among 300 users." in text
    assert "learnt from the scored users themselves" in text
    for shown in (LOW, "66.7%", "41.0%", "[35.0, 45.0]", "20.0 expected", "[0.0, 5.0]"):
        assert shown in text
    heads = next(heads for heads in page.tables if "Scored users" in heads)
    scores = ["P(churn)", "Observed churn", "P(sticker)", "Observed stickers"]
    assert heads == ["Group", "Scored users", *scores, "On the list", "Test users"]


def test_the_heat_map_has_a_column_per_group_with_its_n_and_the_strongest_row_on_top(run):
    (drawn,) = figures(behaviour.build(Run.open(grouped(run))).blocks)
    heat = json.loads(drawn.spec)["data"][0]
    assert heat["x"] == ["Group 1<br>n = 100", "Group 2<br>n = 200", "Group 3<br>n = 300"]
    assert np.array(heat["z"]).tolist() == [[-3, 0, 3], [-2, 0, 2], [-1, 0, 1]]
    assert heat["zmin"] == -3 and heat["zmax"] == 3
    assert heat["y"][-1] == "Own post" and "<img" not in drawn.spec
    assert "+3.00" in heat["text"][0][2]


def test_groups_say_that_they_count_who_is_held_back(run):
    assert "held back at random, too" not in said(grouped(run))[1]
    manifest = read_json(run / "manifest.json")
    manifest["segment"]["control"] = {"share": 0.1, "seed": 0, "held_back": 3, "contacted": 27}
    write_json(manifest, run / "manifest.json")
    assert "“On the list” counts the 3 users who are held back at random, too." in said(run)[1]


def test_groups_of_few_users_are_grey(run):
    section = behaviour.build(Run.open(grouped(run)))
    table = next(block for block in section.blocks if block.kind == "table")
    few = [[cell.few for cell in row] for row in table.rows]
    assert few[0] == [False] * 8
    assert few[2] == [False] + [True] * 7


def test_groups_of_earlier_days_are_said_to_be(run):
    _, text = said(grouped(run, learnt_from="earlier days"))
    assert "learnt from one earlier day of each user, drawn at random" in text


def test_without_stickers_nothing_is_said_of_them(without_stickers, tmp_path):
    folder = grouped(shutil.copytree(without_stickers, tmp_path / "run"))
    page, _ = said(folder)
    heads = next(heads for heads in page.tables if "Scored users" in heads)
    assert "P(sticker)" not in heads and "Observed stickers" not in heads


def test_no_groups_are_a_finding_with_what_was_tried(run):
    grouped(run, number=1)
    write_table(read_table(run / "groups.csv").head(0), run / "groups.csv")
    write_table(read_table(run / "group_columns.csv").head(0), run / "group_columns.csv")
    page, text = said(run)
    assert "No groups: users vary continuously. Among 300 users" in text
    assert any("Explained, one kind" in heads for heads in page.tables)


def test_too_few_users_are_a_sentence_too(run):
    facts = {"number": 1, "n_learnt": 12, "n_compared": 12, "learnt_from": "scored users", "n_columns": 3}
    write_json(read_json(run / "manifest.json") | {"groups": facts}, run / "manifest.json")
    _, text = said(run)
    assert "No groups were looked for. There were 12 users to compare, and a group needs 30" in text


def test_hostile_names_run_nothing(run):
    page, text = said(grouped(run))
    assert HOSTILE in text
    assert not [attributes for tag, attributes in page.elements if "onerror" in attributes]


def test_each_listed_user_stands_with_the_group(run):
    folder = grouped(run)
    users = read_table(run / "scores.parquet").user_id
    table = pd.DataFrame({"user_id": users, "cutoff": pd.Timestamp("2016-12-25"), "group": pd.Series(1, users.index)})
    table["group"] = table["group"].astype("Int64")
    table.loc[table.user_id == "007", "group"] = pd.NA
    table.loc[table.user_id == "=1+1", "group"] = 2
    write_table(table, run / "groups.parquet")
    block = next(block for block in shortlist.build(Run.open(folder)).blocks if block.kind == "table")
    place = [column.title for column in block.columns].index("Group")
    names = {row[1].text: row[place].text for row in block.rows}
    assert names["=1+1"] == "2: like the average" and names["007"] == "–"
    n = len(names) - 2
    assert block.columns[place].choice.options == (("1", f"{LOW} ({n})"), ("2", "2: like the average (1)"))
    assert not [
        attributes
        for _, attributes in page_of(run, behaviour.build, shortlist.build).elements
        if "onerror" in attributes
    ]


def test_without_groups_the_list_has_no_column_of_them(run):
    block = next(block for block in shortlist.build(Run.open(run)).blocks if block.kind == "table")
    assert "Group" not in [column.title for column in block.columns]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((0.5, 0.6, 0.6, 0.5), "Stability is under 0.6. It is no more stable than shuffled columns."),
        ((0.97, 0.4, 0.414, 0.367), "It explains 0.047 more than groups of one kind, and 0.05 more is asked."),
        ((0.97, 0.4, 0.3, 0.4), "It explains 0.000 more than groups of one kind, and 0.05 more is asked."),
        ((0.97, 0.4, 0.6, 0.4), "Users drawn without groups explain as much at least once."),
    ],
)
def test_a_number_of_groups_that_does_not_count_says_what_it_fails(run, numbers, said):
    grouped(run)
    names = ["groups", "stability", "shuffled", "explained", "explained_one_kind", "explained_shuffled", "beats_both"]
    write_table(pd.DataFrame([(2, *numbers, 0.1, False)], columns=names), run / "group_stability.csv")
    fold = behaviour.build(Run.open(run)).blocks[-1]
    assert fold.blocks[-1].rows[0][-1].text == f"No. {said}"


def test_the_page_asks_of_groups_what_the_search_asks():
    assert (behaviour.STABLE, behaviour.LEAST_EXCESS) == (stability.STABLE, stability.LEAST_EXCESS)
