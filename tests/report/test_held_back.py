"""Users who are held back, on the page."""

import pytest

from churn.report.whom.held_back import held_back
from churn.report.whom.shortlist import build, reading
from churn.runs import Run

from .synthetic_run import build_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Run.open(build_run(tmp_path_factory.mktemp("run")))


def with_control(run, control):
    changed = Run(run.folder)
    changed.manifest = dict(run.manifest) | {"segment": dict(run.manifest["segment"]) | {"control": control}}
    return changed


def test_the_list_says_how_many_are_held_back_and_where_they_stand(run):
    held = with_control(run, {"share": 0.1, "seed": 4, "held_back": 12, "contacted": 1100})
    (text,) = held_back(held)
    assert "12 of the 1,112 users of the priority segment. Whoever is held back must not be contacted" in text.body
    assert "a share of 10%" in text.body
    assert "seed 4" in text.body
    assert "control.csv" in text.body
    assert text in reading(held).blocks
    (note,) = [block for block in build(held).blocks if block.kind == "note"]
    assert note.body.startswith("12 users are held back at random and named in control.csv: contact none of them")


def test_a_list_too_short_to_hold_anybody_back_says_so(run):
    (text,) = held_back(with_control(run, {"share": 0.1, "seed": 0, "held_back": 0, "contacted": 1}))
    assert "too short" in text.body


def test_without_a_control_nothing_is_said(run):
    assert held_back(with_control(run, {"share": 0.0, "seed": 0, "held_back": 0, "contacted": 9})) == ()
