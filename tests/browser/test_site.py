"""The site, read from the disk: links, formulas, alt texts, search, and what axe-core finds."""

import inspect
import json
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

import lessonlib.kernels

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
REFERENCE = sorted(
    f"{path.stem}.html"
    for path in (ROOT / "docs" / "reference").glob("*.rst")
    if path.stem != "index"
)
NEEDED = ("sphinx", "myst_nb", "furo", "mathjax", "axe_playwright_python")
for module in NEEDED:
    pytest.importorskip(module, reason=f"the site needs {module}: make site installs it")


@pytest.fixture(scope="module", params=["light", "dark"])
def shown(request, browser, site):
    """`shown(name)` opens a page from the disk and sets its formulas.

    `shown.asked` lists what the page requested from elsewhere.
    """
    page = browser.new_page(color_scheme=request.param, viewport={"width": 1300, "height": 1000})

    def opened(name):
        opened.asked = []
        page.goto((site / f"{name}.html").as_uri())
        page.evaluate("() => window.MathJax?.startup?.promise")
        return page

    def remember(request):
        if not request.url.startswith(("file:", "data:")):
            opened.asked.append(request.url)

    page.on("request", remember)
    yield opened
    page.close()


def barriers(page):
    """What axe-core finds serious or critical: its rule and the first element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    grave = [v for v in found if v["impact"] in ("serious", "critical")]
    return [(v["id"], v["nodes"][0]["html"]) for v in grave]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_page_has_its_formulas_its_pictures_words_and_no_barrier(shown, name):
    page = shown(name)
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())

    formulas = page.locator("article .math").count()
    assert formulas == page.locator("article .math > mjx-container").count()
    text = "".join(
        "".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"
    )
    assert formulas or "$" not in text
    assert page.locator("article [data-mml-node=merror], article mjx-merror").count() == 0
    prose = "article :is(p, li, td, th)"
    assert (
        page.locator(prose).evaluate_all(
            "found => found.filter(e => /[$]|[\\\\][a-z(]/.test(e.innerText)).length"
        )
        == 0
    )

    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    live = [
        output for output in outputs if "playground" in output.get("metadata", {}).get("lesson", {})
    ]
    assert page.locator(".lesson-playground[data-live] canvas[aria-label]").count() >= len(live)
    assert page.locator(".lesson-playground:not([data-live])").count() == 0
    pictures = [
        output["metadata"]["image/png"]["alt"]
        for output in outputs
        if "image/png" in output.get("data", {}) and output not in live
        if "text/html" not in output["data"]
    ]
    pages = ["".join(output.get("data", {}).get("text/html", "")) for output in outputs]
    stepped = ["lesson-steps" in html for html in pages]
    assert page.locator(".lesson-steps[data-live] input[type=range]").count() == sum(stepped)
    assert page.locator(".lesson-steps img:not([alt])").count() == 0
    shown_images = page.locator("article img:not(.lesson-steps img)").evaluate_all(
        "all => all.map(i => [i.alt, i.complete && i.naturalWidth > 0])"
    )
    assert shown_images == [[alt, True] for alt in pictures]

    printed = page.locator(".cell_output pre")
    assert (
        printed.evaluate_all(
            "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.innerText)"
        )
        == []
    )

    widgets = sum("widgets" in output.get("metadata", {}).get("lesson", {}) for output in outputs)
    assert page.get_by_text("In Jupyter, or on Colab, ").count() == widgets

    if folded := page.locator("article details").count():
        assert page.locator("article details[open]").count() == 0
        page.locator("article summary").first.click()
        assert page.locator("article details[open]").count() == 1
        page.evaluate(
            "() => document.querySelectorAll('article details').forEach(d => { d.open = true; })"
        )  # axe reads them too
        assert page.locator("article details[open]").count() == folded

    assert barriers(page) == []
    assert shown.asked == []


def test_a_playground_moves_from_the_disk_and_gives_its_contents_room(browser, site):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto((site / "02_two_make_one.html").as_uri())
    contents = page.locator(".toc-drawer")
    assert contents.is_visible()
    box = page.locator(".lesson-playground").first
    box.scroll_into_view_if_needed()
    contents.wait_for(state="hidden")
    pictures = box.locator("canvas")
    tops = pictures.evaluate_all(
        "all => all.map(e => Math.round(e.parentElement.getBoundingClientRect().top / 8))"
    )
    widths = pictures.evaluate_all(
        "all => all.map(e => e.parentElement.getBoundingClientRect().width)"
    )
    assert len(set(tops)) == 1 and min(widths) >= 235  # one row
    last = pictures.last.evaluate("canvas => canvas.toDataURL()")
    box.locator("input.lesson-cell").first.press("ArrowUp")
    assert pictures.last.evaluate("canvas => canvas.toDataURL()") != last
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.close()


@pytest.mark.parametrize("name", ["01_kernels_and_padding", "02_two_make_one", "05_what_it_costs"])
def test_a_page_fits_a_phone_and_its_charts_can_be_read(browser, site, name):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto((site / f"{name}.html").as_uri())
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    shrunk = "all => Math.min(1, ...all.map(i => i.clientWidth / Math.min(i.naturalWidth, 880)))"
    assert page.locator(".image_png img").evaluate_all(shrunk) > 0.95
    page.close()


def test_the_reference_has_every_public_function_of_a_module_and_no_barrier(shown):
    page = shown("reference/ideas")
    for name in lessonlib.kernels.__all__:
        assert page.locator(f"dt[id='lessonlib.kernels.{name}']").count() == 1
    summary = inspect.getdoc(lessonlib.kernels.compose).split("\n")[0].replace("`", "")
    described = page.locator("dt[id='lessonlib.kernels.compose'] + dd > p").first.inner_text()
    assert described.startswith(summary)
    assert page.locator("[id='lessonlib.kernels.compose'] ~ dd code").count() > 1
    assert barriers(page) == []
    assert shown.asked == []


def test_every_link_within_the_site_leads_somewhere(browser, site):
    page = browser.new_page(java_script_enabled=False)
    ids = {}
    links = []
    for file in sorted(site.rglob("*.html")):
        page.goto(file.as_uri())
        ids[file] = set(page.locator("[id]").evaluate_all("all => all.map(e => e.id)"))
        links += page.locator("a[href]").evaluate_all("all => all.map(a => a.href)")
    page.close()
    inside = [urldefrag(link) for link in links if link.startswith("file:")]
    assert len(inside) > 100
    for address, fragment in inside:
        target = Path(unquote(urlsplit(address).path))
        assert target.exists(), address
        assert not fragment or unquote(fragment) in ids[target], (address, fragment)


def test_the_front_page_lists_every_page(browser, site):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    listed = page.locator(".sidebar-tree a").evaluate_all(
        "all => all.map(a => a.href.split('/').pop())"
    )
    notebooks = [f"{name}.html" for name in NOTEBOOKS]
    assert listed[: len(notebooks) + 2] == [*notebooks, "teaching.html", "index.html"]
    assert sorted(listed[len(notebooks) + 2 :]) == REFERENCE
    page.close()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_sidebar_names_the_notebook_that_is_open(shown, name):
    assert [
        link[:2] for link in shown(name).locator(".sidebar-tree .current-page").all_inner_texts()
    ] == [name[:2]]


def test_the_search_finds_a_word_without_a_server(browser, site):
    page = browser.new_page()
    page.goto((site / "00_start_here.html").as_uri())
    page.get_by_role("textbox", name="Search").fill("switchboard")
    page.keyboard.press("Enter")
    page.locator("#search-results a", has_text="04 What breaks it").first.wait_for()
    assert page.locator("h1").all_inner_texts() == ["Search"]
    page.close()
