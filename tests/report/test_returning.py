"""Users who come back without a call, on the pages."""

import pandas as pd
import pytest

from churn.artefacts import write_table, write_text
from churn.report.worth import worth
from churn.report.worth.returning import build, returning
from churn.runs import Run

from .synthetic_run import CONFIG
from .test_budget import planned

WITHIN = {"silent_days": [6, 7, 8], "at_risk": [900, 812, 700], "users": [320, 306, 290], "within": [0.9, 0.746, 0.7]}
LIMITS = {"low": [0.8, 0.71, 0.6], "high": [0.95, 0.78, 0.8], "ever": [1.0, 1.0, 1.0]}


@pytest.fixture
def told(run):
    """The evidence's note where so many came back; nothing without one."""

    def first_of(**changed):
        (run / "views").mkdir(exist_ok=True)
        write_table(pd.DataFrame(WITHIN | LIMITS | changed), run / "views" / "returns.csv")
        return next(iter(returning(Run.open(run))), None)

    return first_of


def test_who_comes_back_without_a_call_stands_with_its_denominator(told):
    note = told()
    assert note.kind == "note"
    said = note.body.replace("\xa0", " ")
    assert said == (
        "Of users silent for 7 days, 75% [71, 78] were active again within 28 more days, without a call from this "
        "list (n = 812 silences of 306 users)."
    )


def test_who_comes_back_alone_is_not_among_those_whom_a_call_is_taken_to_keep(told, run):
    told()
    assert "taken to keep" not in build(Run.open(run)).blocks[0].body
    planned(run)
    assert "The 30% whom a call is taken to keep" in build(Run.open(run)).blocks[0].body


@pytest.mark.parametrize(("within", "doubted"), [(0.746, True), (0.65, False)])
def test_a_call_that_is_taken_to_keep_more_than_stay_away_is_doubted_beside_the_profit(within, doubted, told, run):
    told(within=[0.9, within, 0.7])
    items = worth.build(Run.open(planned(run))).blocks[0].items
    doubts = [item for item in items if item.startswith("Only 25 of 100 silent users stayed away for 28 days more")]
    assert len(doubts) == doubted


def test_the_days_waited_for_a_return_are_those_of_the_run(told, run):
    write_text(f"{CONFIG}explore:\n  within_days: 14\n", run / "config.yaml")
    assert "within 14 more days" in told().body


def test_a_share_of_few_users_is_to_be_read_with_care(told):
    assert "Fewer than 30 users: read it with care." in told(users=[40, 29, 20]).body


@pytest.mark.parametrize(
    ("within", "title"),
    [
        (0.746, "Falling silent is not leaving"),
        (0.26, "Some come back uncalled"),
        (0.004, "Whoever falls silent here seldom comes back"),
    ],
)
def test_the_title_says_no_more_than_the_share(told, within, title):
    assert told(within=[0.9, within, 0.0]).title == title


@pytest.mark.parametrize("unknown", [{"within": [0.9, None, 0.7]}, {"silent_days": [8, 9, 10]}])
def test_nothing_is_said_of_returns_that_nobody_watched_for_so_long(told, run, unknown):
    assert told(**unknown) is None
    section = build(Run.open(run))
    assert (section.lead, section.blocks) == ("This run has not counted it.", ())


def test_the_report_says_how_many_of_100_come_back(told, run):
    told()
    section = build(Run.open(run))
    assert section.lead == ("Of 100 users silent for 7 days, 75 were active again within 28 more days, without a call.")
    assert section.blocks[0].body.startswith("Falling silent is not leaving: a call is worth its cost only where")
