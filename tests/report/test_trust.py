import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.report.models.reliability import GroupsOff
from churn.report.trust import checks, trust, trusted
from churn.report.whom.advice import advice
from churn.runs import Run

from .parsed_page import page_of

BASE = {"churn": 0.36, "sticker": 0.12}


def judged(run, intervals, **columns):
    """The verdict on a list with these intervals, its rates in their middle."""
    table = read_table(run / "segment_rates.csv")
    for place, row in table.iterrows():
        rate = BASE[row["target"]]
        low, high = intervals[row["target"]] if row["segment"] == "priority" else (rate - 0.01, rate + 0.01)
        table.loc[place, ["rate", "low", "high"]] = (low + high) / 2, low, high
    write_table(table.assign(**columns), run / "segment_rates.csv")
    found = trust.on_list(Run.open(run))
    return found.verdict, found.detail.replace("\xa0", " ")


def ordered(run, **found):
    """Past lists in the order of the list found something else."""
    manifest = read_json(run / "manifest.json")
    write_json(manifest | {"order": manifest["order"] | found}, run / "manifest.json")


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ({}, "Yes"),
        ({"excess": 1.0, "excess_low": 0.5}, "Hardly"),
        ({"excess_low": -1.0}, "No evidence"),
        ({"excess": -3, "excess_low": -6, "excess_high": -1}, "No"),
        ({"users": 12}, "Unclear"),
        ({"seen": True}, "Cannot be told"),
        ({"value": None}, "Not measured"),
    ],
)
def test_a_list_is_right_where_past_lists_in_its_order_found_more_than_the_lot(run, found, verdict):
    ordered(run, **found)
    assert trust.on_list(Run.open(run)).verdict == verdict


@pytest.mark.parametrize(
    ("intervals", "says"),
    [
        ({"churn": (0.5, 0.6), "sticker": (0.01, 0.03)}, ["They find who falls silent, not who receives stickers"]),
        ({"churn": (0.1, 0.2), "sticker": (0.2, 0.3)}, ["They find whose loss costs most, not who falls silent"]),
        ({"churn": (0.5, 0.6), "sticker": (0.1, 0.3)}, []),
        ({"churn": (0.3, 0.4), "sticker": (0.01, 0.03)}, []),
    ],
)
def test_past_lists_whose_users_had_an_outcome_less_often_than_everyone_are_said_to_find_the_other(
    intervals, says, run
):
    judged(run, intervals)
    told = trusted.build(Run.open(run)).blocks[0].checks[0].detail
    assert [words for words in told.split(": of their users")[0].split(". ") if words.startswith("They find")] == says


def test_past_lists_that_did_worse_are_not_said_to_find_anybody(run):
    ordered(run, excess=-3, excess_low=-6, excess_high=-1)
    judged(run, {"churn": (0.5, 0.6), "sticker": (0.01, 0.03)})
    section = trusted.build(Run.open(run))
    assert "They find" not in section.blocks[0].checks[0].detail and section.lead.startswith("No:")


def test_warnings_are_counted_in_the_first_sentence(run):
    manifest = read_json(run / "manifest.json")
    write_json(manifest | {"warnings": ["one", "two"]}, run / "manifest.json")
    assert trusted.build(Run.open(run)).lead.endswith("Mind 2 warnings.")


def test_where_no_row_was_rejected_no_shares_are_told(run):
    manifest = read_json(run / "manifest.json")
    clean = {name: counts | {"rejected": {}} for name, counts in manifest["reconciliation"].items()}
    write_json(manifest | {"reconciliation": clean}, run / "manifest.json")
    assert trust.on_data(Run.open(run)).detail.startswith("No row was rejected.")


def test_what_past_lists_did_is_told_beside_everyone(run):
    ordered(run, excess_low=-1.0)
    same = judged(run, {"churn": (0.30, 0.42), "sticker": (0.06, 0.18)})[1]
    assert same == (
        "Past lists were not clearly better than a list drawn at random. "
        "36% of their users fell silent (everyone: 36%). "
        "12% of their users received a sticker (everyone: 12%)."
    )
    ordered(run, excess_low=8.3)
    apart = judged(run, {"churn": (0.30, 0.50), "sticker": (0.20, 0.30)})[1]
    assert apart.startswith("Past lists did better than a list drawn at random. 40% of their users fell silent")
    assert apart.endswith("25% of their users received a sticker (everyone: 12%).")


def test_a_forecast_outside_the_observed_interval_is_told_as_a_broken_promise(run):
    intervals = {"churn": (0.30, 0.42), "sticker": (0.06, 0.20)}
    both = judged(run, intervals, forecast=0.27)[1]
    assert "The chances had promised that 27% would fall silent; 36% [30, 42] did." in both
    assert both.endswith("The chances had promised a sticker to 27%; 13% [6, 20] received one.")
    assert "promised" not in judged(run, intervals, forecast=float("nan"))[1]
    assert "promised" not in judged(run, {"churn": (0.2, 0.4), "sticker": (0.2, 0.4)}, forecast=0.27)[1]
    assert "promised" not in judged(run, intervals, forecast=0.27, n_users=29)[1]


