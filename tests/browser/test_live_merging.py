"""The playground of notebook 09 in the real JupyterLab: a link's bias makes it refuse, a third link makes it grow."""

from hand import box_with, changed, pictures, press, says


def test_a_chain_grows_is_refused_and_undone(notebook, run_all):
    page = notebook("09_train_two_ship_one")
    run_all(page)
    box = box_with(page, "orange where they differ")
    says(page, box, "Exactly one 3x3, stride 1, padding 1, borders included")
    before = pictures(box)
    handle = box.locator(".noUi-handle").first  # how many links
    handle.focus()
    handle.press("ArrowRight")
    grown = changed(page, box, before)
    says(page, box, "Exactly one 4x4")
    box.locator(".noUi-handle").nth(8).focus()  # the padding of the second link
    page.keyboard.press("ArrowRight")
    changed(page, box, grown)
    box.locator("input[type=checkbox]").first.focus()  # the bias of the first
    page.keyboard.press("Space")
    says(page, box, "Refused: of link 1 and then link 2")
    says(page, box, "it adds a number (a bias or a BatchNorm) that the padding lacks")
    press(page, box, "Undo", pictures(box))
    press(page, box, "Undo", pictures(box))
    press(page, box, "Undo", pictures(box))
    says(page, box, "Exactly one 3x3")
