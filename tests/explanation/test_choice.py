from churn.explanation import to_attribute, to_imitate
from churn.models import GRU, BiLSTM, LightGBM, Majority

SEARCHED = {"GRU": GRU(), "BiLSTM": BiLSTM(), "LightGBM": LightGBM(), "Majority": Majority()}
LOSSES = {"GRU": 0.5, "BiLSTM": 0.4, "LightGBM": 0.3, "Majority": 0.6}


def test_networks_are_imitated_to_compare_and_the_chosen_model_whatever_it_is():
    trees = SEARCHED["LightGBM"]
    assert list(to_imitate(SEARCHED, "LightGBM", trees)) == ["GRU", "BiLSTM", "LightGBM"]
    assert to_imitate(SEARCHED, "LightGBM", trees)["LightGBM"] is trees


def test_a_chosen_network_that_learnt_again_is_imitated_instead_of_its_searched_form():
    again = GRU()
    assert to_imitate(SEARCHED, "GRU", again)["GRU"] is again


def test_the_chosen_network_is_attributed_though_another_has_a_lower_loss():
    again = GRU()
    assert to_attribute(SEARCHED, "GRU", again, losses=LOSSES) == ("GRU", again)
    assert to_attribute(SEARCHED, "GRU_kept", again, losses=LOSSES) == ("GRU_kept", again)


def test_the_best_network_is_attributed_where_trees_score():
    name, network = to_attribute(SEARCHED, "LightGBM", SEARCHED["LightGBM"], losses=LOSSES)
    assert (name, network) == ("BiLSTM", SEARCHED["BiLSTM"])


def test_nothing_is_attributed_without_a_network():
    few = {"LightGBM": SEARCHED["LightGBM"]}
    assert to_attribute(few, "LightGBM", few["LightGBM"], losses=LOSSES) is None
