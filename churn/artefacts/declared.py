"""Every file that a command writes into its output folder; the documentation's list is made from this one."""

from churn.artefacts.declaration import Document, Table

_OF_MODEL = "target:text model:text"
_INTERVAL = "low:number high:number"
_WINDOW = "user_id:id cutoff:day"

# The run as a whole
MANIFEST = Document(
    "manifest.json",
    "the version, seed, inputs, stages, and what each stage says of itself",
    "version seed created stages inputs reconciliation targets windows split_kind context audit drift seeds "
    "retrained blend chosen order completeness refit segment budget clock compared earnings groups anomalies warnings "
    "list_warnings",
    signed=True,
)

# The windows
WINDOWS = Table(
    "windows.parquet",
    "a window",
    f"{_WINDOW} churn:number? sticker:number? part:text",
    further="the answer to another question, by its name",
)

QUARANTINE = Table(
    "quarantine.parquet",
    "a row that cannot be used",
    "table:text reason:text user_id:text actor_id:text event:text event_id:text timestamp:text amount:text line:text",
)

# The features beyond the history
CONTEXT = Table(
    "context.csv",
    "a family of features that `auto` may choose, or all chosen ones together, with the log loss that it saves",
    f"target:text family:text features:text chosen:flag gain_a:number gain:number {_INTERVAL}",
    optional=True,
)

# The search and the fits
TRIALS = Table(
    "trials.csv",
    "a trial of a search",
    f"{_OF_MODEL} trial:count state:text value:number",
    further="the hyperparameters",
)
TRIAL_CURVES = Table("trial_curves.csv", "a step of a trial", f"{_OF_MODEL} trial:count step:count log_loss:number")
IMPORTANCES = Table("importances.csv", "a hyperparameter", f"{_OF_MODEL} parameter:text importance:number")

# The features
FEATURES = Table(
    "features.csv",
    "a feature",
    "target:text feature:text vif:number duplicates:text? boruta:text stability:number? kept:flag reason:text",
)

# The quality of the models
PREDICTIONS = Table(
    "predictions.parquet",
    "a window that a model predicted",
    f"{_OF_MODEL} {_WINDOW} part:text y:number p_raw:number p:number",
)
LEADERBOARD = Table(
    "leaderboard.csv",
    "a metric of a model on a part",
    f"{_OF_MODEL} part:text metric:text value:number {_INTERVAL} chosen:flag",
)
DIFFERENCES = Table(
    "differences.csv",
    "a metric of a model less that of another",
    f"{_OF_MODEL} reference:text metric:text value:number {_INTERVAL}",
)
GAINS = Table("gains.csv", "a share of the users, best first", f"{_OF_MODEL} share:number gain:number {_INTERVAL}")
CALIBRATION = Table(
    "calibration.csv",
    "a group of like predictions",
    f"{_OF_MODEL} bin:count n:count mean_predicted:number observed:number {_INTERVAL}",
)
CALIBRATORS = Table(
    "calibrators.csv",
    "a model's calibrator",
    f"{_OF_MODEL} kind:text log_loss_none:number log_loss_chosen:number test_log_loss_raw:number test_log_loss:number",
)
FORETOLD = Table(
    "foretold.csv",
    "a horizon of a target, on the test part's windows whose days ahead were all seen",
    f"target:text days:count n:count n_users:count forecast:number observed:number {_INTERVAL} log_loss:number "
    "constant:number",
    optional=True,
)
THRESHOLDS = Table("thresholds.csv", "a model", f"{_OF_MODEL} threshold:number f1:number share:number")
SEEDS = Table(
    "seeds.csv",
    "a metric of one seed's fit",
    f"{_OF_MODEL} seed:count part:text metric:text value:number",
    optional=True,
)
VERDICTS = Table(
    "verdicts.csv",
    "a fit that a verdict compares",
    f"verdict:text {_OF_MODEL} variant:text reference:flag n_windows:count n_users:count base_rate:number "
    "returned:number ap:number ap_low:number ap_high:number roc_auc:number roc_auc_low:number roc_auc_high:number "
    "log_loss:number log_loss_low:number log_loss_high:number difference:number difference_low:number "
    "difference_high:number",
    optional=True,
)
ANSWERS = Document(
    "verdicts.json", "a verdict's answer", "verdict target question sentence note", several=True, optional=True
)

