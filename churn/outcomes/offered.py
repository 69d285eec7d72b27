"""Offers of a list, and whether they were taken: a target beside the others."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from churn import offers
from churn.artefacts import declared
from churn.data import Dataset, Frame
from churn.language import marked, say
from churn.offers import OfferConfig
from churn.outcomes.earlier import Earlier

OFFER = marked("offer")  # the target: some offered activity was joined within the horizon


def with_offers(
    earlier: Earlier,
    seen: pd.DataFrame,
    dataset: Dataset,
    *,
    config: OfferConfig,
    frames: Mapping[str, Frame] | None,
) -> tuple[Earlier, pd.DataFrame, list[str]]:
    """The list with the chance that each user takes an offer, the outcomes with who did, and notes.

    Nothing is added for a list without offers, or where no visits are named.

    Args:
        earlier: The list.
        seen: Its outcomes.
        dataset: The data set of the continued log.
        config: The tables with the visits since.
        frames: Data frames by the names that stand in it.

    Raises:
        UserError: as `churn.offers.read_visits`.
    """
    offered = declared.OFFERS.read(earlier.folder)
    if offered.empty:
        return earlier, seen, []
    if config.visits is None:
        note = say("No visits are named in segments.offers.visits, so whether offers were taken cannot be told.")
        return earlier, seen, [note]
    cutoff = (earlier.cutoff - pd.Timestamp("1970-01-01")).days
    until = cutoff + earlier.config.data.windows.reach_days
    visits = offers.read_visits(config, dataset.config, until=until, frames=frames)
    offered = offered.assign(user_id=offered["user_id"].astype(str))
    took = offered["user_id"][offers.taken(visits, offered, cutoff=cutoff, until=until, names=earlier.names)]
    users = earlier.scored["user_id"]
    seen = seen.assign(**{OFFER: users.isin(took).to_numpy()})
    chance = offers.expected(offered, pd.Index(users)).to_numpy()
    if not pd.isna(chance).any():
        earlier = replace(earlier, scored=earlier.scored.assign(**{f"p_{OFFER}": chance}))
    last = int(visits.day.max())
    return earlier, seen, [] if last == until - 1 else [_ends(last)]


def _ends(last: int) -> str:
    day = pd.Timestamp(last, unit="D").date()
    return say("The visits end on {day}, before the horizon does: offers taken later are not known.", day=day)
