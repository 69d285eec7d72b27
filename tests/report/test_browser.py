import re
import shutil

import numpy as np
import pandas as pd
import pytest

from churn import eda
from churn.artefacts import declared, read_table, write_table
from churn.report import write_report

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")]
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
LIST = "#list tbody tr"
CLIPBOARD = (
    "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { window.copied = text; }}})"
)
EVERY = ["tiny", "narrow", "wide", "tiny_evidence", "narrow_evidence", "wide_evidence"]
CHARTS = ".chart:not(details:not([open]) .chart)"  # those in closed folds have no place yet

# The least contrast of words is 4.5, and 3 where they are large: WCAG 2.2, success criterion 1.4.3.
PALE = """() => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (colour) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.slice(0, 3).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")].flatMap((element) => {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest("script, style, noscript")) return [];
    if (element.closest("svg") && !element.closest(".xtick, .ytick, .legendtext")) return [];  // on a coloured cell
    const style = getComputedStyle(element), colour = numbers(element.closest("svg") ? style.fill : style.color);
    const [low, high] = [light(colour), light(behind(element))].sort((a, b) => a - b);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    const contrast = (high + 0.05) / (low + 0.05);
    return contrast < (large ? 3 : 4.5) ? [`${contrast.toFixed(2)}: ${element.textContent.slice(0, 60)}`] : [];
  });
}"""


@pytest.fixture(scope="module")
def browser():
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visit(browser):
    """Open a run's page without a network; what the browser said is in `page.heard`."""

    def opened(run, width=1280, height=900, file=declared.REPORT):
        page = browser.new_context(viewport={"width": width, "height": height}, offline=True).new_page()
        page.heard = {"console": [], "requests": [], "dialogs": []}
        page.on("console", lambda message: page.heard["console"].append(message.text))
        page.on("pageerror", lambda error: page.heard["console"].append(str(error)))
        page.on("request", lambda request: page.heard["requests"].append(request.url))
        page.on("dialog", lambda dialog: (page.heard["dialogs"].append(dialog.message), dialog.dismiss()))
        page.goto((run / file).as_uri())
        return page

    return opened


def with_every_chart(page):
    """The page after it was prepared for the printer, which draws what had not come near the screen."""
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    api.expect(page.locator(f"{CHARTS}:not(:has(.main-svg))")).to_have_count(0)
    return page


@pytest.fixture(scope="module")
def wide(visit, finished):
    return with_every_chart(visit(finished))


@pytest.fixture(scope="module")
def narrow(visit, finished):
    return with_every_chart(visit(finished, 390))


@pytest.fixture(scope="module")
def tiny(visit, finished):
    return with_every_chart(visit(finished, 320))


@pytest.fixture(scope="module")
def wide_evidence(visit, finished):
    return with_every_chart(visit(finished, file=declared.EVIDENCE))


@pytest.fixture(scope="module")
def narrow_evidence(visit, finished):
    return with_every_chart(visit(finished, 390, file=declared.EVIDENCE))


@pytest.fixture(scope="module")
def tiny_evidence(visit, finished):
    return with_every_chart(visit(finished, 320, file=declared.EVIDENCE))


@pytest.fixture(scope="module")
def long(visit, finished, tmp_path_factory):
    """A page whose list has 1,000 users."""
    run = shutil.copytree(finished, tmp_path_factory.mktemp("long") / "run")
    users = pd.concat([read_table(run / "priority.parquet")] * 50).head(1_000)
    rank = range(1, 1_001)
    users = users.assign(rank=rank, user_id=[f"user-{n:04d}" for n in rank], p_churn=[n / 2_000 for n in rank])
    write_table(users, run / "priority.parquet")
    write_report(run)
    return visit(run)


@pytest.fixture
def page(wide):
    """The wide page, with nothing searched for."""
    return unfiltered(wide)


@pytest.fixture
def long_page(long):
    """The page with the long list, with nothing searched for and its best users first."""
    rank = long.locator("#list th", has_text="Rank")
    while rank.get_attribute("aria-sort") != "ascending":
        rank.locator("button").click()
    return unfiltered(long)


def unfiltered(page):
    if page.locator("#list [data-clear]").is_visible():
        page.locator("#list [data-clear]").click()
    return page


def to_the_end(page):
    page.locator("#list .box").evaluate("(box) => box.scrollTo(0, box.scrollHeight)")


