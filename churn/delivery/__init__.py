"""Deliveries: the list goes to where the team works, by a contract, and held-back and suppressed users never do."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.delivery.config import DeliveryConfig
    from churn.delivery.delivering import deliver
    from churn.delivery.printout import summary
    from churn.delivery.sending import Delivery

__all__ = ["Delivery", "DeliveryConfig", "deliver", "summary"]

__getattr__ = lazily(__name__, __file__)
