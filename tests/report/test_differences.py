import json
import math

import numpy as np
import pandas as pd
import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.report.parts.chart_parts import GREY
from churn.report.users import differences
from churn.report.users.forest import FREE, SHOWN, shown
from churn.runs import Run

from .parsed_page import ParsedPage, figures, page_of

pytestmark = pytest.mark.slow

THIRD = "loyal earners vs all others"


@pytest.fixture(scope="module")
def plots(finished):
    """The forest plots of the page: their specification and caption."""
    return [(json.loads(plot.spec), plot) for plot in figures(differences.build(Run.open(finished)).blocks)]


def change(run, **columns):
    """Change the tests of a run, by columns made of the table."""
    write_table(read_table(run / "segment_tests.csv").assign(**columns), run / "segment_tests.csv")


def text_of(run):
    return page_of(run, differences.build).text


def rows_of(spec):
    """A plot's labels from the top, with their values."""
    found = {label: x for trace in spec["data"] for label, x in zip(trace["y"], trace["x"], strict=True)}
    return [(label, found[label]) for label in reversed(spec["layout"]["yaxis"]["categoryarray"])]


def test_every_comparison_has_its_forest_plot_but_one_of_a_group_too_small(plots, finished):
    assert read_table(finished / "segment_tests.csv").comparison.nunique() == 3
    assert [plot.title for _, plot in plots] == [
        "Priority vs everyone else: effect sizes",
        "Priority vs other likely churners: effect sizes",
    ]


def test_rows_are_sorted_by_strength_with_those_by_construction_below_a_line(plots):
    for spec, _ in plots:
        rows = rows_of(spec)
        assert len(rows) == SHOWN
        circular = {label for trace in spec["data"] if trace["name"] == "by construction" for label in trace["y"]}
        below = [label in circular for label, _ in rows]
        assert below == sorted(below) and 0 < sum(below) < SHOWN
        for part in (False, True):
            strength = [abs(x) for label, x in rows if (label in circular) == part]
            assert strength == sorted(strength, reverse=True)
        (line,) = [s for s in spec["layout"]["shapes"] if s["type"] == "line" and s["y0"] == s["y1"]]
        assert line["y0"] == sum(below) - 0.5


def test_the_number_of_users_stands_at_the_chart_and_at_each_dot(plots):
    assert "n = 212 in the priority segment, 1,226 others" in plots[0][1].caption
    assert all("n = 212 and 1,226" in text for trace in plots[0][0]["data"] for text in trace["hovertext"])


def test_comparisons_of_a_small_group_are_one_line_with_their_sizes(finished):
    last = differences.build(Run.open(finished)).blocks[-1]
    assert last.body == (
        "Not compared, since a group has fewer than 30 users: loyal earners vs all others (22 and 1,204 users). The "
        "numbers are in segment_tests.csv."
    )


def test_the_minimum_is_the_one_the_run_was_made_with(run):
    manifest = read_json(run / "manifest.json")
    manifest["segment"]["minimum_cell"] = 20
    write_json(manifest, run / "manifest.json")
    assert len([*figures(differences.build(Run.open(run)).blocks)]) == 3
    manifest["segment"]["minimum_cell"] = 213
    write_json(manifest, run / "manifest.json")
    section = differences.build(Run.open(run))
    assert "fewer than 213 users" in section.lead and section.lead.count(" users)") == 3 and not section.blocks


def test_columns_with_too_few_known_values_are_counted_as_not_tested(run):
    few = read_table(run / "segment_tests.csv").feature == "rooms_visited"
    change(run, n_priority=np.where(few, 12, 212), p_finding=np.where(few, math.nan, 0.001))
    blocks = differences.build(Run.open(run)).blocks
    (said, *_) = [block.body for block in blocks if block.kind == "text" and "were tested" in block.body]
    assert "5 columns that no model saw were tested; 5 differ after adjustment" in said
    assert "Not tested: 1 more, of which too few users are known (under 30 in a group)." in said
    grey = {trace["name"]: trace["marker"]["color"] for trace in json.loads(next(figures(blocks)).spec)["data"]}
    assert grey["too few users"] == GREY != grey["finding"]


