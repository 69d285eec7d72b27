import csv
import re

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.escape import unescape

from churn.artefacts import declared
from churn.explanation import Story
from churn.language import speaking
from churn.segments import ControlConfig, SegmentConfig, about, contact_list, prioritise
from churn.segments.contacts import list_files
from churn.segments.ranking import ranked

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
    columns = {"rank": range(1, n + 1), "user_id": ids, "priority": np.linspace(0.9, 0.1, n)}
    columns |= {"priority_rank": range(1, n + 1), "p_churn": [0.25] * n}
    if stickers:
        columns["p_sticker"] = [0.125] * n
    return pd.DataFrame(columns)


def why(ids):
    """A reason of each user, whose feature begins as a formula does."""
    story = Story(0, 7, known_days=90, usual=3.5, others=2.0, silent_days=5, long_silence=True)
    table = declared.REASONS.of([(user, 1, "=own_post", "count", "low", *story) for user in ids])
    return table.astype({"fell": "datetime64[us]"})


def export(table, folder, **given):
    """The product's, with a reason of everybody, and what a team opens of it."""
    about = given.pop("about", ())
    list_files.export(table, why(table.user_id), folder, **given)
    write_files(folder, about=about)


def write_files(folder, about=()):
    list_files._write_contacts(list_files._contacts(folder), folder, about=about)


def sheet_of(folder):
    return openpyxl.load_workbook(folder / "priority.xlsx")["priority"]


def rows_of(folder):
    with (folder / "priority.csv").open(newline="", encoding="utf8") as file:
        return list(csv.DictReader(file))


def control_of(folder):
    with (folder / "control.csv").open(newline="", encoding="utf8") as file:
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


def test_the_list_holds_the_segment_best_first(scored):
    found = contact_list(scored)
    assert list(found.columns) == ["rank", "user_id", "priority", "priority_rank", "p_churn", "p_sticker"]
    assert found.user_id.tolist() == ["c", "a", "d"]  # a and d tie: the likelier churner first
    assert found["rank"].tolist() == [1, 2, 3]


def test_a_list_in_another_order_has_its_score_and_the_place_by_priority_among_all_who_were_scored(scored):
    found = contact_list(scored, rank_by="p_churn")
    assert found.user_id.tolist() == ["c", "a", "d"] and found.priority_rank.tolist() == [1, 2, 3]
    by_value = scored.assign(value_at_risk=[0.1, 0.9, 0.2, 0.3, 0.4], segment=["priority"] * 4 + ["other"])
    found = contact_list(by_value, rank_by="value_at_risk")
    assert found.user_id.tolist() == ["b", "d", "c", "a"] and found.columns[-1] == "value_at_risk"
    assert found.priority_rank.tolist() == [4, 3, 1, 2]


def test_everyone_has_the_own_reasons_in_the_language_spoken_and_none_may_be_missing(tmp_path):
    table = table_of(list("cab"))
    told = pd.concat([why("ab"), why("a").assign(place=2, feature="fan_reply")])
    list_files.export(table, told, tmp_path, held_back=np.array([False, False, True]))
    write_files(tmp_path)
    words = "none for 5 days; usually 3.5 a week"
    assert [list(row.values())[-3:] for row in rows_of(tmp_path)] == [
        ["", "", ""],
        [f"'=own post: {words}", f"fan reply: {words}", ""],
    ]
    with speaking("ko"):
        write_files(tmp_path)
    assert rows_of(tmp_path)[1]["reason_2"].endswith(" reply: 5일째 없음; 평소 주 3.5회")


def test_users_whose_ids_are_hidden_keep_their_reasons(tmp_path):
    export(table_of(list("cab")), tmp_path, hide=lambda ids: ids.map({"a": "h3", "b": "h1", "c": "h2"}))
    assert [row["user_id"] for row in rows_of(tmp_path)] == ["h2", "h3", "h1"]
    assert all(row["reason_1"].startswith("'=own post: none for 5 days") for row in rows_of(tmp_path))
    assert set(declared.REASONS.read(tmp_path).user_id) == {"h1", "h2", "h3"}


