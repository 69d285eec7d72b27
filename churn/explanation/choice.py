"""The choice of models to explain: by a surrogate, and by the attribution of a network's own score."""

from collections.abc import Mapping

from churn.models import Classifier, members


def to_imitate(searched: Mapping[str, Classifier], chosen: str, model: Classifier) -> dict[str, Classifier]:
    """The networks of one target in a search, to compare, and the chosen model of any kind; by name.

    Example:
        >>> from churn.models import Majority
        >>> list(to_imitate({"Majority": Majority()}, "Majority_kept", Majority()))
        ['Majority_kept']
    """
    own = {name: found for name, found in _networks(searched).items() if not members(found)[0].answers_all}
    return own | {chosen: model}


def to_attribute(
    searched: Mapping[str, Classifier], chosen: str, model: Classifier, *, losses: Mapping[str, float]
) -> tuple[str, Classifier] | None:
    """The chosen model if it is a network; else the network of the lowest log loss; None if there is none.

    Args:
        searched: The models of a search, by name.
        chosen: The name of the model that scores.
        model: The model that scores.
        losses: The log loss of each model on half A.

    Example:
        >>> from churn.models import Majority
        >>> to_attribute({"Majority": Majority()}, "Majority", Majority(), losses={"Majority": 0.6}) is None
        True
    """
    if model.is_network:
        return chosen, model
    networks = _networks(searched)
    best = min(networks, key=lambda name: losses[name], default=None)
    return None if best is None else (best, networks[best])


def _networks(models: Mapping[str, Classifier]) -> dict[str, Classifier]:
    return {name: model for name, model in models.items() if model.is_network}
