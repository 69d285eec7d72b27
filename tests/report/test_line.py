import json

import pandas as pd
import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.report.parts.chart_parts import GREY
from churn.report.whom import line
from churn.runs import Run

from .parsed_page import ParsedPage, figures, page_of

pytestmark = pytest.mark.slow

ARTEFACTS = ("threshold.csv", "score_distribution.csv", "segment_rules.csv")


def text_of(run):
    return page_of(run, line.build).text


def charts(run):
    return [json.loads(plot.spec) for plot in figures(line.build(Run.open(run)).blocks)]


def observed(run):
    """The table of what came true on lists drawn otherwise."""
    blocks = line.build(Run.open(run)).blocks
    return next(block for block in blocks if getattr(block, "caption", "").startswith("Observed"))


def skewness(run, **facts):
    manifest = read_json(run / "manifest.json")
    manifest["segment"]["skewness"] |= facts
    write_json(manifest, run / "manifest.json")


def test_the_users_near_the_line_are_counted_with_its_interval(finished):
    text = ParsedPage(finished / "evidence.html").text
    assert "The list ends at 0.122 (95% interval [0.111, 0.137])" in text
    assert "Of 300 scored users, 12 stand inside it" in text


def test_a_list_that_ends_where_calls_stop_paying_has_no_users_near_its_line(run):
    table = read_table(run / "threshold.csv")
    write_table(table.head(1).assign(rule="profit", threshold=0.42), run / "threshold.csv")
    manifest = read_json(run / "manifest.json")
    facts = {"segment": manifest["segment"] | {"rank_by": "p_churn"}, "budget": {"pays_from": 0.4167}}
    write_json(manifest | facts, run / "manifest.json")
    lead = line.build(Run.open(run)).lead
    assert lead.startswith("The list ends where a call no longer pays, at a chance of churn of 41.7%")


def test_both_scales_are_drawn_with_the_line_of_every_rule_and_their_skewness(finished):
    raw, log = charts(finished)
    for spec, ends in ((raw, [0.1217, 0.104]), (log, [-0.9147, -0.983])):
        bars, *marks = spec["data"]
        assert [mark["name"] for mark in marks] == ["a share of the users", "a number of users"]
        assert [mark["x"][0] for mark in marks] == pytest.approx(ends, abs=1e-3)
        assert sum(bars["y"]) == 300
        assert marks[0]["line"]["dash"] == "solid" != marks[1]["line"]["dash"]
    text = ParsedPage(finished / "evidence.html").text
    assert "The skewness of the priority is +1.84, that of its logarithm −0.91" in text


def test_scores_of_zero_are_said_to_have_no_logarithm(run):
    skewness(run, zeros=7)
    assert "7 users have a priority of 0 and no logarithm." in text_of(run)
    skewness(run, log10=None)
    assert "its logarithm does not vary" in text_of(run)
    skewness(run, raw=None)
    assert "All 300 users have the same priority" in text_of(run)


def test_a_list_of_nobody_or_everyone_has_no_line(run):
    lines = read_table(run / "threshold.csv")
    none = dict.fromkeys(("threshold", "low", "high"), float("nan"))
    write_table(lines.assign(**none, near=0), run / "threshold.csv")
    assert "The list holds nobody or everyone, so there is no line" in text_of(run)
    assert all(len(spec["data"]) == 1 for spec in charts(run))


def test_few_users_are_drawn_in_grey(run):
    table = read_table(run / "score_distribution.csv")
    write_table(table.assign(n=[1] * 10 + [0] * 10 + [1] * 10 + [0] * 10), run / "score_distribution.csv")
    assert all(spec["data"][0]["marker"]["color"] == GREY for spec in charts(run))


def test_other_lists_stand_beside_the_base_and_those_of_few_users_are_set_back(finished):
    table = observed(finished)
    assert [column.title for column in table.columns[-2:]] == ["Fell silent", "Received a sticker"]
    first, second, everyone = table.rows
    assert first[0].badge == "used" and not any(cell.few for cell in first)
    assert second[0].text == "value at risk" and [cell.few for cell in second[-2:]] == [True, True]
    assert [cell.text for cell in everyone[-2:]] == ["30.0%", "30.0%"] and everyone[3].text == "1,438"


def test_scores_that_draw_one_list_are_one_row(run):
    table = read_table(run / "segment_rules.csv")
    one = table[table["rank_by"] == "priority"]
    others = [one.assign(rank_by=name, used=False) for name in ("p_churn", "expected_loss")]
    write_table(pd.concat([table, *others]), run / "segment_rules.csv")
    first, second, _ = observed(run).rows
    assert first[0].text == "priority · chance of churn · expected loss" and first[0].badge == "used"
    assert second[0].text == "value at risk"


def test_the_agreement_of_the_orders_is_a_table_of_kendalls_tau(finished):
    fold = line.build(Run.open(finished)).blocks[-1]
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in fold.blocks[1].rows}
    assert rows["Priority"] == ["–", "−0.36", "+0.64"] and rows["Chance of a sticker"] == ["+0.64", "−0.71", "–"]


def test_a_run_without_stickers_has_a_column_for_churn_alone(without_stickers):
    table = observed(without_stickers)
    assert [column.title for column in table.columns[4:]] == ["Fell silent"]
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_where_all_orders_draw_one_list_there_is_no_table(run):
    table = read_table(run / "segment_rules.csv")
    one = table[table["rank_by"] == "priority"]
    write_table(pd.concat([one, one.assign(rank_by="p_churn", used=False)]), run / "segment_rules.csv")
    assert "draws one list, the one used" in text_of(run) and "Observed rates by order and rule" not in text_of(run)


def test_where_the_list_is_ordered_by_chance_its_end_is_a_percentage(without_stickers):
    ends = read_table(without_stickers / "threshold.csv").query("used")["threshold"].iloc[0]
    said = line.build(Run.open(without_stickers)).lead
    assert said.startswith(f"The list ends at {100 * ends:.1f}% (95% interval [")


def chosen(run):
    """The table of what each order found."""
    blocks = line.build(Run.open(run)).blocks
    return next(block for block in blocks if getattr(block, "caption", "") == "What each order found")


def test_what_each_order_found_stands_on_the_part_that_chose_and_on_the_part_that_judged(run):
    rows = chosen(run).rows
    assert [(order.text, order.badge, part.text) for order, part, *_ in rows] == [
        ("priority", "used", "validation, half A"),
        ("chance of churn", "", "validation, half A"),
        ("priority", "used", "test"),
        ("chance of churn", "", "test"),
    ]
    found, by_lot = rows[0][-2:]
    assert (found.text, found.under, by_lot.text) == ("24.6", "[19.6,\u00a029.6]", "11.4")


@pytest.mark.parametrize(
    ("asked", "words"), [("best", "The order was chosen on validation"), ("priority", "The configuration asked for")]
)
def test_whether_the_order_was_chosen_or_asked_for_is_said(run, asked, words):
    manifest = read_json(run / "manifest.json")
    manifest["order"]["asked"] = asked
    write_json(manifest, run / "manifest.json")
    assert words in text_of(run) and "had received before" in text_of(run)


def test_a_run_without_orders_has_no_table_of_them(run):
    write_table(read_table(run / "orders.csv").head(0), run / "orders.csv")
    assert "How the order was chosen" not in text_of(run)
