"""Made-up arrivals whose truth is known: members with attributes, and the effect of each on a yes or no."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import scipy

from churn.data.sources.simulator.latent import Floats, Ints
from churn.data.sources.simulator.population import CATEGORIES
from churn.data.sources.simulator.rows import ids

GOALS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)  # goals at which the truth is told
TOPICS = (
    ("river", "boat", "harbour", "fishing", "island"),
    ("robot", "sensor", "battery", "circuit", "printer"),
    ("recipe", "kitchen", "bread", "garden", "honey"),
    ("novel", "poems", "letters", "archive", "library"),
)
_COMMON = ("a", "new", "our", "small", "first", "project", "about", "with", "for", "everyone")
_WORDS = 10  # of a text
_USUAL_GOAL = 5_000


@dataclass(frozen=True)
class Arrivals:
    """Launches, each asked about once, and what makes one be carried; effects are in logits.

    The goal and the number of rewards follow the experience and the category, so that neither can be judged alone.
    Rewards have no effect.

    Args:
        n: Launches.
        n_days: Days on which they arrive; the log ends on the last.
        open_days: Days from the arrival to the answer, at most.
        base: The logit of a launch without any of the following.
        experience: The effect of each earlier launch.
        video: The effect of a video.
        goal: The effect of a goal that is e times as high.
        beginners: The further effect of such a goal where there is no earlier launch.
        category: The effect of each category.
        topic: The effect of the text's first topic.

    Example:
        >>> members, truth = draw_arrivals(Arrivals(n=500), seed=1)
        >>> members.state.value_counts().index.tolist(), len(truth)
        (['carried', 'lost'], 500)
    """

    n: int = 4_000
    n_days: int = 400
    open_days: int = 60
    first_day: date = date(2022, 11, 10)
    base: float = -0.5
    experience: float = 0.25
    video: float = 0.8
    goal: float = -0.6
    beginners: float = 0.0
    category: tuple[float, ...] = (0.6, 0.2, 0.0, -0.3, -0.8)
    topic: float = 0.9


def draw_arrivals(made: Arrivals, *, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the member list, and the truth of each member.

    Returns:
        The list: user_id, joined, category, experience, goal, rewards, video, blurb, state (carried, lost, or null
        where the answer comes after the last day) and decided. The truth: user_id, p, p_without_text, which is averaged
        over topics, and p at other values of the goal and of the video.
    """
    rng, n = np.random.default_rng(seed), made.n
    category, experience = rng.integers(0, len(made.category), n), rng.poisson(1.5, n)
    size = 0.15 * experience + 0.25 * category - 0.7
    goal = np.round(_USUAL_GOAL * np.exp(size + rng.normal(0, 0.9, n)), -2).clip(100)
    topic, day = rng.integers(0, len(TOPICS), n), np.sort(rng.integers(0, made.n_days, n))
    joined = pd.Timestamp(made.first_day) + pd.to_timedelta(day, unit="D")
    open_days = rng.integers(made.open_days // 3, made.open_days + 1, n)
    members = pd.DataFrame(
        {
            "user_id": ids("a", n),
            "joined": joined,
            "category": np.array(CATEGORIES)[category],
            "experience": experience,
            "goal": goal,
            "rewards": 1 + rng.poisson(np.exp(1.2 + 0.3 * size)),
            "video": rng.random(n) < scipy.special.expit(0.5 * experience - 0.5),
            "blurb": _texts(topic, rng=rng),
        }
    )
    carried = rng.random(n) < true_chances(made, members)
    known = day + open_days < made.n_days
    state = pd.Series(np.where(carried, "carried", "lost"), dtype=object).where(known, None)
    return members.assign(state=state, decided=joined + pd.to_timedelta(open_days, unit="D")), _truth(made, members)


def true_chances(made: Arrivals, members: pd.DataFrame, *, text: bool = True) -> Floats:
    """The true chances of members to be carried, (n,), which may be asked for with other values of their columns.

    Args:
        made: The effects.
        members: The list.
        text: Whether the text is known; else the chance is averaged over the topics, of which each is as frequent.
    """
    effect = dict(zip(CATEGORIES, made.category, strict=True))
    logit = made.base + made.experience * members.experience + made.video * members.video
    of_goal = made.goal + made.beginners * (members.experience == 0)
    logit += of_goal * np.log(members.goal / _USUAL_GOAL) + members.category.map(effect)
    with_topic, without = scipy.special.expit(logit + made.topic), scipy.special.expit(logit)
    share = members.blurb.str.contains("|".join(TOPICS[0])) if text else 1 / len(TOPICS)
    return np.asarray(without + share * (with_topic - without), np.float64)


def _truth(made: Arrivals, members: pd.DataFrame) -> pd.DataFrame:
    others = {f"p_goal_{goal}": members.assign(goal=goal) for goal in GOALS}
    others |= {f"p_video_{video}": members.assign(video=video == "yes") for video in ("no", "yes")}
    return pd.DataFrame(
        {
            "user_id": members.user_id,
            "p": true_chances(made, members),
            "p_without_text": true_chances(made, members, text=False),
            **{name: true_chances(made, moved) for name, moved in others.items()},
        }
    )


def _texts(topic: Ints, *, rng: np.random.Generator) -> list[str]:
    """A text of each topic: half of its words are of the topic, half are of all."""
    own, common = np.array(TOPICS)[topic], np.array(_COMMON)
    place = rng.integers(0, own.shape[1], (len(topic), _WORDS // 2))
    words = np.concatenate([np.take_along_axis(own, place, axis=1), rng.choice(common, place.shape)], axis=1)
    return [" ".join(line) for line in rng.permuted(words, axis=1)]
