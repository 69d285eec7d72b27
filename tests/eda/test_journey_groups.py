import numpy as np
import pandas as pd

from churn.data import example_split
from churn.eda import of_fates, of_the_list


def test_the_list_comes_first_and_all_others_are_at_risk():
    segments = ["other", "priority", "likely churner", "priority"]
    found = of_the_list(pd.DataFrame({"user_id": list("abcd"), "cutoff": "2024-03-01", "segment": segments}))
    assert found.user_id.tolist() == ["b", "d", "a", "c"]
    assert found.group.tolist() == ["on the list"] * 2 + ["others at risk"] * 2


def test_fates_are_told_at_the_last_cutoff_of_the_part():
    test = example_split().test
    found = of_fates(test)
    table = test.table()
    last = table[table.cutoff == table.cutoff.max()]
    assert set(found.user_id[found.group == "fell silent"]) == set(last.user_id[last.churn == 1])
    assert set(found.user_id[found.group == "stayed"]) == set(last.user_id[last.churn == 0])
    assert (np.diff(found.group.eq("stayed").astype(int)) >= 0).all()
    assert (found.cutoff == table.cutoff.max()).all()
