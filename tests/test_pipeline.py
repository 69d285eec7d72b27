"""Whole runs on the example data: contract, resumption, scoring of new data, and use from Python."""

import csv
import json
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import torch

import churn
from churn import pipeline, stages
from churn.artefacts import read_json, read_table, write_json, write_table
from churn.cli import main
from churn.configuration import EvaluationConfig, ExplanationConfig, ExploreConfig, RunConfig
from churn.data import FEATURES, DataConfig, SplitConfig, examine_new, example_frames
from churn.errors import UserError
from churn.evaluation import IF_STAYS, IfStays, VerdictConfig, best_model, fit_if_stays
from churn.explanation import others
from churn.explanation.variance_inflation import collinearity
from churn.language import retold, speaking, spoken
from churn.models import DAILY_CALIBRATOR, DailyCalibrator, Ensemble, LightGBM, calibrate_daily, load
from churn.new_data import prepare_alike
from churn.predicting import score_windows
from churn.report import write_report
from churn.report.whom.advice import advice
from churn.scoring import newest_windows, reasons_of, score
from churn.segments import (
    AnomalyConfig,
    BudgetConfig,
    ControlConfig,
    GroupConfig,
    Order,
    Pseudonyms,
    SegmentConfig,
    as_chosen,
    choose_order,
    compare_orders,
    prioritise,
    write_contacts,
)
from churn.stages import Context, compare_segments, explore_data, find_anomalies, review_run, score_users
from churn.training import TrainingConfig, TuningConfig

from .explanation.recomputed import Log, check
from .report.parsed_page import ParsedPage
from .test_language import english

pytestmark = pytest.mark.slow

QUICK_GRU = {"class_path": "churn.models.GRU", "init_args": {"hidden_size": 8, "max_epochs": 2}}
QUICK_FORESIGHT = {"class_path": "churn.models.Foresight", "init_args": {"max_epochs": 1, "hidden_size": 8}}
HOSTILE = ["<script>alert(1)</script>", "=1+1", '"quoted", comma', "x" * 1000]
METRICS = ["accuracy", "micro_ap", "ap", "roc_auc", "log_loss", "brier", "ece", "lift_10", "precision", "recall", "f1"]
FILES = {
    "windows.parquet": "user_id cutoff churn sticker part",
    "leaderboard.csv": "target model part metric value low high",
    "thresholds.csv": "target model threshold f1 share",
    "gains.csv": "target model share gain low high",
    "calibrators.csv": "target model kind log_loss_none log_loss_chosen test_log_loss_raw test_log_loss",
    "trials.csv": "target model trial state value",
    "features.csv": "target feature vif duplicates boruta stability kept reason",
    "explanations.csv": "target feature mean_abs_shap direction rank",
    "explanations_by_day.csv": "target feature day mean_abs_shap direction rank",
    "surrogates.csv": "target model r2 spearman top_tenth n_users n_windows explained",
    "surrogate.parquet": "target model user_id cutoff held_out score surrogate",
    "fidelity.csv": "target model segment r2 spearman n_users n_windows",
    "shap.parquet": "target user_id cutoff feature value shap",
    "attributions.csv": "target model feature day attribution mean_abs rank",
    "attributions.parquet": "target model user_id cutoff feature day attribution",
    "scores.parquet": "user_id cutoff p_churn p_sticker p_sticker_if_stays priority segment value_at_risk "
    "expected_amount",
    "agreement.csv": "a b spearman kendall",
    "segment_tests.csv": "comparison feature n_priority n_other mean_priority mean_other t df p p_adjusted p_bh p_rank "
    "hedges_g low high circular group",
    "priority.csv": "user_id reason_1 reason_2 reason_3",
}


FEW = GroupConfig(max=3)  # each number of groups that is tried is clustered some 400 times


def quick_config(**data: object) -> RunConfig:
    names = {"events": "events", "stickers": "stickers", "members": "members"} | data
    return RunConfig(
        data=DataConfig(**{k: v for k, v in names.items() if v is not None}),
        models=[QUICK_GRU, QUICK_FORESIGHT, "churn.models.LightGBM", "churn.models.Majority"],
        tuning=TuningConfig(trials=1),
        evaluation=EvaluationConfig(repetitions=50),
        verdicts=VerdictConfig(ask=[]),
        explanation=ExplanationConfig(windows=1000, sample=200, trees=20, rounds=3, seeds=1, attributed=60),
        segments=SegmentConfig(groups=FEW),
    )


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    """The example's tables, four of whose users have hostile ids."""
    frames = example_frames()
    ids = dict(zip(sorted(frames["members"].user_id)[:4], HOSTILE, strict=True))
    for frame in frames.values():
        frame["user_id"] = frame["user_id"].replace(ids)
        if "actor_id" in frame:
            frame["actor_id"] = frame["actor_id"].replace(ids)
    return frames


@pytest.fixture(scope="module")
def finished(frames, tmp_path_factory) -> churn.Run:
    return churn.run(quick_config(), tmp_path_factory.mktemp("runs") / "run", frames=frames)


@pytest.mark.parametrize("file", FILES)
def test_a_run_writes_every_file_of_the_contract_with_its_columns(finished, file) -> None:
    table = finished.table(file)
    assert set(FILES[file].split()) <= set(table.columns)
    assert len(table)


def test_views_of_the_data_are_kept_with_their_tables(finished) -> None:
    views = {view["name"]: view for view in json.loads((finished.folder / "views" / "views.json").read_text())}
    assert {view["section"] for view in views.values()} == {"seasons", "cohorts", "journeys", "anatomy"}
    for name, view in views.items():
        assert len(pd.read_csv(finished.folder / "views" / f"{name}.csv")) or view["facts"]["empty"], name
    assert all(str(view) == str(finished.view(name)) for _, name, view in finished.views())
    seasons = pd.read_csv(finished.folder / "views" / "seasons_active_users.csv")
    assert len(seasons) == 90  # the example's days
    page = (finished.folder / "evidence.html").read_text(encoding="utf8")
    assert all(f'id="{section}"' in page for section in ("seasons", "cohorts", "journeys"))


