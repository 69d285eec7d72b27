import shutil

import pytest

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
LIST = "#list tbody tr:not([hidden])"


@pytest.fixture(scope="module")
def browser():
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visit(browser):
    """Open a run's page without a network; what the browser said is in `page.heard`."""

    def opened(run, width=1280):
        page = browser.new_context(viewport={"width": width, "height": 900}, offline=True).new_page()
        page.heard = {"console": [], "requests": [], "dialogs": []}
        page.on("console", lambda message: page.heard["console"].append(message.text))
        page.on("pageerror", lambda error: page.heard["console"].append(str(error)))
        page.on("request", lambda request: page.heard["requests"].append(request.url))
        page.on("dialog", lambda dialog: (page.heard["dialogs"].append(dialog.message), dialog.dismiss()))
        page.goto((run / "report.html").as_uri())
        page.wait_for_function("document.querySelectorAll('.chart .main-svg').length > 0")
        return page

    return opened


@pytest.fixture(scope="module")
def wide(visit, finished):
    return visit(finished)


@pytest.fixture(scope="module")
def narrow(visit, finished):
    return visit(finished, 390)


@pytest.fixture
def page(wide):
    """The wide page, with nothing searched for."""
    wide.locator("#list input").fill("")
    return wide


def column(page, place):
    return [cell.strip() for cell in page.locator(f"{LIST} td:nth-child({place})").all_inner_texts()]


def test_the_page_opens_without_a_word_in_the_console_or_on_the_network(page, finished):
    assert page.heard == {"console": [], "requests": [(finished / "report.html").as_uri()], "dialogs": []}


def test_the_page_without_stickers_opens_as_quietly(visit, without_stickers):
    heard = visit(without_stickers).heard
    assert heard == {"console": [], "requests": [(without_stickers / "report.html").as_uri()], "dialogs": []}


def test_every_chart_in_sight_is_drawn(page):
    drawn, open_ones = page.locator(".chart:has(.main-svg)").count(), ".chart:not(details:not([open]) .chart)"
    assert page.locator(open_ones).count() == drawn >= 30


def test_a_chart_in_a_fold_is_drawn_to_its_width_when_the_fold_opens(visit, finished):
    page = visit(finished, 390)
    fold = page.locator("#search details", has_text="Learning curves")
    assert fold.locator(".chart").count() == 8
    assert fold.locator(".main-svg").count() == 0
    fold.locator("summary").click()
    page.wait_for_function("document.querySelectorAll('#search details[open] .main-svg').length >= 8")
    widths = fold.locator(".main-svg").evaluate_all("(all) => all.map((svg) => svg.getBoundingClientRect().width)")
    assert 300 < min(widths) <= max(widths) <= 390


def test_tags_in_a_feature_name_are_shown_as_they_are(page):
    labels = page.locator("#drivers .chart").first.locator("text").all_text_contents()
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


def test_cells_without_a_number_sort_last_in_either_order(page):
    parts = page.locator("#health [data-table]").nth(1)
    parts.locator("th button", has_text="Part").click()
    assert parts.locator("tbody tr").first.inner_text().startswith("score")
    for _ in range(2):
        parts.locator("th button", has_text="Churn rate").click()
        assert parts.locator("tbody tr").last.inner_text().startswith("score")


def test_search_leaves_the_rows_that_hold_the_words(page):
    total = page.locator(LIST).count()
    page.locator("#list input").fill('"QUOTED')
    assert column(page, 2) == ['"quoted"']
    assert page.locator("#list .status").inner_text() == f"1 of {total} rows"


def test_copied_rows_hold_whole_ids_and_no_formula(page):
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { window.copied = text; }}})"
    )
    page.locator("#list [data-copy]").click()
    rows = [line.split("\t") for line in page.evaluate("window.copied").split("\n")]
    ids = [row[1] for row in rows]
    assert rows[0][:3] == ["Rank", "User", "Priority"] and len(rows) == page.locator(LIST).count() + 1
    assert "'=1+1" in ids and "x" * 1_000 in ids and "<script>alert(1)</script>" in ids


@pytest.mark.parametrize("width", ["narrow", "wide"])
def test_the_page_never_scrolls_sideways(request, width):
    page = request.getfixturevalue(width)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    screen = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= screen
    boxes = page.evaluate("[...document.querySelectorAll('.box')].map((box) => box.getBoundingClientRect().right)")
    assert max(boxes) <= screen


@pytest.mark.parametrize(("charts", "least"), [(":not(.multiples) > figure", 300), (".multiples > figure", 140)])
def test_charts_fit_a_narrow_screen(narrow, charts, least):
    drawn = narrow.locator(f"{charts} .chart .main-svg")
    widths = drawn.evaluate_all("(all) => all.map((svg) => svg.getBoundingClientRect().width)")
    assert least < min(widths) <= max(widths) <= 390


@pytest.mark.parametrize("width", ["narrow", "wide"])
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