def status(page):
    return page.locator("#list .status").inner_text()


def column(page, place):
    return [cell.strip() for cell in page.locator(f"{LIST} td:nth-child({place})").all_inner_texts()]


def test_the_page_opens_without_a_word_in_the_console_or_on_the_network(page, finished):
    assert page.heard == {"console": [], "requests": [(finished / "report.html").as_uri()], "dialogs": []}


def test_the_evidence_opens_as_quietly(wide_evidence, finished):
    heard = {"console": [], "requests": [(finished / "evidence.html").as_uri()], "dialogs": []}
    assert wide_evidence.heard == heard


def test_the_page_without_stickers_opens_as_quietly(visit, without_stickers):
    write_report(without_stickers)
    heard = visit(without_stickers).heard
    assert heard == {"console": [], "requests": [(without_stickers / "report.html").as_uri()], "dialogs": []}


def test_a_chart_is_drawn_when_it_comes_near_the_screen(visit, finished):
    page = visit(finished, file=declared.EVIDENCE)
    far = page.locator("#verdicts .chart").first
    assert far.locator(".main-svg").count() == 0
    far.scroll_into_view_if_needed()
    far.locator(".main-svg").first.wait_for()


def test_paper_has_every_chart_outside_closed_folds(visit, finished):
    page = visit(finished, file=declared.EVIDENCE)
    page.pdf()
    drawn = page.locator(".chart:has(.main-svg)").count()
    assert page.locator(CHARTS).count() == drawn >= 30


def test_a_chart_in_a_fold_is_drawn_to_its_width_when_the_fold_opens(visit, finished):
    page = visit(finished, 390, file=declared.EVIDENCE)
    fold = page.locator("#search details", has_text="Learning curves")
    assert fold.locator(".chart").count() == 8
    assert fold.locator(".main-svg").count() == 0
    fold.locator("summary").click()
    for chart in fold.locator(".chart").all():
        chart.scroll_into_view_if_needed()
        chart.locator(".main-svg").first.wait_for()
    widths = fold.locator(".main-svg").evaluate_all("(all) => all.map((svg) => svg.getBoundingClientRect().width)")
    assert 300 < min(widths) <= max(widths) <= 390


@pytest.mark.parametrize(("language", "month"), [("ko", "1월"), ("en", "Jan")])
def test_days_on_an_axis_are_written_in_the_language_of_the_page(visit, finished, tmp_path, language, month):
    run = shutil.copytree(finished, tmp_path / "run")
    days = pd.date_range("2024-01-01", periods=21)
    view = eda.decompose(pd.Series(np.arange(21) % 7 + np.arange(21) ** 2 % 5.0, days, name="users"))
    told = {"section": "seasons", "name": "seasons_active_users"} | eda.keep_view(view, "seasons_active_users", run)
    declared.VIEWS.write([told], run)
    write_report(run, language=language)
    page = with_every_chart(visit(run, file=declared.EVIDENCE))
    assert month in "".join(page.locator("#seasons .chart text").all_text_contents())


def test_tags_in_a_feature_name_are_shown_as_they_are(wide_evidence):
    labels = wide_evidence.locator("#drivers .chart").first.locator("text").all_text_contents()
    assert any("<b>shout</b>" in text for text in labels)


def test_a_script_that_was_smuggled_in_would_not_run(visit, finished, tmp_path):
    html = (finished / "report.html").read_text(encoding="utf8")
    (tmp_path / "report.html").write_text(html.replace("</main>", "<script>alert(9)</script></main>"), encoding="utf8")
    page = visit(tmp_path)
    assert page.heard["dialogs"] == [] and "Content Security Policy" in page.heard["console"][0]


def test_a_click_on_a_head_sorts_and_a_second_click_turns_the_order(page):
    head = page.locator("#list th", has_text="Churn")
    head.locator("button").click()
    down = [float(text.rstrip("\u00a0%")) for text in column(page, 4)]
    assert down == sorted(down, reverse=True) and len(set(down)) > 5
    assert head.get_attribute("aria-sort") == "descending"
    head.locator("button").click()
    assert [float(text.rstrip("\u00a0%")) for text in column(page, 4)] == sorted(down)


def test_the_keyboard_sorts_too(page):
    page.locator("#list th button", has_text="Rank").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    ranks = [int(text) for text in column(page, 1)]
    assert ranks == sorted(ranks, reverse=True)


