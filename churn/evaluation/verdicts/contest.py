"""Contestants: the models of a run that are tried again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from churn.models import Classifier, LightGBM, members


@dataclass(frozen=True)
class Contestant:
    """A model to try again under other conditions."""

    kind: type[Classifier]
    arguments: Mapping[str, Any]  # arguments of the constructor

    @classmethod
    def of(cls, model: Classifier) -> "Contestant":
        """A fitted model's class and arguments; a member's if several seeds are averaged."""
        one = members(model)[0]
        return cls(type(one), one.arguments)

    @property
    def name(self) -> str:
        """The class's name."""
        return self.kind.__name__

    def given(self, arguments: Mapping[str, Any]) -> "Contestant":
        """A copy with some arguments replaced."""
        return replace(self, arguments={**self.arguments, **arguments})


def contestants(models: Mapping[str, Classifier], *, losses: Mapping[str, float]) -> list[Contestant]:
    """Networks and LightGBM among a target's models, or the best model where there is neither.

    Args:
        models: The models by name.
        losses: Their log loss on half A; the best comes first.

    Example:
        >>> from churn.models import Logistic, Majority
        >>> [one.name for one in contestants({"a": Majority(), "b": Logistic()}, losses={"a": 0.7, "b": 0.6})]
        ['Logistic']
    """
    ranked = [Contestant.of(models[name]) for name in sorted(models, key=lambda name: losses[name])]
    return [one for one in ranked if one.kind.is_network or issubclass(one.kind, LightGBM)] or ranked[:1]
