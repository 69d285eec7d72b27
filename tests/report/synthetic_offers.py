"""Made-up offers of a run."""

import numpy as np

from churn.artefacts import declared

NAN = float("nan")
MANIFEST = {
    "offers": {
        **{"days": 28, "weight": 1.5, "text": 0.0, "used": {"1": False, "2+": True}, "cutoffs": 24, "horizon_days": 7},
        **{"activities": 12, "without_visits": 1},
        "rows": {"visits": {"read": 5100, "used": 5000, "unknown activity": 60, "null activity_id": 40}},
    }
}


def offer_tables(scores, titles):
    """Every user is offered three activities, half of the users by likeness."""
    names = [*titles, *(f"club {n}" for n in range(12 - len(titles)))]
    rows = []
    for n, user in enumerate(scores["user_id"]):
        basis = "like_yours" if n % 2 else "popular"
        rows += [
            (user, place, f"a{(n + place) % 12}", names[(n + place) % 12], 0.05 / place, basis) for place in (1, 2, 3)
        ]
    popular = [(place + 1, f"a{place}", name, 90 - place, 75) for place, name in enumerate(names)]
    return {
        "offers.parquet": declared.OFFERS.of(rows),
        "popular.csv": declared.POPULAR.of(popular),
        "offer_measures.csv": declared.OFFER_MEASURES.of(_measures()),
        "offer_chances.csv": declared.OFFER_CHANCES.of(_chances()),
    }


def _measures():
    for k in (3, 10):
        yield "popular", "0", k, True, 400, 400, 0.1 * np.log(k), 0.05, 0.25, 0.98, 0.1, NAN, NAN, NAN
        for known, used in (("1", False), ("2+", True), ("1+", False)):
            n = 20 if known == "1" else 300
            yield "popular", known, k, not used, n, n, 0.1 * np.log(k), 0.05, 0.25, 0.9, 0.1, NAN, NAN, NAN
            yield "like_yours", known, k, used, n, n, 0.15 * np.log(k), 0.1, 0.35, 0.9, 0.3, 0.05, -0.01, 0.09


def _chances():
    for known in ("0", "1", "2+"):
        for place in (1, 2, 3):
            yield known, place, 900, 0.05 / place, 0.04 / place, 0.02 / place, 0.06 / place