def test_cells_without_a_number_sort_last_in_either_order(wide_evidence):
    parts = wide_evidence.locator("#health [data-table]").nth(1)
    parts.locator("th button", has_text="Part").click()
    assert parts.locator("tbody tr").first.inner_text().startswith("score")
    for _ in range(2):
        parts.locator("th button", has_text="Churn rate").click()
        assert parts.locator("tbody tr").last.inner_text().startswith("score")


def test_search_leaves_the_rows_that_hold_the_words(page):
    total = page.locator(LIST).count()
    page.locator("#list input[type=search]").fill('"QUOTED')
    assert column(page, 2) == ['"quoted"']
    assert status(page) == f"1 of {total} rows"


def test_copied_rows_hold_whole_ids_and_no_formula(page):
    page.evaluate(CLIPBOARD)
    page.locator("#list button", has_text="Copy table").click()
    rows = [line.split("\t") for line in page.evaluate("window.copied").split("\n")]
    ids = [row[1] for row in rows]
    assert rows[0][:3] == ["Rank", "User", "Priority"] and len(rows) == page.locator(LIST).count() + 1
    assert "'=1+1" in ids and "x" * 1_000 in ids and "<script>alert(1)</script>" in ids
    assert any(re.search(r"\d%$", cell) for cell in rows[1]) and "\xa0" not in page.evaluate("window.copied")


def test_a_least_chance_and_a_reason_leave_the_rows_that_have_both(page):
    total = page.locator(LIST).count()
    page.locator("#list [data-least]").first.fill("50")
    likely = column(page, 4)
    assert 0 < len(likely) < total and all(float(text.rstrip("\u00a0%")) >= 50 for text in likely)
    page.locator("#list select").select_option("fan reply")
    reasons = column(page, 6)
    assert 0 < len(reasons) < len(likely) and all("fan reply: none" in text for text in reasons)
    assert status(page) == f"{len(reasons)} of {total} rows"
    page.locator("#list [data-clear]").click()
    assert page.locator(LIST).count() == total and status(page) == f"{total} of {total} rows"


def test_the_reasons_to_choose_from_are_counted(page):
    options = page.locator("#list select option").all_text_contents()
    assert options[0] == "any" and options[1] == f"own post ({page.locator(LIST).count()})"


def test_a_long_list_is_drawn_as_far_as_it_is_read(long_page):
    assert status(long_page) == "1,000 of 1,000 rows" and long_page.locator(LIST).count() == 100
    more = long_page.locator("#list [data-more]")
    assert more.inner_text() == "Show 100 more rows"
    more.focus()
    long_page.keyboard.press("Enter")
    drawn = long_page.locator(LIST).count()
    assert drawn >= 200
    to_the_end(long_page)
    long_page.locator(f"{LIST}:nth-child({drawn + 1})").wait_for()
    assert column(long_page, 1) == [str(n) for n in range(1, long_page.locator(LIST).count() + 1)]


def test_rows_that_are_not_drawn_yet_are_searched_filtered_sorted_and_copied(long_page):
    long_page.evaluate(CLIPBOARD)
    long_page.locator("#list th", has_text="Churn").locator("button").click()
    assert column(long_page, 2)[:2] == ["user-1000", "user-0999"]
    long_page.locator("#list [data-least]").first.fill("49.5")
    assert status(long_page) == "12 of 1,000 rows"  # 49.45% is shown as 49.5%
    long_page.locator("#list button", has_text="Copy ids").click()
    assert long_page.evaluate("window.copied").split("\n") == [f"user-{n:04d}" for n in range(1_000, 988, -1)]
    assert status(long_page) == "12 rows copied"
    long_page.locator("#list input[type=search]").fill("USER-0993")
    assert column(long_page, 2) == ["user-0993"]


def test_paper_has_the_first_rows_of_a_long_list_and_says_so(long_page):
    to_the_end(long_page)
    long_page.locator(f"{LIST}:nth-child(101)").wait_for()
    long_page.emulate_media(media="print")
    long_page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert long_page.locator("#list .on-paper").inner_text() == "On paper stand the first 100 of 1,000 rows."
    assert long_page.locator(LIST).count() == 100
    long_page.emulate_media(media="screen")
    assert not long_page.locator("#list .on-paper").is_visible()


