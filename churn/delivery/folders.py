"""Folders: a parcel is a folder of numbered files, which is there whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from churn.artefacts import atomic, missing
from churn.delivery.formats import Form, write_parts
from churn.delivery.places import Parcel, Put
from churn.disk import PARTIAL, flush


@dataclass(frozen=True)
class Folder:
    """A folder into which folders of files are put."""

    to: Path
    form: Form

    @contextmanager
    def ready(self) -> Iterator[Put]:
        """Nothing has to be reached."""
        yield self._put

    def arrived(self, parcel_id: str, name: str) -> bool:
        """Whether the folder of a parcel is there with all of its files."""
        for half in self.to.glob(f"{PARTIAL}*-{name}"):  # of a killed command
            shutil.rmtree(half)
        return not missing(self.to / name)

    def _put(self, parcel: Parcel) -> list[str]:
        with atomic(self.to / parcel.name) as scratch:
            scratch.mkdir()
            files = write_parts(parcel.rows, scratch, name=parcel.name, form=self.form)
            flush(*files)
        flush(self.to / parcel.name)
        return [file.name for file in files]
