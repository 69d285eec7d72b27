"""Explanation: the drivers of the probabilities, the reasons for a user, and the fidelity of both."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.explanation.attribution import Attribution, attribute
    from churn.explanation.averages import beside, others
    from churn.explanation.choice import to_attribute, to_imitate
    from churn.explanation.config import ExplanationConfig
    from churn.explanation.features import judged_features
    from churn.explanation.fidelity import Fidelity, Imitation
    from churn.explanation.lever_tables import curves, moves, points, value_words, worded_moves
    from churn.explanation.levers import Levers
    from churn.explanation.past import USUAL_DAYS, own_past
    from churn.explanation.surrogate import Surrogate, contributions, explain
    from churn.explanation.user_reasons import Reason, fans_among, heads, named, readable, reason_rows, reasons, worded
    from churn.explanation.variance_inflation import Collinearity, collinearity
    from churn.explanation.wording import Story

__all__ = [
    "USUAL_DAYS",
    "Attribution",
    "Collinearity",
    "ExplanationConfig",
    "Fidelity",
    "Imitation",
    "Levers",
    "Reason",
    "Story",
    "Surrogate",
    "attribute",
    "beside",
    "collinearity",
    "contributions",
    "curves",
    "explain",
    "fans_among",
    "heads",
    "judged_features",
    "moves",
    "named",
    "others",
    "own_past",
    "points",
    "readable",
    "reason_rows",
    "reasons",
    "to_attribute",
    "to_imitate",
    "value_words",
    "worded",
    "worded_moves",
]

__getattr__ = lazily(__name__, __file__)
