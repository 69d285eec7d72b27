"""Taggers: side by side on the test items, and whether the probabilities hold."""

from churn.artefacts import declared
from churn.language import say
from churn.report.models.reliability import diagram
from churn.report.parts.blocks import Section, Text
from churn.report.parts.tables import Cell, Table, heads, number_cell, percent_cell
from churn.report.tags.tagged import Tags
from churn.run_files import records


def build(tags: Tags) -> Section:
    """The taggers side by side, and whether the probabilities hold."""
    names = list(dict.fromkeys(tags.measures["tagger"]))
    shown = ("top_1", "top_3", "macro_f1", "log_loss", "coverage", "set_size", "ece")
    titles = (
        *(say("Right"), say("Among three"), say("Macro-F1"), say("Log loss"), say("Sets hold it"), say("Set size")),
        say("Calibration error"),
    )
    wide = {(row.tagger, row.metric): float(row.value) for row in records(tags.measures)}
    chosen = tags.told["chosen"]
    rows = tuple(
        (
            Cell(name, badge=say("chosen") if name == chosen else ""),
            *(_measure_cell(wide[name, metric], metric) for metric in shown),
        )
        for name in names
    )
    table = Table(say("The taggers on the test items"), heads(say("Tagger"), *titles), rows)
    lead = say("{chosen} was chosen: it had the lowest log loss on validation items.", chosen=chosen)
    bins = declared.TAG_RELIABILITY.read(tags.folder)
    title = say("Said and true: the likeliest category")
    drawn = diagram(bins, title=title) if len(bins) else Text(say("No calibration was measured."))
    return Section("trust", say("How far the taggers can be trusted"), lead, (table, drawn))


def _measure_cell(value: float, metric: str) -> Cell:
    if metric in ("top_1", "top_3", "coverage"):
        return percent_cell(value)
    return number_cell(value, 2 if metric in ("macro_f1", "set_size") else 3)
