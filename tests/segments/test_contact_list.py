import csv

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.escape import unescape

from churn.segments import contact_list, export

HOSTILE = [
    '=HYPERLINK("http://evil.example","click")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "a\r=1+1",
    "a\r\n=1+1",
    "{=1+1}",
    "http://evil.example",
    'quo"ted, with a comma',
    "two\nlines",
    "007",
    "1e5",
    "  spaces  ",
    "名前🙂",
    "x" * 1000,
]
DEFUSED = ("=", "+", "-", "@", "\t", "\r", "\n")


def table_of(ids, *, stickers=True):
    n = len(ids)
    columns = {"rank": range(1, n + 1), "user_id": ids, "priority": np.linspace(0.9, 0.1, n), "p_churn": [0.25] * n}
    if stickers:
        columns["p_sticker"] = [0.125] * n
    return pd.DataFrame(columns | {"reason_1": ["=own post: 0"] * n, "reason_2": [""] * n})


def sheet_of(folder):
    return openpyxl.load_workbook(folder / "priority.xlsx").active


def rows_of(folder):
    with (folder / "priority.csv").open(newline="", encoding="utf8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def scored():
    return pd.DataFrame(
        {
            "user_id": list("abcde"),
            "cutoff": pd.Timestamp("2024-03-01"),
            "p_churn": [0.5, 0.9, 0.8, 0.4, 0.7],
            "p_sticker": [0.2, 0.1, 0.5, 0.25, 0.1],
            "priority": [0.1, 0.09, 0.4, 0.1, 0.07],
            "segment": ["priority", "other", "priority", "priority", "likely churner"],
        }
    )


def test_the_list_holds_the_segment_best_first_with_everyones_own_reasons(scored):
    reasons = pd.DataFrame({"reason_1": ["why a", "why c", "why d"], "reason_2": ["", "more c", ""]}, index=[0, 2, 3])
    found = contact_list(scored, reasons)
    columns = ["rank", "user_id", "priority", "p_churn", "p_sticker", "reason_1", "reason_2"]
    assert list(found.columns) == columns
    assert found.user_id.tolist() == ["c", "a", "d"]  # a and d tie: the likelier churner first
    assert found["rank"].tolist() == [1, 2, 3]
    assert found.reason_1.tolist() == ["why c", "why a", "why d"]
    assert found.reason_2.tolist() == ["more c", "", ""]


def test_without_stickers_the_list_does_without_their_column(scored):
    reasons = pd.DataFrame({"reason_1": [""] * 5})
    found = contact_list(scored.drop(columns="p_sticker"), reasons)
    assert list(found.columns) == ["rank", "user_id", "priority", "p_churn", "reason_1"]


def test_an_empty_segment_gives_an_empty_list_and_files_with_a_header(scored, tmp_path):
    found = contact_list(scored.assign(segment="other"), pd.DataFrame({"reason_1": []}, index=pd.Index([], dtype=int)))
    assert found.empty
    export(found, tmp_path)
    assert rows_of(tmp_path) == []
    assert [cell.value for cell in sheet_of(tmp_path)[1]] == list(found.columns)


@pytest.mark.parametrize("value", HOSTILE)
def test_no_text_in_the_csv_starts_as_a_formula_and_all_of_it_is_read_back(value, tmp_path):
    export(table_of([value]), tmp_path)
    (row,) = rows_of(tmp_path)
    assert row["user_id"] == (f"'{value}" if value.startswith(DEFUSED) else value)
    assert row["reason_1"] == "'=own post: 0"
    assert row["priority"] == "0.9"


@pytest.mark.parametrize("value", HOSTILE)
def test_the_sheet_holds_text_exactly_as_given_and_no_formula(value, tmp_path):
    export(table_of([value]), tmp_path)
    sheet = sheet_of(tmp_path)
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert unescape(sheet["B2"].value) == value
    assert sheet["B2"].data_type == "s"
    assert sheet["B2"].hyperlink is None
    assert not [cell for cell in cells if cell.data_type == "f"]


def test_numbers_are_typed_and_shown_with_three_decimals(tmp_path):
    export(table_of(["a", "b"]), tmp_path)
    sheet = sheet_of(tmp_path)
    assert [cell.data_type for cell in sheet[2]][:5] == ["n", "s", "n", "n", "n"]
    assert [cell.value for cell in sheet[3]][:5] == [2, "b", 0.1, 0.25, 0.125]
    assert sheet["C2"].number_format == "0.000"
    assert sheet["A2"].number_format == "General"


def test_the_header_stays_in_sight_and_every_column_can_be_filtered(tmp_path):
    export(table_of(["a", "b", "c"]), tmp_path)
    sheet = sheet_of(tmp_path)
    assert sheet.title == "priority"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:G4"
    assert all(cell.font.bold for cell in sheet[1])
    assert [cell.value for cell in sheet[1]] == list(table_of([]).columns)


def test_ids_that_are_numbers_keep_all_their_digits(tmp_path):
    """A spreadsheet's numbers have fifteen digits; ids of many platforms have nineteen."""
    ids = [1234567890123456789, 1234567890123456788, -5]
    export(table_of(ids), tmp_path)
    sheet = sheet_of(tmp_path)
    assert [sheet.cell(row, 2).value for row in (2, 3, 4)] == [str(i) for i in ids]
    assert [row["user_id"] for row in rows_of(tmp_path)] == [str(i) for i in ids]


def test_the_table_itself_is_not_changed_by_its_export(tmp_path):
    table = table_of(HOSTILE)
    before = table.copy()
    export(table, tmp_path)
    assert table.equals(before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["control.csv", "priority.csv", "priority.xlsx"]


def test_rows_keep_their_order_in_both_files(tmp_path):
    export(table_of(list("cab")), tmp_path)
    assert [row["user_id"] for row in rows_of(tmp_path)] == list("cab")
    assert [cell.value for cell in sheet_of(tmp_path)["B"]] == ["user_id", *"cab"]
