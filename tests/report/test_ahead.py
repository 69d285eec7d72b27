"""The section on every day ahead."""

from churn.artefacts import declared, read_table, write_table
from churn.report.models import ahead
from churn.runs import Run


def test_forecasts_are_counted_that_lie_within_the_interval_of_what_came(run) -> None:
    section = ahead.build(Run.open(run))
    assert section.lead.startswith("6 of 8 forecasts lie within the interval of what came.")  # 14 days are not
    (table, _) = section.blocks
    assert len(table.rows) == 8


def test_the_users_who_are_expected_back_are_the_sum_of_their_chances(run) -> None:
    lead = ahead.build(Run.open(run)).lead
    assert "Of the 300 users scored on 25 December 2016" in lead
    assert "about 75 within 3 days, 150 within 7 days, 225 within 14 days and 270 within 28 days." in lead


def test_a_run_whose_data_end_before_any_horizon_says_so(run) -> None:
    write_table(read_table(run / declared.FORETOLD.file).head(0), run / declared.FORETOLD.file)
    assert "nothing could be held against what came" in ahead.build(Run.open(run)).lead


def test_the_section_is_left_out_where_no_model_looks_ahead(run) -> None:
    from churn.report.pages import EVIDENCE

    assert "ahead" in EVIDENCE.of(Run.open(run)).builds
    (run / declared.FORETOLD.file).unlink()
    assert "ahead" not in EVIDENCE.of(Run.open(run)).builds
