"""The items: read, counted, and divided into parts."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import (
    FORMAT_KEY,
    Engines,
    Frame,
    Network,
    Vectors,
    as_moments,
    cleaned,
    open_table,
    picture_vectors,
    text_vectors,
    user_share,
)
from churn.errors import UserError
from churn.tagging.config import COLUMNS, ItemConfig

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Items:
    """Items with their texts and pictures.

    Example:
        >>> table = pd.DataFrame({"item_id": ["a"], "text": ["red shoe"], "category": ["shoes"]})
        >>> len(Items(table))
        1
    """

    table: pd.DataFrame  # item_id, text, category and, where the items have these, user_id and timestamp; (n,) rows
    vectors: Vectors | None = None  # of v pictures
    place: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))  # (n,) -1 for no picture
    text_vectors: Vectors | None = None  # of w texts, by a network
    text_place: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))  # (n,) -1 for no text

    def __len__(self) -> int:
        """The number of items."""
        return len(self.table)

    def take(self, index: NDArray[Any]) -> "Items":
        """The items at some positions, or where a mask is true."""
        table = self.table.iloc[_positions(index)].reset_index(drop=True)
        place, text_place = (one[index] if len(one) else one for one in (self.place, self.text_place))
        return replace(self, table=table, place=place, text_place=text_place)

    @cached_property
    def texts(self) -> NDArray[np.object_]:
        """The texts, empty for none, (n,)."""
        return np.asarray(self.table["text"].fillna(""), object)

    @property
    def groups(self) -> pd.Index:
        """The name of each item's group, (n,): by the column of the split, else by equal texts, else of its own."""
        own = self.table["text"].str.lower() if "group" not in self.table else self.table["group"]
        return pd.Index(own.where(own.notna(), self.table["item_id"]).astype(str))

    @property
    def has_text(self) -> NDArray[np.bool_]:
        """Whether each item has a text, (n,)."""
        return self.table["text"].notna().to_numpy()

    @property
    def has_picture(self) -> NDArray[np.bool_]:
        """Whether each item has a picture that can be read, (n,)."""
        return self.place >= 0 if len(self.place) else np.zeros(len(self), np.bool_)


def _positions(index: NDArray[Any]) -> NDArray[np.int64]:
    return np.flatnonzero(index) if index.dtype == bool else index.astype(np.int64)


def read_items(
    config: ItemConfig, *, kept: Path, frames: dict[str, Frame] | None = None
) -> tuple[Items, dict[str, dict[str, int]]]:
    """Read the items, and count the rows: read, used, and rejected by reason.

    Args:
        config: The `data:` block.
        kept: A folder for the pictures' vectors, so that a process that was stopped can continue.
        frames: Data frames by the names that stand in the configuration.

    Raises:
        UserError: for columns or pictures that are not there.
    """
    with Engines() as engines:
        named = [own for name in ("item_id", "user_id", "category") if (own := config.column(name))]
        source = open_table(config.items, engines=engines, frames=frames, csv=config.csv, as_text=named)
        raw: pd.DataFrame = _with_times(source, config, engines=engines).to_pandas()
    table = _standard(raw, config)
    reason = pd.Series("", table.index)
    reason[table.item_id.isna()] = "no item_id"
    reason[(reason == "") & table.item_id.duplicated()] = "repeated item_id"
    vectors, place, unread = None, np.empty(0, np.int64), 0
    if config.pictures is not None:
        name = config.column("picture") or "picture"
        network = _network(config, "picture")
        vectors, place, unread = picture_vectors(
            raw, name=name, place=config.pictures, kept=kept / "pictures", network=network, key="data.pictures"
        )
    nothing = table.text.isna() & ((place < 0) if len(place) else True)
    reason[(reason == "") & nothing] = "neither text nor picture"
    good = (reason == "").to_numpy()
    rejected = {str(why): int(n) for why, n in reason[~good].value_counts().items()}
    counts = {"read": len(table), "used": int(good.sum()), **rejected}
    items = Items(table[good].reset_index(drop=True), vectors, place[good] if len(place) else place)
    if not len(items):
        raise UserError("expected items with a text or a picture", "none", "correct data.item_columns")
    if network := _network(config, "text"):
        read, lines = text_vectors(items.table["text"], network=network, kept=kept / "texts")
        items = replace(items, text_vectors=read, text_place=lines)
    return items, {"items": counts, "pictures": {"unreadable": unread}}


