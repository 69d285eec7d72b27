"""The list to deliver, with the ids by which destinations know its users, and the people not to be contacted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from churn.artefacts import declared
from churn.data import Engines, folded, open_table, plain_ids, readable_to_the_last_row, without_password
from churn.delivery.config import DeliveryConfig
from churn.errors import UserError
from churn.language import LabelConfig
from churn.list_folder import list_in
from churn.run_files import RunFiles
from churn.scoring import open_key
from churn.segments import CONTACT, Pseudonyms, forms


@dataclass(frozen=True)
class Listed:
    """A list: every user on it, held back or not, best first."""

    folder: Path
    run: str  # its identity
    cutoff: date
    zone: str  # in which its days begin
    language: str
    labels: LabelConfig
    users: pd.DataFrame  # user_id, group, key, person
    columns: pd.DataFrame  # the columns of priority.csv, rows of users to contact alone, by their place among the users
    suppressed: frozenset[str]  # folded ids and keys


def read_list(folder: Path, config: DeliveryConfig) -> Listed:
    """Read the list of a folder, the table of keys and the table of people not to be contacted.

    Raises:
        UserError: for a folder without a list, a list that was changed, hashes without their key, and tables or columns
            that are not there.
    """
    run, segment = list_in(folder)
    finished = RunFiles.open(run)
    names = _names(folder, config, hashed=segment.get("id_key") is not None)
    groups = declared.PRIORITY.read(folder)[["user_id", "group"]].astype({"user_id": str})
    told = declared.CONTACTS.read(folder).astype({"user_id": str})
    contacts = groups["group"] == CONTACT
    if told["user_id"].tolist() != groups["user_id"][contacts].tolist():
        found, remedy = "others, or another order", "build the list again"
        raise UserError(f"expected the users to contact in {folder / declared.CONTACTS.file}", found, remedy)
    key = _keys(groups["user_id"], config, names)
    return Listed(
        folder,
        finished.identity,
        date.fromisoformat(segment["cutoff"]),
        finished.settings["data"]["zone"],
        finished.language,
        finished.labels,
        groups.assign(key=key, person=_persons(key, names)),
        told.drop(columns="user_id").set_axis(groups.index[contacts]),
        _suppressed(config, names),
    )


def check_fresh(listed: Listed, config: DeliveryConfig, now: datetime) -> None:
    """Refuse a list whose cutoff is more than `fresh_days` ago.

    Raises:
        UserError: for such a list.
    """
    age = (now.astimezone(ZoneInfo(listed.zone)).date() - listed.cutoff).days
    if age > config.fresh_days:
        expected = f"expected a list that is at most {config.fresh_days} days old, fresh_days"
        remedy = "score new data with `churn score`, or raise fresh_days"
        raise UserError(expected, f"{age} days since its cutoff, {listed.cutoff}, in {listed.folder}", remedy)


def _names(folder: Path, config: DeliveryConfig, *, hashed: bool) -> Pseudonyms | None:
    """The maker of hashes, if ids from other tables have to be found among hashes."""
    asked = hashed and (config.match.table or config.suppressed.table)
    return open_key(config.id_key, outside=folder, hashed_in=folder) if asked else None


def _keys(user_ids: pd.Series, config: DeliveryConfig, names: Pseudonyms | None) -> pd.Series:
    """The key of each user, null where the table has none, or several for one user."""
    if config.match.table is None:
        return user_ids.where(user_ids.map(folded) != "")
    rows = _read(config.match.table, [config.match.user_id, config.match.key], "match").dropna()
    rows = rows[rows.iloc[:, 1].map(folded) != ""].drop_duplicates()
    rows.columns = pd.Index(["user_id", "key"])
    rows = rows[~rows["user_id"].duplicated(keep=False)]
    known = {form: key for one, key in zip(rows.user_id, rows.key, strict=True) for form in forms(one, names)}
    return user_ids.map(known).astype(object)


def _persons(keys: pd.Series, names: Pseudonyms | None) -> pd.Series:
    """A hash of each key, by which a person is known again; hashed lists have one that only the key's holder makes."""
    known = keys.dropna().map(folded)
    hashes = [_hash(key) for key in known] if names is None else names(known)
    return pd.Series(hashes, known.index, dtype=object).reindex(keys.index).fillna("")


def _suppressed(config: DeliveryConfig, names: Pseudonyms | None) -> frozenset[str]:
    if config.suppressed.table is None:
        return frozenset()
    ids: Iterable[str] = _read(config.suppressed.table, [config.suppressed.column], "suppressed").iloc[:, 0].dropna()
    found = frozenset(folded(form) for one in ids for form in forms(one, names))
    return found - {""}


def _read(source: str, columns: list[str], key: str) -> pd.DataFrame:
    """Columns of a table as text."""
    with Engines() as engines, readable_to_the_last_row():
        table = open_table(source, engines=engines, as_text=columns)
        if lacking := [name for name in columns if name not in table.columns]:
            there = f"the columns {', '.join(table.columns)}"
            where = without_password(source)
            raise UserError(f"expected the column {lacking[0]!r} in {where}", there, f"name it in the block {key}")
        found: pd.DataFrame = table.select(*columns).to_pandas()
    return found.apply(lambda column: plain_ids(column.dropna()).reindex(column.index))


def _hash(text: str) -> str:
    return sha256(text.encode("utf8", "surrogatepass")).hexdigest()
