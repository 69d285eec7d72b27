"""Deliveries: the list goes to where the team works, by a contract, and held-back and suppressed users never do; and
scores go to a table of a warehouse, with all who were scored."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.delivery.config import DeliveryConfig
    from churn.delivery.delivering import deliver
    from churn.delivery.printout import summary
    from churn.delivery.scored_table import ScoredTable
    from churn.delivery.sending import Delivery

__all__ = ["Delivery", "DeliveryConfig", "ScoredTable", "deliver", "summary"]

__getattr__ = lazily(__name__, __file__)
