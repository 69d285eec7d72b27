from churn.evaluation import Contestant, VerdictConfig, contestants
from churn.evaluation.verdicts.trials import Inquiry
from churn.models import GRU, BiLSTM, Ensemble, Foresight, LightGBM, Logistic, Majority

MODELS = {"GRU": GRU(hidden_size=4), "LightGBM": LightGBM(max_trees=5), "BiLSTM": BiLSTM(), "Majority": Majority()}


def test_networks_and_boosted_trees_stand_again_the_best_first():
    found = contestants(MODELS, losses={"GRU": 0.5, "LightGBM": 0.4, "BiLSTM": 0.3, "Majority": 0.1})
    assert [one.name for one in found] == ["BiLSTM", "LightGBM", "GRU"]
    assert found[1].arguments["max_trees"] == 5


def test_without_either_the_best_model_stands():
    few = {"Majority": Majority(), "Logistic": Logistic()}
    assert [one.name for one in contestants(few, losses={"Majority": 0.7, "Logistic": 0.6})] == ["Logistic"]


def test_an_average_stands_as_one_of_its_fits():
    [found] = contestants({"GRU": Ensemble([MODELS["GRU"], GRU()])}, losses={"GRU": 0.5})
    assert (found.kind, found.arguments["hidden_size"]) == (GRU, 4)


def test_of_several_networks_the_best_rivals_what_is_none():
    few = tuple(Contestant(kind, {}) for kind in (LightGBM, BiLSTM, GRU))
    assert [one.name for one in Inquiry(None, "churn", few, VerdictConfig()).rivals] == ["LightGBM", "BiLSTM"]


def test_a_network_of_all_targets_rivals_only_where_it_is_the_only_network():
    both, alone = (tuple(Contestant(kind, {}) for kind in kinds) for kinds in ((Foresight, GRU), (Foresight, LightGBM)))
    assert [one.name for one in Inquiry(None, "churn", both, VerdictConfig()).rivals] == ["GRU"]
    assert [one.name for one in Inquiry(None, "churn", alone, VerdictConfig()).rivals] == ["Foresight", "LightGBM"]
