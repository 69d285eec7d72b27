"""Why: what drives the probabilities, and how far an explanation can be trusted."""

from churn.explanation.attribution import Attribution, attribute
from churn.explanation.features import feature_ledger
from churn.explanation.reasons import readable, reasons
from churn.explanation.surrogate import Fidelity, Surrogate, contributions, explain

__all__ = [
    "Attribution",
    "Fidelity",
    "Surrogate",
    "attribute",
    "contributions",
    "explain",
    "feature_ledger",
    "readable",
    "reasons",
]
