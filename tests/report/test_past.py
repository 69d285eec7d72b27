"""Outcomes of earlier lists, and of this one where `churn outcomes` has followed it up."""

import pytest

from churn.artefacts import declared, read_table, write_table
from churn.report.since import past
from churn.runs import Run

FACTS = {"notes": [], "alarms": ["one"], "cutoff": "2016-12-25", "last_horizon_day": "2016-12-31"}


def built(run):
    return past.build(Run.open(run))


def follow_up(run, effect=(0.08, 0.02, 0.14), n=120, **facts):
    """Write what `churn outcomes` would into the run's folder."""
    folder = run / "outcomes"
    folder.mkdir()
    rows = [
        ("contact", "retention", n, 0.61, 0.5, 0.7, None, 1.1),
        ("control", "retention", n, 0.53, 0.4, 0.6, None, 1),
    ]
    declared.OUTCOMES.write(declared.OUTCOMES.of(rows), folder)
    effects = [("contact vs control", "retention", n, n, 0.61, 0.53, *effect, 0.01, 0.01, 0.1)]
    declared.EFFECTS.write(declared.EFFECTS.of(effects), folder)
    declared.FOLLOW_UP.write(FACTS | facts, folder)
    return run


def test_the_rates_of_past_lists_are_told_of_100_users(run):
    section = built(run)
    assert section.lead == (
        "Of 100 users on past lists 52 fell silent, of 100 users altogether 60. "
        "Of 100 users on past lists 26 received a sticker, of 100 users altogether 10."
    )
    bars = section.blocks[1].columns[1][0]
    assert [(bar.value, bar.share) for bar in bars.bars] == [("26 of 100", 0.264), ("10 of 100", 0.101)]


def test_what_is_rare_is_told_of_1000_users(run):
    rates = read_table(run / "segment_rates.csv")
    write_table(rates.assign(rate=rates["rate"] / 10), run / "segment_rates.csv")
    assert "Of 1,000 users on past lists 26 received a sticker, of 1,000 users altogether 10." in built(run).lead


def test_few_users_are_said_to_be_too_few(run):
    rates = read_table(run / "segment_rates.csv")
    write_table(rates.assign(n_users=12), run / "segment_rates.csv")
    assert "They held 12 users, too few to tell." in built(run).blocks[0].body


@pytest.mark.parametrize(
    ("effect", "n", "said"),
    [
        ((0.08, 0.02, 0.14), 120, "The calls kept users"),
        ((-0.08, -0.14, -0.02), 120, "The calls drove users away"),
        ((0.08, -0.02, 0.18), 120, "chance alone may make such a difference"),
        ((0.08, 0.02, 0.14), 20, "too few users to tell what the calls changed"),
    ],
)
def test_what_came_of_this_list_is_told_where_its_folder_holds_it(run, effect, n, said):
    heading, text = built(follow_up(run, effect, n)).blocks[-2:]
    assert heading.body == "What came of this list"
    assert text.body.startswith(
        f"Until 31 December 2016, 61 of 100 users to contact stayed (n = {n}), and 53 of 100 who were held back"
    )
    assert said in text.body and "There is 1 alarm" in text.body


def test_what_came_of_another_list_is_not_told(run):
    assert "What came of this list" not in str(built(follow_up(run, cutoff="2016-12-18")).blocks)