def test_the_first_users_of_the_plan_are_the_first_of_the_file():
    scores = pd.DataFrame({"user_id": range(1, 31), "cutoff": pd.Timestamp("2024-03-01"), "p_churn": 0.4})
    scored = prioritise(scores, SegmentConfig(rank_by="priority", rule="number", number=12))
    found = contact_list(scored)
    assert found.user_id.tolist() == ranked(scored, "priority").user_id.tolist()[:12]
    for k in range(1, 12):
        first = prioritise(scores, SegmentConfig(rank_by="priority", rule="number", number=k))
        assert set(first.user_id[first.segment == "priority"]) == set(found.user_id[:k])


@pytest.mark.parametrize(
    ("p", "said"),
    [
        ([0.9, 0.8, 0.7], "No two users have the same scores, so nothing is left to chance."),
        (
            [0.9, 0.5, 0.5],
            "1 of the 2 users on the list have the same scores as others, and their order among these is at random. "
            "The list ends among 2 users with the same scores: 1 of them were put on it at random.",
        ),
    ],
)
def test_the_second_sheet_says_what_the_lot_decided(p, said):
    scores = pd.DataFrame({"user_id": list("abc"), "cutoff": pd.Timestamp("2024-03-01"), "p_churn": p})
    config = SegmentConfig(rank_by="priority", rule="number", number=2)
    assert dict(about(prioritise(scores, config), config, held_back=0))["Order among equal scores"] == said


def test_without_stickers_the_list_does_without_their_column(scored):
    found = contact_list(scored.drop(columns="p_sticker"))
    assert list(found.columns) == ["rank", "user_id", "priority", "priority_rank", "p_churn"]


def test_an_empty_segment_gives_an_empty_list_and_files_with_a_header(scored, tmp_path):
    found = contact_list(scored.assign(segment="other"))
    assert found.empty
    export(found, tmp_path)
    assert rows_of(tmp_path) == []
    assert [cell.value for cell in sheet_of(tmp_path)[1]] == [*found.columns, "reason_1", "reason_2", "reason_3"]


@pytest.mark.parametrize("value", HOSTILE)
def test_no_text_in_the_csv_starts_as_a_formula_and_all_of_it_is_read_back(value, tmp_path):
    export(table_of([value]), tmp_path)
    (row,) = rows_of(tmp_path)
    assert row["user_id"] == (f"'{value}" if value.startswith(DEFUSED) else value)
    assert row["reason_1"] == "'=own post: none for 5 days; usually 3.5 a week"
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


def test_numbers_are_typed_chances_are_percent_and_money_has_cents(tmp_path):
    export(table_of(["a", "b"]).assign(expected_loss=1234.5), tmp_path)
    sheet = sheet_of(tmp_path)
    assert [cell.data_type for cell in sheet[2]][:6] == ["n", "s", "n", "n", "n", "n"]
    assert [cell.value for cell in sheet[3]][:6] == [2, "b", 0.1, 2, 0.25, 0.125]
    shown = {cell.value: sheet.cell(2, cell.column).number_format for cell in sheet[1]}
    assert shown == {
        "rank": "General",
        "user_id": "General",
        "priority": "0.000",
        "priority_rank": "General",
        "p_churn": "0.0%",
        "p_sticker": "0.0%",
        "reason_1": "General",
        "reason_2": "General",
        "reason_3": "General",
        "expected_loss": "#,##0.00",
    }


def test_scores_and_chances_are_coloured_by_their_height_and_nothing_else(tmp_path):
    export(table_of(["a", "b", "c"]), tmp_path)
    coloured = {str(entry.sqref): entry.rules[0].type for entry in sheet_of(tmp_path).conditional_formatting}
    assert coloured == {"C2:C4": "colorScale", "E2:E4": "colorScale", "F2:F4": "colorScale"}


