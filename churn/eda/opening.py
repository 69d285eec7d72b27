"""Opening a log to look at it: its tables where they lie, or its days as a panel."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from churn.data import DataConfig, Engines, Frame, Panel, Tables, read_panel, read_tables, readable_to_the_last_row
from churn.disk import temporary_folder


@contextmanager
def open_tables(config: DataConfig, *, frames: Mapping[str, Frame] | None = None) -> Iterator[Tables]:
    """The canonical tables of a configuration for a block, in which the engine is open.

    Raises:
        UserError: if a source cannot be opened or read.

    Example:
        >>> from churn.data import example_frames
        >>> config = DataConfig(events="events", members="members")
        >>> with open_tables(config, frames=example_frames()) as tables:
        ...     int(tables.events.count().execute())
        18965
    """
    with (
        temporary_folder() as folder,  # for what does not fit in memory; else DuckDB spills where one stands
        Engines(folder / "spilled", memory=config.memory, most_spilled=config.spill) as engines,
        readable_to_the_last_row(),
    ):
        yield read_tables(config, engines=engines, frames=frames or {})


@contextmanager
def open_panel(config: DataConfig, *, frames: Mapping[str, Frame] | None = None) -> Iterator[Panel]:
    """The panel of a log for a block, at the end of which it is deleted: to look at a log before anything is decided.

    Unlike `churn.prepare` it asks for no windows, so a single day is enough, and every day of the log has a say in
    which types of event have a column.

    Raises:
        UserError: if a source cannot be opened or read, or holds no event that can be used.

    Example:
        >>> from churn.data import example_frames
        >>> with open_panel(DataConfig(events="events"), frames=example_frames()) as panel:
        ...     panel.n_days
        90
    """
    with temporary_folder() as folder:
        yield read_panel(config, folder / "panel", frames=frames)