# The explanations
EXPLANATIONS = Table(
    "explanations.csv", "a feature", "target:text feature:text mean_abs_shap:number direction:text rank:count"
)
EXPLANATIONS_BY_DAY = Table(
    "explanations_by_day.csv",
    "a feature on a day of the history",
    "target:text feature:text day:count mean_abs_shap:number direction:text rank:count",
)
EXPLANATIONS_BY_MODEL = Table(
    "explanations_by_model.csv",
    "a feature as a model reads it",
    f"{_OF_MODEL} feature:text mean_abs_shap:number direction:text rank:count",
)
SHAP = Table("shap.parquet", "a feature of a window", f"target:text {_WINDOW} feature:text value:number shap:number")
SURROGATES = Table(
    "surrogates.csv",
    "a model's surrogate",
    f"{_OF_MODEL} r2:number spearman:number top_tenth:number n_users:count n_windows:count base:number explained:flag",
)
SURROGATE = Table(
    "surrogate.parquet",
    "a window that a surrogate imitated",
    f"{_OF_MODEL} {_WINDOW} held_out:flag score:number surrogate:number",
)
FIDELITY = Table(
    "fidelity.csv",
    "a segment",
    f"{_OF_MODEL} segment:text r2:number spearman:number n_users:count n_windows:count",
)
ATTRIBUTIONS = Table(
    "attributions.csv",
    "a feature on a day of the history, as a network weighs it",
    f"{_OF_MODEL} feature:text day:count attribution:number mean_abs:number direction:text rank:count",
    optional=True,
)
ATTRIBUTED = Table(
    "attributions.parquet",
    "a feature of a window on a day of the history",
    f"{_OF_MODEL} {_WINDOW} feature:text day:count attribution:number",
    optional=True,
)

# The newest scores and the list
SCORES = Table(
    "scores.parquet",
    "a user who was scored",
    f"{_WINDOW} p_churn:number? p_sticker:number? p_sticker_if_stays:number? expected_amount:number? priority:number "
    "value_at_risk:number? expected_loss:number? active_days:count? back_by:day? segment:text "
    "offer_1:text? offer_2:text? offer_3:text? offer_basis:text?",
    chance=True,
)
SCORED_FEATURES = Table("scored_features.parquet", "a user who was scored, without an id", "", further="the features")
OTHERS = Table(
    "others.csv",
    "a feature on a cutoff, on average over those who were scored",
    "cutoff:day feature:text value:number per_days:count users:count user_days:count",
)
AGREEMENT = Table("agreement.csv", "two scores that rank users", "a:text b:text spearman:number kendall:number")
BUDGET = Table("budget.csv", "a number of contacts", f"k:count profit:number {_INTERVAL}", optional=True)
THRESHOLD = Table(
    "threshold.csv",
    "a rule that draws the line",
    f"rule:text size:count threshold:number {_INTERVAL} near:count used:flag",
)
SCORE_DISTRIBUTION = Table(
    "score_distribution.csv", "a bar of the scores' histogram", f"scale:text {_INTERVAL} n:count"
)
_SCORED = (
    "priority:number priority_rank:count p_churn:number? p_sticker:number? value_at_risk:number? expected_loss:number? "
    "active_days:count? back_by:day?"
)
FUTURE = Table(
    "future.parquet",
    "a horizon of a user who was scored, by the model that knows every day ahead",
    f"{_WINDOW} days:count p_churn:number p_sticker:number? p_both:number? p_sticker_if_stays:number? amount:number? "
    "back_by:day?",
    optional=True,
)
PRIORITY = Table(
    "priority.parquet",
    "a user of the list, best first, to contact or held back",
    f"rank:count user_id:id group:text {_SCORED}",
    ranked=True,
    chance=True,
)
_TOLD = (  # what is told of a feature of a user, as `explanation.worded` takes it
    "user_id:id place:count feature:text kind:text risky:text total:number history_days:count known_days:count "
    "usual:number others:number silent_days:count long_silence:flag fewer:flag fell:day fallen_days:count since:number "
    "amount:flag"
)
LEVERS = Table(
    "levers.parquet",
    "another value of what a scored user controls, with the chance of users alike; the best have a place from 1 on",
    "user_id:id attribute:text kind:text place:count value_from:number value_to:number level_from:text level_to:text "
    f"chance:number change:number {_INTERVAL}",
    optional=True,
)
LEVER_CURVES = Table(
    "lever_curves.csv",
    "a value of what users control, with the chance on average if all who were scored had it",
    f"attribute:text kind:text value:number level:text n:count chance:number {_INTERVAL}",
    optional=True,
)
OFFERS = Table(
    "offers.parquet",
    "an activity that a scored user is offered, the first at place 1",
    "user_id:id place:count activity:text title:text chance:number basis:text",
    optional=True,
)
POPULAR = Table(
    "popular.csv",
    "an activity that is popular lately, which visitors without an id are offered, the first at place 1",
    "place:count activity:text title:text members:count users:count",
    optional=True,
)
OFFER_MEASURES = Table(
    "offer_measures.csv",
    "a way to rank offers, for members known by a number of activities, at earlier cutoffs",
    "basis:text known:text k:count used:flag n:count n_users:count hit_rate:number low:number high:number best:number "
    "coverage:number gain:number gain_low:number gain_high:number",
    optional=True,
)
OFFER_CHANCES = Table(
    "offer_chances.csv",
    "a place of an offer, for members known by a number of activities, at earlier cutoffs",
    "known:text place:count n:count chance:number joined:number low:number high:number",
    optional=True,
)
MAKES = Table(
    "makes.parquet",
    "a category of what a user of the list makes, the most frequent at place 1",
    "user_id:id place:count event:text n:count",
    optional=True,
)
REASONS = Table("reasons.parquet", "a reason of a user of the list, the strongest at place 1", _TOLD)
CONTACTS = Table(
    "priority.csv",
    "a user to contact, best first, for a spreadsheet",
    f"rank:count user_id:id {_SCORED} unusual_week:text? reason_1:text reason_2:text reason_3:text "
    "lever_1:text? lever_2:text? lever_3:text? offer_1:text? offer_2:text? offer_3:text? offer_basis:text? makes:text?",
    ranked=True,
    chance=True,
)
CONTROL = Table(
    "control.csv",
    "a user of the list, to contact or held back, for a spreadsheet",
    f"rank:count user_id:id group:text {_SCORED}",
    ranked=True,
    chance=True,
)
BOOK = "priority.xlsx"  # the list for a spreadsheet, with an explanation of its terms

