import pandas as pd

from churn.artefacts import read_json, write_json
from churn.report import shortlist
from churn.runs import Run


def test_columns_that_as_many_reasons_speak_of_stand_in_the_order_of_the_alphabet():
    names = ["own post", "fan reply", "own code", "tenure", "away post", "stickers received"]
    users = pd.DataFrame(
        {f"reason_{place}": [f"{names[place]}: none", f"{names[place + 3]}: none"] for place in (1, 2)}
    )
    options = shortlist._choice(users.assign(reason_3="own like: none")).options
    assert [name for name, _ in options] == ["own like", "away post", "fan reply", "own code", "stickers received"]


def test_the_page_says_where_equal_scores_were_put_by_lot(run):
    manifest = read_json(run / "manifest.json")
    told = manifest["segment"] | {"listed": 22, "ties": {"listed": 21, "line": 90, "line_listed": 21}}
    write_json(manifest | {"segment": told}, run / "manifest.json")
    (note,) = shortlist._equals(Run.open(run))
    assert note.body.startswith("21 of the 22 users on the list have the same scores as others")
    assert "ends among 90 users with the same scores: 21 of them were put on it by lot" in note.body
    write_json(
        manifest | {"segment": told | {"ties": {"listed": 0, "line": 1, "line_listed": 1}}}, run / "manifest.json"
    )
    assert shortlist._equals(Run.open(run)) == ()


def test_the_chance_of_churn_is_told_once_and_as_a_percentage_where_it_is_the_score(without_stickers):
    section = shortlist.build(Run.open(without_stickers))
    (table,) = [block for block in section.blocks if block.kind == "table"]
    assert [column.title for column in table.columns][:3] == ["Rank", "User", "Churn"]
    threshold = read_json(without_stickers / "manifest.json")["segment"]["threshold"]
    assert f"(from {100 * threshold:.1f}% up)" in section.lead
