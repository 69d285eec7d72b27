"""`churn tag`: items to categories, with sets that hold the right one and the given ones that look wrong."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import declared
from churn.data import Frame, user_share
from churn.errors import UserError
from churn.evaluation import reliability
from churn.folder import claimed
from churn.keys import imported
from churn.progress import progress
from churn.replacement import together
from churn.tagging.config import TagConfig
from churn.tagging.items import Items, divided, read_items
from churn.tagging.kept import TAGGER, Kept
from churn.tagging.measures import by_category, confused, log_loss, measured
from churn.tagging.rows import codes_of, rows_of
from churn.tagging.sets import Sets, cooled, temperature
from churn.tagging.taggers import Tagger
from churn.tagging.unlike import Unlike, held_out

_TABLES = declared.ITEMS, declared.TAG_MEASURES, declared.TAG_CATEGORIES, declared.TAG_CONFUSION
_WRITTEN = (*(one.file for one in (*_TABLES, declared.TAG_RELIABILITY)), TAGGER, declared.TAGGING.file)
_VECTORS = "vectors"  # of pictures, which outlive a kill
_FOLDS = 3  # by which every item with a category gets one from items other than itself


@dataclass(frozen=True)
class _Candidate:
    """A tagger that was fitted on the training part."""

    name: str
    kind: type[Tagger]
    model: Tagger
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
    with claimed(out, "tags"), together(out, _WRITTEN) as scratch:
        with progress("read items"):
            items, counts = read_items(config.data, kept=out / _VECTORS, frames=dict(frames or {}))
            parts = divided(items, config.data, seed=config.seed)
        names = np.asarray(sorted(set(items.table["category"].dropna())), object)
        tried = [_tried(kind, parts, names, config) for kind in _kinds(config, items, categories=len(names))]
        best = min(tried, key=lambda one: one.loss)
        with progress("tag items"):
            unlike = _unlike(best, parts, names, config)
            known = items.take(items.table["category"].notna().to_numpy())
            model = best.kind().fit(known, codes_of(known, names), k=len(names), seed=config.seed)
            kept = Kept(model, names, best.sets, best.by, unlike.threshold)
            table = _tagged(items, best, kept, config)
        own = "picture" not in config.data.encoders  # else further items would need that network
        hashes = kept.save(scratch) if own else {}
        declared.ITEMS.write(table, scratch)
        rows = [one.measures.assign(tagger=one.name, chosen=one is best) for one in tried]
        declared.TAG_MEASURES.write(pd.concat(rows, ignore_index=True), scratch)
        _write_details(best, parts["test"], names, scratch, seed=config.seed)
        about = {"chosen": best.name, "temperature": best.by, "unlike": asdict(unlike), "categories": len(names)}
        about |= {"parts": {name: len(part) for name, part in parts.items()}, "repeated": _repeated(parts)}
        told = about | counts | {"seed": config.seed, "coverage": config.coverage, "sha256": hashes}
        declared.TAGGING.write(told, scratch)
    shutil.rmtree(out / _VECTORS, ignore_errors=True)
    return out


def _write_details(best: _Candidate, test: Items, names: NDArray[np.object_], folder: Path, *, seed: int) -> None:
    """Write what the chosen tagger does with each category of the test items, and whether its probabilities hold."""
    codes, said = codes_of(test, names), best.test.argmax(axis=1)
    declared.TAG_CATEGORIES.write(by_category(best.test, codes, best.sets.of(best.test), names=names), folder)
    declared.TAG_CONFUSION.write(confused(codes, said, names=names), folder)
    hit, groups = (said == codes).astype(np.int8), pd.factorize(test.groups)[0]
    declared.TAG_RELIABILITY.write(reliability(best.test.max(axis=1), hit, users=groups, seed=seed), folder)


def _kinds(config: TagConfig, items: Items, *, categories: int) -> list[type[Tagger]]:
    """The taggers whose needs the items have, and that can learn this number of categories.

    Raises:
        UserError: if there is none.
    """
    have = {"text": bool(items.has_text.any()), "picture": bool(items.has_picture.any())}
    have["text network"] = items.text_vectors is not None
    kinds: list[type[Tagger]] = []
    for path in config.taggers:
        kind = imported(path, type, expected="a churn.tagging.Tagger", like="churn.tagging.Characters")
        if not issubclass(kind, Tagger):
            raise UserError("expected a churn.tagging.Tagger in `taggers`", path, "name another class")
        if categories <= kind.most and all(have[need] for need in kind.needs):
            kinds.append(kind)
    if not kinds:
        found = f"{', '.join(config.taggers) or 'none'} for {categories:,} categories"
        raise UserError("expected a tagger that reads what the items have", found, "add one to `taggers`")
    return kinds


def _tried(kind: type[Tagger], parts: Mapping[str, Items], names: NDArray[np.object_], config: TagConfig) -> _Candidate:
    """A tagger fitted on train, cooled on half A of val, with sets by half B, and measured on test."""
    train, val, test = (parts[name] for name in ("train", "val", "test"))
    with progress(f"fit {kind.__name__}"):
        model = kind().fit(train, codes_of(train, names), k=len(names), seed=config.seed)
        on_val, on_test = model.predict_proba(val), model.predict_proba(test)
    codes, half = codes_of(val, names), np.arange(len(val)) % 2 == 0
    by = temperature(on_val[half], codes[half])
    p = cooled(on_val, by)
    sets = Sets.fit(p[~half], codes[~half], coverage=config.coverage) if (~half).any() else Sets(np.zeros(len(names)))
    loss = log_loss(p[half], codes[half])
    told, right = cooled(on_test, by), codes_of(test, names)
    measures = measured(told, right, sets.of(told), groups=pd.factorize(test.groups)[0])
    return _Candidate(kind.__name__, kind, model, loss, by, sets, measures, told)


def _unlike(best: _Candidate, parts: Mapping[str, Items], names: NDArray[np.object_], config: TagConfig) -> Unlike:
    """The probability under which an item is of no known category, by a tagger that does not know some categories."""
    out = held_out(names, seed=config.seed)
    train, codes = parts["train"], codes_of(parts["train"], names)
    if not out.any() or not (inside := ~out[codes]).any():
        p = cooled(best.model.predict_proba(parts["val"]), best.by)
        return Unlike.untuned(p.max(axis=1))
    place = np.cumsum(~out) - 1
    model = best.kind().fit(train.take(inside), place[codes[inside]], k=int((~out).sum()), seed=config.seed)
    surest = {name: cooled(model.predict_proba(parts[name]), best.by).max(axis=1) for name in ("val", "test")}
    new = {name: out[codes_of(parts[name], names)] for name in surest}
    tuned = Unlike.tune(surest["val"], new["val"], most=1 - config.coverage)
    return tuned.measured(surest["test"], new["test"], categories=int(out.sum()))


def _tagged(items: Items, best: _Candidate, kept: Kept, config: TagConfig) -> pd.DataFrame:
    """A row per item; an item whose likeliest category is under the threshold is none of these.

    An item with a category is judged by a tagger that has not learnt from it, nor from items of its group; others by
    one that has learnt from all.
    """
    known = items.table["category"].notna().to_numpy()
    p = np.empty((len(items), len(kept.names)))
    p[known] = _out_of_fold(items.take(known), best, kept.names, config)
    if not known.all():
        p[~known] = kept.chances(items.take(~known))
    return rows_of(items, p, kept.sets.of(p), kept.names, kept.threshold)


def _out_of_fold(known: Items, best: _Candidate, names: NDArray[np.object_], config: TagConfig) -> NDArray[np.float64]:
    fold, codes = (user_share(known.groups, purpose="encoders") * _FOLDS).astype(np.int64), codes_of(known, names)
    p = np.empty((len(known), len(names)))
    for one in np.unique(fold):
        out = fold == one
        if out.all():
            return cooled(best.kind().fit(known, codes, k=len(names), seed=config.seed).predict_proba(known), best.by)
        model = best.kind().fit(known.take(~out), codes[~out], k=len(names), seed=config.seed)
        p[out] = cooled(model.predict_proba(known.take(out)), best.by)
    return p


def _repeated(parts: Mapping[str, Items]) -> float:
    """The share of the test part's texts that stand in training, too."""
    train, test = (parts[name].table["text"].dropna().str.lower() for name in ("train", "test"))
    return float(test.isin(train).mean()) if len(test) else 0.0
