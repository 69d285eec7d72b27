"""The worth of calling the list, in the report."""

import pytest

from churn.artefacts import read_json
from churn.report import worth
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


def test_without_past_lists_the_ends_are_those_of_the_chances(run):
    earnings = read_json(planned(run) / "manifest.json")["earnings"]
    rewrite(run, earnings=earnings | {"as_past_lists": None})
    assert built(run).lead == "Calling the list is expected to lose 2.7, most likely between 0.1 and 5.1."


@pytest.mark.parametrize(("profit", "said"), [({"value": 4.0, "low": None, "high": None}, "is expected to earn 4.0.")])
def test_an_amount_without_ends_stands_alone(run, profit, said):
    earnings = read_json(planned(run) / "manifest.json")["earnings"]
    rewrite(run, earnings=earnings | {"profit": profit})
    assert built(run).lead.endswith(said)