def test_the_report_is_eight_screens_long_at_most_and_its_first_has_the_advice_and_the_list(visit, finished):
    page = visit(finished)
    assert page.evaluate("document.documentElement.scrollHeight") <= 8 * 900
    first = [page.locator("#glance .tile").last, page.locator(f"{LIST}:first-child")]
    assert max(one.bounding_box()["y"] + one.bounding_box()["height"] for one in first) <= 900


def test_the_list_stands_on_a_phone_s_first_two_screens(visit, finished):
    page = visit(finished, 390, 844)
    box = page.locator(f"{LIST}:first-child").bounding_box()
    assert box["y"] + box["height"] <= 2 * 844


def test_the_verdicts_stand_on_the_first_screen_of_the_evidence(visit, finished):
    page = visit(finished, 1280, 800, file=declared.EVIDENCE)
    said = page.locator("#checks .checks li")
    inside = said.evaluate_all("(all) => all.filter((one) => one.getBoundingClientRect().bottom <= 800).length")
    assert inside == 8  # the list's verdict, three of each target, the data's


def test_a_click_leads_to_the_numbers_behind_a_section_and_back(visit, finished):
    page = visit(finished)
    page.locator("#worth .behind a").click()
    page.wait_for_url("**/evidence.html#budget")
    page.locator("#budget .behind a").click()
    page.wait_for_url("**/report.html#worth")


def test_a_page_without_charts_carries_no_plotly(wide):
    assert wide.evaluate("typeof Plotly") == "undefined" and wide.locator(".chart").count() == 0


@pytest.mark.parametrize("width", EVERY)
def test_words_stand_out_from_what_lies_behind_them(request, width):
    page = request.getfixturevalue(width)
    assert page.evaluate(PALE) == []


@pytest.mark.parametrize("width", EVERY)
def test_the_page_never_scrolls_sideways(request, width):
    page = request.getfixturevalue(width)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    screen = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= screen
    boxes = page.evaluate("[...document.querySelectorAll('.box')].map((box) => box.getBoundingClientRect().right)")
    assert max(boxes) <= screen


@pytest.mark.parametrize(("charts", "least"), [(":not(.multiples) > figure", 300), (".multiples > figure", 140)])
def test_charts_fit_a_narrow_screen(narrow_evidence, charts, least):
    drawn = narrow_evidence.locator(f"{charts} .chart .main-svg")
    widths = drawn.evaluate_all("(all) => all.map((svg) => svg.getBoundingClientRect().width)")
    assert least < min(widths) <= max(widths) <= 390


@pytest.mark.parametrize("width", ["narrow_evidence", "wide_evidence"])
def test_no_label_of_a_chart_is_cut_off(request, width):
    page = request.getfixturevalue(width)
    cut = """() => [...document.querySelectorAll('.chart .main-svg')].flatMap((svg) => {
        const frame = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter((text) => {
            const box = text.getBoundingClientRect();
            return box.width > 0 && (box.left < frame.left - 2 || box.right > frame.right + 2
                || box.top < frame.top - 2 || box.bottom > frame.bottom + 2);
        }).map((text) => svg.closest('figure').querySelector('.figure-title').textContent + ': ' + text.textContent);
    })"""
    assert page.evaluate(cut) == []


@pytest.mark.parametrize("typed", ["41.6", "41,6", "41.6%", "41.6 %", " 41,6"])
def test_a_least_chance_keeps_who_is_shown_with_it_however_it_is_typed(long_page, typed):
    users = long_page.locator("#list [data-least]").first
    users.fill(typed)
    shown = column(long_page, 4)
    assert shown[0] == "41.6%" and status(long_page) == f"{1_000 - 831} of 1,000 rows"


def test_what_is_no_number_leaves_all_rows(long_page):
    field = long_page.locator("#list [data-least]").first
    field.fill("much")
    assert status(long_page) == "1,000 of 1,000 rows" and field.get_attribute("aria-invalid") == "true"


def test_words_are_found_in_any_order(page):
    search = page.locator("#list input[type=search]")
    search.fill("days QUOTED own")
    assert column(page, 2) == ['"quoted"']
    search.fill("days QUOTED never")
    assert column(page, 2) == []


