"""`churn tag`: items to categories, with sets that hold the right one and the given ones that look wrong."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import declared
from churn.data import Frame, user_share
from churn.errors import UserError
from churn.folder import claimed
from churn.keys import imported
from churn.progress import progress
from churn.replacement import together
from churn.tagging.config import TagConfig
from churn.tagging.items import Items, divided, read_items
from churn.tagging.measures import by_category, confused, log_loss, measured
from churn.tagging.sets import Sets, cooled, temperature
from churn.tagging.taggers import Tagger

_WRITTEN = (declared.ITEMS, declared.TAG_MEASURES, declared.TAG_CATEGORIES, declared.TAG_CONFUSION, declared.TAGGING)
_VECTORS = "vectors"  # of pictures, which outlive a kill
_FOLDS = 3  # by which every item with a category gets one from items other than itself
_UNLIKE = 0.05  # share of known items that are taken for none of the categories
_DOUBTED = 0.1  # probability of a given category below which it may be wrong
NONE, GIVEN, SAID = "none of these", "given", "predicted"  # the basis of a category


@dataclass(frozen=True)
class _Candidate:
    """A tagger that was fitted on the training part."""

    name: str
    kind: type[Tagger]
    loss: float  # log loss on half A of validation
    by: float  # temperature
    sets: Sets
    measures: pd.DataFrame
    test: NDArray[np.float64]  # probabilities of the test items


def tag(config: TagConfig, out: Path | str, *, frames: Mapping[str, Frame] | None = None) -> Path:
    """Give items categories, and write items.parquet, measures.csv, categories.csv, confusion.csv and tagging.json.

    Args:
        config: The configuration.
        out: The folder to write to.
        frames: Data frames by the names that stand in the configuration.

    Raises:
        UserError: for anything that a user can mend in the items or the configuration.
    """
    out = Path(out)
    with claimed(out, "tags"), together(out, [one.file for one in _WRITTEN]) as scratch:
        with progress("read items"):
            items, counts = read_items(config.data, kept=out / _VECTORS, frames=dict(frames or {}))
            parts = divided(items, config.data, seed=config.seed)
        names = np.asarray(sorted(set(items.table["category"].dropna())), object)
        tried = [_tried(kind, parts, names, config) for kind in _kinds(config, items)]
        best = min(tried, key=lambda one: one.loss)
        with progress("tag items"):
            table, threshold = _tagged(items, best, names, parts, config)
        declared.ITEMS.write(table, scratch)
        rows = [one.measures.assign(tagger=one.name, chosen=one is best) for one in tried]
        declared.TAG_MEASURES.write(pd.concat(rows, ignore_index=True), scratch)
        codes = _codes(parts["test"], names)
        inside = best.sets.of(best.test)
        declared.TAG_CATEGORIES.write(by_category(best.test, codes, inside, names=names), scratch)
        declared.TAG_CONFUSION.write(confused(codes, best.test.argmax(axis=1), names=names), scratch)
        about = {"chosen": best.name, "temperature": best.by, "threshold": threshold} | counts
        about |= {"parts": {name: len(part) for name, part in parts.items()}, "repeated": _repeated(parts)}
        declared.TAGGING.write(about | {"categories": len(names), "seed": config.seed}, scratch)
    shutil.rmtree(out / _VECTORS, ignore_errors=True)
    return out


def _kinds(config: TagConfig, items: Items) -> list[type[Tagger]]:
    """The taggers whose needs the items have.

    Raises:
        UserError: if there is none.
    """
    have = {"text": bool(items.has_text.any()), "picture": bool(items.has_picture.any())}
    kinds: list[type[Tagger]] = []
    for path in config.taggers:
        kind = imported(path, type, expected="a churn.tagging.Tagger", like="churn.tagging.Characters")
        if not issubclass(kind, Tagger):
            raise UserError("expected a churn.tagging.Tagger in `taggers`", path, "name another class")
        if all(have[need] for need in kind.needs):
            kinds.append(kind)
    if not kinds:
        found = ", ".join(config.taggers) or "none"
        raise UserError("expected a tagger that reads what the items have", found, "add one to `taggers`")
    return kinds


def _tried(kind: type[Tagger], parts: Mapping[str, Items], names: NDArray[np.object_], config: TagConfig) -> _Candidate:
    """A tagger fitted on train, cooled on half A of val, with sets by half B, and measured on test."""
    train, val, test = (parts[name] for name in ("train", "val", "test"))
    with progress(f"fit {kind.__name__}"):
        model = kind().fit(train, _codes(train, names), k=len(names), seed=config.seed)
        on_val, on_test = model.predict_proba(val), model.predict_proba(test)
    codes, half = _codes(val, names), np.arange(len(val)) % 2 == 0
    by = temperature(on_val[half], codes[half])
    p = cooled(on_val, by)
    sets = Sets.fit(p[~half], codes[~half], coverage=config.coverage) if (~half).any() else Sets(np.zeros(len(names)))
    loss = log_loss(p[half], codes[half])
    told, right = cooled(on_test, by), _codes(test, names)
    measures = measured(told, right, sets.of(told), groups=pd.factorize(test.groups)[0])
    return _Candidate(kind.__name__, kind, loss, by, sets, measures, told)


def _tagged(
    items: Items,
    best: _Candidate,
    names: NDArray[np.object_],
    parts: Mapping[str, Items],
    config: TagConfig,
) -> tuple[pd.DataFrame, float]:
    """A row per item, and the probability of the likeliest category under which it is none of these.

    An item with a category is judged by a tagger that has not learnt from it, nor from items of its group; others by
    one that has learnt from all.
    """
    known = items.table["category"].notna().to_numpy()
    p = np.empty((len(items), len(names)))
    p[known] = _out_of_fold(items.take(known), best, names, config)
    if not known.all():
        model = best.kind().fit(items.take(known), _codes(items.take(known), names), k=len(names), seed=config.seed)
        p[~known] = cooled(model.predict_proba(items.take(~known)), best.by)
    threshold = float(np.quantile(p[known].max(axis=1), _UNLIKE))
    return _rows(items, p, best.sets.of(p), names, threshold), threshold


def _out_of_fold(known: Items, best: _Candidate, names: NDArray[np.object_], config: TagConfig) -> NDArray[np.float64]:
    fold, codes = (user_share(known.groups, purpose="encoders") * _FOLDS).astype(np.int64), _codes(known, names)
    p = np.empty((len(known), len(names)))
    for one in np.unique(fold):
        out = fold == one
        if out.all():
            return cooled(best.kind().fit(known, codes, k=len(names), seed=config.seed).predict_proba(known), best.by)
        model = best.kind().fit(known.take(~out), codes[~out], k=len(names), seed=config.seed)
        p[out] = cooled(model.predict_proba(known.take(out)), best.by)
    return p


def _rows(
    items: Items, p: NDArray[np.float64], inside: NDArray[np.bool_], names: NDArray[np.object_], threshold: float
) -> pd.DataFrame:
    given = items.table["category"]
    known, order = given.notna().to_numpy(), np.argsort(-p, axis=1, kind="stable")[:, :3]
    likeliest = np.take_along_axis(p, order, axis=1)
    own = np.full(len(items), np.nan)
    codes = _codes(items, names)
    own[known] = p[known, codes[known]]
    unlike = ~known & (likeliest[:, 0] < threshold)
    wrong = known & (order[:, 0] != codes) & (own < _DOUBTED)
    said = pd.Series(names[order[:, 0]], items.table.index).where(~unlike, None)
    table = items.table.reindex(columns=["item_id", "user_id", "timestamp"])
    table = table.dropna(axis=1, how="all")
    if "timestamp" in table:
        table["timestamp"] = table["timestamp"].astype(str)
    columns = {
        "event": given.where(known, said),
        "given": given,
        "basis": np.where(known, GIVEN, np.where(unlike, NONE, SAID)),
        **{f"category_{n + 1}": names[order[:, n]] for n in range(order.shape[1])},
        **{f"p_{n + 1}": likeliest[:, n] for n in range(order.shape[1])},
        "p_given": own,
        "set": ["|".join(names[row]) for row in inside],
        "set_size": inside.sum(axis=1),
        "looks_wrong": wrong,
    }
    return table.assign(**columns)


def _codes(items: Items, names: NDArray[np.object_]) -> NDArray[np.int64]:
    return np.asarray(pd.Index(names).get_indexer(pd.Index(items.table["category"])), np.int64)


def _repeated(parts: Mapping[str, Items]) -> float:
    """The share of the test part's texts that stand in training, too."""
    train, test = (parts[name].table["text"].dropna().str.lower() for name in ("train", "test"))
    return float(test.isin(train).mean()) if len(test) else 0.0
