from churn.artefacts import read_json, read_table, write_json, write_table
from churn.report.whom import shortlist
from churn.runs import Run


def test_features_that_as_many_reasons_speak_of_stand_in_the_order_of_the_alphabet(run):
    told = read_table(run / "reasons.parquet")
    features = ["own_like", "own_post", "tenure", "own_like", "fan_reply", "away_post"]
    users = told.user_id.drop_duplicates().to_list()
    few = told.head(len(features)).assign(user_id=[users[0]] * 3 + [users[1]] * 3, feature=features)
    write_table(few, run / "reasons.parquet")
    found = Run.open(run)
    options = shortlist._choice(found, found.priority).options
    assert options[0] == ("own like", "own like (2)")
    assert [name for name, _ in options] == ["own like", "fan reply", "own post", "post elsewhere", "tenure"]


def test_the_page_says_where_equal_scores_were_put_by_lot(run):
    manifest = read_json(run / "manifest.json")
    told = manifest["segment"] | {"listed": 22, "ties": {"listed": 21, "line": 90, "line_listed": 21}}
    write_json(manifest | {"segment": told}, run / "manifest.json")
    (note,) = shortlist._equals(Run.open(run))
    assert note.body.startswith("21 of the 22 users on the list have the same scores as others")
    assert "ends among 90 users with the same scores: 21 of them were put on it at random" in note.body
    write_json(
        manifest | {"segment": told | {"ties": {"listed": 0, "line": 1, "line_listed": 1}}}, run / "manifest.json"
    )
    assert shortlist._equals(Run.open(run)) == ()


def test_the_chance_of_churn_is_told_once_and_as_a_percentage_where_it_is_the_score(without_stickers):
    section, reading = (build(Run.open(without_stickers)) for build in (shortlist.build, shortlist.reading))
    (table,) = [block for block in section.blocks if block.kind == "table"]
    assert [column.title for column in table.columns][:3] == ["Rank", "User", "Churn"]
    threshold = read_json(without_stickers / "manifest.json")["segment"]["threshold"]
    assert f"(from {100 * threshold:.1f}% up)" in reading.lead