def test_nothing_found_is_said(page):
    nothing = page.locator("#list .nothing")
    assert not nothing.is_visible()
    page.locator("#list input[type=search]").fill("nobody has this")
    assert nothing.inner_text() == "Nothing found: no row has all that is asked for."
    page.locator("#list [data-clear]").click()
    assert not nothing.is_visible()


def test_on_a_phone_the_list_begins_short_and_a_button_shows_the_rest(visit, finished):
    page = visit(finished, 390)
    more = page.locator("#list [data-more]")
    more.scroll_into_view_if_needed()
    assert page.locator(LIST).count() == 10 and more.inner_text() == "Show 20 more rows"
    more.click()
    assert page.locator(LIST).count() == 30 and not more.is_visible()


def test_paper_says_of_a_filtered_list_what_was_asked_for(page):
    note, total = page.locator("#list .filtered"), page.locator(LIST).count()
    page.locator("#list [data-least]").first.fill("50")
    page.locator("#list select").select_option("fan reply")
    found = page.locator(LIST).count()
    page.emulate_media(media="print")
    assert note.inner_text().startswith(
        f"Not the whole table: {found} of {total} rows. Asked for: Churn at least: 50; "
    )
    page.emulate_media(media="screen")
    assert not note.is_visible()
    unfiltered(page)
    page.emulate_media(media="print")
    assert not note.is_visible()
    page.emulate_media(media="screen")


def test_on_paper_heads_are_text_and_no_pair_of_charts_is_a_grid(wide_evidence):
    """Chromium paints a button in the first head of a table alone, and leaves blank pages between rows of a grid."""
    page = wide_evidence
    page.emulate_media(media="print")
    shown = "(all) => [...new Set(all.map((one) => getComputedStyle(one).display))]"
    assert page.locator("th button").evaluate_all(shown) == ["contents"]
    assert page.locator(".beside:not(:has(.checks))").evaluate_all(shown) == ["block"]
    page.emulate_media(media="screen")


def test_tables_of_cards_show_all_their_cells_on_a_phone(narrow_evidence):
    cards = narrow_evidence.locator(".box:has(table.cards)")
    assert cards.count() >= 2
    wide = "(all) => all.filter((box) => box.scrollWidth > box.clientWidth).length"
    assert cards.evaluate_all(wide) == 0


def test_the_contents_mark_the_section_that_is_read(visit, finished):
    page = visit(finished, file=declared.EVIDENCE)
    for anchor in ("checks", "line"):
        page.evaluate(f"document.getElementById('{anchor}').scrollIntoView({{behavior: 'instant'}})")
        marked = page.locator("nav a[aria-current]")
        api.expect(marked).to_have_count(1)
        api.expect(marked).to_have_attribute("href", f"#{anchor}")


def test_a_process_map_scrolls_sideways_on_a_phone_and_the_page_does_not(visit, finished, tmp_path):
    run = shutil.copytree(finished, tmp_path / "run")
    steps = [("(start)", "post", 9, 1.0, 9, 0.0, 0), ("post", "(end)", 9, 1.0, 9, 0.0, 0)]
    table = pd.DataFrame(steps, columns=["from", "to", "count", "share", "users", "median_minutes", "n"])
    view = eda.DirectlyFollows(table, None, "n = 9", ())
    told = {"section": "journeys", "name": "directly_follows"} | eda.keep_view(view, "directly_follows", run)
    declared.VIEWS.write([told], run)
    write_report(run)
    figure = with_every_chart(visit(run, 390, file=declared.EVIDENCE)).locator("#journeys figure")
    api.expect(figure).to_have_class("wider")
    assert figure.evaluate("(one) => one.scrollWidth - one.clientWidth") > 200
    assert figure.evaluate("() => document.documentElement.scrollWidth") == 390


def test_a_table_that_goes_on_to_the_right_fades_there_until_its_end(narrow_evidence, wide_evidence):
    narrow, wide = narrow_evidence, wide_evidence
    boxes = {page: page.locator("#models > .table > .box").first for page in (narrow, wide)}
    api.expect(boxes[narrow]).to_have_class("box wider")
    assert "gradient" in boxes[narrow].evaluate("(box) => getComputedStyle(box).maskImage")
    boxes[narrow].evaluate("(box) => box.scrollTo(box.scrollWidth, 0)")
    api.expect(boxes[narrow]).to_have_class("box")
    api.expect(boxes[wide]).to_have_class("box")