# The outcomes of past lists, and the differences of their users
ORDERS = Table(
    "orders.csv",
    "an order of the list on half A of validation, which chooses, or on the test part, which judges the choice",
    f"part:text rank_by:text chosen:flag lists:count n:count n_users:count value:number {_INTERVAL} by_lot:number "
    "excess:number excess_low:number excess_high:number beaten_by:text",
)
SEGMENT_RATES = Table(
    "segment_rates.csv",
    "a segment and target",
    f"segment:text n:count n_users:count target:text forecast:number? rate:number {_INTERVAL}",
)
SEGMENT_RULES = Table(
    "segment_rules.csv",
    "an order, rule and target",
    f"rank_by:text rule:text used:flag n:count n_users:count target:text rate:number {_INTERVAL} base:number",
)
SEGMENT_TESTS = Table(
    "segment_tests.csv",
    "a feature in a comparison",
    "comparison:text feature:text n_priority:count n_other:count mean_priority:number mean_other:number t:number "
    f"df:number p:number p_adjusted:number p_bh:number p_rank:number p_finding:number hedges_g:number {_INTERVAL} "
    "circular:flag group:text?",
)
SEGMENT_CATEGORIES = Table(
    "segment_categories.csv",
    "an attribute in a comparison",
    "comparison:text attribute:text n_priority:count n_other:count categories:count chi2:number df:number p:number "
    "p_adjusted:number cramers_v:number pooled:count circular:flag",
)

# Groups of similar behaviour, and users who depart from their own past
GROUPS = Table(
    "groups.csv",
    "a group",
    "group:count n:count share:number p_churn:number p_sticker:number? n_listed:count expected_listed:number "
    "n_windows:count n_users:count churn:number churn_low:number churn_high:number sticker:number? sticker_low:number? "
    "sticker_high:number?",
)
GROUP_COLUMNS = Table(
    "group_columns.csv",
    "a feature of a group",
    "group:count feature:text n:count mean:number mean_all:number difference:number",
)
GROUP_STABILITY = Table(
    "group_stability.csv",
    "a number of groups",
    "groups:count stability:number shuffled:number explained:number explained_shuffled:number "
    "explained_one_kind:number beats_both:flag",
)
GROUPED = Table("groups.parquet", "a user who was scored", f"{_WINDOW} group:count")
ANOMALIES = Table(
    "anomalies.csv",
    "a user who departs from the own past, most first",
    "user_id:id cutoff:day score:number direction:text p_churn:number segment:text held_back:flag",
    ranked=True,
)
DEPARTURES = Table(
    "departures.parquet", "a count that departs from the user's own past, the furthest at place 1", _TOLD
)

