"""The `data:` block, which every command reads alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from churn.data.config.attribute_config import Attribute
from churn.data.config.daily_config import Channels, State, own_columns
from churn.data.config.log_config import Log, Mapped
from churn.data.config.outcome_config import Outcome
from churn.data.config.split_config import SplitConfig
from churn.data.config.time_formats import FORMAT_KEY
from churn.data.config.window_config import WindowConfig
from churn.errors import UserError
from churn.keys import Block, Day, OneOf, Range, Size, Zone, check

CSV_OPTIONS: dict[str, type] = {  # options of DuckDB's reader
    **dict.fromkeys(("delim", "sep", "quote", "escape", "comment", "new_line", "nullstr", "decimal_separator"), str),
    **dict.fromkeys(("dateformat", "timestampformat", "thousands", "encoding", "compression"), str),
    **dict.fromkeys(("header", "strict_mode", "null_padding", "all_varchar", "normalize_names", "ignore_errors"), bool),
}
Negative = Literal["reject", "keep", "drop"]
AUTO: Literal["auto"] = "auto"  # among the features: the families of context that pay


@dataclass(frozen=True)
class DataConfig(Block, key="data"):
    """The tables, the names of their columns, and the windows that are made.

    Args:
        events: The event log: a file, folder or glob of parquet, JSON lines or delimited text, or an ibis URL and a
            table, such as postgresql://ada@db/shop::events or duckdb:///log.db::events. Left out where members are all
            that is known, as of leads or launches. A list of several joins them: [log.parquet, {source:
            tags/items.parquet, name: items, columns: {user_id: seller}, makes: true}], where `columns` is as
            `event_columns`, which are the first one's, `name` (by default the file's or table's) stands in counts and
            is the type of events without one, and `makes` says that its rows are what users make: the list names each
            user's categories.
        event_columns: Standard name to the log's own: user_id, actor_id, event, timestamp, event_id. A name that is
            the same may be left out; a log without actor_id has own activity only. Null leaves a column unused.
            With an event_id, rows that repeat one are rejected and counted. Beside the columns, time_format says as
            strptime does how the times are written, such as "%d/%m/%Y"; ISO 8601 and times since 1970 need none.
        daily: In place of `events`, a table with one row per user and day, whose columns of numbers, or of yes and no,
            are channels: counts of the day, which are 0 where a row is absent. Every day of the platform has some row:
            windows whose horizon holds a day without any are left out of the parts, and counted.
        daily_columns: As `event_columns`: user_id, timestamp (the day); time_format. Every other column of numbers is a
            channel by its name, unless null leaves it out; where any is listed, such as {posts: n_posts}, only these
            are.
        daily_levels: The channels that are levels, such as subscribers or a price: an absent one is as it last was.
        daily_activity: A channel that says on each day whether a user was active on that day or some before it, such as
            {column: published_7d, over_days: 7}. It tells who is at risk and, at the horizon's end, who churned; users
            without a row on that day have no answer. Without it, a user is active on days on which a channel of
            `activity_events` is above 0, by default any count.
        stickers: The stickers (donations, purchases, …), if there are any.
        sticker_columns: As `event_columns`: user_id (receiver), actor_id, timestamp, amount, event_id; time_format.
        members: The member list; users outside it are removed. Without it, everyone who acts is a user.
        member_columns: As `event_columns`: user_id, joined; time_format.
        outcomes: Answers with dates, several for a user, such as renewals of contracts: a row per user and date, on
            which `outcome` is asked about. The history before each date is seen. Without a member list, the users are
            everyone in this table.
        outcome_columns: As `event_columns`: user_id, timestamp (the date that is asked about); time_format.
        csv: DuckDB's options for delimited text, such as {delim: " ", header: false, comment: "%"}, and any encoding,
            such as cp949. The decimal_separator holds for the amounts of every source that are text.
        zone: The time zone in which a day begins. Times that name no zone are in UTC.
        first_day: The first day to read; earlier rows are rejected and counted.
        last_day: The last day to read; later rows are rejected and counted.
        deduplicate: Reject rows that equal another in every mapped column, in tables without an event_id. They are
            kept by default, since they can be genuine.
        negative: The treatment of a sticker of a negative amount, such as a refund. `reject`: a fault; its row is
            rejected and counted. `drop`: left out and counted, without a warning. `keep`: added to the amounts, which
            are then net; it is no sticker received.
        allowed_events: The event types to read; rows of others are rejected and counted.
        activity_events: The own events, or the channels of `daily`, that count as being alive; by default all.
        max_event_types: Event types with columns of their own; rarer ones are counted as `other`.
        features: Columns beside the counts. `auto`, also as one name of a list: what pays on validation of the past
            before the history (month, trend, active_weeks, gaps, rates), of fans (fans, fan_shares) and of weekday, as
            a run finds out. Others: month_day, days_since_activity, tenure_capped (28 days at most), averages (of the
            days so far), tenure and totals (which grow with the date), attributes of the member list, and import paths
            of a `churn.data.Feature` of your own. [] for the counts alone.
        attributes: When a column of the member list is known: {home_room: {known: arrival}} for one that never
            changes, {plan: {known: daily, from: valid_from}} for one with a row per value and the date from which
            it holds, {closed_reason: {known: after}} for one that no model may ever see. {title: {known: arrival,
            as: text}} and {photo: {known: arrival, as: picture, from: photos}} are read by what they say: `from` is
            a folder, whose files the column names, or one file, in which photo_offset and photo_size say where, in
            bytes. With `encoder`, a local directory, a network that transformers reads is used. {goal: {known:
            arrival, controllable: true}} is in the member's hands: the list says what other values of it go with.
        outcome: A question about each member, or each row of `outcomes`, in place of churn. The answers stand there:
            {column: state, positive: [successful], of: [successful, failed], from: deadline, name: carried, good:
            true}. `positive` lists the values that mean yes, `of` all answers (every value by default), `from` the
            column of the day on which the answer is known (by default the end of the horizon), `good` whether yes is
            hoped for. Members, or rows, without an answer are scored.
        memory: The memory that DuckDB may take to read and count, such as 2GB; by default 80 % of the machine's. What
            does not fit it writes to a folder beside the data set, which goes afterwards.
        spill: The most that it may write there, such as 50GB; by default 90 % of the free space.
        windows: History, horizon and who is at risk.
        split: Training, validation and test.
    """

    events: str | list[str | dict[str, Any]] | None = None
    event_columns: Mapped = None
    daily: str | None = None
    daily_columns: Mapped = None
    daily_levels: list[str] = field(default_factory=list)
    daily_activity: dict[str, Any] | None = None
    stickers: str | None = None
    sticker_columns: Mapped = None
    members: str | None = None
    member_columns: Mapped = None
    outcomes: str | None = None
    outcome_columns: Mapped = None
    csv: dict[str, str | bool] | None = None
    zone: Annotated[str, Zone()] = "UTC"
    first_day: Annotated[str, Day()] | None = None
    last_day: Annotated[str, Day()] | None = None
    deduplicate: bool = False
    negative: Negative = "reject"
    allowed_events: list[str] | None = None
    activity_events: list[str] | None = None
    max_event_types: Annotated[int, Range(1, 1_000)] = 30
    features: list[str] | Literal["auto"] = field(default_factory=lambda: [AUTO])
    attributes: dict[str, dict[str, str | bool]] = field(default_factory=dict)
    outcome: dict[str, Any] | None = None
    memory: Annotated[str, Size()] | None = None
    spill: Annotated[str, Size()] | None = None
    windows: WindowConfig = field(default_factory=WindowConfig)
    split: SplitConfig = field(default_factory=SplitConfig)

    def __post_init__(self) -> None:
        """Raises UserError for a value outside its range, an unknown option of `csv`, an attribute whose block cannot
        be read, and features that are named twice, known too late, or said to be controllable and not seen."""
        super().__post_init__()
        if self.features == AUTO:
            object.__setattr__(self, "features", [AUTO])
        Log.every(self.events, self.event_columns)
        self._check_daily()
        check_csv(self.csv)
        if twice := [name for name in dict.fromkeys(self.features) if self.features.count(name) > 1]:
            raise UserError("expected each name in data.features once", ", ".join(twice), "list it once")
        for name, attribute in self.known_attributes.items():
            if name in self.features and attribute.known == "after":
                remedy = "take it out of data.features: it is for comparisons alone"
                raise UserError("expected data.features that are known on the day", f"{name}, known after", remedy)
            if name not in self.features and attribute.controllable:
                remedy = "add it there, or leave controllable out: no model sees it"
                raise UserError("expected controllable attributes in data.features", f"{name} in none", remedy)
        self._check_members()

    def with_context(self, chosen: Sequence[str]) -> "DataConfig":
        """The block with the features that `auto` stands for.

        Example:
            >>> config = DataConfig(events="log.parquet", features=["auto", "month_day"])
            >>> config.with_context(["gaps"]).features
            ['gaps', 'month_day']
        """
        return replace(self, features=list(dict.fromkeys(self._in_place_of_auto(chosen))))

    def _in_place_of_auto(self, chosen: Sequence[str]) -> Iterator[str]:
        for name in self.features:
            yield from chosen if name == AUTO else [name]

    def _check_daily(self) -> None:
        """Raise a UserError where a table of days stands beside an event log, or its keys contradict each other."""
        if self.daily is not None and self.events is not None:
            remedy = "leave one of them out: the days of a run are counted in one way"
            raise UserError("expected data.events or data.daily", "both", remedy)
        if self.daily is not None and self.allowed_events is not None:
            remedy = "list its channels in data.daily_columns"
            raise UserError("expected no data.allowed_events with data.daily", self.allowed_events, remedy)
        if (state := self.state) is not None:
            if self.activity_events is not None:
                remedy = "leave one of them out"
                raise UserError("expected data.activity_events or data.daily_activity", "both", remedy)
            if self.outcome is None:
                state.check(self.windows)

    def _check_members(self) -> None:
        """Raise a UserError where members are asked about, or are all that is known, and the keys do not say how."""
        asked = self.asked
        if self.split.group is not None and self.members is None:
            raise UserError("expected a member list in data.members for data.split.group", "none", "set data.members")
        if not self.has_past and self.members is None:
            remedy = "set data.events, data.daily, or data.members and data.outcome"
            raise UserError("expected an event log in data.events", "none", remedy)
        if not self.windows.history_days and self.windows.at_risk != "arrival" and self.outcomes is None:
            remedy = "correct it, or set data.windows.at_risk: arrival"
            raise UserError("expected data.windows.history_days of at least 1", 0, remedy)
        if asked is None and self.outcomes is not None:
            remedy = "say which column holds the answers, and which values mean yes"
            raise UserError("expected data.outcome, the question whose answers data.outcomes holds", "none", remedy)
        if asked is None:
            return
        if self.members is None and self.outcomes is None:
            remedy = "set data.members, or data.outcomes"
            raise UserError("expected a member list in data.members for data.outcome", "none", remedy)
        if self.stickers is not None:
            remedy = "leave one of them out: a run asks about the outcome, or about churn and stickers"
            raise UserError("expected no data.stickers beside data.outcome", self.stickers, remedy)
        if self.outcomes is None:
            self._check_arrivals(asked)
        elif self.windows.at_risk != "active":
            remedy = "leave it out: each row of the table is asked about on its date"
            raise UserError("expected no data.windows.at_risk with data.outcomes", self.windows.at_risk, remedy)
        if not self.has_past and self.windows.history_days:
            remedy = "set it: without data.events or data.daily there are no days to look back on"
            raise UserError("expected data.windows.history_days: 0", self.windows.history_days, remedy)

    def _check_arrivals(self, asked: Outcome) -> None:
        """Raise a UserError where members are asked about on arrival, and the keys contradict it."""
        if self.windows.at_risk != "arrival":
            remedy = "set it: each member is asked about once, on the day of joining"
            raise UserError("expected data.windows.at_risk: arrival with data.outcome", self.windows.at_risk, remedy)
        if self.windows.after_days != [0]:
            remedy = "leave it out: an outcome is asked about on the day of joining"
            raise UserError("expected no data.windows.after_days with data.outcome", self.windows.after_days, remedy)
        if self.windows.lead_days:
            remedy = "leave it out: before the day of joining nothing is known of a member"
            raise UserError("expected no data.windows.lead_days with data.outcome", self.windows.lead_days, remedy)
        if asked.column in self.features:
            remedy = "take it out: it is the answer"
            raise UserError("expected data.features without the column of data.outcome", asked.column, remedy)

    @property
    def has_past(self) -> bool:
        """Whether there are days to look back on, of an event log or a table of days."""
        return self.events is not None or self.daily is not None

    @property
    def channels(self) -> Channels:
        """The channels of `daily`."""
        return Channels.of(self.daily_columns, levels=self.daily_levels)

    @property
    def state(self) -> State | None:
        """The channel of `daily` that tells of several days at once whether a user was active."""
        return None if self.daily_activity is None else State.of(self.daily_activity)

    @property
    def over_days(self) -> int:
        """The days up to and including its own on which a day's activity looks back."""
        return self.state.over_days if self.state else 1

    @property
    def asked(self) -> Outcome | None:
        """The question about each member or row of `outcomes`; None where a run asks about churn."""
        return None if self.outcome is None else Outcome.of(self.outcome)

    @property
    def answers_listed(self) -> list[str]:
        """The columns of the member list that hold the answers and their days; none where another table does."""
        asked = None if self.outcomes is not None else self.asked
        return [] if asked is None else [asked.column, *([asked.due] if asked.due else [])]

    @property
    def known_attributes(self) -> dict[str, Attribute]:
        """The attributes of the member list with a stated time from which they are known, by name."""
        return {name: Attribute.of(name, block) for name, block in self.attributes.items()}

    @property
    def encoded(self) -> list[Attribute]:
        """The texts and pictures that models see, in the order of `features`."""
        known = self.known_attributes
        return [known[name] for name in self.features if name in known and known[name].form != "table"]

    @property
    def logs(self) -> list[Log]:
        """The sources of events; none where members are all that is known."""
        return Log.every(self.events, self.event_columns)

    @property
    def sources(self) -> dict[str, str]:
        """The source of each table that is configured, by the table's name."""
        others = {"daily": self.daily, "stickers": self.stickers, "members": self.members, "outcomes": self.outcomes}
        return {log.name: log.source for log in self.logs} | {
            name: source for name, source in others.items() if source is not None
        }

    def time_format(self, table: str) -> str | None:
        """The format of strptime in which a table's times are written; None where none is given."""
        return (self.mappings[table] or {}).get(FORMAT_KEY)

    @property
    def decimal(self) -> str | None:
        """The sign before the decimals of amounts that are text; None where the column tells it."""
        given = (self.csv or {}).get("decimal_separator")
        return None if given is None else str(given)

    @property
    def mappings(self) -> dict[str, Mapped]:
        """The mapping of each table's columns, by table."""
        return {log.name: log.columns for log in self.logs} | {
            "daily": own_columns(self.daily_columns),
            "stickers": self.sticker_columns,
            "members": self.member_columns,
            "outcomes": self.outcome_columns,
        }


def check_csv(options: dict[str, str | bool] | None) -> None:
    """Check the options for delimited text.

    Raises:
        UserError: for an unknown option, or a value of another type.
    """
    for name, value in (options or {}).items():
        OneOf(tuple(CSV_OPTIONS)).check("data.csv", name)
        check(f"data.csv.{name}", value, CSV_OPTIONS[name])