def test_no_cell_of_a_view_s_table_is_a_formula(finished, frames, tmp_path) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    named = frames | {"events": frames["events"].assign(event="=HYPERLINK(A1)")}
    stages.explore_data(Context(RunConfig.load(folder / "config.yaml"), folder, {}, named))
    cells = [
        cell
        for path in folder.glob("views/*.csv")
        for row in csv.reader(path.read_text("utf8").splitlines())
        for cell in row
    ]
    assert any("=HYPERLINK(A1)" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+", "\t"))]
    assert read_table(folder / "views" / "seasons_active_users.csv")["index"].iloc[0] == "2024-01-01"


def test_a_model_that_answers_all_is_fitted_once(finished) -> None:
    models = [finished.folder / "models" / target / "Foresight" for target in ("churn", "sticker")]
    one, other = (load(folder, target=folder.parent.name) for folder in models)
    assert all(torch.equal(one.state_dict()[name], weights) for name, weights in other.state_dict().items())
    assert not (finished.folder / "trials" / "sticker" / "Foresight").exists()
    trials = finished.table("trials.csv").query("model == 'Foresight'").set_index("target").value
    val = finished.leaderboard.query("metric == 'log_loss' and part == 'val' and model == 'Foresight'")
    half_a = finished.table("predictions.parquet").query("part == 'val' and model == 'Foresight'")
    for target, rows in half_a.groupby("target"):
        loss = -np.log(np.where(rows.y == 1, rows.p_raw, 1 - rows.p_raw)).mean()
        assert trials[target] == pytest.approx(loss, rel=1e-4)
    assert len(val) == 2 and not [name for name in finished.table("trials.csv") if name.startswith("log_loss")]
    board = finished.table("leaderboard.csv").query("metric == 'log_loss' and part == 'test'")
    assert set(board[board.model == "Foresight"].target) == {"churn", "sticker"}


def test_a_run_foretells_every_day_of_new_data(finished, frames) -> None:
    future = finished.foretell(frames, cutoff="2024-03-31", days=[1, 7, 28])
    scored = finished.score(frames, cutoff="2024-03-31")
    assert set(future.user_id) == set(scored.user_id) and (future.groupby("user_id").size() == 3).all()
    assert (future.groupby("user_id").p_churn.diff().dropna() <= 0).all()


def test_a_run_without_foresight_says_so(finished, frames, tmp_path) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    shutil.rmtree(folder / "models" / "churn" / "Foresight")
    with pytest.raises(UserError, match=r"expected a Foresight in .*got none; list churn\.models\.Foresight"):
        churn.Run(folder).foretell(frames, cutoff="2024-03-31")


def test_groups_and_anomalies_are_written_even_where_there_are_none(finished) -> None:
    manifest, scored = json.loads((finished.folder / "manifest.json").read_text()), finished.table("scores.parquet")
    groups, users = finished.table("groups.csv"), finished.table("groups.parquet")
    assert users.user_id.tolist() == scored.user_id.tolist() and users.cutoff.tolist() == scored.cutoff.tolist()
    assert users.group.notna().sum() == groups.n.sum() == (len(scored) if len(groups) else 0)
    assert manifest["groups"]["number"] == max(1, len(groups))
    assert manifest["groups"]["learnt_from"] == "earlier days"
    assert manifest["groups"]["n_learnt"] == finished.table("windows.parquet").user_id.nunique()
    anomalies = finished.table("anomalies.csv")
    assert {"user_id", "score", "direction", "p_churn", "segment"} <= set(anomalies)
    assert len(anomalies) == manifest["anomalies"]["n_listed"] <= manifest["anomalies"]["n_departed"]
    assert anomalies.merge(scored, on=["user_id", "p_churn", "segment"]).shape[0] == len(anomalies)
    departures = finished.table("departures.parquet")
    assert departures.user_id.drop_duplicates().tolist() == anomalies.user_id.tolist()


def test_anomalies_know_who_is_held_back(finished, tmp_path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished.folder, folder)
    config = RunConfig.load(folder / "config.yaml")
    chosen = replace(config.segments, control=ControlConfig(share=0.5), anomalies=AnomalyConfig(number=50, least=0.5))
    context = Context(replace(config, segments=chosen), folder, {}, {})
    score_users(context)
    find_anomalies(context)
    listed, control = read_table(folder / "anomalies.csv"), read_table(folder / "control.csv")
    held = set(control.user_id[control.group == "control"].astype(str))
    assert listed.held_back.any() and not listed.held_back[listed.segment == "priority"].all()
    assert listed.held_back.tolist() == [str(user) in held for user in listed.user_id]


def test_a_run_leaves_no_half_written_file(finished) -> None:
    assert not [path for path in finished.folder.rglob("*") if path.name.startswith(".churn-partial")]
    assert {"config.yaml", "manifest.json", "priority.xlsx", "report.html"} <= {
        p.name for p in finished.folder.iterdir()
    }


def test_nothing_under_models_is_pickled_code(finished) -> None:
    kinds = {path.suffix for path in (finished.folder / "models").rglob("*") if path.is_file()}
    assert kinds <= {".json", ".txt", ".pt", ".csv"}


def test_the_manifest_accounts_for_every_row(finished, frames) -> None:
    manifest = json.loads((finished.folder / "manifest.json").read_text())
    for name, counts in manifest["reconciliation"].items():
        assert counts["read"] == len(frames[name])
        assert counts["read"] == counts["used"] + counts["non_members"] + sum(counts["rejected"].values())
    assert [s["name"] for s in manifest["stages"]] == [stage.__name__ for stage in pipeline.STAGES]
    assert all(s["seconds"] >= 0 and s["peak_memory_mb"] > 0 for s in manifest["stages"])
    assert all(len(i["sha256"]) == 64 and i["rows"] == len(frames[i["name"]]) for i in manifest["inputs"])


@pytest.mark.parametrize("which", ["finished", "derived"])
def test_every_reason_of_a_list_holds_when_it_is_recomputed_from_the_raw_log(which, frames, request) -> None:
    run = request.getfixturevalue(which)
    run, tables = run if isinstance(run, tuple) else (run, frames)
    cutoff = run.table("scores.parquet").cutoff.iloc[0]
    log = Log(tables, cutoff, history_days=7)
    reasons = run.priority.set_index("user_id").filter(like="reason").fillna("")
    told = [(user.removeprefix("'"), reason) for user, row in reasons.T.items() for reason in row if reason]
    assert len([check(log, user, reason) for user, reason in told if not reason.startswith("tier")]) > 5
    compared = run.table("others.csv").set_index("feature")
    assert compared.value["own_post"] == pytest.approx(7 * log.others("own post"))
    assert (compared.users == len(log.at_risk)).all() and (compared.cutoff == str(cutoff.date())).all()


def test_the_manifest_and_new_scores_tell_how_far_the_scored_day_has_moved(finished, frames, tmp_path) -> None:
    drift = read_json(finished.folder / "manifest.json")["drift"]
    scores = finished.table("scores.parquet")
    assert (drift["now"]["cutoff"], drift["now"]["at_risk"]) == (str(scores.cutoff.iloc[0].date()), len(scores))
    cutoff = str((scores.cutoff.iloc[0] - pd.Timedelta(days=20)).date())
    again = score(finished.folder, quick_config().data, cutoff=cutoff, out=tmp_path / "scores", frames=frames)
    told = read_json(again / "scoring.json")["drift"]
    assert told["training"] == drift["training"]
    assert told["now"]["at_risk"] == len(pd.read_parquet(again / "scores.parquet")) != drift["now"]["at_risk"]
    assert set(pd.read_csv(again / "others.csv").cutoff) == {cutoff}
    assert "users are at risk on" in (finished.folder / "evidence.html").read_text(encoding="utf8")


def test_the_manifest_holds_the_data_s_warnings_and_the_run_s_repeat_them(finished) -> None:
    manifest = json.loads((finished.folder / "manifest.json").read_text())
    assert manifest["audit"]["alarms"] == []
    assert any("users with churn = 1: too few" in warning for warning in map(retold, manifest["audit"]["warnings"]))
    assert set(map(retold, manifest["audit"]["warnings"])) <= set(finished.warnings)


def test_a_planted_leak_stands_in_the_manifest_with_its_numbers(frames, tmp_path, monkeypatch) -> None:
    account = [f"A-{n}" for n in range(len(frames["members"]))]
    monkeypatch.setattr(pipeline, "STAGES", pipeline.STAGES[:3])
    churn.run(quick_config(), tmp_path / "run", frames=frames | {"members": frames["members"].assign(account=account)})
    audit = json.loads((tmp_path / "run" / "manifest.json").read_text())["audit"]
    (alarm,) = audit["alarms"]
    assert (alarm["column"], alarm["kind"], alarm["n_users"]) == ("account", "identifier", len(account))
    assert any("account looks like an identifier" in warning for warning in map(retold, audit["warnings"]))


def test_the_leaderboard_has_every_metric_and_values_inside_their_intervals(finished) -> None:
    board = finished.leaderboard
    assert set(board.model) == {"GRU", "Foresight", "LightGBM", "Majority", "Blend"}
    for _, rows in board.groupby(["target", "model", "part"]):
        assert set(METRICS) <= set(rows.metric)
    known = board.dropna()
    assert (known.low <= known.value + 1e-9).all()
    assert (known.high >= known.value - 1e-9).all()


def test_the_chosen_model_is_the_best_on_half_a_or_the_blend(finished) -> None:
    board = finished.leaderboard
    losses = board[(board.part == "val") & (board.metric == "log_loss")]
    for target, rows in losses.groupby("target"):
        best, chosen = rows.loc[rows.value.idxmin(), "model"], finished.chosen(target)
        assert chosen in (best, "Blend") and chosen == best_model(finished.table("predictions.parquet", target))
        assert set(board[(board.target == target) & board.chosen].model) == {chosen}


def test_the_days_ahead_of_the_scored_users_are_foretold_and_held_against_the_test_part(finished) -> None:
    scores, future = finished.scores, finished.future
    assert set(future.user_id) == set(scores.user_id) and future.days.unique().tolist() == [3, 7, 14, 28]
    at_horizon = future[future.days == 7].set_index("user_id").loc[scores.user_id]
    assert at_horizon.back_by.tolist() == scores.back_by.tolist() and scores.back_by.notna().any()
    np.testing.assert_allclose(scores.p_sticker_if_stays, at_horizon.p_sticker_if_stays)
    kept = finished.folder / "models" / "churn" / "Foresight"
    calibrator, split = DailyCalibrator.load(kept / DAILY_CALIBRATOR), as_stages_see(finished.folder).split
    expected = calibrate_daily(load(kept, target="churn"), split.val_b, until=int(split.test.cutoff.min()))
    assert calibrator == expected != DailyCalibrator()
    told = finished.foretold.query("days == 7").set_index("target")
    windows = finished.table("windows.parquet").query("part == 'test'")
    for target in ("churn", "sticker"):
        assert told.n[target] == len(windows) and told.observed[target] == pytest.approx(windows[target].mean())


def test_what_a_sticker_is_worth_if_the_user_stays_is_held_against_the_test_part(finished) -> None:
    scores, told = finished.table("scores.parquet"), read_json(finished.folder / "manifest.json")
    np.testing.assert_allclose(scores.value_at_risk, scores.p_churn * scores.p_sticker_if_stays)
    windows = finished.table("windows.parquet").query("part == 'test'")
    for name, inside in {"churned": windows.churn == 1, "stayed": windows.churn == 0}.items():
        assert told["stickers"][name]["rate"] == pytest.approx(windows.sticker[inside].mean())


def test_whoever_reads_the_thresholds_finds_the_leaderboard_s_precision_and_recall_again(finished) -> None:
    board = finished.leaderboard.set_index(["target", "model", "part", "metric"]).value
    at = finished.table("thresholds.csv").set_index(["target", "model"])
    predictions = finished.table("predictions.parquet")
    for (target, model), tuned in at.iterrows():
        of_model = predictions[(predictions.target == target) & (predictions.model == model)]
        half_b, test = (of_model[of_model.part == part] for part in ("calibration", "test"))
        assert (half_b.p >= tuned.threshold).mean() == pytest.approx(tuned["share"])
        called = test.p >= tuned.threshold
        assert test.y[called].mean() == pytest.approx(board[target, model, "test", "precision"])
        assert called[test.y == 1].mean() == pytest.approx(board[target, model, "test", "recall"])


def test_gains_and_losses_on_test_agree_with_the_leaderboard(finished) -> None:
    board = finished.leaderboard.set_index(["target", "model", "part", "metric"]).value
    gains = finished.table("gains.csv").set_index(["target", "model", "share"]).gain
    for row in finished.table("calibrators.csv").itertuples():
        assert row.test_log_loss == pytest.approx(board[row.target, row.model, "test", "log_loss"])
        assert gains[row.target, row.model, 0.1] / 0.1 == pytest.approx(board[row.target, row.model, "test", "lift_10"])


def test_priority_is_the_product_and_every_user_stands_once(finished) -> None:
    scores = finished.table("scores.parquet")
    np.testing.assert_allclose(scores.priority, scores.p_churn * scores.p_sticker, atol=1e-12)
    assert scores.user_id.is_unique
    assert (scores.cutoff == scores.cutoff[0]).all()


def test_the_newest_cutoff_is_the_day_after_the_last_event(finished, frames) -> None:
    last = frames["events"].timestamp.max().normalize()
    assert finished.table("scores.parquet").cutoff.iloc[0] == last + pd.Timedelta(days=1)


def test_segment_tests_have_one_row_per_user_and_mark_the_circular(finished) -> None:
    tests, windows = finished.table("segment_tests.csv"), finished.table("windows.parquet")
    users = windows[windows.part == "test"].user_id.nunique()
    against_all = tests[tests.comparison == "priority vs all others"]
    assert (against_all.n_priority + against_all.n_other).max() == users
    assert tests.comparison.nunique() == 3
    few = tests[["n_priority", "n_other"]].min(axis=1) < 30
    assert few.any() and tests.p[few].isna().all()
    seen = {"own_post", "fan_comment", "stickers_received", "sticker_amount", "share_on_weekends"}
    assert set(tests[tests.circular].feature) == seen
    assert {"own_post_before", "churn_afterwards", "days_since_joined"} <= set(tests[~tests.circular].feature)


def test_hostile_ids_come_through_whole(finished) -> None:
    assert set(HOSTILE) <= set(finished.table("windows.parquet").user_id)


def test_lists_read_from_python_hold_the_ids_of_the_log(finished) -> None:
    scored = set(finished.table("scores.parquet").user_id)
    assert set(finished.priority.user_id) <= scored
    assert set(finished.table("control.csv").user_id) <= scored
    assert set(finished.table("anomalies.csv").user_id) <= scored


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every table and figure of a run, by name; the manifest and the page hold times."""
    files = (path for path in folder.rglob("*") if path.suffix in {".csv", ".parquet", ".json", ".npy"})
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.name != "manifest.json"}


def test_a_finished_run_is_not_done_again(finished, frames) -> None:
    before = {p: p.stat().st_mtime_ns for p in (finished.folder / "models").rglob("*.json")}
    churn.run(quick_config(), finished.folder, frames=frames)
    assert before == {p: p.stat().st_mtime_ns for p in before}


def test_a_stopped_run_continues_and_ends_as_if_it_had_not_stopped(finished, frames, tmp_path, monkeypatch) -> None:
    def stop(_: object) -> dict[str, object]:
        raise KeyboardInterrupt

    stop.__name__ = "evaluate_models"
    stages = tuple(stop if s.__name__ == "evaluate_models" else s for s in pipeline.STAGES)
    monkeypatch.setattr(pipeline, "STAGES", stages)
    with pytest.raises(KeyboardInterrupt):
        churn.run(quick_config(), tmp_path / "run", frames=frames)
    assert not (tmp_path / "run" / "leaderboard.csv").exists()
    monkeypatch.undo()
    again = churn.run(quick_config(), tmp_path / "run", frames=frames)
    assert contents(again.folder) == contents(finished.folder)


HANGUL = re.compile("[가-힣]")


def test_a_finished_run_turns_to_another_language_by_its_pages_and_its_list_alone(finished, frames, tmp_path) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    before = contents(folder)
    assert english(ParsedPage(folder / "evidence.html").text)
    churn.run(replace(quick_config(), language="ko"), folder, frames=frames)
    after = contents(folder)
    assert [name for name in before if before[name] != after[name]] == ["priority.csv"]
    pages = {name: ParsedPage(folder / name) for name in ("report.html", "evidence.html")}
    assert {name: english(page.text) for name, page in pages.items()} == {"report.html": [], "evidence.html": []}
    assert all('lang="ko"' in (folder / name).read_text(encoding="utf8") for name in pages)
    assert HANGUL.search((folder / "priority.csv").read_text(encoding="utf8"))
    assert RunConfig.load(folder / "config.yaml").language == "ko"


def test_the_command_turns_the_pages_and_the_list_as_the_run_does(finished, frames, tmp_path) -> None:
    told, asked = (Path(shutil.copytree(finished.folder, tmp_path / name)) for name in ("told", "asked"))
    churn.run(replace(quick_config(), language="ko"), told, frames=frames)
    assert main(["report", "--run", str(asked), "--language", "ko"]) == 0
    for name in ("report.html", "priority.csv"):
        assert (asked / name).read_bytes() == (told / name).read_bytes()
    with zipfile.ZipFile(asked / "priority.xlsx") as book:
        assert HANGUL.search(book.read("xl/sharedStrings.xml").decode())


class Watched:
    """A block of the configuration that notes the keys read of it."""

    def __init__(self, block: object, prefix: str, read: set[str]) -> None:
        self._block, self._prefix, self._read = block, prefix, read

    def __getattr__(self, name: str) -> object:
        self._read.add(f"{self._prefix}.{name}")
        return getattr(self._block, name)


TRAINING = ("screen_features", "retrain_models", "evaluate_models", "explain_models", "refit_models")


@pytest.mark.parametrize("name", TRAINING)
def test_a_stage_reads_no_key_that_is_said_not_to_matter_to_it(name, finished, tmp_path) -> None:
    folder, read = Path(shutil.copytree(finished.folder, tmp_path / "run")), set()
    config = RunConfig.load(folder / "config.yaml")
    object.__setattr__(config, "segments", as_chosen(config.segments, folder / "models"))
    for block in ("segments", "explore", "verdicts", "explanation"):
        object.__setattr__(config, block, Watched(getattr(config, block), block, read))
    with speaking("ko"):
        getattr(stages, name)(Context(config, folder, {}, {}))
    spoken_of = {key for key in read if (key in pipeline.READERS or key.partition(".")[0] in pipeline.READERS)}
    assert {key for key in spoken_of if name not in _readers_of(key)} == set()
    for path in finished.folder.glob("*.csv"):
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_the_manifest_holds_what_is_at_stake_with_the_list(finished) -> None:
    scores, segment = finished.scores, finished.manifest["segment"]
    listed = scores[scores.segment == "priority"]
    assert segment["likely"] == (scores.p_churn >= segment["likely_churn"]).sum()
    assert segment["at_stake"] == pytest.approx(
        {
            "churners": listed.p_churn.sum(),
            "stickers": listed.value_at_risk.sum(),
            "amount": listed.expected_loss.sum() if "expected_loss" in listed else None,
        }
    )


def test_a_run_of_an_earlier_state_is_refused_with_a_remedy(finished, tmp_path, unsealed) -> None:
    folder = unsealed(finished.folder, tmp_path / "run")
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["segment"]["at_stake"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match=r"manifest.json as it was written, got 'at_stake'"):
        write_report(folder)
    assert churn.Run(folder).view("gains").figures


def test_every_stage_is_tried_with_the_keys_or_done_again_with_the_list() -> None:
    before_any = {
        "prepare_data",
        "choose_features",
        "examine_data",
        "fit_models",
        "blend_models",
    }  # on which every other stage rests
    again = {*_readers_of("segments.quantile"), *_readers_of("segments.offers"), *_readers_of("verdicts")}
    assert {stage.__name__ for stage in pipeline.STAGES} == before_any | again | {*TRAINING}


def _readers_of(key: str) -> list[str]:
    return [stage.__name__ for stage in pipeline.READERS.get(key) or pipeline.READERS[key.partition(".")[0]]]


def test_a_longer_list_is_drawn_with_the_models_that_there_are(finished, frames, tmp_path) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    before = {path: path.stat().st_mtime_ns for path in folder.glob("models/*/*/model.json")}
    config = replace(
        quick_config(),
        segments=SegmentConfig(rule="number", number=7, groups=FEW),
        explore=ExploreConfig(journeys=False),
    )
    drawn = churn.run(config, folder, frames=frames)
    assert len(drawn.priority) == 7 != len(finished.priority)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not (folder / "views" / "variants.csv").exists() and (folder / "views" / "retention.csv").exists()


def test_a_finished_run_whose_page_or_table_is_gone_makes_it_again(finished, frames, tmp_path, capsys) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    (folder / "report.html").unlink()
    (folder / "groups.csv").unlink()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.csv")}
    churn.run(quick_config(), folder, frames=frames)
    assert capsys.readouterr().err == (
        f"{folder / 'groups.csv'} is gone: group_users and what follows it are done again\n"
    )
    assert (folder / "report.html").exists()
    pd.testing.assert_frame_equal(churn.Run(folder).table("groups.csv"), finished.table("groups.csv"))
    again = {path.name for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert "anomalies.csv" in again
    assert not again & {"leaderboard.csv", "segment_tests.csv", "control.csv"}
    assert (folder / "priority.csv").read_bytes() == (finished.folder / "priority.csv").read_bytes()


def test_a_file_that_somebody_put_into_a_run_s_dataset_is_not_removed(finished, frames, tmp_path) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    (folder / "manifest.json").unlink()  # as of a run that was stopped in its first stage
    (folder / "dataset" / "mine.csv").write_text("mine")
    with pytest.raises(UserError, match=r"this program's files in .*dataset, got mine.csv; move it elsewhere"):
        churn.run(quick_config(), folder, frames=frames)
    assert (folder / "dataset" / "mine.csv").read_text() == "mine"


CHANGES = {  # of a configuration or of its rows, and which stages they leave as they are
    "models": (lambda config: replace(config, models=["churn.models.LightGBM"]), 0, ["prepare_data"]),
    "rows": (lambda config: config, 400, []),
}


@pytest.mark.parametrize("changed", CHANGES)
def test_a_run_that_goes_on_after_a_change_is_one_from_the_start(finished, frames, changed, tmp_path, capsys) -> None:
    change, gone, kept = CHANGES[changed]
    folder, config = Path(shutil.copytree(finished.folder, tmp_path / "run")), change(quick_config())
    mine = folder / "models" / "churn" / "notes.txt"
    mine.write_text("mine")
    before = finished.manifest["stages"]
    given = frames | {"events": frames["events"].iloc[gone:]}
    again, fresh = churn.run(config, folder, frames=given), churn.run(config, tmp_path / "fresh", frames=given)
    said = capsys.readouterr().err
    assert f"{'other rows in data.events: everything' if gone else 'what depends on it'} is done again" in said
    assert [stage["name"] for stage in again.manifest["stages"] if stage in before] == kept
    assert mine.read_text() == "mine"
    mine.unlink()
    assert _made(folder) == _made(fresh.folder)


def _made(folder: Path) -> dict[str, bytes]:
    """The files of a run but its documents, pages and spreadsheet, which tell moments."""
    told = (".json", ".html", ".xlsx", ".prom", ".db", ".churn", ".yaml")
    found = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(told)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found if "trial" not in path.name}


def test_scoring_the_same_data_at_the_newest_cutoff_gives_the_run_s_scores(finished, frames, tmp_path) -> None:
    old = finished.table("scores.parquet")
    score(
        finished.folder, quick_config().data, cutoff=str(old.cutoff.iloc[0].date()), out=tmp_path / "s", frames=frames
    )
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "s" / "scores.parquet"), old)
    assert (tmp_path / "s" / "priority.csv").read_text() == (finished.folder / "priority.csv").read_text()


def test_scoring_an_earlier_cutoff_reads_nothing_from_it_on(finished, frames, tmp_path) -> None:
    cutoff = pd.Timestamp("2024-03-10")
    past = {n: f[f.timestamp < cutoff] if "timestamp" in f else f for n, f in frames.items()}
    for name, tables in {"all": frames, "past": past}.items():
        score(finished.folder, quick_config().data, cutoff="2024-03-10", out=tmp_path / name, frames=tables)
    first, second = (pd.read_parquet(tmp_path / name / "scores.parquet") for name in ("all", "past"))
    pd.testing.assert_frame_equal(first, second)
    assert (first.cutoff == cutoff).all()


def test_scoring_needs_only_a_history(finished, frames, tmp_path) -> None:
    week = {n: f[f.timestamp >= pd.Timestamp("2024-03-23")] if "timestamp" in f else f for n, f in frames.items()}
    cutoff = str((frames["events"].timestamp.max().normalize() + pd.Timedelta(days=1)).date())
    out = score(finished.folder, quick_config().data, cutoff=cutoff, out=tmp_path / "s", frames=week)
    old, new = finished.table("scores.parquet"), pd.read_parquet(out / "scores.parquet")
    of_the_past = ["expected_amount", "expected_loss"]  # by all stickers that are loaded
    pd.testing.assert_frame_equal(new.drop(columns=of_the_past), old.drop(columns=of_the_past))


def test_scoring_past_the_data_is_refused(finished, frames, tmp_path) -> None:
    with pytest.raises(UserError, match="expected events up to"):
        score(finished.folder, quick_config().data, cutoff="2025-01-01", out=tmp_path / "s", frames=frames)


def test_chances_and_features_past_the_data_are_refused(finished, frames) -> None:
    for read in (finished.models["churn"].predict_proba, finished.features_of):
        with pytest.raises(UserError, match="expected events up to"):
            read(frames, cutoff="2025-01-01")
        with pytest.raises(UserError, match="expected a date for --cutoff"):
            read(frames, cutoff="03/04/2024")


@pytest.mark.parametrize(
    ("given", "found"),
    [({"event": 0}, "event"), ({"stickers": 0}, "stickers"), ({}, "none"), (pd.DataFrame(), "a DataFrame")],
)
def test_frames_under_other_names_are_refused(finished, given, found) -> None:
    with pytest.raises(UserError, match=f"frames under events .*, got {found}; correct the names"):
        finished.features_of(given, cutoff="2024-03-10")


def test_a_target_that_a_run_does_not_have_is_named(finished) -> None:
    with pytest.raises(UserError, match="a target out of churn, sticker, got 'chrun'"):
        _ = finished.models["chrun"]
    with pytest.raises(UserError, match="target out of churn, sticker, got 'chrun'"):
        finished.shap("chrun")


@pytest.mark.parametrize("cutoff", ["", "NaT", "2024-03-10T00:00+09:00", "soon"])
def test_scoring_at_what_is_no_date_is_refused(finished, frames, tmp_path, cutoff) -> None:
    with pytest.raises(UserError, match="expected a date for --cutoff"):
        score(finished.folder, quick_config().data, cutoff=cutoff, out=tmp_path / "s", frames=frames)


def test_a_list_is_replaced_as_a_whole_or_not_at_all_and_what_lies_beside_it_stays(finished, frames, tmp_path) -> None:
    def listed(cutoff: str) -> dict[str, bytes]:
        score(finished.folder, quick_config().data, cutoff=cutoff, out=tmp_path / "s", frames=frames)
        return {path.name: path.read_bytes() for path in (tmp_path / "s").glob("[!.]*.*")}

    first = listed("2024-03-10")
    (tmp_path / "s" / "dataset").mkdir()
    (tmp_path / "s" / "dataset" / "mine.csv").write_text("mine")
    with pytest.raises(UserError, match="expected events up to"):
        listed("2025-01-01")
    assert {name: (tmp_path / "s" / name).read_bytes() for name in first} == first
    second = listed("2024-03-17")
    assert second.keys() == first.keys()
    assert not {name for name in ("scores.parquet", "control.csv", "scoring.json") if second[name] == first[name]}
    assert (tmp_path / "s" / "dataset" / "mine.csv").read_text() == "mine"


def test_scoring_into_another_run_s_folder_is_refused(finished, frames, tmp_path) -> None:
    other = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    with pytest.raises(UserError, match=r"with scores at .*, got one with a run"):
        score(finished.folder, quick_config().data, cutoff="2024-03-10", out=other, frames=frames)


def test_scoring_into_the_run_s_own_folder_is_refused(finished, frames) -> None:
    with pytest.raises(UserError, match="choose another --out"):
        score(finished.folder, quick_config().data, cutoff="2024-03-10", out=finished.folder / ".", frames=frames)
    assert (finished.folder / "dataset").exists()


def test_a_bit_that_flips_in_a_run_is_named_by_whoever_reads_it(finished, frames, tmp_path) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    asked = {"cutoff": "2024-03-10", "out": tmp_path / "s", "frames": frames}
    readers = {
        "models": lambda: score(folder, quick_config().data, **asked),
        "leaderboard.csv": lambda: churn.Run(folder).leaderboard,
        "manifest.json": lambda: churn.Run.open(folder),
        "config.yaml": lambda: churn.Run(folder).yaml,
        "views": lambda: list(churn.Run(folder).views()),
    }
    for name, read in readers.items():
        files = [folder / name] if (folder / name).is_file() else [p for p in (folder / name).rglob("*") if p.is_file()]
        for path in files:
            whole = path.read_bytes()
            middle = len(whole) // 2
            path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
            with pytest.raises(UserError, match=r"as it was written|in the list of them|expected a file at"):
                read()
            path.write_bytes(whole)
        read() if name != "models" else None
    assert not (tmp_path / "s").exists()


def test_a_code_that_no_run_writes_is_the_folder_s_fault(finished, tmp_path, unsealed, capsys) -> None:
    folder = unsealed(finished.folder, tmp_path / "run")
    write_table(finished.table("context.csv").assign(family="weather"), folder / "context.csv")
    assert main(["report", "--run", str(folder), "--quiet"]) == 2
    assert f"churn: expected {folder} as a run leaves it, got KeyError: 'weather'" in capsys.readouterr().err


def test_scoring_with_a_run_that_is_not_finished_is_refused(finished, frames, tmp_path, unsealed) -> None:
    unsealed(finished.folder, tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    names = [stage["name"] for stage in manifest["stages"]]
    manifest["stages"] = manifest["stages"][
        : names.index("explain_models") + 1
    ]  # its models have not been learnt again
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match=r"expected a finished run in .*, got one whose last stage is explain_models"):
        score(tmp_path / "run", quick_config().data, cutoff="2024-03-10", out=tmp_path / "s", frames=frames)


def test_scoring_works_from_a_copy_of_the_run(finished, frames, tmp_path) -> None:
    shutil.copytree(finished.folder, tmp_path / "copy")
    cutoff = str(finished.table("scores.parquet").cutoff.iloc[0].date())
    score(tmp_path / "copy", quick_config().data, cutoff=cutoff, out=tmp_path / "s", frames=frames)
    assert (tmp_path / "s" / "priority.xlsx").exists()


@pytest.fixture(scope="module")
def derived(frames, tmp_path_factory) -> tuple[churn.Run, dict[str, pd.DataFrame]]:
    """A run whose models see every feature and an attribute, and its tables."""
    tier = np.where(np.arange(len(frames["members"])) % 3 == 0, "gold", "free")
    tables = frames | {"members": frames["members"].assign(tier=tier, stayed=1.0)}
    names = [feature.name for feature in FEATURES]
    config = quick_config(
        features=[*names, "tier"], attributes={"tier": {"known": "arrival"}, "stayed": {"known": "after"}}
    )
    config = replace(config, models=[QUICK_GRU, "churn.models.LightGBM", "churn.models.Logistic"])
    return churn.run(config, tmp_path_factory.mktemp("runs") / "derived", frames=tables), tables


def test_derived_features_and_attributes_go_through_a_whole_run(derived) -> None:
    finished, _ = derived
    features = set(finished.table("features.csv").feature)
    assert {"weekend", "month_day_sine", "tenure", "total_own_post", "tier=gold"} <= features
    assert features == set(finished.table("explanations.csv").feature)
    tests = finished.table("segment_tests.csv")
    assert features | {"own_post_before", "days_since_joined"} <= set(tests[tests.circular].feature)
    categories = finished.table("segment_categories.csv")
    assert categories.attribute.tolist() == ["tier"] * 3 and categories.circular.all()
    assert (categories.n_priority + categories.n_other)[0] == finished.table("windows.parquet")[
        lambda t: t.part == "test"
    ].user_id.nunique()
    why = finished.priority.filter(like="reason").fillna("").to_numpy().ravel()
    assert not any(text.startswith(("week", "month day")) for text in why)
    board = finished.leaderboard
    assert board[board.metric.isin(METRICS) & (board.part == "test")].value.notna().all()


def test_scoring_gives_new_data_the_columns_of_the_run_whatever_its_own_block_says(derived, tmp_path) -> None:
    finished, tables = derived
    old = finished.table("scores.parquet")
    new = tables | {"members": tables["members"].drop(columns="stayed")}  # which nobody can know yet
    score(finished.folder, quick_config().data, cutoff=str(old.cutoff.iloc[0].date()), out=tmp_path, frames=new)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "scores.parquet"), old)


def test_scoring_without_the_days_that_a_feature_knows_is_refused(derived, tmp_path) -> None:
    finished, tables = derived
    late = {n: f[f.timestamp >= pd.Timestamp("2024-02-01")] if "timestamp" in f else f for n, f in tables.items()}
    cutoff = str(finished.table("scores.parquet").cutoff.iloc[0].date())
    needed = r"from 2024-01-01 on.*days_since_activity, totals, averages, got none before 2024-02-01"
    with pytest.raises(UserError, match=needed):
        score(finished.folder, quick_config().data, cutoff=cutoff, out=tmp_path, frames=late)


def profitable_config(*, contact_cost: float) -> RunConfig:
    budget = BudgetConfig(contact_cost=contact_cost, save_rate=0.3)
    held = ControlConfig(share=0.2)
    segments = SegmentConfig(
        rule="profit", rank_by="expected_loss", number=500, budget=budget, control=held, groups=GroupConfig(max=1)
    )
    return replace(quick_config(), models=["churn.models.LightGBM"], segments=segments)


@pytest.fixture(scope="module")
def profitable(frames, tmp_path_factory) -> churn.Run:
    return churn.run(profitable_config(contact_cost=0.1), tmp_path_factory.mktemp("runs") / "profitable", frames=frames)


def test_a_run_with_a_budget_lists_as_many_as_pay_and_scores_new_data_by_it(profitable, frames, tmp_path) -> None:
    config, finished = profitable_config(contact_cost=0.1), profitable
    manifest, curve = json.loads((finished.folder / "manifest.json").read_text()), finished.table("budget.csv")
    scores, found = finished.table("scores.parquet"), manifest["budget"]
    assert 0 < found["best"] < len(scores)
    assert found["best"] == (scores.segment == "priority").sum()
    assert finished.priority.expected_loss.is_monotonic_decreasing
    assert curve.loc[curve.profit.idxmax(), "k"] == found["best"]
    assert (found["number"], manifest["segment"]["number"]) == (len(scores), 500)
    np.testing.assert_allclose(found["at_number"], curve.profit.iloc[-1])
    cutoff = manifest["segment"]["cutoff"]
    out = score(finished.folder, config.data, cutoff=cutoff, out=tmp_path / "s", frames=frames)
    pd.testing.assert_frame_equal(pd.read_csv(out / "budget.csv"), pd.read_csv(finished.folder / "budget.csv"))
    told, rates = manifest["earnings"], finished.table("segment_rates.csv").set_index(["segment", "target"])
    listed, called = len(finished.table("control.csv")), len(finished.priority)
    assert called < listed and (told["listed"], told["to_call"]) == (listed, called)
    assert told["profit"]["value"] == pytest.approx(called / listed * found["profit"])
    assert told["paying"] == listed and told["as_past_lists"] is None  # worth differs by user
    assert told["past_users"] == rates.n_users["priority", "churn"] > 0


def test_a_run_in_which_no_contact_pays_lists_nobody_and_says_so(profitable, frames, tmp_path) -> None:
    folder = Path(shutil.copytree(profitable.folder, tmp_path / "run"))
    finished = churn.run(profitable_config(contact_cost=1e6), folder, frames=frames)
    manifest = json.loads((finished.folder / "manifest.json").read_text())
    assert (manifest["budget"]["best"], manifest["segment"]["threshold"]) == (0, None)
    assert finished.priority.empty and manifest["earnings"]["profit"] is None
    assert "no number of calls is expected to earn what it costs" in finished.report.read_text()


def test_a_rank_by_amounts_of_a_log_without_stickers_is_refused_before_anything_is_fitted(refused) -> None:
    with refused("data.stickers with segments.rank_by: expected_loss", "none", "value_at_risk"):
        replace(quick_config(stickers=None), segments=SegmentConfig(rank_by="expected_loss"))


def test_without_a_budget_the_plan_has_no_rows(finished) -> None:
    assert finished.table("budget.csv").empty
    assert json.loads((finished.folder / "manifest.json").read_text())["budget"] is None


def test_without_stickers_fans_or_members_priority_is_p_churn(frames, tmp_path) -> None:
    own = frames["events"][frames["events"].actor_id == frames["events"].user_id]
    plain = {"log": own[["user_id", "timestamp"]].rename(columns={"user_id": "customer", "timestamp": "at"})}
    config = quick_config(
        events="log", event_columns={"user_id": "customer", "timestamp": "at"}, stickers=None, members=None
    )
    config = replace(config, models=["churn.models.LightGBM", "churn.models.Majority"])
    finished = churn.run(config, tmp_path / "run", frames=plain)
    scores = finished.table("scores.parquet")
    assert "p_sticker" not in scores
    pd.testing.assert_series_equal(scores.priority, scores.p_churn, check_names=False)
    assert set(finished.leaderboard.target) == {"churn"}
    assert (finished.folder / "report.html").exists()


def test_a_run_speaks_its_language_in_every_stage_and_no_longer(frames, tmp_path) -> None:
    def listen(context: Context) -> dict[str, object]:
        return {"heard": spoken()}

    for language in ("ko", "en"):
        config = replace(quick_config(), language=language)
        pipeline._run_stages(config, tmp_path / language, (listen,), frames)
        assert read_json(tmp_path / language / "manifest.json")["heard"] == language
        assert spoken() == "en"


def test_a_run_knows_its_list_and_report(finished) -> None:
    assert finished.priority["rank"].tolist() == list(range(1, len(finished.priority) + 1))
    assert finished.report == Path(finished.folder) / "report.html"


def test_data_that_were_mended_are_read_anew_after_a_run_that_failed_on_them(frames, tmp_path) -> None:
    half = frames["events"].timestamp.min() + pd.Timedelta(days=45)
    silent = frames["events"][(frames["events"].timestamp < half) | (frames["events"].user_id != HOSTILE[0])]
    broken = frames | {"events": silent[silent.actor_id.str.startswith("fan") | (silent.timestamp < half)]}
    config = replace(quick_config(), models=["churn.models.Majority"])
    with pytest.raises(UserError, match="at risk at the newest cutoff"):
        churn.run(config, tmp_path / "run", frames=broken)
    pipeline.tune(config, tmp_path / "run", frames=frames)
    windows = pd.read_parquet(tmp_path / "run" / "windows.parquet")
    assert windows.cutoff.max() > half + pd.Timedelta(days=14)


def test_passwords_stay_out_of_what_a_run_stores_and_of_its_fingerprint() -> None:
    sources = [f"postgresql://ada:{secret}@db/shop::events" for secret in ("s3cret", "other")]
    one, other = (quick_config(events=source).public() for source in sources)
    assert one == other
    assert one["data"]["events"] == "postgresql://ada:***@db/shop::events"
    shared = replace(quick_config(), tuning=TuningConfig(storage="postgresql://ada:s3cret@db/trials"))
    assert "s3cret" not in str(shared.public())


def test_scoring_defines_activity_and_days_as_the_run_did(frames, tmp_path) -> None:
    log = frames | {
        "events": frames["events"].assign(event=np.where(np.arange(len(frames["events"])) % 3, "post", "login"))
    }
    config = replace(quick_config(activity_events=["post"], zone="Asia/Seoul"), models=["churn.models.Majority"])
    finished = churn.run(config, tmp_path / "run", frames=log)
    cutoff = str(finished.table("scores.parquet").cutoff[0].date())
    plain = quick_config().data
    score(finished.folder, plain, cutoff=cutoff, out=tmp_path / "scored", frames=log)
    again = pd.read_parquet(tmp_path / "scored" / "scores.parquet")
    pd.testing.assert_frame_equal(again, finished.table("scores.parquet"))


@pytest.mark.parametrize(("old", "new"), [(True, False), (False, True), (False, False)])
def test_equal_rows_are_rejected_in_new_data_if_the_run_or_its_caller_asks_for_it(
    finished, frames, tmp_path, old, new
) -> None:
    log = frames | {"events": pd.concat([frames["events"]] * 2)}
    blocks = (replace(quick_config().data, deduplicate=asked) for asked in (old, new))
    dataset = prepare_alike(finished.folder, *blocks, folder=tmp_path / "dataset", frames=log)
    rejected = dataset.reconciliation["events"]["rejected"]
    assert rejected == ({"repeated row": log["events"].duplicated().sum()} if old or new else {})
    assert any("equal an earlier one" in finding.sentence for finding in examine_new(dataset)) == (not rejected)


@pytest.fixture(scope="module")
def thorough(frames, tmp_path_factory) -> churn.Run:
    """A search over two folds, two seeds, models trained on the kept features and learnt again, and two verdicts."""
    config = replace(
        quick_config(split=SplitConfig(folds=2, val_share=0.15, test_share=0.12)),
        tuning=TuningConfig(trials=2, history_days=[3, 7]),
        training=TrainingConfig(seeds=2, refit="all", kept=True),
        verdicts=VerdictConfig(ask=["architecture", "order"], windows=300, repetitions=20),
        explanation=replace(quick_config().explanation, rounds=10),  # after which some feature is rejected
        models=[QUICK_GRU, {"class_path": "churn.models.LightGBM", "init_args": {"max_trees": 20}}],
    )
    return churn.run(config, tmp_path_factory.mktemp("runs") / "thorough", frames=frames)


def test_each_trial_has_its_folder_and_its_curve(thorough) -> None:
    trials, curves = thorough.table("trials.csv"), thorough.table("trial_curves.csv")
    for (target, model), rows in trials.groupby(["target", "model"]):
        folders = sorted(path.name for path in (thorough.folder / "trials" / target / model).iterdir())
        assert folders == [f"{number:04d}" for number in rows.trial]
        seen = curves[(curves.target == target) & (curves.model == model)]
        assert set(seen.trial) == set(rows.trial)
    assert trials.history_days.isin([3, 7]).all()
    assert set(thorough.table("importances.csv").columns) == {"target", "model", "parameter", "importance"}


def test_models_are_trained_again_on_the_kept_features_and_stand_beside_those_on_all(thorough) -> None:
    features, board = thorough.table("features.csv"), thorough.table("leaderboard.csv")
    retrained = json.loads((thorough.folder / "manifest.json").read_text())["retrained"]
    for target, rows in features.groupby("target"):
        kept = rows[rows.kept].feature.tolist()
        if len(kept) == len(rows) or not kept:
            assert target not in retrained
            continue
        assert retrained[target] == ["GRU_kept", "LightGBM_kept"]
        twin = load(thorough.folder / "models" / target / "GRU_kept")
        assert [member.features for member in twin.members] == [kept, kept]
        assert {"GRU", "GRU_kept", "LightGBM_kept"} <= set(board[board.target == target].model)
        gaps = thorough.table("differences.csv").query("target == @target and model == 'GRU_kept'")
        assert set(gaps.reference) == {"LightGBM", "GRU"}
    assert retrained, "the example must have a feature that is not kept"


def test_the_scored_users_have_vectors_by_the_best_network_or_the_one_that_is_named(finished) -> None:
    board = finished.leaderboard.query("part == 'val' and metric == 'log_loss' and model in ['GRU', 'Foresight']")
    for target, rows in board.groupby("target"):
        best = rows.loc[rows.value.idxmin(), "model"]
        vectors = finished.embeddings(target=target)
        assert vectors.index.tolist() == finished.scores.user_id.tolist() and vectors.index.name == "user_id"
        assert list(vectors) == [f"e{place}" for place in range(1, 9)]
        assert np.isfinite(vectors.to_numpy()).all() and vectors.nunique().min() > 5
        pd.testing.assert_frame_equal(vectors, finished.embeddings(target, model=best))
        network = load(finished.folder / "models" / target / best)
        p = 1 / (1 + np.exp(-network.head(torch.from_numpy(vectors.to_numpy(np.float32))).detach().numpy()))
        if best == "GRU":
            windows = newest_windows(finished.dataset)
            np.testing.assert_allclose(p[:, 0], network.predict_proba(windows), atol=1e-6)
    other = finished.embeddings("churn", model="GRU"), finished.embeddings("churn", model="Foresight")
    assert np.abs(other[0] - other[1]).to_numpy().max() > 0.01


def test_vectors_are_of_the_network_that_scores_on_the_features_that_it_sees(thorough) -> None:
    target = thorough.targets[0]
    windows = newest_windows(thorough.dataset)
    for name in ("GRU", "GRU_kept"):
        if not (kept := thorough.folder / "models" / target / name).exists():
            continue
        scores = kept.with_name("refitted") if thorough.chosen(target) == name else kept
        expected = load(scores, target=target, name=name).members[0].embed(windows)
        np.testing.assert_array_equal(thorough.embeddings(target, model=name), expected)


def test_vectors_stand_under_the_hashes_of_the_scores_where_ids_are_hidden(finished, tmp_path) -> None:
    copy = shutil.copytree(finished.folder, tmp_path / "copy")
    text = (copy / "config.yaml").read_text()
    assert "id_key: null" in text
    (copy / "config.yaml").write_text(text.replace("id_key: null", f"id_key: {tmp_path / 'key'}"))
    names = Pseudonyms.make(tmp_path / "key", outside=copy)
    found, plain = churn.Run(copy).embeddings(), finished.embeddings()
    assert found.index.tolist() == names(plain.index.tolist())
    np.testing.assert_array_equal(found, plain)


@pytest.mark.parametrize(
    ("given", "expected", "found"),
    [
        ({"target": "return"}, "target out of churn, sticker", "'return'"),
        ({"model": "BiLSTM"}, "model out of", "'BiLSTM'"),
        ({"model": "LightGBM"}, "a network of churn", "LightGBM"),
    ],
)
def test_what_has_no_vectors_is_refused(finished, refused, given, expected, found) -> None:
    with refused(expected, found, ""):
        finished.embeddings(**given)


def test_fidelity_can_be_computed_from_what_the_run_keeps(finished) -> None:
    told = finished.table("surrogate.parquet")
    for row in finished.table("surrogates.csv").query("explained").itertuples():
        held = told[(told.target == row.target) & told.held_out]
        assert (held.user_id.nunique(), len(held)) == (row.n_users, row.n_windows)
        r2 = 1 - ((held.score - held.surrogate) ** 2).sum() / ((held.score - held.score.mean()) ** 2).sum()
        assert r2 == pytest.approx(row.r2)
        learned = told[(told.target == row.target) & ~told.held_out]
        assert not set(learned.user_id) & set(held.user_id)
        by_segment = finished.table("fidelity.csv").query("target == @row.target")
        assert by_segment.n_windows.sum() == row.n_windows


def test_shap_values_add_to_what_the_surrogate_says(finished) -> None:
    told = finished.table("surrogate.parquet").set_index(["target", "user_id", "cutoff"]).surrogate
    for target, rows in finished.table("shap.parquet").groupby("target"):
        sums = rows.groupby(["user_id", "cutoff"]).shap.sum()
        base = told[target].loc[sums.index] - sums
        assert len(base) > 50
        assert np.ptp(base) <= 1e-4


def test_a_networks_own_attributions_add_to_its_score(finished) -> None:
    completeness = json.loads((finished.folder / "manifest.json").read_text())["completeness"]
    each = finished.table("attributions.parquet")
    dataset = Context(RunConfig.load(finished.folder / "config.yaml"), finished.folder, {}, {}).dataset
    train = dataset.split().train
    for target, told in completeness.items():
        assert told["model"] in ("GRU", "Foresight")  # the better one
        sums = each[each.target == target].groupby(["user_id", "cutoff"]).attribution.sum()
        assert len(sums) == told["n_windows"] == 60
        p = load(finished.folder / "models" / target / told["model"]).predict_proba(train)
        logit = pd.Series(np.log(p / (1 - p)), pd.MultiIndex.from_arrays([train.user_ids, train.dates]))
        assert np.ptp(logit.loc[sums.index].to_numpy() - sums.to_numpy()) <= 2 * told["max_gap"] + 1e-4


def test_seeds_are_averaged_and_measured_one_by_one(thorough) -> None:
    assert isinstance(load(thorough.folder / "models" / "churn" / "GRU"), Ensemble)
    seeds = thorough.table("seeds.csv")
    assert set(seeds.seed) == {0, 1}
    assert set(seeds.metric) == set(METRICS) - {"precision", "recall", "f1"}  # each seed alone has no threshold
    auc = seeds[(seeds.metric == "roc_auc") & (seeds.part == "test")]
    assert auc.groupby(["target", "model"]).size().eq(2).all()
    assert json.loads((thorough.folder / "manifest.json").read_text())["seeds"] == 2


def test_what_scores_was_learnt_again_from_every_labelled_window_and_is_never_measured(thorough) -> None:
    manifest, windows = json.loads((thorough.folder / "manifest.json").read_text()), thorough.table("windows.parquet")
    refit = manifest["refit"]
    assert refit["policy"] == "all"
    n = int(windows.churn.notna().sum()) + manifest["audit"]["windows_in_gaps"]
    assert {target: found["windows"] for target, found in refit["targets"].items()} == {"churn": n, "sticker": n}
    dataset = Context(RunConfig.load(thorough.folder / "config.yaml"), thorough.folder, {}, {}).dataset
    newest = dataset.windows.take(dataset.windows.cutoff == dataset.panel.n_days)
    models, scores = thorough.folder / "models", thorough.table("scores.parquet").sort_values("user_id")
    for refitted, same in ((True, True), (False, False)):
        p = score_windows(newest, models, refitted=refitted).sort_values("user_id").p_churn
        assert np.allclose(p, scores.p_churn, atol=1e-9) == same
    test = dataset.split().test
    predictions = thorough.table("predictions.parquet").query("target == 'churn' and part == 'test'")
    chosen = predictions[predictions.model == manifest["chosen"]["churn"]]
    np.testing.assert_allclose(score_windows(test, models).p_churn, chosen.p, atol=1e-6)


def test_verdicts_are_written_with_their_sentences(thorough) -> None:
    said = json.loads((thorough.folder / "verdicts.json").read_text())
    assert [(one["verdict"], one["target"]) for one in said] == [
        (name, target) for name in ("architecture", "order") for target in ("churn", "sticker")
    ]
    assert all(one["sentence"] and one["question"] for one in said)
    table = thorough.table("verdicts.csv")
    assert set(table.verdict) == {"order", "architecture"}
    assert set(table[table.verdict == "order"].model) == {"GRU", "LightGBM"}
    assert set(table[table.verdict == "architecture"].model) == {"GRU"}


def test_a_search_that_was_killed_between_models_goes_on_in_the_same_folder(frames, tmp_path, monkeypatch) -> None:
    plain = quick_config(features=[])  # whose choice makes fits of its own
    config = replace(plain, models=["churn.models.LightGBM"], tuning=TuningConfig(trials=2))
    whole = pipeline.tune(config, tmp_path / "whole", frames=frames).table("trials.csv")
    fits = []

    def killed(self, *arguments, **options):
        fits.append(1)
        if len(fits) == 4:
            raise KeyboardInterrupt
        return original(self, *arguments, **options)

    original = LightGBM.fit
    monkeypatch.setattr(LightGBM, "fit", killed)
    with pytest.raises(KeyboardInterrupt):
        pipeline.tune(config, tmp_path / "parts", frames=frames)
    parts = pipeline.tune(config, tmp_path / "parts", frames=frames).table("trials.csv")
    ended = parts[parts.state.isin(["complete", "pruned"])]
    assert len(fits) == 5
    assert ended.groupby("target").size().to_dict() == {"churn": 2, "sticker": 2}
    pd.testing.assert_frame_equal(ended.drop(columns="trial").reset_index(drop=True), whole.drop(columns="trial"))


def as_stages_see(folder: Path, **blocks: object) -> Context:
    """A run's folder with its own configuration but for some blocks."""
    return Context(replace(RunConfig.load(folder / "config.yaml"), **blocks), folder, {}, {})


def windows_of(table: pd.DataFrame) -> set[tuple[object, object]]:
    return set(zip(table.user_id, table.cutoff, strict=True))


def test_features_are_screened_by_the_training_part_alone(finished) -> None:
    train = as_stages_see(finished.folder).split.train
    alone = collinearity(train.summary(), list(train.features)).vif
    for _, rows in finished.table("features.csv").groupby("target"):
        np.testing.assert_allclose(rows.vif, alone)


def test_surrogates_imitate_each_model_s_own_scores_of_training_windows(derived) -> None:
    run, _ = derived
    train = windows_of(as_stages_see(run.folder).split.train.table())
    for _, rows in run.table("surrogate.parquet").groupby("target"):
        assert len(rows) == 1000 and windows_of(rows) <= train
    measured = run.table("surrogates.csv")
    assert set(measured[~measured.explained].model) == {"GRU"}  # imitated to compare, beside the model that scores
    assert measured.groupby("target").r2.nunique().tolist() == [2, 2]


def test_fidelity_on_the_list_is_of_those_who_would_be_on_it(derived) -> None:
    run, _ = derived
    context = as_stages_see(run.folder)
    scored = score_windows(context.split.train, run.folder / "models").merge(
        run.table("surrogate.parquet").query("target == 'churn'"), on=["user_id", "cutoff"]
    )
    listed = prioritise(scored, context.segments).segment == "priority"
    told = run.table("fidelity.csv").query("target == 'churn'").set_index("segment").n_windows
    assert told["priority"] == (listed & scored.held_out).sum() < told["other"]


def test_losses_by_which_networks_compete_are_those_of_half_a(finished) -> None:
    half_a = finished.table("predictions.parquet").query("part == 'val'")
    for target, rows in half_a.groupby("target"):
        loss = -np.log(np.where(rows.y == 1, rows.p, 1 - rows.p))
        expected = pd.Series(loss).groupby(rows.model.to_numpy()).mean().to_dict()
        assert as_stages_see(finished.folder).val_losses(target) == pytest.approx(expected)


def test_without_foresight_the_chance_if_the_user_stays_is_learnt_from_those_of_half_b_who_stayed(derived) -> None:
    run, _ = derived
    half_b, chosen = run.table("predictions.parquet").query("part == 'calibration'"), run.folder / "models"
    of = {
        target: half_b[(half_b.target == target) & (half_b.model == name)].reset_index(drop=True)
        for target, name in read_json(chosen / "chosen.json").items()
    }
    stayed = of["churn"].y == 0
    p, received = ({name: of[name][c][stayed].to_numpy() for name in of} for c in ("p", "y"))
    expected, learnt = (
        fit_if_stays(p["churn"], p["sticker"], received["sticker"]),
        IfStays.load(chosen / "sticker" / IF_STAYS),
    )
    assert (learnt.shift, learnt.sticker, learnt.churn) == pytest.approx(
        (expected.shift, expected.sticker, expected.churn), abs=1e-3
    )
    scores = run.table("scores.parquet")
    if_stays = learnt(scores.p_churn.to_numpy(), scores.p_sticker.to_numpy())
    np.testing.assert_allclose(scores.p_sticker_if_stays, if_stays)
    assert "back_by" not in scores and run.future.empty


def test_past_lists_are_drawn_at_every_cutoff_of_the_test_part_with_the_line_of_the_scored_day(
    finished, tmp_path
) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    p = score_windows(as_stages_see(folder).split.test, folder / "models").p_churn
    line = float(p.quantile(0.3))
    drawn = replace(as_stages_see(folder).config.segments, rule="quantile", likely_churn=line)
    compare_segments(as_stages_see(folder, segments=drawn))
    n = read_table(folder / "segment_rates.csv").query("target == 'churn'").set_index("segment").n
    at_risk = finished.table("windows.parquet").query("part == 'test'").groupby("cutoff").size()
    assert n["all"] == at_risk.sum()
    assert n["priority"] == sum(max(1, round(0.1 * users)) for users in at_risk)
    assert n["likely churner"] <= (p >= line).sum() <= n["likely churner"] + n["priority"]


def test_the_distribution_is_of_the_score_that_orders_the_list(finished) -> None:
    ends = finished.table("score_distribution.csv").query("scale == 'raw'")
    score = finished.table("scores.parquet")[finished.manifest["segment"]["rank_by"]]
    assert (ends.low.min(), ends.high.max()) == pytest.approx((score.min(), score.max()))


def test_the_order_is_chosen_on_half_a_and_judged_on_the_test_part(finished) -> None:
    context, models = as_stages_see(finished.folder), finished.folder / "models"
    kept, tables, split = Order.load(models), finished.table("orders.csv"), context.split
    for part, windows in (("val", split.val_a), ("test", split.test)):
        again = compare_orders(windows, score_windows(windows, models), SegmentConfig())
        found = tables[tables.part == part].reset_index(drop=True)
        assert found.beaten_by.fillna("").tolist() == again.pop("beaten_by").tolist()
        pd.testing.assert_frame_equal(found[list(again)], again, check_dtype=False)
        assert found.chosen.tolist() == (found.rank_by == kept.rank_by).tolist()
        if part == "val":
            assert (
                kept.rank_by
                == choose_order(again.assign(beaten_by=found.beaten_by.fillna("")))
                == finished.manifest["segment"]["rank_by"]
            )
    judged = tables.query("chosen and part == 'test'").iloc[0]
    assert (kept.value, kept.by_lot, kept.users) == pytest.approx((judged.value, judged.by_lot, judged.n_users))
    assert finished.manifest["order"] == kept.facts() and kept.measure == "amount"


def test_a_number_of_users_is_halved_for_lists_of_half_of_the_users(finished, tmp_path) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    context = as_stages_see(folder, segments=SegmentConfig(rule="number", number=10))
    stages.choose_order(context)
    by_part, half = read_table(folder / "orders.csv").groupby("part").first(), len(context.split.val_a)
    assert (by_part.n / by_part.lists)["test"] == 10
    assert (by_part.n / by_part.lists)["val"] == round(10 * half / len(context.split.val)) < 8


def test_the_list_of_every_stage_and_of_new_scores_is_in_the_order_that_the_run_chose(
    finished, frames, tmp_path, unsealed
) -> None:
    folder = unsealed(finished.folder, tmp_path / "run")
    other = next(name for name in ("expected_loss", "p_churn") if name != finished.manifest["segment"]["rank_by"])
    replace(Order.load(folder / "models"), rank_by=other).save(folder / "models")  # as if it had done best
    told = score_users(as_stages_see(folder))["segment"]
    scores, listed = read_table(folder / "scores.parquet"), read_table(folder / "priority.parquet")
    size = round(0.1 * len(scores))
    assert told["rank_by"] == other and told["threshold"] == pytest.approx(scores[other].nlargest(size).min())
    assert listed[other].is_monotonic_decreasing and set(listed.user_id) == set(
        scores.user_id[scores.segment == "priority"]
    )
    places = scores.priority.rank(ascending=False)[scores.segment == "priority"]
    assert listed.priority_rank.sum() == pytest.approx(places.sum(), abs=3)  # equal ones at random
    tests = finished.table("segment_tests.csv")
    compare_segments(as_stages_see(folder))
    rules = read_table(folder / "segment_rules.csv")
    assert set(rules.rank_by[rules.used]) == {other}
    pd.testing.assert_frame_equal(read_table(folder / "segment_tests.csv"), tests, check_dtype=False)
    again = score(folder, quick_config().data, cutoff=told["cutoff"], out=tmp_path / "s", frames=frames)
    pd.testing.assert_frame_equal(read_table(again / "priority.parquet"), listed)


def test_another_order_is_asked_for_without_training(finished, frames, tmp_path) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    before = {path: path.stat().st_mtime_ns for path in folder.glob("models/*/*/model.json")}
    config = replace(quick_config(), segments=SegmentConfig(rank_by="p_churn", groups=FEW))
    drawn = churn.run(config, folder, frames=frames)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert (drawn.manifest["order"]["rank_by"], drawn.manifest["order"]["asked"]) == ("p_churn", "p_churn")
    assert drawn.table("priority.parquet").p_churn.is_monotonic_decreasing
    assert drawn.table("orders.csv").query("chosen").rank_by.tolist() == ["p_churn"] * 2


def test_the_page_and_the_spreadsheet_begin_with_one_sentence_and_can_be_written_again(finished, tmp_path) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    first = openpyxl.load_workbook(folder / "priority.xlsx")["about"]["B1"].value
    assert first == advice(finished) and first
    rows = read_table(folder / "priority.csv")
    with speaking("ko"):
        write_contacts(folder, Order.load(folder / "models"), as_stages_see(folder).segments)
        korean = advice(churn.Run(folder))
    book = openpyxl.load_workbook(folder / "priority.xlsx")
    assert book["안내"]["B1"].value == korean != first and HANGUL.search(korean)
    again = read_table(folder / "priority.csv")
    pd.testing.assert_frame_equal(again.filter(regex="^(?!reason)"), rows.filter(regex="^(?!reason)"))


def test_a_review_asks_for_the_configured_fidelity_and_keeps_the_data_s_warnings_from_later_lists(finished) -> None:
    context = as_stages_see(finished.folder)
    strict = replace(context.config, explanation=replace(context.config.explanation, fidelity_floor=0.9999))
    usual, told = review_run(context), review_run(replace(context, config=strict))
    under = [sum("under the floor of" in warning for warning in found["warnings"]) for found in (usual, told)]
    assert under[0] <= under[1] == 2
    data = set(map(retold, read_json(finished.folder / "manifest.json")["audit"]["warnings"]))
    assert data and data <= set(told["warnings"]) and not data & set(told["list_warnings"])


def test_views_are_drawn_by_the_keys_of_explore(finished, frames, tmp_path, unsealed) -> None:
    folder = unsealed(finished.folder, tmp_path / "run")
    kinds = np.where(np.arange(len(frames["events"])) % 3, "post", "login")
    asked = ExploreConfig(period_days=10, within_days=9, gap_minutes=5000, before_days=7)
    named = frames | {"events": frames["events"].assign(event=kinds)}
    explore_data(replace(as_stages_see(folder, explore=asked), frames=named))
    said = {name: str(view) for _, name, view in churn.Run(folder).views()}
    assert "10-day period" in said["retention"]
    assert all("within 9 days" in said[name] for name in ("returns", "definitions"))
    assert int(re.search(r"n = ([\d,]+) sessions", said["variants"])[1].replace(",", "")) < 1000  # of 30 minutes, more
    test = finished.table("windows.parquet").query("part == 'test'")
    fates = test[test.cutoff == test.cutoff.max()].churn.value_counts()
    assert f"{fates[1]} in fell silent, {fates[0]} in stayed" in said["journeys_of_churners"]


def test_what_everyone_scored_has_in_common_is_nobody_s_reason(finished) -> None:
    newest = newest_windows(as_stages_see(finished.folder).dataset)
    alone = newest.take(np.arange(1))
    assert reasons_of(alone, finished.folder / "models", among=alone, others=others(alone)).empty
    assert len(reasons_of(alone, finished.folder / "models", among=newest, others=others(newest)))


def test_new_refunds_are_taken_as_the_run_took_them(finished, frames, tmp_path) -> None:
    refund = frames["stickers"].iloc[:1].assign(amount=-1.0)
    log = frames | {"stickers": pd.concat([frames["stickers"], refund])}
    old = replace(quick_config().data, negative="drop")
    dataset = prepare_alike(finished.folder, old, quick_config().data, folder=tmp_path / "dataset", frames=log)
    assert dataset.reconciliation["stickers"]["rejected"] == {"negative amount, left out": 1}


def test_new_scores_warn_where_the_scored_day_has_moved(finished, frames, tmp_path, unsealed) -> None:
    folder = unsealed(finished.folder, tmp_path / "run")
    manifest = read_json(folder / "manifest.json")
    manifest["drift"]["training"]["at_risk"] = 10_000.0
    write_json(manifest, folder / "manifest.json")
    cutoff = manifest["drift"]["now"]["cutoff"]
    told = read_json(
        score(folder, quick_config().data, cutoff=cutoff, out=tmp_path / "s", frames=frames) / "scoring.json"
    )
    assert any("there were 10,000" in warning for warning in map(retold, told["warnings"]))
