import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.report.worth import stake
from churn.runs import Run
from churn.segments import at_stake

from .parsed_page import ParsedPage
from .synthetic_run import LIST

pytestmark = pytest.mark.slow

ASSUMED = {"contact_cost": 0.5, "save_rate": 0.3, "incentive": 0.0, "uptake": 1.0, "value": 4.0}
PLAN = {
    **{"best": 149, "low": 134, "high": 164, "profit": 11.06, "profit_low": 4.36, "profit_high": 16.66},
    **{"number": None, "scored": 300, "assumed": ASSUMED, "orders": {"priority": {"best": 149, "profit": 11.1}}},
}


def told(run):
    """Each number at stake by its title, with its interval, its words, and whether it is set back."""
    found = stake.tiles(Run.open(run))
    plain = [[text.replace("\xa0", " ") for text in (tile.value, tile.interval, tile.detail)] for tile in found]
    return {tile.label: (*words, tile.few) for tile, words in zip(found, plain, strict=True)}


def rescored(run, **columns):
    """The run with its listed users' scores set."""
    scores = read_table(run / "scores.parquet")
    scores.loc[scores["segment"] == "priority", list(columns)] = list(columns.values())
    return listing(run, at_stake=at_stake(scores if "value_at_risk" in columns else scores.assign(value_at_risk=0.0)))


def listing(run, **facts):
    """The run with facts of its list set."""
    manifest = read_json(run / "manifest.json")
    write_json(manifest | {"segment": manifest["segment"] | facts}, run / "manifest.json")
    return run


def promised(run, forecast):
    write_table(read_table(run / "segment_rates.csv").assign(forecast=forecast), run / "segment_rates.csv")
    return run


def planned(run, *, assumed=ASSUMED, **told):
    facts = {"budget": PLAN | {"assumed": assumed}, "earnings": LIST | told}
    write_json(read_json(run / "manifest.json") | facts, run / "manifest.json")
    return run


def test_expected_churners_are_the_sum_of_the_chances_beside_the_rate_of_past_lists(run):
    value, _, detail, few = told(rescored(run, p_churn=0.25))["Expected churners"]
    assert (value, few) == ("7.5", False)  # 30 users
    assert detail == "of the 30 on the list, by their chances. At the rate of past lists: 15.6 [13.6, 17.6]."


def test_past_lists_of_few_users_are_not_extrapolated(run):
    table = read_table(run / "segment_rates.csv")
    write_table(table.assign(n_users=29), run / "segment_rates.csv")
    assert "past lists" not in told(run)["Expected churners"][2]


def test_a_short_list_is_set_back(run):
    assert told(listing(run, listed=5))["Expected churners"][3]


def test_the_amount_at_stake_is_the_sum_of_the_expected_losses(run):
    found = told(rescored(run, p_churn=0.5, value_at_risk=0.1, expected_loss=0.5))
    assert found["Amount at stake"][0] == "15.0"
    assert found["Amount at stake"][2] == ("in stickers of 7 days: 1.00 for each of these churners.")


def test_without_amounts_the_users_who_would_receive_a_sticker_are_counted(run):
    assert told(rescored(run, value_at_risk=0.1))["Stickers at stake"][0] == "3.0"


def test_what_past_lists_promised_too_much_of_is_said_to_be_too_high(run):
    rescored(run, value_at_risk=0.1)
    too_high = "On past lists fewer received one than the chances said."
    assert told(promised(run, 0.9))["Stickers at stake"][2].endswith(too_high)
    assert too_high not in told(promised(run, 0.0))["Stickers at stake"][2]


def test_a_run_without_a_budget_tells_its_churners_alone(run):
    assert set(told(run)) == {"Expected churners"}


def test_a_run_without_stickers_has_none_at_stake(without_stickers):
    assert set(told(without_stickers)) == {"Expected churners"}


def test_the_profit_stands_beside_that_at_the_rate_of_past_lists_and_the_worth_that_it_counts(run):
    assert told(planned(run))["Expected profit"] == (
        "−2.7",
        "[−5.1, −0.1]",
        "of calling these 30, each user kept worth 4.00. At the rate of past lists: 3.8 [1.3, 6.2].",
        False,
    )


def test_the_profit_is_of_those_who_may_be_called(run):
    assert told(planned(run, to_call=27))["Expected profit"][2].startswith("of calling these 27, each")


def test_a_profit_without_an_interval_stands_alone(run):
    unknown = {"value": 1.5, "low": None, "high": None}
    planned(run, profit=unknown, as_past_lists=unknown)
    assert told(run)["Expected profit"][:2] == ("1.5", "")
    assert told(run)["Expected profit"][2].endswith("At the rate of past lists: 1.5.")


@pytest.mark.parametrize("told_of", [{"as_past_lists": None}, {"past_users": 29}])
def test_where_the_worth_differs_by_user_or_past_lists_were_short_nothing_is_said_of_them(run, told_of):
    planned(run, assumed=ASSUMED | {"value": None}, **told_of)
    assert told(run)["Expected profit"][2] == "of calling these 30."


def test_an_empty_list_has_nothing_at_stake(run):
    assert told(listing(run, listed=0)) == {}


def test_what_is_at_stake_stands_before_whether_to_trust_it(finished):
    text = ParsedPage(finished / "report.html").text
    place = text.index("What should I do?", text.index("What came of earlier lists?"))  # after the contents
    said = ("Expected churners", "Can it be trusted?", "On past lists")
    assert sorted(said, key=lambda words: text.index(words, place)) == list(said)
