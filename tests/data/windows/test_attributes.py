from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

from churn.artefacts import read_json, write_json
from churn.data import DataConfig, SplitConfig, Vocabulary, WindowConfig, training_users
from churn.data.log.vocabulary import Encoding
from churn.data.members import Members
from churn.data.windows.attributes import LEVELS, Attribute

pytestmark = pytest.mark.slow

DAYS = pd.date_range("2024-01-01", periods=40)
SHORT = WindowConfig(history_days=3, horizon_days=2, at_risk_days=3)
SPLIT = SplitConfig(val_from="2024-01-21", test_from="2024-01-31")  # the training span ends on 20 January
ARRIVAL, DAILY, AFTER = {"known": "arrival"}, {"known": "daily", "from": "valid_from"}, {"known": "after"}


def users(n):
    return [f"user{position:02}" for position in range(n)]


def prepared_with(prepared, members, features, attributes, **config):
    """Every user acts daily, so that there is a window for each user and day."""
    names = np.repeat(sorted(set(members.user_id)), len(DAYS))
    events = pd.DataFrame({"user_id": names, "timestamp": np.tile(DAYS, len(names) // len(DAYS))})
    options = {"features": features, "attributes": attributes, "windows": SHORT, "split": SPLIT}
    return prepared({"events": events, "members": members}, **options | config)


def listed(*values, **columns):
    return pd.DataFrame({"user_id": users(len(values)), "level": values} | columns)


def columns(dataset, *names):
    """Some features of every window's history, (n, d, c)."""
    found = dataset.windows
    return found.history()[:, :, [found.features.index(name) for name in names]]


# Known on arrival -------------------------------------------------------------------------------------


def test_a_number_known_on_arrival_stands_on_every_day_of_its_user(prepared):
    dataset = prepared_with(prepared, listed(3.5, -1, 1e6), ["level"], {"level": ARRIVAL})
    assert dataset.windows.features == ("own_event", "level")
    found = columns(dataset, "level")
    assert (found[:, :, 0] == np.float32([3.5, -1, 1e6])[dataset.windows.user][:, None]).all()


def test_nulls_of_training_are_zeros_with_a_column_that_says_so(prepared):
    for values in ([4, None, 2], [4, np.inf, 2], [4, 1e300, 2]):
        dataset = prepared_with(prepared, listed(*values), ["level"], {"level": ARRIVAL})
        found = columns(dataset, "level", "level_missing")[:, 0]
        assert (found == np.float32([[4, 0], [0, 1], [2, 0]])[dataset.windows.user]).all()
        assert [source.reason for source in dataset.windows.sources[1:]] == ["number", "yes or no"]


@pytest.mark.parametrize("values", [[True, False, True], pd.array([True, None, True], "boolean"), [True, None, True]])
def test_yes_or_no_is_one_and_zero(prepared, values):
    dataset = prepared_with(prepared, listed(*values), ["level"], {"level": ARRIVAL})
    assert (columns(dataset, "level")[:, 0, 0] == (dataset.windows.user != 1)).all()
    assert ("level_missing" in dataset.windows.features) == (values[1] is not False)


def test_text_has_a_column_per_level_and_none_for_null(prepared):
    dataset = prepared_with(prepared, listed("b", "a", None, "b"), ["level"], {"level": ARRIVAL})
    assert dataset.windows.features == ("own_event", "level=b", "level=a")
    expected = np.float32([[1, 0], [0, 1], [0, 0], [1, 0]])
    assert (columns(dataset, "level=b", "level=a")[:, 1] == expected[dataset.windows.user]).all()


def test_the_most_frequent_levels_have_columns_and_the_rest_share_one(prepared):
    values = [f"l{position:02}" for position in range(LEVELS + 3)] + ["l12"]
    dataset = prepared_with(prepared, listed(*values), ["level"], {"level": ARRIVAL})
    names = [f"level=l{position:02}" for position in (12, *range(LEVELS - 1))]
    assert dataset.windows.features == ("own_event", *names, "level=other")
    rare = columns(dataset, "level=other")[:, 0, 0]
    assert (rare == np.isin(dataset.windows.user, [9, 10, 11])).all()
    assert (columns(dataset, *names, "level=other").sum(axis=2) == 1).all()


def test_categories_are_text(prepared):
    members = listed("a", "b", "a").astype({"level": "category"})
    assert prepared_with(prepared, members, ["level"], {"level": ARRIVAL}).windows.features[1:] == (
        "level=a",
        "level=b",
    )


def test_attributes_stand_behind_the_features_in_the_order_asked_for(prepared):
    members = listed(1, 2, 3, vip=[True, False, True])
    dataset = prepared_with(prepared, members, ["vip", "tenure", "level"], {"level": ARRIVAL, "vip": ARRIVAL})
    assert dataset.windows.features == ("own_event", "tenure", "vip", "level")


def test_attributes_are_not_seen_by_models_unless_asked_for(prepared):
    dataset = prepared_with(prepared, listed(1, 2, 3), [], {"level": ARRIVAL})
    assert dataset.windows.features == ("own_event",)
    assert dataset.members.level.tolist() == [1, 2, 3]
    assert dataset.vocabulary.attributes == ()


# Known daily ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plans():
    """Rows of the member list, out of order: ada's plan from 5 January on, and twice changed later."""
    rows = [
        ("user00", "gold", "2024-01-20", 3.0),
        ("user00", "free", "2024-01-05", 1.0),
        ("user01", "free", "2023-12-01", 1.0),
        ("user00", "free", "2024-01-12", 2.0),
        ("user02", "gold", "2024-02-08", 9.0),
    ]
    return pd.DataFrame(rows, columns=["user_id", "plan", "valid_from", "price"])


def test_a_daily_attribute_is_the_newest_one_valid_on_or_before_the_day(prepared, plans):
    attributes = {"plan": DAILY, "price": DAILY}
    dataset = prepared_with(prepared, plans, ["plan", "price"], attributes)
    windows, found = dataset.windows, columns(dataset, "price", "price_missing")
    for user, cutoff, history in zip(windows.user_ids, windows.dates, found, strict=True):
        for day, (price, missing) in zip(pd.date_range(end=cutoff, periods=4)[:3], history, strict=True):
            rows = plans[(plans.user_id == user) & (pd.to_datetime(plans.valid_from) <= day)].sort_values("valid_from")
            expected = (rows.price.iloc[-1], 0) if len(rows) else (0, 1)
            assert (price, missing) == expected, (user, day)
    assert (columns(dataset, "plan=free") == np.isin(found[:, :, :1], [1, 2])).all()


def test_any_rows_with_dates_are_read_as_by_a_slow_reference(prepared):
    rng = np.random.default_rng(0)
    n = 300
    days = pd.Timestamp("2023-12-20") + pd.to_timedelta(rng.integers(0, 60, n), unit="D")
    rows = pd.DataFrame({"user_id": rng.choice(users(12), n), "valid_from": days, "level": rng.integers(1, 99, n)})
    dataset = prepared_with(prepared, rows, ["level"], {"level": DAILY})
    windows, found = dataset.windows, columns(dataset, "level")[:, :, 0]
    rows = rows.sort_values(["valid_from", "level"]).drop_duplicates(["user_id", "valid_from"])
    for i in rng.choice(len(windows), 200, replace=False):
        for d in range(3):
            day = windows.dates[i] - pd.Timedelta(days=3 - d)
            valid = rows[(rows.user_id == windows.user_ids[i]) & (rows.valid_from <= day)].level
            assert found[i, d] == (valid.iloc[-1] if len(valid) else 0)


def test_further_rows_of_a_user_are_used_where_an_attribute_is_known_daily(prepared, plans):
    daily = prepared_with(prepared, plans, [], {"plan": DAILY})
    assert daily.reconciliation["members"] == {"read": 5, "used": 5, "non_members": 0, "rejected": {}}
    plain = prepared_with(prepared, plans, [], {"plan": ARRIVAL})
    assert plain.reconciliation["members"]["rejected"] == {"repeated user_id": 2}


def test_each_user_is_listed_once_with_the_oldest_row(prepared, plans):
    dataset = prepared_with(prepared, plans, [], {"plan": DAILY})
    assert dataset.members.user_id.tolist() == users(3)
    assert dataset.members.plan.tolist() == ["free", "free", "gold"]


def test_comparisons_see_a_daily_attribute_as_on_the_day_before_the_cutoff(prepared, plans):
    dataset = prepared_with(prepared, plans, [], {"price": DAILY})
    windows = dataset.windows.take(np.isin(dataset.windows.cutoff, [4, 5, 20, 39]))
    found = dataset.members_at(windows)
    assert "valid_from" not in found
    assert found.user_id.tolist() == windows.user_ids.tolist()
    prices = dict(zip(zip(windows.user.tolist(), windows.cutoff.tolist(), strict=True), found.price, strict=True))
    assert {key: None if pd.isna(price) else price for key, price in prices.items()} == {
        **{(0, 4): None, (0, 5): 1, (0, 20): 3, (0, 39): 3},
        **{(1, 4): 1, (1, 5): 1, (1, 20): 1, (1, 39): 1},
        **{(2, 4): None, (2, 5): None, (2, 20): None, (2, 39): 9},
    }


def test_two_attributes_may_hold_from_different_dates(prepared):
    rows = [("user00", 1, "2024-01-01", 10, "2024-01-08"), ("user00", 2, "2024-01-05", 20, "2024-01-02")]
    members = pd.DataFrame(rows, columns=["user_id", "level", "at", "price", "moved"])
    blocks = {"level": {"known": "daily", "from": "at"}, "price": {"known": "daily", "from": "moved"}}
    dataset = prepared_with(prepared, members, [], blocks)
    found = dataset.members_at(dataset.windows).set_index(dataset.windows.dates - pd.Timedelta(days=1))
    assert found.loc["2024-01-03":"2024-01-09", "level"].tolist() == [1, 1, 2, 2, 2, 2, 2]
    assert found.loc["2024-01-03":"2024-01-09", "price"].tolist() == [20] * 5 + [10] * 2


def test_of_several_values_from_one_day_one_holds_whatever_their_order_and_the_others_are_counted(prepared):
    members = pd.DataFrame({"user_id": "user00", "level": [3, 1, 2], "valid_from": "2024-01-05"})
    for rows in (members, members[::-1]):
        dataset = prepared_with(prepared, rows, [], {"level": DAILY})
        assert dataset.members_at(dataset.windows).level.iloc[-1] == 1
        assert dataset.reconciliation["members"]["rejected"] == {"repeated user_id": 2}


def test_a_row_without_a_date_is_refused(prepared, plans, refused):
    with refused("a date in every row of members.valid_from", "1 rows", "leave the rows out"):
        prepared_with(prepared, plans.assign(valid_from=plans.valid_from.where(plans.index > 0)), [], {"plan": DAILY})
    with refused("dates in members.valid_from", "", "a column of dates"):
        prepared_with(prepared, plans.assign(valid_from=7), [], {"plan": DAILY})


# Frozen on the training span --------------------------------------------------------------------------


def test_members_who_joined_after_the_training_span_choose_no_columns(prepared):
    joined = ["2023-05-01", "2024-01-20", "2024-01-21", "2024-03-01"]
    members = listed("a", "b", "c", "c", joined=joined)
    assert prepared_with(prepared, members, ["level"], {"level": ARRIVAL}).windows.features[1:] == (
        "level=a",
        "level=b",
    )
    members = listed(1.0, 2.0, None, None, joined=joined)
    assert prepared_with(prepared, members, ["level"], {"level": ARRIVAL}).windows.features[1:] == ("level",)


def test_values_from_after_the_training_span_choose_no_columns(prepared, plans):
    found = prepared_with(prepared, plans, ["plan"], {"plan": DAILY}).windows.features
    assert found == ("own_event", "plan=free", "plan=gold")
    later = plans.assign(valid_from=plans.valid_from.replace("2024-01-20", "2024-01-21"))
    assert prepared_with(prepared, later, ["plan"], {"plan": DAILY}).windows.features == ("own_event", "plan=free")


def test_new_data_have_the_columns_of_the_training_span_and_new_levels_are_counted(prepared):
    old = prepared_with(prepared, listed("a", "b", "a"), ["level"], {"level": ARRIVAL})
    assert old.unknown_levels == {}
    members = listed("b", "c", None, "c")
    new = prepared_with(prepared, members, ["level"], {"level": ARRIVAL}, vocabulary=old.vocabulary)
    assert new.windows.features == old.windows.features
    assert (
        columns(new, "level=a", "level=b")[:, 0] == np.float32([[0, 1], [0, 0], [0, 0], [0, 0]])[new.windows.user]
    ).all()
    assert new.unknown_levels == {"level=c": 2}


def test_new_levels_join_the_rare_ones_where_training_had_some(prepared):
    levels = [f"l{position:02}" for position in range(LEVELS + 1)]
    old = prepared_with(prepared, listed(*levels), ["level"], {"level": ARRIVAL})
    new = prepared_with(prepared, listed("z", "l00"), ["level"], {"level": ARRIVAL}, vocabulary=old.vocabulary)
    assert (columns(new, "level=l00", "level=other")[:, 0] == np.float32([[0, 1], [1, 0]])[new.windows.user]).all()


def test_a_level_called_other_is_one_like_any_other(prepared):
    levels = ["other", *[f"l{position:02}" for position in range(LEVELS + 1)], "other"]
    dataset = prepared_with(prepared, listed(*levels), ["level"], {"level": ARRIVAL})
    assert dataset.windows.features[1] == "level=other" and dataset.windows.features[-1] == "level=rest"
    user = dataset.windows.user
    assert (columns(dataset, "level=other")[:, 0, 0] == np.isin(user, [0, LEVELS + 2])).all()
    assert (columns(dataset, "level=rest")[:, 0, 0] == np.isin(user, [LEVELS, LEVELS + 1])).all()


def test_new_data_of_another_kind_are_refused(prepared, refused):
    old = prepared_with(prepared, listed(1, 2, 3), ["level"], {"level": ARRIVAL})
    with refused("numbers in members.level, as in training", "many", "train again"):
        prepared_with(prepared, listed("many", "1"), ["level"], {"level": ARRIVAL}, vocabulary=old.vocabulary)


def test_a_vocabulary_without_the_attribute_asked_for_is_refused(prepared, refused):
    old = prepared_with(prepared, listed(1, 2, 3), [], {})
    with refused("attributes that the models were trained with", "level", "train"):
        prepared_with(prepared, listed(1, 2, 3), ["level"], {"level": ARRIVAL}, vocabulary=old.vocabulary)


def test_a_vocabulary_comes_back_from_json_as_it_was(tmp_path):
    words = Vocabulary(("post",), ("own_post",), 3, 9, (Encoding("tier", "level", ("a", "b"), rare=True),))
    write_json(words.__dict__ | {"attributes": [encoding.__dict__ for encoding in words.attributes]}, tmp_path / "v")
    assert Vocabulary.read(read_json(tmp_path / "v")) == words


# What is refused --------------------------------------------------------------------------------------


def test_an_attribute_that_does_not_say_when_it_is_known_is_refused_with_the_block_to_paste(prepared, refused):
    with refused("when level is known", "nothing", "`attributes: {level: {known: arrival}}`"):
        prepared_with(prepared, listed(1, 2, 3), ["level"], {})


def test_an_attribute_known_only_after_can_never_enter_a_model_but_can_be_compared(prepared, refused):
    with refused("known on the day", "level, known after", "out of data.features"):
        prepared_with(prepared, listed(1, 2, 3), ["level"], {"level": AFTER})
    dataset = prepared_with(prepared, listed(1, 2, 3), [], {"level": AFTER})
    assert dataset.members_at(dataset.windows).level.tolist() == (dataset.windows.user + 1).tolist()


def test_unknown_names_are_refused_with_what_there_is(prepared, refused):
    with refused("weekday, month_day, days_since_activity, tenure, tenure_capped", "'moon'", "the name"):
        prepared_with(prepared, listed(1, 2, 3), ["moon"], {})
    with refused("of the member list: level", "'joined'", "the name"):
        prepared_with(prepared, listed(1, 2, 3, joined="2024-01-01"), ["joined"], {})
    with refused("data.attributes out of the member list's columns", "plan", "user_id, level"):
        prepared_with(prepared, listed(1, 2, 3), [], {"plan": ARRIVAL})
    with refused("data.attributes out of the member list's columns", "valid_from", "user_id, level"):
        prepared_with(prepared, listed(1, 2, 3), [], {"level": DAILY})
    with refused("each name in data.features once", "tenure", "list it once"):
        prepared_with(prepared, listed(1, 2, 3), ["tenure", "level", "tenure"], {"level": ARRIVAL})


def test_features_are_refused_that_would_need_a_member_list(prepared, refused):
    events = pd.DataFrame({"user_id": "ada", "timestamp": DAYS})
    with refused("of the member list: none", "'level'", "correct the name"):
        prepared({"events": events}, features=["level"], windows=SHORT)
    with refused("data.attributes out of the member list's columns", "level", "there is no member list"):
        prepared({"events": events}, attributes={"level": ARRIVAL}, windows=SHORT)


def test_two_columns_of_one_name_are_refused(prepared, refused):
    with refused("features of different names", "own_event twice", "rename"):
        prepared_with(
            prepared, listed(1, 2, 3).rename(columns={"level": "own_event"}), ["own_event"], {"own_event": ARRIVAL}
        )


def test_a_date_counts_the_days_from_the_end_of_each_day_of_a_history(prepared):
    dates = [pd.Timestamp("2024-02-01 13:00"), pd.NaT, pd.Timestamp("2023-12-31")]
    dataset = prepared_with(prepared, listed(*dates), ["level"], {"level": ARRIVAL})
    windows = dataset.windows
    found = columns(dataset, "level_days", "level_missing")
    day = windows.dates.to_numpy()[:, None] + np.arange(-windows.history_days, 0).astype("timedelta64[D]")
    midnight = pd.Series(dates).to_numpy("datetime64[D]")[windows.user][:, None]
    expected = (midnight - day.astype("datetime64[D]")).astype("timedelta64[D]").astype(float) - 1
    assert np.array_equal(found[:, :, 0], np.where(windows.user[:, None] == 1, 0, expected))
    assert (found[:, :, 1] == (windows.user == 1)[:, None]).all()
    assert not windows.constant[windows.features.index("level_days")]
    assert windows.constant[windows.features.index("level_missing")]


def test_a_date_in_a_new_list_that_is_none_is_refused(prepared, refused):
    dataset = prepared_with(prepared, listed(*DAYS[:3]), ["level"], {"level": ARRIVAL})
    with refused("expected dates in members.level", "", "train again"):
        prepared_with(
            prepared, listed("soon", "late", "never"), ["level"], {"level": ARRIVAL}, vocabulary=dataset.vocabulary
        )


@pytest.mark.parametrize(
    "block", [{}, {"known": "never"}, {"known": "daily"}, ARRIVAL | {"from": "x"}, ARRIVAL | {"since": "x"}]
)
def test_a_block_that_cannot_be_read_is_refused_before_any_data_are(block, refused):
    with refused("data.attributes.plan", str(block), ""):
        DataConfig(events="none", attributes={"plan": block})


@pytest.mark.parametrize(("said", "found"), [({"controllable": "yes"}, "'yes'"), ({"controllable": 1}, "1")])
def test_controllable_is_true_or_false(said, found, refused):
    with refused("data.attributes.plan.controllable as true or false", found, "correct it"):
        Attribute.of("plan", ARRIVAL | said)


def test_nothing_known_after_all_is_over_or_seen_by_no_model_is_controllable(refused):
    with refused("data.attributes.plan known on arrival or daily", "after", "leave controllable out"):
        Attribute.of("plan", {"known": "after", "controllable": True})
    with refused("controllable attributes in data.features", "plan", "add it there"):
        DataConfig(events="none", attributes={"plan": ARRIVAL | {"controllable": True}})
    assert Attribute.of("plan", ARRIVAL | {"controllable": True}).controllable
    assert not Attribute.of("plan", ARRIVAL | {"controllable": False}).controllable


def test_a_block_that_can_be_read_is_an_attribute():
    assert Attribute.of("plan", DAILY) == Attribute("plan", "daily", "valid_from")
    assert Attribute.of("plan", ARRIVAL) == Attribute("plan", "arrival")


def test_an_attribute_of_the_example_knows_no_day_after_the_one_it_stands_on(prepared, plans):
    """Rows of the list from a day on change nothing before it, bit for bit."""
    dataset = prepared_with(prepared, plans, ["plan", "price"], {"plan": DAILY, "price": DAILY})
    later = plans.assign(price=plans.price.where(plans.valid_from < "2024-01-20", 77), plan="gold").assign(
        plan=lambda t: t.plan.where(t.valid_from >= "2024-01-20", plans.plan)
    )
    other = prepared_with(
        prepared, later, ["plan", "price"], {"plan": DAILY, "price": DAILY}, vocabulary=dataset.vocabulary
    )
    early = dataset.windows.cutoff <= 19  # 20 January is day 19
    before, after = (found.windows.take(early).history() for found in (dataset, other))
    assert before.tobytes() == after.tobytes()
    late = replace(dataset.windows).take(~early).history()
    assert late.tobytes() != other.windows.take(~early).history().tobytes()


# Zones, splits and embargoes --------------------------------------------------------------------------


def test_a_value_holds_from_the_day_that_it_is_in_the_zone_where_days_begin(prepared):
    rows = pd.DataFrame(
        {
            "user_id": ["user00", "user00"],
            "level": [1, 2],
            "valid_from": pd.to_datetime(["2023-12-01 00:00", "2024-01-10 16:00"], utc=True),
        }
    )
    days = {}
    for zone in ("UTC", "Asia/Seoul"):
        dataset = prepared_with(prepared, rows, ["level"], {"level": DAILY}, zone=zone)
        last = columns(dataset, "level")[dataset.windows.user == 0][:, -1, 0]
        dates = dataset.windows.dates[dataset.windows.user == 0] - pd.Timedelta(days=1)
        days[zone] = str(dates[last == 2].min().date())
    assert days == {"UTC": "2024-01-10", "Asia/Seoul": "2024-01-11"}


def test_of_two_values_from_one_day_the_later_one_holds_whatever_the_order_of_rows(prepared):
    rows = pd.DataFrame(
        {
            "user_id": np.repeat(users(12), 2),
            "level": [1, 2] * 12,
            "valid_from": pd.to_datetime(["2024-01-05 08:00", "2024-01-05 20:00"] * 12),
        }
    )
    for seed in range(3):
        dataset = prepared_with(prepared, rows.sample(frac=1, random_state=seed), [], {"level": DAILY})
        assert set(dataset.members_at(dataset.windows.take(dataset.windows.cutoff == 20)).level) == {2}


def test_columns_are_frozen_on_the_training_users_where_the_split_holds_users_apart(prepared):
    split = SplitConfig(kind="user")
    trained = training_users(pd.Index(users(60)), split)
    plan = np.where(trained, "common", "only in the test")
    rows = pd.DataFrame({"user_id": users(60), "plan": plan, "age": np.where(trained, 3.0, np.nan)})
    blocks = {"plan": ARRIVAL, "age": ARRIVAL}
    dataset = prepared_with(prepared, rows, ["plan", "age"], blocks, split=split)
    assert {column for column in dataset.windows.features if "=" in column} == {"plan=common"}
    assert "age_missing" not in dataset.windows.features


def test_rows_of_members_are_kept_in_one_order_whatever_the_engine_s():
    config = DataConfig("events", members="members", attributes={"level": DAILY})
    rows = pd.DataFrame({"user_id": users(3), "level": [2, 0, 1], "valid_from": "2024-01-05", "reason": None})
    codes = ibis.memtable(pd.DataFrame({"user_id": users(3), "code": range(3)}))
    one, other = (
        Members.of(ibis.memtable(table.astype({"reason": "string"})), codes, config=config).rows.reset_index(drop=True)
        for table in (rows, rows[::-1])
    )
    pd.testing.assert_frame_equal(one, other)


# Constants once ---------------------------------------------------------------------------------------


def test_a_constant_stands_once_where_a_history_is_flattened_and_on_the_last_day_where_it_is_spread_again(prepared):
    dataset = prepared_with(prepared, listed("red", None, "blue"), ["level", "tenure"], {"level": ARRIVAL})
    windows = dataset.windows
    history, names = windows.history(), windows.flat_features()
    levels = [name for name in windows.features if name.startswith("level=")]
    assert [pair for pair in names if pair[0] in levels] == [(name, -1) for name in levels]
    assert len(names) == windows.flat().shape[1] == 2 * windows.history_days + len(levels)
    for place, (name, day) in enumerate(names):
        assert (windows.flat()[:, place] == history[:, day, windows.features.index(name)]).all()
    spread = windows.unflattened(windows.flat().astype(float))
    assert (spread[:, -1] == history[:, -1]).all()
    assert not spread[:, :-1, windows.constant].any()
    assert (spread[:, :, ~windows.constant] == history[:, :, ~windows.constant]).all()


def test_levels_are_one_column_of_codes_for_trees_and_all_else_is_as_flattened(prepared):
    colours, sizes = ["red", None, "blue", "red"], [3.0, 1.0, 2.0, 5.0]
    members = listed(*colours, size=sizes)
    dataset = prepared_with(prepared, members, ["level", "size"], {"level": ARRIVAL, "size": ARRIVAL})
    windows = dataset.windows
    columns, places = windows.coded()
    codes = {None: 0} | {colour: code for code, colour in enumerate(["red", "blue"], start=1)}
    assert places == [columns.shape[1] - 1]
    assert columns[:, -1].tolist() == [codes[colours[user]] for user in windows.user]
    assert columns[:, -2].tolist() == [sizes[user] for user in windows.user]
    assert (columns[:, : windows.history_days] == windows.flat()[:, : windows.history_days]).all()
