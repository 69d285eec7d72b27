"""Offers: judged at earlier cutoffs, before the scored users get theirs."""

from dataclasses import asdict

from churn import offers
from churn.artefacts import declared, discard
from churn.progress import step
from churn.scoring import OFFERS, newest_windows
from churn.stages.context import Context, Facts

_FILES = (declared.OFFERS, declared.POPULAR, declared.OFFER_MEASURES, declared.OFFER_CHANCES)


def learn_offers(context: Context) -> Facts:
    """Judge offers at earlier cutoffs: models/offers/; nothing where no visits are named."""
    config, dataset, folder = context.segments.offers, context.dataset, context.folder / "models" / OFFERS
    discard(folder)
    for artefact in _FILES:  # of a run that had offers
        (context.folder / artefact.file).unlink(missing_ok=True)
    if config.visits is None:
        return {"offers": None}
    newest, horizon = offers.day_of(newest_windows(dataset)), dataset.config.windows.reach_days
    visits = offers.read_visits(config, dataset.config, until=newest, frames=context.frames)
    cutoffs = offers.earlier(newest, first=int(visits.day.min()), horizon=horizon, days=config.days)
    step(f"offers at {len(cutoffs)} earlier cutoffs")
    asked, seed = offers.asked_by(dataset, visits), context.config.seed
    judged = offers.judge(visits, asked, cutoffs, horizon=horizon, days=config.days, seed=seed)
    judged.learnt.save(folder)
    context.write(declared.OFFER_MEASURES, judged.measures)
    context.write(declared.OFFER_CHANCES, judged.chances)
    told = {name: value for name, value in asdict(judged.learnt).items() if name != "chance"}
    activities = {"activities": len(visits.activities), "without_visits": visits.unvisited}
    return {"offers": told | activities | {"rows": visits.counts, "cutoffs": len(cutoffs), "horizon_days": horizon}}
