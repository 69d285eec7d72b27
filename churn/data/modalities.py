"""Texts and pictures of members as features: the chance of each target by one such attribute alone."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.config.attribute_config import Attribute
from churn.data.encoders.chances import Chances, Source
from churn.data.encoders.networks import Modality, Network
from churn.data.encoders.pictures import picture_vectors
from churn.data.encoders.texts import Characters, cleaned, text_vectors
from churn.data.log.vocabulary import Encoding, Vocabulary
from churn.data.splits.split import user_share
from churn.data.windows.feature import Feature
from churn.data.windows.mapped import mapped
from churn.data.windows.panel import Panel
from churn.data.windows.windows import Windows
from churn.errors import UserError
from churn.progress import step

HEADS, _TABLES = "encoders", "chances"  # folders of a data set: what was learnt, and each user's chances


@dataclass(frozen=True)
class Values:
    """The values of one attribute: the different ones as numbers, and which one each user has."""

    source: Source  # of v values
    place: NDArray[np.int64]  # (u,) from 0 to v - 1; -1 for none
    unread: int = 0  # users with a picture that cannot be read

    @classmethod
    def of(cls, attribute: Attribute, members: pd.DataFrame, *, kept: Path) -> "Values":
        """The values of a member list, (u,) rows.

        Args:
            attribute: The attribute.
            members: The member list in the panel's order.
            kept: A folder for vectors, so that a process that was stopped can continue.

        Raises:
            UserError: for a place of pictures, or a directory of an encoder, that cannot be read at all.
        """
        network = None if attribute.encoder is None else _network(attribute, attribute.encoder)
        if attribute.form == "text":
            texts = cleaned(members[attribute.name])
            if network is None:
                place, words = pd.factorize(texts)
                return cls(Characters(np.asarray(words, object)), place)
            return cls(*text_vectors(texts, network=network, kept=kept))
        found = picture_vectors(members, name=attribute.name, place=attribute.place or "", kept=kept, network=network)
        return cls(*found)


def values_of(attributes: list[Attribute], members: pd.DataFrame, *, kept: Path) -> dict[str, Values]:
    """The values of texts and pictures that models see, by attribute; the rest as for `Values.of`."""
    return {one.name: Values.of(one, members, kept=kept / str(place)) for place, one in enumerate(attributes)}


def learn(vocabulary: Vocabulary, found: dict[str, Values], train: Windows, *, folder: Path) -> Vocabulary:
    """Learn from training members what their texts and pictures say, and freeze the columns.

    Args:
        vocabulary: The columns that are frozen already.
        found: The values of the texts and pictures.
        train: The training windows.
        folder: A folder for what is learnt.
    """
    n, share = np.bincount(train.user, minlength=len(train.panel.users)), _shares(train.panel)
    trained = np.flatnonzero(n)
    for name, values in found.items():
        have = trained[values.place[trained] >= 0]
        for target in train.targets:
            step(f"what {name} says about {target}")
            rate = np.bincount(train.user, train.label(target), minlength=len(n))[have] / n[have]
            learnt = Chances.fit(values.source, values.place[have], rate, share=share[have])
            learnt.save(_head(folder, len(vocabulary.attributes), target))
        encoding = Encoding(name, "chance", tuple(train.targets), missing=len(have) < len(trained))
        vocabulary = replace(vocabulary, attributes=(*vocabulary.attributes, encoding))
    return vocabulary


def encode(vocabulary: Vocabulary, found: dict[str, Values], panel: Panel, *, folder: Path, heads: Path) -> None:
    """Write each user's chances by the texts and pictures.

    Args:
        vocabulary: The frozen columns.
        found: The values of the texts and pictures.
        panel: The panel.
        folder: The folder of the data set.
        heads: The folder of what was learnt.

    Raises:
        UserError: for a text or picture that models were trained without, and files that are not as they were written.
    """
    for name, values in found.items():
        (folder / _TABLES).mkdir(exist_ok=True)
        place, encoding = _frozen(vocabulary, name)
        table = mapped(folder / _TABLES / f"{place}.npy", np.float16, (len(panel.users), len(encoding.columns)))
        for column, target in enumerate(encoding.levels):
            learnt = Chances.load(_head(heads, place, target))
            table[:, column] = learnt.of(values.source, values.place, share=_shares(panel))
        if encoding.missing:
            table[:, -1] = values.place < 0


def chance_features(
    vocabulary: Vocabulary, attributes: list[Attribute], folder: Path
) -> dict[str, tuple[Feature, ...]]:
    """The features of each text and picture, by its name, from the folder of a data set."""
    found = {}
    for attribute in attributes:
        place, encoding = _frozen(vocabulary, attribute.name)
        table, n = np.load(folder / _TABLES / f"{place}.npy", mmap_mode="r"), len(encoding.levels)
        chance = _feature(encoding, table[:, :n], encoding.columns[:n], reason="chance")
        unknown = _feature(encoding, table[:, n:], encoding.columns[n:], reason="yes or no")
        found[attribute.name] = (chance, *[unknown] * encoding.missing)
    return found


def _feature(
    encoding: Encoding,
    table: NDArray[np.float16],
    columns: tuple[str, ...],
    *,
    reason: Literal["chance", "yes or no"],
) -> Feature:
    def values(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
        found = np.asarray(table[user], np.float32)
        return np.broadcast_to(found[:, None], (*day.shape, len(columns)))

    return Feature(encoding.name, lambda panel: columns, values, reason=reason, constant=True)


def _network(attribute: Attribute, folder: str) -> Network:
    modality: Modality = "picture" if attribute.form == "picture" else "text"
    return Network(Path(folder), modality, key=f"data.attributes.{attribute.name}.encoder")


def _frozen(vocabulary: Vocabulary, name: str) -> tuple[int, Encoding]:
    """The place and the frozen columns of an attribute.

    Raises:
        UserError: if models were trained without it.
    """
    for place, encoding in enumerate(vocabulary.attributes):
        if encoding.name == name and encoding.kind == "chance":
            return place, encoding
    expected = "expected texts and pictures that the models were trained with"
    raise UserError(expected, name, "take it out of data.features, or train")


def _shares(panel: Panel) -> NDArray[np.float64]:
    """A number in [0, 1) for each user, equal for users whom the split holds together, (u,)."""
    return user_share(panel.parted, purpose="encoders")


def _head(folder: Path, place: int, target: str) -> Path:
    return folder / f"{place}-{target}.npz"
