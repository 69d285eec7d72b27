"""Spellings: ids and names that differ only in spelling are distinguished from ids that differ."""

import unicodedata

import pandas as pd
import pytest

from churn.data import DataConfig, examine, examine_new, example_frames, prepare
from churn.data.audit.findings import several_spellings
from churn.data.log.spellings import Spellings, folded

SOUND = "ben"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("12000", "12000.0"),
        ("12000", "12000.00"),
        ("7", "007"),
        ("123457000000", "1.23457E+11"),
        ("12000", "12,000"),
        ("1234567", "1,234,567.00"),
        ("12000", "12000,0"),
        ("u1", "U1"),
        ("u1", " u1"),
        ("u1", "u1\N{NO-BREAK SPACE}"),
        ("u1", "u1\N{ZERO WIDTH SPACE}"),
        ("u1\n", "u1"),
        ("Zoë", unicodedata.normalize("NFD", "Zoë")),
        ("김", unicodedata.normalize("NFD", "김")),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}bc", "abc"),
    ],
    ids=ascii,
)
def test_two_spellings_of_one_name_are_found(name, other):
    found = Spellings.of([name, other, SOUND])
    assert (found.names, found.written, found.examples) == (1, 2, [sorted([name, other])])


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("1", "10"),
        ("1.5", "15"),
        ("1,5", "15"),
        ("12,00", "1200"),
        ("-7", "7"),
        ("u01", "u1"),
        ("a-1", "a1"),
        ("1e5", "1e6"),
        ("2.0.1", "2.1"),
        ("0", ""),
    ],
)
def test_different_names_stay_apart(name, other):
    assert folded(name) != folded(other)
    assert Spellings.of([name, other, SOUND]).names == 0


def test_other_ids_matter_only_as_a_user_s_spelling():
    assert Spellings.of(["u1", SOUND], ["U1", "fan", "FAN"]).examples == [["U1", "u1"]]


def spelt(table, column, write):
    """The example's tables in which every other row of one column is written differently."""
    frames = example_frames()
    values = frames[table][column].astype(str)
    rows = pd.Series(range(len(values))) % 2 == 0
    return frames | {table: frames[table].assign(**{column: values.where(rows, values.map(write))})}


def found_in(frames, tmp_path):
    dataset = prepare(DataConfig(**{name: name for name in frames}), tmp_path / "dataset", frames=frames)
    return [finding for finding in examine(dataset, dataset.split()).findings if "case, blanks" in finding.sentence]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "column", "says"),
    [
        ("events", "user_id", "'USER"),
        ("events", "actor_id", "'USER"),
        ("stickers", "user_id", "'USER"),
        ("events", "event", "'COMMENT' = 'comment', 'POST' = 'post'"),
    ],
)
def test_spellings_are_named_wherever_they_stand(table, column, says, tmp_path):
    (found,) = found_in(spelt(table, column, str.upper), tmp_path)
    assert says in found.sentence
    assert "Write each" in found.remedy


@pytest.mark.slow
def test_a_log_of_one_spelling_and_one_with_numbers_say_nothing(tmp_path):
    assert found_in(example_frames(), tmp_path) == []


def test_spellings_are_named_in_new_data_too(tmp_path):
    frames = spelt("events", "user_id", str.upper)
    dataset = prepare(DataConfig(**{name: name for name in frames}), tmp_path / "dataset", frames=frames)
    assert any("case, blanks" in finding.sentence for finding in examine_new(dataset))


def test_an_id_that_stands_for_a_missing_one_is_named():
    (finding,) = several_spellings({"user_id": Spellings.of(["NULL", "ada", SOUND])})
    assert "'NULL'" in finding.sentence and "make it null" in finding.remedy


@pytest.mark.parametrize(
    ("kind", "digits", "named"),
    [("float64", 19, True), ("int64", 19, False), ("text", 19, True), ("float64", 12, False), ("float32", 12, True)],
)
def test_ids_that_a_column_of_floats_has_rounded_are_named(kind, digits, named, tmp_path):
    events = example_frames()["events"].drop(columns="actor_id")
    ids = pd.Series(pd.factorize(events.user_id)[0]) * (10 ** (digits - 10)) + 12 * 10 ** (digits - 2)
    ids = ids.astype("float64").map(repr) if kind == "text" else ids.astype(kind)
    path = tmp_path / "events.parquet"
    events.assign(user_id=ids).to_parquet(path)
    dataset = prepare(DataConfig(events=str(path)), tmp_path / "dataset")
    found = [finding.sentence for finding in examine_new(dataset) if "of floats has rounded" in finding.sentence]
    assert bool(found) == named, found
