"""The playgrounds of notebooks 06 and 07 in the real JupyterLab, by keyboard: studies drawn from runs, a block turned round."""

from live_lab import box_with, pictures
from test_six_playgrounds import changed, press, says


def test_studies_are_drawn_and_undone(notebook, run_all):
    page = notebook("06_imagewoof")
    run_all(page)
    box = box_with(page, "of these studies conclude")
    before = pictures(box)
    handle = box.locator(".noUi-handle").last
    handle.focus()
    handle.press("ArrowRight")
    changed(page, box, before)
    says(page, box, "from 1.25 points on")
    press(page, box, "Undo", pictures(box))
    says(page, box, "from 1 points on")


def test_the_order_is_turned_round_and_back(notebook, run_all):
    page = notebook("07_stem_and_order")
    run_all(page)
    box = box_with(page, "mean before")
    before = pictures(box)
    box.get_by_role("button", name="ReLU, then BatchNorm").focus()
    page.keyboard.press("Enter")
    changed(page, box, before)
    press(page, box, "Undo", pictures(box))