def test_numbers_that_are_told_apart_are_not_rounded_to_one(run):
    told = judged(run, {"churn": (0.3615, 0.3635), "sticker": (0.0101, 0.0119)}, forecast=0.013)[1]
    assert "36.2% of their users fell silent (everyone: 36.0%)" in told
    assert "a sticker to 1.3%; 1.1% [1.0, 1.2] received one" in told


@pytest.mark.slow
def test_the_list_is_judged_before_all_else(run):
    text = page_of(run, checks.build).text
    questions = ["Does the list find the right people?", "Do the probabilities hold?", "Is the data sound?"]
    places = [text.index(question) for question in questions]
    assert places == sorted(places)


def test_the_list_of_a_run_without_stickers_is_judged_by_churn_alone(without_stickers):
    detail = trust.on_list(Run.open(without_stickers)).detail
    assert detail.startswith("Past lists did better than a list drawn at random.") and "sticker" not in detail


def test_probabilities_that_hold_overall_but_broke_their_promise_on_lists_are_not_praised(run):
    assert trust.on_target(Run.open(run), "churn")[0].verdict == "Yes"
    table = read_table(run / "segment_rates.csv")
    write_table(table.assign(forecast=0.9), run / "segment_rates.csv")
    found = trust.on_target(Run.open(run), "churn")[0]
    assert (found.verdict, found.tone) == ("Not on lists", "care")
    assert found.detail.endswith("On past lists they were too high.")


@pytest.mark.parametrize(
    ("rejected", "found", "verdict"),
    [
        ({}, [], "Yes"),
        ({"before the span": 900, "event not allowed": 50}, [], "Yes"),
        ({}, ["There is no event at all from 2016-01-01 to 2016-01-20."], "Mostly"),
        ({"null event": 30}, [], "Mostly"),
        ({"null event": 90}, ["val has 9 users with churn = 1: too few."], "Doubtful"),
    ],
    ids=str,
)
def test_data_are_sound_where_nothing_was_found_and_no_row_was_lost_unasked(run, rejected, found, verdict):
    manifest = read_json(run / "manifest.json")
    manifest["reconciliation"] = {"events": {"read": 1_000, "used": 1, "non_members": 0, "rejected": rejected}}
    manifest["audit"]["warnings"] = found
    write_json(manifest, run / "manifest.json")
    check = trust.on_data(Run.open(run))
    assert check.verdict == verdict
    assert ("1 warning is about the data." in check.detail) == bool(found)


def verdict(run, place, target="churn"):
    found = trust.on_target(Run.open(run), target)[place]
    return found.verdict, found.tone


@pytest.mark.parametrize(
    ("value", "low", "said"),
    [
        (1.0, 1.0000000000000002, ("No", "bad")),  # a constant's, but for rounding
        (1.05, 1.02, ("Hardly", "care")),
        (1.05, 0.98, ("Perhaps", "care")),
        (2.4, 2.1, ("Yes", "good")),
    ],
)
def test_a_score_beats_chance_by_what_matters_and_not_by_rounding(run, value, low, said):
    board = read_table(run / "leaderboard.csv")
    lift = board["metric"] == "lift_10"
    board.loc[lift, ["value", "low", "high"]] = value, low, max(value, low) + value - 1
    write_table(board, run / "leaderboard.csv")
    assert verdict(run, 1) == said


@pytest.mark.parametrize(
    ("everyone", "on_list", "said"),
    [
        (0.94, 0.93, ("Yes", "good")),
        (0.94, 0.26, ("Not on lists", "bad")),
        (0.94, 0.70, ("Not on lists", "care")),
        (0.70, 0.95, ("In part", "care")),
        (0.30, 0.20, ("No", "bad")),
    ],
)
def test_explanations_speak_for_the_model_where_they_do_so_on_the_list_too(run, everyone, on_list, said):
    for name, r2 in {"surrogates.csv": everyone, "fidelity.csv": on_list}.items():
        write_table(read_table(run / name).assign(r2=r2), run / name)
    assert verdict(run, 2) == said


def test_a_list_of_few_users_says_nothing_of_the_explanations(run):
    for name, told in {"surrogates.csv": {"r2": 0.94}, "fidelity.csv": {"r2": -1298.0, "n_users": 7}}.items():
        write_table(read_table(run / name).assign(**told), run / name)
    assert verdict(run, 2) == ("Unclear", "care")


def test_probabilities_do_not_hold_where_too_many_groups_are_off(run):
    assert verdict(run, 0) == ("Yes", "good")
    bins = read_table(run / "calibration.csv")
    off = bins["bin"] < 3
    bins.loc[off, "low"], bins.loc[off, "high"] = bins["mean_predicted"] + 0.01, bins["mean_predicted"] + 0.02
    write_table(bins, run / "calibration.csv")
    assert verdict(run, 0) == ("Roughly", "care")
    assert trust.on_target(Run.open(run), "churn")[0].detail.endswith("groups of like forecasts off the mark.")


@pytest.mark.parametrize(("off", "too_many"), [(0, False), (2, False), (3, True)])
def test_of_ten_groups_three_are_too_many_to_be_chance(off, too_many):
    assert GroupsOff(off, 10).too_many is too_many


def test_a_list_that_hardly_beats_one_by_lot_is_not_recommended(run):
    ordered(run, excess=0.8, excess_low=0.4, excess_high=1.1)  # of 11.4 at random
    assert "no order of the users has proved better than a list drawn at random" in advice(Run.open(run))
