"""The features that `auto` stands for in a run, kept beside its models."""

from collections.abc import Sequence
from pathlib import Path

from churn.artefacts import as_written, read_object, write_json
from churn.data.config.data_config import AUTO, DataConfig

_FILE = "context.json"


def save_context(features: Sequence[str], models: Path) -> None:
    """Write the features that `auto` stands for into a folder of models."""
    models.mkdir(exist_ok=True)
    write_json({"features": list(features)}, models / _FILE)


def with_context(config: DataConfig, models: Path) -> DataConfig:
    """A run's `data:` block with the features that `auto` stands for; unchanged before they are chosen.

    Args:
        config: The block.
        models: The folder of the run's models.

    Raises:
        UserError: if the file is damaged.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as models:
        ...     save_context(["gaps"], Path(models))
        ...     with_context(DataConfig(events="log.parquet", features="auto"), Path(models)).features
        ['gaps']
    """
    if AUTO not in config.features or not (models / _FILE).exists():
        return config
    found = read_object(models / _FILE, "features")["features"]
    with as_written(models / _FILE, TypeError):
        return config.with_context(found)