def test_the_day_by_which_a_user_is_back_is_a_date_without_a_colour(tmp_path):
    table = table_of(["a", "b", "c"])
    export(table.assign(back_by=pd.Timestamp("2024-03-01")), tmp_path)
    sheet = sheet_of(tmp_path)
    [day] = [column for column in sheet.iter_cols(min_row=1, max_row=2) if column[0].value == "back_by"]
    assert (day[1].number_format, day[1].value.date()) == ("yyyy-mm-dd", pd.Timestamp("2024-03-01").date())
    coloured = "".join(str(entry.sqref) for entry in sheet.conditional_formatting)
    assert day[1].column_letter not in coloured and "C" in coloured


def test_columns_are_as_wide_as_their_text_but_not_endless(tmp_path):
    export(table_of(["a", "x" * 1000]), tmp_path)
    widths = {name: column.width for name, column in sheet_of(tmp_path).column_dimensions.items()}
    assert 30 < widths["B"] < 60
    assert widths["A"] < 15


def test_the_second_sheet_says_what_the_list_is_with_a_date_as_a_date(scored, tmp_path):
    config = SegmentConfig(rank_by="priority", control=ControlConfig(share=0.4, seed=3), id_key="apart/key")
    lines = about(scored, config, held_back=1, first="Call them.")
    export(table_of(["=1+1"]), tmp_path, about=[*lines, ("=evil()", "=1+1")])
    book = openpyxl.load_workbook(tmp_path / "priority.xlsx")
    assert book.sheetnames == ["priority", "about"]
    assert [cell.value for cell in book["about"][1]] == ["What to do", "Call them."]
    rows = {row[0].value: row[1] for row in book["about"].iter_rows()}
    cutoff = rows["First day that was not known (cutoff)"]
    assert cutoff.is_date
    assert cutoff.value == pd.Timestamp("2024-03-01")
    assert rows["Users scored"].value == 5
    assert rows["Users in the priority segment"].value == 3
    assert rows["Users held back: do not contact"].value == 1
    assert "40% of the segment, drawn at random with seed 3" in rows["Control group"].value
    assert rows["Size of the segment"].value == "the first 10% of the users"
    assert "hashes" in rows["Ids"].value
    assert "p_sticker" in rows
    assert "expected_loss" not in rows
    assert not [cell for row in book["about"].iter_rows() for cell in row if cell.data_type == "f"]


def test_the_sheets_have_names_in_the_language_spoken(scored, tmp_path):
    with speaking("ko"):
        export(
            table_of(["a"]),
            tmp_path,
            about=about(scored, SegmentConfig(rank_by="priority", quantile=0.85), held_back=0),
        )
    book = openpyxl.load_workbook(tmp_path / "priority.xlsx")
    assert book.sheetnames == ["우선순위", "안내"]
    assert "사용자 중 상위 15%" in [row[1].value for row in book["안내"].iter_rows()]


@pytest.mark.parametrize(
    ("share", "held", "says"), [(0.0, 0, "nobody is held back"), (0.5, 0, "segment of 3 is too small")]
)
def test_a_list_without_a_control_says_why(share, held, says, scored):
    lines = dict(about(scored, SegmentConfig(rank_by="priority", control=ControlConfig(share=share)), held_back=held))
    assert says in lines["Control group"]