def test_both_adjustments_and_the_ranks_are_in_the_table(finished):
    heads = [heads for heads in ParsedPage(finished / "evidence.html").tables if "p of ranks" in heads]
    assert len(heads) == 2
    assert all(
        {"p of t", "Adjusted p", "p of t by Holm", "p of t by share of false", "n others"} <= set(columns)
        for columns in heads
    )
    assert all("Mean of the segment" in columns for columns in heads)


def test_categories_are_shown_with_their_strength_and_what_was_pooled(finished):
    page = ParsedPage(finished / "evidence.html")
    assert len([heads for heads in page.tables if "Cramér’s V" in heads]) == 1
    assert "Attributes that are categories (2; strongest Plan)" in page.text
    assert "7 rare pooled" in page.text


def test_without_loyal_earners_and_attributes_nothing_is_said_of_them(run):
    tests = read_table(run / "segment_tests.csv")
    write_table(tests[tests.comparison != THIRD], run / "segment_tests.csv")
    write_table(read_table(run / "segment_categories.csv").head(0), run / "segment_categories.csv")
    text = text_of(run)
    assert "6 columns that no model saw were tested" in text
    assert "Loyal earners" not in text and "Attributes that are categories" not in text


def test_a_finding_is_what_the_test_that_is_due_finds(run):
    tests = read_table(run / "segment_tests.csv")
    due = np.where(tests.feature == "rooms_visited", 0.001, 0.5)
    change(run, p_finding=np.where(tests.p_adjusted.notna(), due, math.nan), p_adjusted=0.6)
    assert "6 columns that no model saw were tested; 1 differs after adjustment: Rooms visited" in text_of(run)


@pytest.mark.parametrize(("free", "circular"), [(0, 20), (3, 20), (20, 0), (20, 2), (20, 20), (2, 3), (9, 0)])
def test_both_kinds_get_room_in_a_chart_and_none_is_wasted(free, circular):
    table = pd.DataFrame({"circular": [False] * free + [True] * circular, "n": [*range(free), *range(circular)]})
    rows = shown(table)
    assert len(rows) == min(SHOWN, free + circular)
    assert (~rows.circular).sum() >= min(free, FREE) and rows.circular.sum() >= min(circular, SHOWN - FREE)
    assert all(part.n.tolist() == list(range(len(part))) for _, part in rows.groupby("circular"))


def test_the_strongest_findings_are_told_with_the_means_of_both_groups(run):
    tests = read_table(run / "segment_tests.csv")
    found = np.where(tests.feature == "rooms_visited", 0.001, 0.5)
    change(run, p_finding=found, mean_priority=55.2, mean_other=3.14)
    bodies = [block.body for block in differences.build(Run.open(run)).blocks if block.kind == "text"]
    assert any(body.endswith("Rooms visited: 55 on average, the others 3.1.") for body in bodies)
    assert any("“before” are of the 28 days before the 7 days that the models see" in body for body in bodies)


def test_the_mean_of_a_share_is_a_percentage(run):
    tests = read_table(run / "segment_tests.csv")
    found = np.where(tests.feature == "rooms_visited", 0.001, 0.5)
    names = tests.feature.replace("rooms_visited", "share_in_morning")
    change(run, feature=names, p_finding=found, mean_priority=0.256, mean_other=0.31)
    bodies = [block.body for block in differences.build(Run.open(run)).blocks if block.kind == "text"]
    assert any(body.endswith("Share in morning: 26% on average, the others 31%.") for body in bodies)


@pytest.mark.parametrize(("on", "said"), [(1, "1 counts as being on it"), (3, "3 count as being on it")])
def test_one_of_users_with_the_same_scores_is_told_in_the_singular(run, on, said):
    manifest = read_json(run / "manifest.json")
    manifest["compared"] = manifest["compared"] | {"ties": {"listed": 0, "line": 5, "line_listed": on}}
    write_json(manifest, run / "manifest.json")
    (text,) = differences._twins(Run.open(run))
    assert said in text.body


@pytest.mark.parametrize(("on", "said"), [(40, True), (365, False)])
def test_the_page_says_whom_the_lot_put_on_the_list_beside_users_like_them(run, on, said):
    ties = {"listed": 40, "line": 365, "line_listed": on}
    manifest = read_json(run / "manifest.json")
    manifest["compared"]["ties"] = ties
    write_json(manifest, run / "manifest.json")
    bodies = [getattr(block, "body", "") for block in differences.build(Run.open(run)).blocks]
    assert any(body.startswith("Of 365 users with the same scores") for body in bodies) == said
