"""The site's front page, from the disk: each figure by hand and by keys, at a desk and on a phone,
its numbers against torch; what it weighs and asks for; the stills. And the pair of notebook 09."""

import re
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from helpers.hand import a_photo, choose_file, of_100_megapixels, until
from lessonlib.algebra.named_kernels import PAIRS, THREE
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.kernels import compose, correlate, embed
from lessonlib.sample_photos import SAMPLES, sample_photo
from lessonlib.study.plans import CLEAN
from lessonlib.training.pretrained import SIZE, pretrained_pair
from lessonlib.training.runs import load_runs

for module in ("sphinx", "myst_nb", "furo", "mathjax", "axe_playwright_python"):
    pytest.importorskip(module, reason=f"the site needs {module}: make site installs it")

DESK = 1400
PHONE = 390
STEPS = ("slide", "place", "stamp", "pixel", "products", "relu", "race")
# the numbers of a matrix with that name: of fields what they hold, of a picture what it shows
ROWS = """(figure, name) => [...figure.querySelectorAll('[aria-label="' + name + '"] > div')].map(
    row => [...row.children].map(cell => Number(cell.ariaValueNow ?? cell.textContent)))"""

CORNERS = "all => all.map(one => one.getBoundingClientRect()).map(({ x, y }) => [x, y])"


def matrix(figure, name):
    return torch.tensor(figure.evaluate(ROWS, name), dtype=torch.float64)


def close(shown, expected):
    """Numbers are shown to three digits."""
    torch.testing.assert_close(shown, expected, rtol=5e-3, atol=5e-3)


@pytest.fixture(params=[DESK, PHONE])
def figures(request, browser, site):
    """`figures(step)` gives a figure of the page; races are over at once.

    The page must not have failed, asked for anything from elsewhere, or become wider than it is.
    """
    page = browser.new_page(
        viewport={"width": request.param, "height": 844}, reduced_motion="reduce"
    )
    page.set_default_timeout(60_000)
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("request", lambda asked: _remember(asked, wrong))
    page.goto((site / "index.html").as_uri())
    page.add_style_tag(content="html { scroll-behavior: auto !important; }")
    yield lambda step: page.locator(f"[data-live={step}]")
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    page.close()
    assert wrong == []


def _remember(request, wrong):
    if not request.url.startswith(("file:", "data:")):
        wrong.append(request.url)


def cell(figure, name, row, column):
    return figure.locator(f'[aria-label="{name}"] > div').nth(row).locator("> *").nth(column)


def says(figure, text):
    figure.get_by_role("status").filter(has_text=text).wait_for()


def type_into(figure, name, row, column, text):
    field = cell(figure, name, row, column)
    field.focus()
    field.fill(text)
    field.press("Enter")


def test_a_kernel_slides_and_one_output_is_its_nine_products(figures):
    figure = figures("slide")
    dog = matrix(figure, "the picture")
    sobel = THREE["Sobel"]
    close(matrix(figure, "the result"), correlate(dog, sobel))
    cell(figure, "the result", 4, 1).hover()
    close(matrix(figure, "nine products"), sobel * dog[4:7, 1:4])
    says(figure, "Row 5, column 2")
    cell(figure, "the result", 0, 0).focus()
    for key in ("ArrowDown", "ArrowRight"):
        figure.page.keyboard.press(key)
    close(matrix(figure, "nine products"), sobel * dog[1:4, 1:4])
    type_into(figure, "the kernel", 1, 1, "1,5")
    changed = sobel.clone()
    changed[1, 1] = 1.5
    close(matrix(figure, "the result"), correlate(dog, changed))
    type_into(figure, "the kernel", 0, 0, "many")
    says(figure, "many is not")
    close(matrix(figure, "the kernel"), changed)


