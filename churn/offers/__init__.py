"""Offers: which activity a member may like to join next, how likely that is, and how it is known."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.offers.asking import asked_by, day_of
    from churn.offers.config import OfferConfig
    from churn.offers.judging import Judged, earlier, judge
    from churn.offers.known import Known, first_joins, known_at
    from churn.offers.learnt import Learnt
    from churn.offers.offering import expected, of_each, offers, popular_lately, taken, with_offers
    from churn.offers.ranking import alike, neighbours, ranked
    from churn.offers.visits import Visits, read_visits

__all__ = [
    "Judged",
    "Known",
    "Learnt",
    "OfferConfig",
    "Visits",
    "alike",
    "asked_by",
    "day_of",
    "earlier",
    "expected",
    "first_joins",
    "judge",
    "known_at",
    "neighbours",
    "of_each",
    "offers",
    "popular_lately",
    "ranked",
    "read_visits",
    "taken",
    "with_offers",
]

__getattr__ = lazily(__name__, __file__)
