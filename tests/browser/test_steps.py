"""Stills to step through, from the disk, with no kernel: buttons, keys, a finger, no script."""

import pytest
import torch

from helpers.live_pages import PAGE, VIEWPORT
from lessonlib.figures.sliding import slide_steps

STEPS = slide_steps(torch.arange(9.0).view(3, 3), torch.ones(2, 2))
CAPTIONS = list(STEPS.stills)


@pytest.fixture
def phone(browser, tmp_path, request):
    """The box of steps on a phone; without scripts if the test asks for that."""
    scripts = getattr(request, "param", True)
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, java_script_enabled=scripts
    )
    page = context.new_page()
    file = tmp_path / "steps.html"
    shown = STEPS._repr_mimebundle_()[0]["text/html"]
    file.write_text(PAGE.format(VIEWPORT, 2 * shown, ""), encoding="utf-8")
    page.goto(file.as_uri())
    yield page.locator(".lesson-steps").first
    context.close()


def at(box):
    """The number of the one still that is seen, as all parts of the box agree."""
    seen = box.locator("figure").evaluate_all(
        "all => all.map(f => getComputedStyle(f).visibility === 'visible')"
    )
    assert sum(seen) == 1
    n = seen.index(True)
    assert box.locator("output").inner_text() == f"{n + 1} of 4: {CAPTIONS[n]}"
    assert box.get_by_label("Step").input_value() == str(n + 1)
    return n


def test_buttons_keys_and_a_finger_move_one_box_and_nothing_below_it(phone):
    height = phone.bounding_box()["height"]
    assert at(phone) == 0
    phone.get_by_role("button", name="Previous").click()
    assert at(phone) == 3
    phone.get_by_role("button", name="Next").tap()
    phone.get_by_role("button", name="Next").press("Enter")
    assert at(phone) == 1
    phone.get_by_label("Step").press("ArrowRight")
    assert at(phone) == 2
    phone.get_by_label("Step").press("Home")
    assert at(phone) == 0
    phone.locator("figure").first.tap()
    assert at(phone) == 1
    assert phone.bounding_box()["height"] == height
    assert at(phone.page.locator(".lesson-steps").last) == 0


def test_it_fits_a_phone_and_has_no_barrier(phone):
    assert phone.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    heights = phone.locator("button, input").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(phone.page).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("phone", [False], indirect=True)
def test_without_scripts_all_stills_are_there_with_their_captions(phone):
    assert phone.locator("figcaption").all_inner_texts() == CAPTIONS
    assert phone.locator("img").count() == 4
    assert phone.locator("button").count() == 0