def test_a_slide_walks_on_until_it_is_stopped(figures):
    figure = figures("slide")
    products = matrix(figure, "nine products")
    figure.get_by_role("button", name="Slide").click()
    frame = figure.locator(".ex-frame").first
    start = frame.get_attribute("style")
    until(frame, "(frame, start) => frame.getAttribute('style') !== start", start)
    figure.get_by_role("button", name="Stop").click()
    figure.get_by_role("button", name="Slide").wait_for()
    assert not torch.equal(matrix(figure, "nine products"), products)


def test_a_2x2_placed_at_each_corner_gives_the_same_numbers(figures):
    figure = figures("place")
    dog = matrix(figures("slide"), "the picture")
    small = matrix(figure, "a 2x2")
    alone = correlate(dog, small)
    for n, corner in enumerate(("top left", "top right", "bottom left", "bottom right")):
        figure.get_by_role("radio", name=corner).check()
        row, column = divmod(n, 2)
        close(matrix(figure, "in a 3x3"), embed(small, 3, row, column))
        framed = matrix(figure, "the picture after the 3x3")[1 - row :, 1 - column :][:9, :9]
        close(framed, alone)
        says(figure, "what the 2x2 gives by itself")
    type_into(figure, "in a 3x3", 0, 0, "1")
    says(figure, "no 2x2 can do")


def test_four_copies_of_b_laid_over_each_other_are_a(figures):
    figure = figures("stamp")
    step_up = cell(figure, "B", 0, 1)
    step_up.focus()
    step_up.press("ArrowUp")
    b = matrix(figure, "B")
    c = matrix(figure, "C")
    a = compose(b, c)
    close(matrix(figure, "A"), a)
    copies = figure.locator(".ex-copy")
    for n, factor in enumerate(c.flatten().tolist()):
        numbers = [float(text) for text in copies.nth(n).locator("> span").all_inner_texts()]
        close(torch.tensor(numbers, dtype=torch.float64), factor * b.flatten())
    for row, column in product(range(3), repeat=2):
        cell(figure, "A", row, column).hover()
        says(figure, f"a{'₀₁₂'[row]}{'₀₁₂'[column]} =")
        _, letters, products, value = figure.get_by_role("status").inner_text().split(" = ")
        assert float(value) == pytest.approx(a[row, column].item(), abs=5e-3)
        assert letters.count("b") == products.count("·")
        assert figure.locator(".ex-copy .lit").count() == letters.count("b")
    cell(figure, "C", 0, 0).hover()  # what it makes: the first copy, a corner of A
    assert copies.nth(0).locator(".lit").count() == figure.locator(".ex-copy .lit").count() == 4


def test_the_copies_come_together_by_keys(figures):
    figure = figures("stamp")
    slider = figure.get_by_role("slider")
    slider.focus()
    slider.press("End")
    corners = np.array(figure.locator(".ex-copy").evaluate_all(CORNERS))
    side = figure.locator(".ex-copy > span").first.bounding_box()["width"]
    places = (corners - corners[0]) / side
    np.testing.assert_allclose(places, [(0, 0), (1, 0), (0, 1), (1, 1)], atol=0.02)


def test_a_pair_with_a_name_is_the_same_in_all_figures(figures):
    figures("stamp").get_by_role("button", name="Sobel").click()
    b, c = PAIRS["Sobel"]
    close(matrix(figures("stamp"), "A"), THREE["Sobel"])
    for step in ("pixel", "relu"):
        close(matrix(figures(step), "B"), b)
        close(matrix(figures(step), "C"), c)


def test_one_bright_pixel_becomes_a_turned(figures):
    figure = figures("pixel")
    b = matrix(figure, "B")
    c = matrix(figure, "C")
    close(matrix(figure, "A, turned"), compose(b, c).flip(0, 1))
    close(matrix(figure, "after B, then C")[1:4, 1:4], compose(b, c).flip(0, 1))
    cell(figure, "one bright pixel", 1, 3).hover()
    cell(figure, "one bright pixel", 0, 0).focus()
    figure.page.keyboard.press("ArrowRight")
    x = torch.zeros(5, 5, dtype=torch.float64)
    x[0, 1] = 1
    close(matrix(figure, "one bright pixel"), x)
    close(matrix(figure, "after B"), correlate(x, b, padding=1))
    close(matrix(figure, "after B, then C"), correlate(correlate(x, b, padding=1), c))
    says(figure, "a part of A falls outside")


