"""Language: what readers see, in the language and in the platform's own words, and how files keep it without either."""

from churn.language.amounts import Amount, decimals_of_money, priced, with_unit
from churn.language.labels import LabelConfig
from churn.language.retelling import retold, revalued
from churn.language.said import Said, joined, kept, valued
from churn.language.saying import (
    CATALOGUES,
    LANGUAGES,
    Messages,
    day_and_month,
    day_in_words,
    event_in_words,
    known_language,
    marked,
    percentage,
    say,
    say_again,
    say_many,
    speaking,
    spoken,
)
from churn.language.targets import Target, target_of, termed, titled

__all__ = [
    "CATALOGUES",
    "LANGUAGES",
    "Amount",
    "LabelConfig",
    "Messages",
    "Said",
    "Target",
    "day_and_month",
    "day_in_words",
    "decimals_of_money",
    "event_in_words",
    "joined",
    "kept",
    "known_language",
    "marked",
    "percentage",
    "priced",
    "retold",
    "revalued",
    "say",
    "say_again",
    "say_many",
    "speaking",
    "spoken",
    "target_of",
    "termed",
    "titled",
    "valued",
    "with_unit",
]
