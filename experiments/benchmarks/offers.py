"""Memory and time of offers: a million members, ten thousand activities.

Goal: at most 3 GB at the peak, visits read, likeness found and all members ranked. A process of its own makes the
visits, so that memory left by it cannot hide growth here. All members get what is like their own: the dearest case.

    python experiments/benchmarks/offers.py
    python experiments/benchmarks/offers.py --members 20000 --activities 1000
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from churn.data import DataConfig
from churn.offers import Learnt, OfferConfig, known_at, neighbours, offers, read_visits

GOAL, EACH, DAYS = 3.0, 5, 180  # GB; visits of a member; days
BEGIN = pd.Timestamp("2024-01-01")
CUTOFF = (BEGIN - pd.Timestamp("1970-01-01")).days + DAYS


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory and time of offers.")
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--activities", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="churn-benchmark-") as scratch:
        path = Path(scratch) / "visits.parquet"
        made = (options.members, options.activities, path)
        maker = multiprocessing.get_context("spawn").Process(target=_make, args=made)
        maker.start()
        maker.join()
        _measure(path)


def _make(members: int, activities: int, path: Path) -> None:
    """Write visits: five of each member on average, of popular activities more."""
    rng, n = np.random.default_rng(0), members * EACH
    member, activity = rng.integers(0, members, n), np.minimum(rng.zipf(1.3, n) - 1, activities - 1)
    activity = np.where(activity == activities - 1, rng.integers(0, activities, n), activity)
    when = BEGIN + pd.to_timedelta(rng.integers(0, DAYS * 86_400, n), unit="s")
    pd.DataFrame({"user_id": member, "activity_id": activity, "timestamp": when}).to_parquet(path, index=False)


def _measure(path: Path) -> None:
    begin = time.monotonic()
    visits = read_visits(OfferConfig(visits=str(path)), DataConfig(events="none"), until=CUTOFF)
    _say("read", begin)
    known = known_at(visits, CUTOFF, days=28)
    near = neighbours(known)
    matrix = sum(one.nbytes for part in (known.joined, known.likes) for one in (part.data, part.indices, part.indptr))
    print(f"a member: {matrix / len(visits.members):.0f} bytes of rows")
    print(f"shared base: {(near.data.nbytes + near.indices.nbytes) / 1e6:.1f} MB")
    _say("likeness", begin)
    learnt = Learnt(28, weight=1.0, used={"1": True, "2+": True})
    found = offers(visits, learnt, visits.members, cutoff=CUTOFF)
    peak = _say("ranked", begin)
    print(f"{len(found):,} offers for {len(visits.members):,} members of {len(visits.activities):,} activities")
    print(f"peak {peak:.2f} GB, goal {GOAL} GB: {'met' if peak <= GOAL else 'missed'}")


def _say(what: str, begin: float) -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{what}: {time.monotonic() - begin:.1f} s, peak {peak:.2f} GB")
    return peak


if __name__ == "__main__":
    main()