def _with_times(source: ibis.Table, config: ItemConfig, *, engines: Engines) -> ibis.Table:
    """The table with its times as moments where the items are divided by time."""
    column = config.column("timestamp")
    if config.split.kind != "time" or column is None or column not in source.columns:
        return source
    form = config.item_columns.get(FORMAT_KEY)
    return as_moments(source, column, form=form, key="data.item_columns", engines=engines)


def _network(config: ItemConfig, modality: Literal["text", "picture"]) -> Network | None:
    """The network that reads texts, or pictures; None where no directory is named."""
    folder = config.encoders.get(modality)
    return None if folder is None else Network(Path(folder), modality, key=f"data.encoders.{modality}")


def divided(items: Items, config: ItemConfig, *, seed: int) -> dict[str, Items]:
    """The items with a given category, by part.

    Raises:
        UserError: if there are fewer than two categories, or a column of the split is not there.
    """
    known = items.take(items.table["category"].notna().to_numpy())
    if known.table["category"].nunique() < 2:
        found = f"{known.table['category'].nunique()}, given of {len(known):,} of {len(items):,} items"
        raise UserError("expected at least two categories", found, "correct data.item_columns.category")
    share, split = _share(known, config, seed=seed), config.split
    ends = [1 - split.test_share - split.val_share, 1 - split.test_share]
    part = np.searchsorted(ends, share, side="right")
    parts = {name: known.take(part == place) for place, name in enumerate(PARTS)}
    if short := [name for name, one in parts.items() if not len(one)]:
        remedy = "list more, or change data.split"
        if split.kind == "group":
            n = known.groups.nunique()
            remedy = f"set data.split.kind: random, or list more: of {n:,} groups, in which equal texts are one"
        raise UserError(f"expected items in {short[0]}", "none", remedy)
    return parts


def _share(known: Items, config: ItemConfig, *, seed: int) -> NDArray[np.float64]:
    """A number in [0, 1) for each item, by which it goes into a part, the lowest into train."""
    table = known.table
    if config.split.kind == "time":
        if "timestamp" not in table:
            raise UserError("expected timestamps for data.split.kind: time", "none", "map item_columns.timestamp")
        place = table["timestamp"].rank(method="first", na_option="top")  # an item without a time is none of the newest
        return np.asarray((place - 1) / len(table))
    if config.split.kind == "random":
        return np.random.default_rng(seed).random(len(table))
    return user_share(known.groups, purpose="parts")


def _standard(raw: pd.DataFrame, config: ItemConfig) -> pd.DataFrame:
    """The standard columns of a table."""
    wanted = {name: config.column(name) for name in COLUMNS if name not in ("text", "picture")}
    asked = [own for name, own in wanted.items() if name in config.item_columns and own is not None]
    texts = [name for name in config.texts if name in raw or "text" in config.item_columns]
    group = [config.split.group] if config.split.group else []
    needed = [*asked, *texts, wanted["item_id"] or "item_id"]
    if lost := [name for name in group if name not in raw]:
        there = ", ".join(map(str, raw.columns))
        raise UserError("expected data.split.group out of the table's columns", lost[0], f"choose out of {there}")
    if lacking := [name for name in needed if name not in raw]:
        there = ", ".join(map(str, raw.columns))
        raise UserError("expected data.item_columns out of the table's columns", lacking[0], f"choose out of {there}")
    table = pd.DataFrame({name: raw[own] for name, own in wanted.items() if own in raw})
    joined = raw[texts].apply(cleaned) if texts else pd.DataFrame(index=raw.index)
    nothing = pd.Series(None, raw.index, dtype=object)
    table["text"] = cleaned(joined.fillna("").agg(" ".join, axis=1)) if texts else nothing
    table["category"] = cleaned(_whole(raw[wanted["category"]])) if wanted["category"] in raw else nothing
    return table.assign(group=raw[config.split.group]) if config.split.group else table


def _whole(values: pd.Series) -> pd.Series:
    """Values whose whole numbers have no decimals, as a null gives them in pandas."""
    return values.convert_dtypes() if values.dtype.kind == "f" else values
