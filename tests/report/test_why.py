"""Reasons why users are on the list, counted over the list."""

import pytest

from churn.artefacts import read_table, write_table
from churn.report.why import why
from churn.runs import Run


def built(run):
    return why.build(Run.open(run))


def test_the_reasons_of_the_list_are_counted_with_what_they_do_to_the_chance(run):
    section = built(run)
    (bars, text) = section.blocks
    assert [(bar.label, bar.value, bar.share) for bar in bars.bars] == [
        ("Own post", "30 of 30 users", 1.0),
        ("Tenure", "22 of 30 users", 22 / 30),
        ("Stickers received", "20 of 30 users", 20 / 30),
        ("Fan reply", "10 of 30 users", 10 / 30),
    ]
    assert section.lead == "Most often the reason is own post, tenure and stickers received."
    assert bars.bars[0].detail == "Users with more of own post are less likely to fall silent."
    assert "not causes" in text.body


def test_a_user_with_one_reason_twice_counts_once(run):
    told = read_table(run / "reasons.parquet")
    write_table(told.assign(feature="own_post"), run / "reasons.parquet")
    (bars, _) = built(run).blocks
    assert [bar.value for bar in bars.bars] == ["30 of 30 users"]


@pytest.mark.parametrize(("r2", "said"), [(0.95, ""), (0.6, "Take the reasons as hints: they tell only part")])
def test_reasons_that_hardly_speak_for_the_model_are_called_hints(run, r2, said):
    surrogates = read_table(run / "surrogates.csv")
    write_table(surrogates.assign(r2=r2), run / "surrogates.csv")
    (_, text) = built(run).blocks
    assert said in text.body and ("hints" in text.body) == bool(said)


def test_no_reason_is_one_line(run):
    write_table(read_table(run / "reasons.parquet").head(0), run / "reasons.parquet")
    assert built(run).lead == "No reason is known for the users on the list." and built(run).blocks == ()
