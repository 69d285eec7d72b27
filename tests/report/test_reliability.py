"""Calibration on the page."""

import pytest

from churn.artefacts import read_table, write_table
from churn.report.models import reliability
from churn.runs import Run

from .parsed_page import figures


@pytest.mark.parametrize(
    ("off", "said"),
    [
        ((0.4, 0.39, 0.3, 0.5), "Here all 10 groups do."),
        (
            (0.4, 0.29, 0.21, 0.38),
            "Here 9 of 10 groups do; furthest off is the one predicted at 40%, where 29% [21, 38] came.",
        ),
        (
            (0.004, 0.02, 0.0044, 0.04),
            "Here 9 of 10 groups do; furthest off is the one predicted at 0.40%, where 2.00% [0.44, 4.00] came.",
        ),
    ],
)
def test_groups_whose_interval_misses_the_diagonal_are_counted_and_the_worst_is_named(run, off, said):
    table = read_table(run / "calibration.csv")
    table["bin"] = table.groupby(["target", "model"]).cumcount()
    table = table[table["bin"] < 10].assign(low=0.0, high=1.0)
    table.loc[table["bin"] == 3, ["mean_predicted", "observed", "low", "high"]] = off
    write_table(table, run / "calibration.csv")
    caption = next(iter(figures(reliability.build(Run.open(run)).blocks))).caption
    assert caption.replace("\xa0", " ").endswith(said)