# Views of the data
VIEWS = Document(
    "views/views.json",
    "a view: what it is of, and what it knows beside its table",
    "section name kind said facts",
    several=True,
    optional=True,
)


def view(name: str) -> str:
    """The file of a view's table, for a spreadsheet."""
    return f"views/{name}.csv"


def whole_view(name: str) -> str:
    """The file of a view's table from which it is drawn."""
    return f"views/{name}.parquet"


RETURNS = Table(
    view("returns"),
    "a number of silent days",
    f"silent_days:count at_risk:count users:count within:number {_INTERVAL}",
    further="what the view knows beside it",
    optional=True,
)

# The categories of items
ITEMS = Table(
    "items.parquet",
    "an item",
    "item_id:id user_id:id? timestamp:text? text:text? event:text? given:text? basis:text category_1:text "
    "category_2:text? category_3:text? p_1:number p_2:number? p_3:number? p_given:number? set:text set_size:count "
    "looks_wrong:flag",
)
TAG_MEASURES = Table(
    "measures.csv",
    "a measure of a tagger on the test items",
    f"tagger:text metric:text n:count value:number {_INTERVAL} chosen:flag",
)
TAG_CATEGORIES = Table(
    "categories.csv",
    "a category",
    "category:text n:count predicted:count precision:number recall:number f1:number coverage:number set_size:number",
)
TAG_CONFUSION = Table("confusion.csv", "a category and what was said", "category:text said:text n:count share:number")
TAG_RELIABILITY = Table(
    "reliability.csv",
    "a group of test items of like probability",
    f"bin:count n:count mean_predicted:number observed:number {_INTERVAL}",
)
TAGGING = Document(
    "tagging.json",
    "the rows, the parts, and the tagger that was chosen",
    "items pictures parts categories repeated chosen temperature unlike coverage seed",
)

# The outcome of a list
SCORING = Document(
    "scoring.json",
    "the run, the segment and the warnings of scores",
    "run segment warnings drift reconciliation?",
    signed=True,
)
FOLLOW_UP = Document("outcomes.json", "when, how many, notes and alarms", "notes alarms")
OUTCOMES = Table(
    "outcomes.csv",
    "a target in a group of users",
    f"group:text target:text n:count rate:number {_INTERVAL} forecast:number lift:number",
)
EFFECTS = Table(
    "effects.csv",
    "a target in a comparison of two groups",
    f"comparison:text target:text n_a:count n_b:count a:number b:number difference:number {_INTERVAL} p:number "
    "p_adjusted:number detectable:number",
)
CALIBRATION_SINCE = Table(
    "calibration_since.csv",
    "a measure of a target in a group",
    f"group:text target:text metric:text n:count value:number {_INTERVAL} test:number test_low:number test_high:number",
)
STABILITY = Table(
    "stability.csv",
    "another list that this one is held against",
    "compared_with:text cutoff:day days:count n_list:count n_other:count n_both:count jaccard:number "
    "jaccard_by_chance:number jaccard_at_risk:number stayed:number left_list:count left_risk:count kendall:number "
    "n_common:count",
)
DRIFT = Table(
    "drift.csv",
    "a feature or score",
    "kind:text name:text psi:number by_chance:number excess:number limit:number bins:count n_reference:count "
    "n_newest:count mean_reference:number mean_newest:number watched:flag",
)

# The agreement of engines
CERTIFICATE = Document(
    "certificate.json",
    "the logs that an engine and the default one have counted, the versions, and per log the first value that differs",
    "engine created versions equal logs",
)

# The deliveries of lists
RECEIPT = Document(
    "receipt.json",
    "a delivery: whose, of which list, to where, by which contract, in which state, and how many left or stayed",
    "id state at owner run cutoff destination to contract name content since files counts stay shortened",
)
DELIVERED = Table(
    "delivered.parquet",
    "a user of the list, who left or stayed for a reason, with a hash of the own key and of the row that left",
    "user_id:id person:text outcome:text row:text",
)

# Models that leave
EXPORT = Document(
    "export.json",
    "the run; the columns of the input that the models of `churn export` read; and each model, with how near it comes",
    "run version zone history_days horizon_days lead_days features attributes models",
    signed=True,
)

REPORT = "report.html"  # for whoever acts
EVIDENCE = "evidence.html"  # for whoever checks
METRICS = "metrics.prom"  # for whoever is on duty
