"""Origin: the data that a prepared folder was made of, so that it is not opened for other data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from churn.data.config.data_config import DataConfig
from churn.data.sources import Frame, size, without_passwords
from churn.errors import UserError

_SHAPING = (  # keys of the configuration that decide what a panel holds; windows are found each time
    *("events", "event_columns", "stickers", "sticker_columns", "members", "member_columns"),
    *("daily", "daily_columns", "daily_levels", "daily_activity", "outcomes", "outcome_columns", "csv", "zone"),
    *("first_day", "last_day", "deduplicate", "negative", "allowed_events", "activity_events", "max_event_types"),
)


def origin_of(config: DataConfig, frames: Mapping[str, Frame]) -> dict[str, Any]:
    """The keys that shape a panel, without passwords, and the size of each source."""
    keys = {key: getattr(config, key) for key in _SHAPING}
    keys["outcome"] = config.outcome if config.outcomes else None  # of a member list it is read each time
    return without_passwords(keys) | {
        f"size of {name}": size(source, frames) for name, source in config.sources.items()
    }


def check_origin(made_of: Mapping[str, Any], config: DataConfig, frames: Mapping[str, Frame], *, folder: Path) -> None:
    """Refuse a folder that was made of other data.

    Sizes are compared where both are known: a data frame has none when a folder is opened without it.

    Raises:
        UserError: for another source, key or size of a source.
    """
    asked = origin_of(config, frames)
    unknown = {key for key, value in asked.items() if key.startswith("size") and None in (value, made_of.get(key))}
    differing = [key for key in asked if key not in unknown and asked[key] != made_of.get(key)]
    if differing:
        found = f"{folder}, made with another {', another '.join(differing)}"
        raise UserError("expected a folder made of the same data", found, "choose another folder, or delete this one")
