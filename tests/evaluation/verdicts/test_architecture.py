from dataclasses import replace

import numpy as np
import pytest

from churn.data import example_dataset, example_split
from churn.evaluation import Contestant, VerdictConfig
from churn.evaluation.verdicts.architecture import _spreads, _winner, architecture
from churn.evaluation.verdicts.trials import Inquiry, Trial
from churn.models import GRU

from .conftest import TREES

pytestmark = pytest.mark.slow

TINY = Contestant(GRU, {"hidden_size": 4, "max_epochs": 1})
INQUIRY = Inquiry(example_dataset(), "churn", (TINY, TREES), VerdictConfig(windows=300, repetitions=20, seeds=2))


def test_every_scaling_and_number_of_layers_is_tried_with_the_networks_alone():
    verdict = architecture(INQUIRY)
    table = verdict.table
    assert set(table.model) == {"GRU"}
    assert len(set(table.variant)) == len(table) == 10
    assert table[table.reference].variant.tolist() == ["log_standard × 1 layer"]
    assert table.log_loss.nunique() == 10, "each variant must be another network"
    assert "over scalings" in verdict.sentence
    assert "over the seeds of one" in verdict.sentence


def trials(losses):
    """Trials with a log loss each, the same on every window, and with that on validation unless it is given."""
    test = example_split().test
    found = []
    for (variant, model), (loss, loss_a) in losses.items():
        p = np.where(test.answers == 1, np.exp(-loss), 1 - np.exp(-loss))
        found.append(Trial(model, variant, test, test.answers, p[None], loss_a))
    return found


def test_spread_is_between_means_over_all_else():
    found = trials(
        {
            ("none × 1 layer", "GRU"): (0.5, 0),
            ("none × 2 layers", "GRU"): (0.6, 0),
            ("log_standard × 1 layer", "GRU"): (0.4, 0),
            ("log_standard × 2 layers", "GRU"): (0.4, 0),
        }
    )
    said = _spreads(found)
    assert "0.150 over scalings" in said
    assert "0.050 over numbers of layers" in said
    assert "networks" not in said
    assert "seeds" not in said


@pytest.mark.parametrize(
    ("loss", "loss_a", "said"),
    [
        (0.3, 0.3, "is clearly better than its default: by 0.100"),
        (0.3, 0.5, "has the default scaling and depth"),
        (0.5, 0.3, "is worse on test than its default: by 0.100"),
        (0.4, 0.3, "No choice pays, as far as can be seen"),
    ],
)
def test_best_is_chosen_on_validation_and_judged_on_test(loss, loss_a, said):
    found = trials({("log_standard × 1 layer", "GRU"): (0.4, 0.4), ("robust × 2 layers", "GRU"): (loss, loss_a)})
    assert said in _winner(found, "log_standard × 1 layer", replace(INQUIRY, contestants=()))