def missed(figure):
    """The share that the figure says, once it says what it shows."""
    shown = figure.locator(".ex-dot").get_attribute("aria-valuenow")
    says(figure, "A is a product" if float(shown) < 0.05 else f"misses {shown}%")
    return float(shown) / 100


def test_a_is_dragged_to_the_products_and_the_distance_falls_to_zero(figures):
    figure = figures("products")
    assert missed(figure) == pytest.approx(
        nearest_product(THREE["box blur"]).relative.item(), abs=6e-4
    )
    field = figure.locator(".ex-map")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    mouse = figure.page.mouse
    shares = []
    dot = figure.locator(".ex-dot").bounding_box()
    mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    mouse.down()
    for up in (0.8, 0.6, 0.5):
        # corners from 1 down to 0.25 at edges 1, where the line of the products is
        corner = 0.25 + 0.75 * (up - 0.5) / 0.5
        y = box["y"] + box["height"] * (1.2 - corner) / 1.7
        mouse.move(box["x"] + box["width"] * 2.2 / 2.4, y)
        shares.append(missed(figure))
    mouse.up()
    assert shares == sorted(shares, reverse=True) and shares[-1] < 0.005
    a = matrix(figure, "A")
    assert shares[-1] == pytest.approx(nearest_product(a).relative.item(), abs=6e-4)


def test_the_keys_move_a_over_the_plane(figures):
    figure = figures("products")
    figure.get_by_role("button", name="identity").click()
    assert missed(figure) == 0
    dot = figure.locator(".ex-dot")
    dot.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
        dot.press(key)
    a = matrix(figure, "A")
    assert (a[0, 0], a[0, 1]) == (0.1, -0.05)
    assert missed(figure) == pytest.approx(nearest_product(a).relative.item(), abs=6e-4)
    figure.get_by_role("button", name="Go to the nearest").click()
    assert missed(figure) == 0
    type_into(figure, "A", 0, 0, "3")
    a = matrix(figure, "A")
    assert "not in this plane" in dot.get_attribute("aria-valuetext")
    assert missed(figure) == pytest.approx(nearest_product(a).relative.item(), abs=6e-4)


def test_a_relu_between_breaks_it_and_not_where_nothing_is_negative(figures):
    figure = figures("relu")
    dog = matrix(figures("slide"), "the picture")
    says(figure, "No difference, whatever")
    figure.get_by_role("checkbox").check()
    middle = correlate(dog, matrix(figure, "B"), padding=1)
    c = matrix(figure, "C")
    broken = correlate(middle.relu(), c)
    close(matrix(figure, "B, then C"), broken)
    close(matrix(figure, "A"), correlate(middle, c))
    differ = int((broken != correlate(middle, c)).sum())
    says(figure, f"{differ} of 100 pixels differ. The ReLU stopped {int((middle < 0).sum())} ")
    type_into(figure, "B", 1, 0, "1")
    says(figure, "the ReLU does nothing")


