"""The section on what the past before the history adds."""

import pytest

from churn.artefacts import declared, read_table, write_table
from churn.report.models import beyond_history
from churn.runs import Run


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        ((0.012, 0.004, 0.02), "Churn: in quick trees this saves a log loss of 0.012 [0.004, 0.020]."),
        ((0.012, -0.003, 0.027), "Churn: whether it helps is not clear, a saving of 0.012 [−0.003, 0.027]."),
        ((-0.02, -0.03, -0.01), "Churn: on half B this does harm, a saving of −0.020 [−0.030, −0.010]."),
    ],
)
def test_a_saving_that_half_b_does_not_bear_out_is_called_so(run, gain, said) -> None:
    table = read_table(run / declared.CONTEXT.file)
    of_all = (table.family == "chosen") & (table.target == "churn")
    table.loc[of_all, ["gain", "low", "high"]] = gain
    write_table(table, run / declared.CONTEXT.file)
    assert said in beyond_history.build(Run.open(run)).lead.replace("\xa0", " ")


def test_a_run_that_took_nothing_says_so(run) -> None:
    table = read_table(run / declared.CONTEXT.file)
    write_table(table[table.family != "chosen"].assign(chosen=False), run / declared.CONTEXT.file)
    assert "see the plain columns alone" in beyond_history.build(Run.open(run)).lead
