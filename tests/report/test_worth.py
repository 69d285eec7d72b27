"""The worth of calling the list, in the report."""

import pytest

from churn.artefacts import read_json
from churn.report.worth import worth
from churn.runs import Run

from .test_budget import planned, rewrite


def built(run):
    return worth.build(Run.open(run))


def test_without_costs_it_is_one_line_that_names_no_key(run):
    section = built(run)
    assert section.lead.startswith("This run was not told what a call costs") and "segments" not in section.lead
    assert section.blocks == ()


def test_a_loss_is_told_as_a_loss_with_its_ends(run):
    section = built(planned(run))
    assert section.lead == "Calling the list is expected to lose 2.7."
    said = section.blocks[0].items
    assert "If as many fall silent as on past lists, it earns 3.8, most likely between 1.3 and 6.2." in said


@pytest.mark.parametrize(("rate", "said"), [(0.21, True), (0.296, False), (0.0, False), (0.4, False), (None, False)])
def test_the_share_kept_at_which_nothing_is_earned_is_told_where_it_is_less_than_was_assumed(rate, said, run):
    items = built(planned(run, earned={"pays_off_from": rate})).blocks[0].items
    assert ("It earns nothing where a call keeps 21% instead of 30%." in items) == said
    assert any("earns nothing" in item for item in items) == said


def test_an_amount_at_stake_is_told_apart_from_the_worth_that_the_profit_counts(run):
    segment = read_json(planned(run) / "manifest.json")["segment"]
    rewrite(run, segment=segment | {"at_stake": {"churners": 15.0, "stickers": 3.0, "amount": 11.5}})
    budget = read_json(run / "manifest.json")["budget"]
    rewrite(run, budget=budget | {"assumed": budget["assumed"] | {"value": 4.0}})
    (stake,) = [item for item in built(run).blocks[0].items if item.startswith("Amount at stake: 11.5")]
    assert stake.endswith("The profit does not count it: it takes 4.00 for each user kept.")


def test_without_past_lists_the_ends_are_those_of_the_chances(run):
    earnings = read_json(planned(run) / "manifest.json")["earnings"]
    rewrite(run, earnings=earnings | {"as_past_lists": None})
    assert built(run).lead == "Calling the list is expected to lose 2.7, most likely between 0.1 and 5.1."


@pytest.mark.parametrize(("profit", "said"), [({"value": 4.0, "low": None, "high": None}, "is expected to earn 4.0.")])
def test_an_amount_without_ends_stands_alone(run, profit, said):
    earnings = read_json(planned(run) / "manifest.json")["earnings"]
    rewrite(run, earnings=earnings | {"profit": profit})
    assert built(run).lead.endswith(said)