def test_each_race_is_a_seed_of_the_recorded_runs(figures):
    figure = figures("race")
    names = {"3x3": "one 3x3", "2x2": "one 2x2"}
    names |= {"pair-act": "two 2x2, two activations", "pair": "two 2x2, one activation"}
    recorded = {}
    for run in load_runs("cpu"):
        network = run.recipe["network"]
        as_in_clean = network["norm_first"] and not network["norm_last"]
        if run.arm in names and as_in_clean and network["stem"] == "3x3":
            if network["activation"] == "relu":
                recorded[names[run.arm], run.seed] = run.accuracy
    assert len(CLEAN) == len(names)
    for seed in range(3):
        figure.get_by_role("button", name="Race").click()
        says(figure, f"Race {seed + 1}.")
        text = figure.get_by_role("status").inner_text()
        for name in names.values():
            (shown,) = re.findall(rf"(?<=[.;] ){name} ([\d.]+)%", text)
            assert float(shown) == pytest.approx(100 * recorded[name, seed], abs=0.1)
    assert (
        figure.locator("circle").count() == 4 * 3 + 4
    )  # a dot for each, and the ends of the curves
    figure.get_by_role("combobox").select_option("as in 2019")
    says(figure, "Nobody has run yet")


def test_a_finger_drags_a_number_sideways(browser, site):
    context = browser.new_context(viewport={"width": PHONE, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    field = cell(page.locator("[data-live=slide]"), "the kernel", 0, 0)
    field.scroll_into_view_if_needed()
    before = float(field.get_attribute("aria-valuenow"))
    box = field.bounding_box()
    x = box["x"] + box["width"] / 2
    y = box["y"] + box["height"] / 2
    touch = context.new_cdp_session(page)
    for kind, moved in (("touchStart", 0), ("touchMove", 15), ("touchMove", 41)):
        points = [{"x": x + moved, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert float(field.get_attribute("aria-valuenow")) > before
    context.close()


def test_axe_finds_nothing_in_either_theme(browser, site):
    from axe_playwright_python.sync_playwright import Axe

    for scheme, width in (("light", DESK), ("dark", PHONE)):
        page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 844})
        page.goto((site / "index.html").as_uri())
        page.locator("[data-live=race] svg").first.wait_for()
        page.evaluate(
            "document.querySelectorAll('article details').forEach(d => { d.open = true; })"
        )
        found = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
        page.close()


def test_the_front_page_weighs_little(browser, site):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    loaded = page.evaluate(
        "[...document.querySelectorAll('script[src], link[rel=stylesheet]')].map(e => e.src || e.href)"
    )
    names = {address.split("?")[0].removeprefix(site.as_uri()).strip("/") for address in loaded}
    assert sum((site / name).stat().st_size for name in names | {"index.html"}) < 300_000
    page.close()


def test_without_scripts_each_step_has_a_still_and_asks_for_no_hand(browser, site):
    page = browser.new_page(java_script_enabled=False)
    page.goto((site / "index.html").as_uri())
    for step in STEPS:
        figure = page.locator(f"[data-live={step}]")
        assert re.search(r"\d", figure.inner_text())
        assert page.locator(f"section#{step} .ex-on a").first.is_visible()
    assert not any(hand.is_visible() for hand in page.locator(".ex-try").all())
    page.close()


@pytest.fixture(scope="module")
def network(browser, site):
    """Notebook 09's page: `page`, and `answers(photo)` of the pair and of the merged, `(2, 10)`."""
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto((site / "09_train_two_ship_one.html").as_uri())
    page.add_script_tag(path=site / "_static" / "network" / "pair.js")

    def answers(photo):
        return np.array(page.evaluate(ANSWERS, photo.flatten(1).tolist()))

    yield SimpleNamespace(page=page, answers=answers)
    page.close()


ANSWERS = """planes => {
    const state = JSON.parse(window.pairState);
    const side = Math.sqrt(planes[0].length);
    const photo = { height: side, width: side, planes: planes.map(plane => Float64Array.from(plane)) };
    const pair = window.network.read(window.trainedPair);
    return [pair, window.network.merged(pair)].map(layers => window.network.answer(layers, photo, state));
}"""


def test_the_nearest_product_in_the_page_is_the_one_of_lessonlib(browser, site):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    random = torch.Generator().manual_seed(3)
    drawn = torch.randn(150, 3, 3, dtype=torch.float64, generator=random)
    whole = torch.randint(-2, 3, (100, 3, 3), generator=random).double()  # with double roots
    kernels = torch.cat([drawn, whole, torch.stack(list(THREE.values()))])
    found = page.evaluate(
        "kernels => kernels.map(kernel => window.explorable.nearestProduct(kernel))",
        kernels.tolist(),
    )
    residuals = torch.tensor([one["residual"] for one in found], dtype=torch.float64)
    torch.testing.assert_close(residuals, nearest_product(kernels).residual, rtol=0, atol=1e-7)
    products = torch.tensor([one["kernel"] for one in found], dtype=torch.float64)
    distance = (kernels - products).flatten(1).norm(dim=1)
    torch.testing.assert_close(distance, residuals, rtol=0, atol=1e-9)
    page.close()


def test_the_pair_in_the_page_answers_as_in_torch(network):
    random = torch.Generator().manual_seed(4)
    photos = [sample_photo(name, SIZE.px) for name in SAMPLES]
    photos.append(torch.rand(3, SIZE.px, SIZE.px, dtype=torch.float64, generator=random))
    from lessonlib.imagewoof.batches import MEAN, STD

    mean, std = (torch.tensor(t).view(3, 1, 1) for t in (MEAN, STD))
    state = f'{{"mean": {list(MEAN)}, "std": {list(STD)}}}'
    network.page.evaluate("state => { window.pairState = state; }", state)
    model = pretrained_pair().model
    for photo in photos:
        with torch.no_grad():
            expected = model((photo.float() - mean)[None] / std)[0]
        pair, merged = network.answers(photo)
        np.testing.assert_allclose(pair, expected, rtol=0, atol=1e-5)
        np.testing.assert_allclose(merged, pair, rtol=0, atol=1e-9)


def test_a_photo_is_chosen_and_both_networks_answer_alike(network):
    figure = network.page.locator("[data-live=network]")
    still = figure.locator("tbody tr").first.inner_text().split()
    figure.get_by_role("button", name="Run both networks").click()
    says(figure, "Both answer")
    rows = [row.split("\t") for row in figure.locator("tbody tr").all_inner_texts()]
    assert len(rows) == 10 and all(pair == merged for _, pair, merged in rows)
    assert rows[0][:2] == [" ".join(still[:-1]), still[-1]]  # the still is torch's answer
    figure.get_by_role("combobox").select_option("temple")
    says(figure, "Both answer")
    assert [row.split("\t") for row in figure.locator("tbody tr").all_inner_texts()] != rows


def test_a_file_that_will_not_do_is_answered_and_the_last_photo_stays(network):
    figure = network.page.locator("[data-live=network]")
    choose_file(figure, "mine.png", a_photo())
    until(figure.get_by_role("combobox"), "menu => menu.value === 'your own photo'")
    says(figure, "Both answer")
    mine = figure.inner_text()
    photo = figure.locator("canvas").evaluate("canvas => canvas.toDataURL()")
    for content, sentence in (
        (b"no photo", "is not a picture this lesson can read"),
        (b"", "is not a picture this lesson can read"),
        (of_100_megapixels(), "has 100 megapixels and this takes up to 64"),
    ):
        choose_file(figure, "other.png", content)
        says(figure, sentence)
        says(figure, "The photo stays as it was.")
        assert figure.locator("canvas").evaluate("canvas => canvas.toDataURL()") == photo
    figure.get_by_role("button", name="Run both networks").click()
    says(figure, "Both answer")
    assert figure.inner_text() == mine


def test_the_page_says_how_often_the_pair_is_right(network):
    right = pretrained_pair().correct
    says_so = network.page.get_by_text("of 3,929 photos that it had not seen")
    text = says_so.inner_text()
    assert (
        f"{right:,} right" in text and f"{right / 3929:.0%}" in text and "four times in ten" in text
    )
    assert round(10 * right / 3929) == 4
