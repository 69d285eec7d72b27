"""The stages of a run: each reads the artefacts before it and writes its own."""

from churn.stages.context import Context, Facts
from churn.stages.deciding import compare_segments, review_run, score_users, write_report
from churn.stages.explaining import explain_models, screen_features
from churn.stages.exploring import explore_data
from churn.stages.fitting import blend_models, fit_models, refit_models, retrain_models
from churn.stages.judging import choose_order, evaluate_models, reach_verdicts
from churn.stages.observing import find_anomalies, group_users
from churn.stages.offering import learn_offers
from churn.stages.preparation import choose_features, examine_data, prepare_data

__all__ = [
    "Context",
    "Facts",
    "blend_models",
    "choose_features",
    "choose_order",
    "compare_segments",
    "evaluate_models",
    "examine_data",
    "explain_models",
    "explore_data",
    "find_anomalies",
    "fit_models",
    "group_users",
    "learn_offers",
    "prepare_data",
    "reach_verdicts",
    "refit_models",
    "retrain_models",
    "review_run",
    "score_users",
    "screen_features",
    "write_report",
]
