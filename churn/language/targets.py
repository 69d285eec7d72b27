"""Targets: the questions that a run answers, and the words in which every page, list and warning speaks of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from churn.language.saying import event_in_words, marked, say


@dataclass(frozen=True)
class Target:
    """A target's words: messages, in which {outcome} stands for the name of an outcome of the member list.

    Another question costs one more declaration here, and every room finds its words. The words from `likely` on are
    of the target that a run asks first, by which its list is drawn.
    """

    name: str
    title: str
    term: str  # in the middle of a sentence
    happening: str
    chance: str  # what is higher or lower
    ordered_by: str  # as what orders a list
    head: str  # of the list's column
    least: str  # of the field for the least chance to show
    column: str  # what the list's column holds
    observed: str
    listed: str
    share: str
    rate: str
    came: str
    rates: str
    promised: str
    fewer: str  # where more was promised
    alone: str
    hold: str  # where chances hold
    highest: Mapping[str, str]  # of users with high chances, by the tone of a verdict
    often: str = ""  # whose windows hold more of it than others'
    warm: bool = False  # whether charts draw it in the warm one of their two colours
    outcome: bool = False  # whether it is an outcome of the member list
    good: bool = False  # whether it is hoped for
    likely: str = ""
    expected: str = ""
    why: str = ""
    reasons: str = ""
    reason: str = ""
    lever: str = ""  # the list's column of moves
    ways: Mapping[str, str] = field(default_factory=dict)  # the effect of more of a column, by its direction
    unworthy: str = ""  # the list's order where nothing is known of users' worth
    kept: str = ""  # whether the probabilities keep their word
    judged: str = ""  # lists, by what they found
    equal: str = ""  # where all have one score
    likely_term: str = ""
    from_chance: str = ""
    since: str = ""  # what came of the users to contact by a day
    beside: str = ""  # and of the users held back
    gained: str = ""  # where a contact helped
    lost: str = ""  # where it did harm

    def say(self, message: str, /, **values: object) -> str:
        """A message about the target, the name of an outcome put in where the message has it.

        Example:
            >>> carried = target_of("carried")
            >>> carried.say(carried.came, per=100, listed=80, everyone=40)
            'Of 100 users on past lists 80 ended as “carried”, of 100 users altogether 40.'
        """
        return say(message, **({"outcome": event_in_words(self.name)} if self.outcome else {}), **values)


def target_of(name: str, *, good: bool = True) -> Target:
    """The target of a name: churn, a sticker, or an outcome of the member list, whose words hold its name.

    Args:
        name: As in p_<name>.
        good: Whether an outcome is hoped for.

    Example:
        >>> target_of("deal_won").say(target_of("deal_won").term)
        '“deal won”'
    """
    return _TARGETS.get(name) or replace(_OUTCOME, name=name, good=good)


def titled(target: str) -> str:
    """A target's name as a title.

    Example:
        >>> titled("sticker"), titled("deal_won")
        ('Stickers', 'Deal won')
    """
    found = target_of(target)
    title = found.say(found.title)
    return title[:1].upper() + title[1:]


def termed(target: str) -> str:
    """A target's name in the middle of a sentence.

    Example:
        >>> termed("churn"), termed("deal_won")
        ('churn', '“deal won”')
    """
    found = target_of(target)
    return found.say(found.term)


_CHURN = Target(
    name="churn",
    title=marked("Churn"),
    term=marked("churn"),
    happening=marked("falling silent"),
    chance=marked("churn"),
    ordered_by=marked("chance of churn"),
    head=marked("Churn"),
    least=marked("Churn at least"),
    column=marked("Chance of no own activity on any day of the horizon"),
    observed=marked("Fell silent"),
    listed=marked("On past lists: fell silent"),
    share=marked("Share that fell silent"),
    rate=marked("Churn rate"),
    came=marked("Of {per} users on past lists {listed} fell silent, of {per} users altogether {everyone}."),
    rates=marked("{listed} of their users fell silent (everyone: {everyone})."),
    promised=marked("The chances had promised that {forecast} would fall silent; {came} did."),
    fewer=marked("Fewer of their users fell silent than the chances had promised."),
    alone=marked("Does the churn score alone beat chance?"),
    hold=marked("Of 100 users with a chance of 70%, about 70 fall silent."),
    highest={
        "good": marked("Users with a high chance fall silent clearly more often than others."),
        "care": marked("Whether users with a high chance fall silent more often than others is not sure."),
        "bad": marked("Users with a high chance fall silent no more often than others."),
    },
    often=marked("whose training windows hold more silence than others'"),
    likely=marked("{who}; {likely} of them with a chance of churn of {chance} or more."),
    expected=marked("Expected churners"),
    why=marked(
        "{who}, best first. “Why” says what most raises each one’s chance of falling silent, beside what is usual for "
        "that user or for others."
    ),
    reasons=marked(
        "The reasons are what most raises each one’s chance of falling silent, beside what is usual for that user (the "
        "average week of up to eight weeks before the history) and for others (the average of all users at risk on "
        "that day)."
    ),
    reason=marked(
        "What most raises this user's chance of churn, beside what is usual and the average of all users scored"
    ),
    lever=marked(
        "Another value of what the user controls, and by how many percentage points fewer users alike who had it fell "
        "silent; no promise that a change brings this about. Empty where no value is clearly better"
    ),
    ways={
        "raises": marked("Users with {more} are more likely to fall silent."),
        "lowers": marked("Users with {more} are less likely to fall silent."),
        "mixed": marked("What it means depends on what else the user does."),
    },
    unworthy=marked("the chance of churn alone, since the log does not say what users are worth"),
    kept=marked(
        "Of the users given 70%, do 70% fall silent? On the diagonal the forecast keeps its word; "
        "below it the forecast exaggerates, above it plays down."
    ),
    judged=marked("Each list is judged by how many of its users then fell silent."),
    equal=marked(
        "All {scored} users have the same {score}: their order is by the chance of churn, and at random where that "
        "is the same."
    ),
    likely_term=marked("Likely churner"),
    from_chance=marked("A user with a chance of churn of {chance} or more, on the list or not."),
    since=marked("Until {day}, {kept} of 100 users to contact stayed (n = {n})."),
    beside=marked(
        "Until {day}, {kept} of 100 users to contact stayed (n = {n}), and {alone} of 100 who were held back "
        "(n = {n_alone})."
    ),
    gained=marked("The calls kept users: the difference is more than chance."),
    lost=marked("The calls drove users away: the difference is more than chance."),
)
_STICKER = Target(
    name="sticker",
    title=marked("Stickers"),
    term=marked("sticker"),
    happening=marked("receiving a sticker"),
    chance=marked("chance of a sticker"),
    ordered_by=marked("chance of a sticker"),
    head=marked("Sticker"),
    least=marked("Sticker at least"),
    column=marked("Chance of at least one sticker in the horizon"),
    observed=marked("Received a sticker"),
    listed=marked("On past lists: received a sticker"),
    share=marked("Share that received a sticker"),
    rate=marked("Sticker rate"),
    came=marked("Of {per} users on past lists {listed} received a sticker, of {per} users altogether {everyone}."),
    rates=marked("{listed} of their users received a sticker (everyone: {everyone})."),
    promised=marked("The chances had promised a sticker to {forecast}; {came} received one."),
    fewer=marked("Fewer of their users received a sticker than the chances had promised."),
    alone=marked("Does the sticker score alone beat chance?"),
    hold=marked("Of 100 users with a chance of 10%, about 10 receive a sticker."),
    highest={
        "good": marked("Users with a high chance receive a sticker clearly more often than others."),
        "care": marked("Whether users with a high chance receive a sticker more often than others is not sure."),
        "bad": marked("Users with a high chance receive a sticker no more often than others."),
    },
    often=marked("whose training windows hold more stickers than others'"),
    warm=True,
)
_OUTCOME = Target(
    name="",
    outcome=True,
    title="{outcome}",
    term=marked("“{outcome}”"),
    happening=marked("ending as “{outcome}”"),
    chance=marked("chance of “{outcome}”"),
    ordered_by=marked("chance of “{outcome}”"),
    head=marked("Chance"),
    least=marked("Chance at least"),
    column=marked("Chance of ending as “{outcome}”"),
    observed=marked("Ended as “{outcome}”"),
    listed=marked("On past lists: ended as “{outcome}”"),
    share=marked("Share that ended as “{outcome}”"),
    rate=marked("Share of “{outcome}”"),
    came=marked("Of {per} users on past lists {listed} ended as “{outcome}”, of {per} users altogether {everyone}."),
    rates=marked("{listed} of their users ended as “{outcome}” (everyone: {everyone})."),
    promised=marked("The chances had promised that {forecast} would end as “{outcome}”; {came} did."),
    fewer=marked("Fewer of their users ended as “{outcome}” than the chances had promised."),
    alone=marked("Does the chance of “{outcome}” beat a guess?"),
    hold=marked("Of 100 users with a chance of 70%, about 70 end as “{outcome}”."),
    highest={
        "good": marked("Users with a high chance end as “{outcome}” clearly more often than others."),
        "care": marked("Whether users with a high chance end as “{outcome}” more often than others is not sure."),
        "bad": marked("Users with a high chance end as “{outcome}” no more often than others."),
    },
    often=marked("whose training windows end as “{outcome}” more often than others'"),
    likely=marked("{who}; {likely} of them with a chance of “{outcome}” of {chance} or more."),
    expected=marked("Expected to end as “{outcome}”"),
    why=marked(
        "{who}, best first. “Why” says what most raises each one’s chance of ending as “{outcome}”, beside the average "
        "of all who were scored."
    ),
    reasons=marked(
        "The reasons are what most raises each one’s chance of ending as “{outcome}”, beside the average of all users "
        "who were scored."
    ),
    reason=marked(
        "What most raises this user's chance of ending as “{outcome}”, beside the average of all users scored"
    ),
    lever=marked(
        "Another value of what the user controls, and by how many percentage points more, or fewer, users alike who "
        "had it ended as “{outcome}”; no promise that a change brings this about. Empty where no value is clearly "
        "better"
    ),
    ways={
        "raises": marked("Users with {more} are more likely to end as “{outcome}”."),
        "lowers": marked("Users with {more} are less likely to end as “{outcome}”."),
        "mixed": marked("What it means depends on what else is known of the user."),
    },
    unworthy=marked("the chance of “{outcome}”"),
    kept=marked(
        "Of the users given 70%, do 70% end as “{outcome}”? On the diagonal the forecast keeps its word; "
        "below it the forecast exaggerates, above it plays down."
    ),
    judged=marked("Each list is judged by how many of its users ended as “{outcome}”."),
    equal=marked("All {scored} users have the same {score}, so their order is at random."),
    likely_term=marked("Likely"),
    from_chance=marked("A user with a chance of “{outcome}” of {chance} or more, on the list or not."),
    since=marked("Of 100 users to contact whose answer is known, {kept} ended as “{outcome}” (n = {n})."),
    beside=marked(
        "Of 100 users to contact whose answer is known, {kept} ended as “{outcome}” (n = {n}), and {alone} of 100 who "
        "were held back (n = {n_alone})."
    ),
    gained=marked("More of the users to contact ended as “{outcome}”: the difference is more than chance."),
    lost=marked("Fewer of the users to contact ended as “{outcome}”: the difference is more than chance."),
)
_TARGETS = {found.name: found for found in (_CHURN, _STICKER)}
