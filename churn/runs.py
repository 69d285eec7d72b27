"""A run: its files, the models behind its scores, and its pages' charts, for notebooks and programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from churn.artefacts import check_whole, declared
from churn.data import Dataset, open_dataset, with_context
from churn.disk import temporary_folder
from churn.eda import View
from churn.errors import UserError
from churn.keys import OneOf
from churn.new_data import New, block_of, prepare_up_to
from churn.offers import OfferConfig
from churn.predicting import days_ahead, score_windows
from churn.run_files import RunFiles
from churn.scoring import newest_windows, open_key, score

if TYPE_CHECKING:
    from churn.models import Classifier


class Run(RunFiles):
    """A run: its files, as `RunFiles` reads them, and its models, which score new data."""

    @cached_property
    def models(self) -> Mapping[str, "Model"]:
        """The model behind the scores of each target."""
        self.check("models/")
        return _Models({target: Model(self, target) for target in self.targets})

    def features_of(self, data: New, *, cutoff: str) -> pd.DataFrame:
        """The features of every user at risk at a cutoff, each column's sum over the history: user_id, features.

        Args:
            data: The tables, as for `Model.predict_proba`.
            cutoff: The first day that is not known.
        """
        with temporary_folder() as folder:
            windows = newest_windows(self.prepared(data, cutoff, folder / "dataset"))
            table = pd.DataFrame(windows.summary(), columns=list(windows.features))
        table.insert(0, "user_id", windows.user_ids)
        return table

    def score(
        self,
        data: New,
        *,
        cutoff: str,
        out: Path | str | None = None,
        id_key: str | None = None,
        offered: OfferConfig | None = None,
    ) -> pd.DataFrame:
        """Score new data: user_id, cutoff, the chances, and the segment of every user at risk at the cutoff.

        Args:
            data: The `data:` block of the new tables, or data frames by their names: events, stickers, members.
            cutoff: The first day that is not known.
            out: The folder for the files of `churn score`; by default none is written.
            id_key: The key, as `segments.id_key`.
            offered: Where the new visits and activities lie, as `segments.offers`; without them nothing is offered.

        Raises:
            UserError: as `churn.scoring.score`.
        """
        config, frames = block_of(data, run=self.folder, old=self.config.data)
        with temporary_folder() as folder:
            given: dict[str, Any] = {"id_key": id_key, "frames": frames, "offered": offered}
            to = score(self.folder, config, cutoff=cutoff, out=out or folder / "scores", **given)
            return declared.SCORES.read(to)

    def foretell(self, data: New, *, cutoff: str, days: Sequence[int] = (3, 7, 14, 28)) -> pd.DataFrame:
        """The future of every user at risk at a cutoff by the run's Foresight: a row per user and horizon.

        See `churn.models.foretell`; the chances are calibrated, and the day back is the date back_by.

        Args:
            data: The tables, as for `Model.predict_proba`.
            cutoff: The first day that is not known.
            days: The horizons, in days.

        Raises:
            UserError: if the run has no Foresight, or as `Model.predict_proba`.
        """
        with temporary_folder() as folder:
            windows = newest_windows(self.prepared(data, cutoff, folder / "dataset"))
            future = days_ahead(windows, self.folder / "models", days=days)
        if future is None:
            remedy = "list churn.models.Foresight under `models`, and run again"
            raise UserError(f"expected a Foresight in {self.folder}", "none", remedy)
        return future

    def embeddings(self, target: str | None = None, *, model: str | None = None) -> pd.DataFrame:
        """Vectors of the scored users, in which a network sums up each one's history: index user_id, columns e1 to eh.

        Users alike in what foretells the target lie near each other. Vectors of two networks have nothing in common,
        so of several seeds it is the first one's.

        Args:
            target: The target that the network foretells; the run's first where None.
            model: The network's name on the leaderboard; the one with the best log loss on half A where None.

        Raises:
            UserError: for an unknown target, a model that is no network of the run, or a run without networks.
        """
        target = self.targets[0] if target is None else target
        OneOf(tuple(self.targets)).check("target", target)
        windows = newest_windows(self.dataset)
        vectors = self._network(target, model).embed(windows)
        names, users = open_key(self.config.segments.id_key, outside=self.folder, hashed_in=None), windows.user_ids
        index = pd.Index(users if names is None else names(users.tolist()), name="user_id")
        return pd.DataFrame(vectors, index, [f"e{place}" for place in range(1, vectors.shape[1] + 1)])

    @property
    def dataset(self) -> Dataset:
        """The run's own data."""
        check_whole(self.folder / "dataset")
        return open_dataset(with_context(self.config.data, self.folder / "models"), self.folder / "dataset")

    def _network(self, target: str, name: str | None) -> "Classifier":
        """The network that is named, or the best one of a target; learnt again where it scores so."""
        from churn.models import load

        board = self.table(declared.LEADERBOARD, target).query("part == 'val' and metric == 'log_loss'")
        names = board.sort_values("value")["model"].tolist()
        if name is not None:
            OneOf(tuple(names)).check("model", name)
        for one in names if name is None else [name]:
            kept = self.folder / "models" / target / one
            again = kept.with_name("refitted")
            scores = again if one == self.chosen(target) and again.exists() else kept
            if (found := load(scores, target=target, name=one)).is_network:
                return found
        remedy = "list churn.models.GRU under `models`, and run again"
        raise UserError(f"expected a network of {target}", name or ", ".join(names), remedy)

    def prepared(self, data: New, cutoff: str, folder: Path) -> Dataset:
        """New tables as the run's models see them, up to the day before the cutoff, prepared in a folder."""
        config, frames = block_of(data, run=self.folder, old=self.config.data)
        return prepare_up_to(cutoff, self.folder, self.config.data, config, folder=folder, frames=frames)

    def view(self, name: str, *, sections: Sequence[str] = ()) -> View:
        """A view by its name: of the data, such as `retention`, or of a section of the pages, such as `gains`.

        It has a table, words and charts; see `churn.report.view`.
        """
        from churn.report.shown import view

        return view(self, name, sections=sections)

    def figures(self, section: str, *, sections: Sequence[str] = ()) -> dict[str, Any]:
        """The charts of a section of the report, such as `drivers`; see `churn.report.figures`."""
        from churn.report.shown import figures

        return figures(self.folder, section, sections=sections)


@dataclass(frozen=True)
class Model:
    """The calibrated model behind a run's scores of one target."""

    run: Run
    target: str

    @property
    def name(self) -> str:
        """The name on the leaderboard."""
        return self.run.chosen(self.target)

    def predict_proba(self, data: New, *, cutoff: str) -> pd.DataFrame:
        """The calibrated chance of every user at risk at a cutoff: user_id, cutoff, p_churn (p_<target>).

        Args:
            data: The `data:` block of the tables, or data frames by their names: events, stickers, members.
            cutoff: The first day that is not known.

        Raises:
            UserError: if the tables cannot be read or end more than a day before the cutoff, or nobody is at risk.
        """
        with temporary_folder() as folder:
            dataset = self.run.prepared(data, cutoff, folder / "dataset")
            scored = score_windows(newest_windows(dataset), self.run.folder / "models", refitted=True)
        return scored[["user_id", "cutoff", f"p_{self.target}"]]


class _Models(dict[str, Model]):
    """The models by target."""

    def __missing__(self, target: str) -> Model:
        """Raises UserError for an unknown target."""
        raise UserError(f"expected a target out of {', '.join(self)}", repr(target), "correct the name")
