"""The cost explorer in the real JupyterLab: move a slider, measure, move on, undo."""

from live_lab import box_with, pictures
from test_six_playgrounds import changed, press, says


def test_the_cost_explorer_counts_measures_and_undoes(notebook, run_all):
    page = notebook("05_what_it_costs")
    run_all(page)
    box = box_with(page, "Composing costs hidden")
    says(page, box, "64 / (16 x 32 x 32)")
    handle = box.locator(".noUi-handle").first
    handle.focus()
    for channels in (32, 16, 8):  # few, so that measuring is quick
        before = pictures(box)
        handle.press("ArrowLeft")
        says(page, box, f"(n h w) = {channels} / (16 x 32 x 32)")
        counted = changed(page, box, before)
    press(page, box, "Measure here", counted)
    says(page, box, " to ")
    says(page, box, "(n h w) = 8 /")
    press(page, box, "Undo", pictures(box))
    says(page, box, "(n h w) = 16 / (16 x 32 x 32)")