def test_the_second_sheet_speaks_the_language_spoken(scored):
    configs = [
        SegmentConfig(rank_by=order, rule=rule, number=number, control=ControlConfig(share=share), id_key=key)
        for order, rule, number, share, key in (
            ("priority", "quantile", None, 0, None),
            ("expected_loss", "number", 3, 0.4, "key"),
        )
    ]
    with speaking("ko"):
        known = scored.assign(expected_loss=scored.priority)
        lines = [line for config in configs for line in about(known, config, held_back=1)]
    words = [text for term, value in lines for text in (term, value) if isinstance(text, str)]
    assert ("대조군 사용자(연락하지 않음)", 1) in lines
    assert [text for text in words if re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", text)] == []


def test_who_is_held_back_stands_in_control_csv_alone_and_the_others_keep_their_ranks(tmp_path):
    export(table_of([*"abc", *HOSTILE]), tmp_path, held_back=np.arange(3 + len(HOSTILE)) % 3 == 1)
    listed, groups = rows_of(tmp_path), control_of(tmp_path)
    assert [row["rank"] for row in groups] == [str(rank) for rank in range(1, 4 + len(HOSTILE))]
    held = {row["user_id"] for row in groups if row["group"] == "control"}
    assert {row["user_id"] for row in groups if row["group"] == "contact"} == {row["user_id"] for row in listed}
    assert held
    assert not held & {row["user_id"] for row in listed}
    assert {row["rank"]: row["user_id"] for row in listed}.items() <= {
        row["rank"]: row["user_id"] for row in groups
    }.items()
    sheet = sheet_of(tmp_path)
    assert [cell.value for cell in sheet["A"]][1:] == [int(row["rank"]) for row in listed]
    assert not [row for row in groups if row["user_id"].startswith(DEFUSED)]
    assert list(groups[0]) == ["rank", "user_id", "group", "priority", "priority_rank", "p_churn", "p_sticker"]


def test_each_head_of_the_first_sheet_is_explained_where_it_is_pointed_at(tmp_path):
    export(table_of(["a"]), tmp_path)
    heads = {cell.value: cell.comment.text for cell in sheet_of(tmp_path)[1]}
    assert heads["priority"] == "p_churn × p_sticker" and "most raises this user's chance" in heads["reason_2"]
    export(table_of(["a"], stickers=False), tmp_path)
    assert "p_churn itself" in sheet_of(tmp_path)["C1"].comment.text


def test_the_second_sheet_describes_the_columns_of_the_first_alone(scored):
    known = scored.assign(value_at_risk=0.1, expected_loss=0.5, active_days=3)
    config = SegmentConfig(rank_by="priority")
    assert {"value_at_risk", "expected_loss", "unusual_week"}.isdisjoint(dict(about(known, config, held_back=0)))
    terms = dict(about(known, config, held_back=0, columns={"unusual_week"}))
    assert "unusual_week" in terms and "active_days" not in terms
    assert "expected_loss" in dict(about(known, SegmentConfig(rank_by="expected_loss"), held_back=0))


def test_without_a_control_everyone_is_to_be_contacted(tmp_path):
    export(table_of(["a", "b"]), tmp_path)
    assert [row["group"] for row in control_of(tmp_path)] == ["contact", "contact"]


def test_the_header_stays_in_sight_and_every_column_can_be_filtered(tmp_path):
    export(table_of(["a", "b", "c"]), tmp_path)
    sheet = sheet_of(tmp_path)
    assert sheet.title == "priority"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:I4"
    assert all(cell.font.bold for cell in sheet[1])
    assert [cell.value for cell in sheet[1]] == [*table_of([]).columns, "reason_1", "reason_2", "reason_3"]


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
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "control.csv",
        "priority.csv",
        "priority.parquet",
        "priority.xlsx",
        "reasons.parquet",
    ]


def test_rows_keep_their_order_in_both_files(tmp_path):
    export(table_of(list("cab")), tmp_path)
    assert [row["user_id"] for row in rows_of(tmp_path)] == list("cab")
    assert [cell.value for cell in sheet_of(tmp_path)["B"]] == ["user_id", *"cab"]


def test_reasons_wrap_in_a_column_of_one_width_and_no_other_column_does(tmp_path):
    export(table_of(["a", "x" * 1000]), tmp_path)
    sheet = sheet_of(tmp_path)
    wraps = {sheet.cell(1, cell.column).value: bool(cell.alignment.wrap_text) for cell in sheet[2]}
    assert [name for name, wrap in wraps.items() if wrap] == ["reason_1", "reason_2", "reason_3"]
    assert 40 < sheet.column_dimensions["G"].width < 50


def test_paper_is_landscape_one_page_wide_with_the_names_on_every_page(tmp_path):
    export(table_of(["a", "b"]), tmp_path)
    sheet = sheet_of(tmp_path)
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.print_title_rows == "$1:$1"
