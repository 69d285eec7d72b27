"""Texts and pictures of members: unreadable ones, words that give answers away, and what stands in two parts."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.audit.findings import Finding
from churn.data.dataset import Dataset
from churn.data.encoders.pictures import opener, part_columns
from churn.data.encoders.texts import LONGEST, cleaned
from churn.data.splits.split import Split
from churn.data.windows.windows import Windows
from churn.language import joined, say, say_many, termed

SURE = 0.95  # share of one answer among the members with a word, at least, for the word to give it away
COMMON = 20  # members with a word
REPEATED = 0.05  # share of the test part's texts that stand in training, too
_NAMED = 5  # words in a sentence
_EVEN = (0.05, 0.95)  # base rates between which a word can give an answer away


def unread_pictures(unread: dict[str, int]) -> Iterator[Finding]:
    """Findings about pictures that count as none."""
    for name, n in unread.items():
        yield Finding(
            say_many(
                "{n} picture of {name} is absent, cut or no picture, and counts as none.",
                "{n} pictures of {name} are absent, cut or no pictures, and count as none.",
                n,
                name=name,
            ),
            say("See the files, and the columns that say where they lie."),
        )


def telling_texts(dataset: Dataset, split: Split) -> Iterator[Finding]:
    """Findings about words that nearly always go with one answer, and about what stands in training and test."""
    members = pd.DataFrame(dataset.members)
    for entry in dataset.config.encoded:
        if entry.form == "text":
            values = cleaned(members[entry.name]).str.lower()
            yield from _telling(entry.name, values, split.train)
            if dataset.config.split.group != entry.name:
                yield from _repeated_texts(entry.name, values, split)
        else:
            pictures = opener(members, name=entry.name, place=entry.place or "")
            yield from _repeated_pictures(entry.name, pictures.digest, split)


def members_as_seen(dataset: Dataset) -> pd.DataFrame | None:
    """The member list with the chances by texts and pictures in place of these, which models do not see as they are."""
    if dataset.members is None or not dataset.config.encoded:
        return dataset.members
    users = np.arange(len(dataset.members), dtype=np.int32)
    features = {feature.name: feature for feature in dataset.windows.derived if feature.reason == "chance"}
    chances = {
        entry.name: features[entry.name].known_at(dataset.panel, users, np.zeros((len(users), 1), np.int32))[:, 0, 0]
        for entry in dataset.config.encoded
    }
    parts = [column for name in chances for column in part_columns(name)]
    return dataset.members.drop(columns=parts, errors="ignore").assign(**chances)


def _telling(name: str, values: pd.Series, every: Windows) -> Iterator[Finding]:
    """A finding for each answer that some words give away, by the newest window of each user."""
    from sklearn.feature_extraction.text import CountVectorizer

    train = every.take(np.append(every.user[1:] != every.user[:-1], True)[: len(every)])
    label, texts = train.answers == 1, values.iloc[train.user].fillna("").str[:LONGEST]
    if not _EVEN[0] < label.mean() < _EVEN[1]:
        return
    counter = CountVectorizer(binary=True, token_pattern=r"\S+", min_df=min(COMMON, len(texts)), lowercase=False)
    try:
        there = counter.fit_transform(texts)
    except ValueError:  # no word is common
        return
    n, yes = np.asarray(there.sum(axis=0)).ravel(), np.asarray(label @ there).ravel()
    words, share = counter.get_feature_names_out(), yes / n
    for answer, sure in ((1, _surely(share, n)), (0, _surely(1 - share, n))):
        found = np.flatnonzero(sure)[np.argsort(-n[sure], kind="stable")][:_NAMED]
        if len(found):
            yield _given_away(name, [(words[place], n[place]) for place in found], train, answer)


def _surely(share: NDArray[np.float64], n: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the lower end of a share's interval is high: by the rule of three where all are of one answer."""
    low = np.where(share == 1, 1 - 3 / n, share - 2 * np.sqrt(share * (1 - share) / n))
    return np.asarray((n >= COMMON) & (low >= SURE))


def _given_away(name: str, words: list[tuple[str, int]], train: Windows, answer: int) -> Finding:
    values = {"name": name, "words": joined([f"“{word}” ({n:,})" for word, n in words], ", ")}
    target = termed(train.targets[0])
    told = (
        say("Possible leak: members whose {name} has {words} nearly all have {target}.", target=target, **values)
        if answer
        else say("Possible leak: of members whose {name} has {words} hardly any has {target}.", target=target, **values)
    )
    remedy = say("If such words are written after the arrival, leave the text out, or take it as it was on that day.")
    return Finding(told, remedy)


def _repeated_texts(name: str, values: pd.Series, split: Split) -> Iterator[Finding]:
    if (share := _repeated(values.get, split)) > REPEATED:
        yield Finding(
            say("{share:.0%} of the texts of {name} in the test part stand in training, too.", share=share, name=name),
            say(
                "New ones will be less alike than these: hold equal ones together with data.split.group: {name} in a "
                "split by user.",
                name=name,
            ),
        )


def _repeated_pictures(name: str, digest: Callable[[int], object], split: Split) -> Iterator[Finding]:
    if (share := _repeated(digest, split)) > REPEATED:
        yield Finding(
            say(
                "{share:.0%} of the pictures of {name} in the test part stand in training, too.", share=share, name=name
            ),
            say(
                "New ones will be less alike than these: give equal ones one value in a column of the member list, and "
                "hold them together with data.split.group in a split by user."
            ),
        )


def _repeated(of: Callable[[int], object], split: Split) -> float:
    """The share of the test users' values that a training user has too."""
    train, test = (pd.Series(map(of, np.unique(part.user).tolist())).dropna() for part in (split.train, split.test))
    return float(test.isin(set(train)).mean()) if len(test) else 0.0
