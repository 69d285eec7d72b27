"""Why: what drives the probabilities, and how far an explanation can be trusted."""

from churn.explanation.attribution import Attribution, attribute
from churn.explanation.choice import to_attribute, to_imitate
from churn.explanation.collinearity import Collinearity, collinearity
from churn.explanation.features import feature_ledger
from churn.explanation.fidelity import Fidelity, Imitation
from churn.explanation.others import beside, others
from churn.explanation.reasons import readable, reasons
from churn.explanation.surrogate import Surrogate, contributions, explain

__all__ = [
    "Attribution",
    "Collinearity",
    "Fidelity",
    "Imitation",
    "Surrogate",
    "attribute",
    "beside",
    "collinearity",
    "contributions",
    "explain",
    "feature_ledger",
    "others",
    "readable",
    "reasons",
    "to_attribute",
    "to_imitate",
]
