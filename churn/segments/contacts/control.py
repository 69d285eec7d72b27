"""Control: users of the list who are held back at random, so that it can be seen what a contact changes."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from churn.segments.config import ControlConfig

CONTACT, CONTROL = "contact", "control"


def hold_back(user_ids: Sequence[object], config: ControlConfig, *, occasion: str) -> NDArray[np.bool_]:
    """Draw the users that are held back, (n,), out of a list that stands in the order of its ranks.

    Everyone has the same chance, the number held back is `round(share × n)`, and the drawn are spread along the list:
    neighbours compete for a place (the ordered pivotal method), so both groups have alike ranks.

    The draw depends on the seed, the users and the occasion, which is the cutoff: the same list gives the same control,
    and the next list makes a new draw. That way each list is a trial of its own, whose groups are alike in everything,
    in earlier contacts, too. Were a user's group fixed for ever, the second list would hold more users whom the first
    contact had kept, and would compare them with others. It also means that nobody is left alone for ever, and that two
    lists measure two effects only if the later begins when the horizon of the earlier is over.

    Args:
        user_ids: Best first.
        config: The share and the seed.
        occasion: What else the draw depends on.

    Source:
        J.-C. Deville and Y. Tillé, Unequal probability sampling without replacement through a splitting method,
        Biometrika 85 (1998), 89-101; in the order of a list: G. Chauvet, On a characterization of ordered pivotal
        sampling, Bernoulli 18 (2012), 1320-1340.

    Example:
        >>> held = hold_back(list("abcdefghij"), ControlConfig(share=0.3), occasion="2024-03-01")
        >>> int(held.sum())
        3
        >>> hold_back(["alone"], ControlConfig(share=0.3), occasion="2024-03-01").tolist()
        [False]
    """
    n = len(user_ids)
    held = np.zeros(n, np.bool_)
    if not config.share or n < 2:
        return held
    number = min(max(round(config.share * n), 1), n - 1)
    champion, chance = 0, number  # chances are counted in n-ths, so that they add up without rounding
    for rival in range(1, n):
        lot = _lot(config.seed, occasion, user_ids[rival])
        both = chance + number
        if both <= n:  # one takes the other's chance
            champion = champion if lot * both < chance else rival
            chance = both
        else:  # one is drawn, the other keeps what is over
            drawn = champion if lot * (2 * n - both) < n - number else rival
            held[drawn] = True
            champion, chance = (rival if drawn == champion else champion), both - n
    held[champion] |= chance == n
    return held


def _lot(seed: int, occasion: str, user_id: object) -> float:
    """A number in [0, 1) that is the user's own on that occasion."""
    digest = sha256(f"{seed}\0{occasion}\0{user_id}".encode("utf8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6]) / 2**48
