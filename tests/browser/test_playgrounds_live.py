"""Playgrounds in the real front ends: change a number, press a preset, undo, bring a photo and a
file that is none."""

import pytest

from helpers.hand import (
    FIELD,
    HANDLE,
    PASTE,
    a_photo,
    box_with,
    changed,
    choose_file,
    key,
    key_and_undo,
    of_100_megapixels,
    pictures,
    press,
    says,
    until,
)

# notebook, a text that only this playground shows, a preset of its menu
EDITORS = [
    ("01_kernels_and_padding", "after the kernel", "Laplacian"),
    ("01_kernels_and_padding", "after the padded kernel", None),
    ("02_two_make_one", "after A alone", "binomial blur"),
    ("03_the_way_back", "after the nearest product", "sharpen"),
    ("08_five_by_five", "after A alone", "box blur"),
]


def bring_a_photo_and_two_files_that_will_not_do(box):
    before = pictures(box)
    choose_file(box, "mine.png", a_photo())
    mine = changed(box, before)
    for content, sentence in (
        (b"no photo", "not a picture this lesson can read"),
        (of_100_megapixels(), "has 100 megapixels and this takes up to 64"),
    ):
        choose_file(box, "other.png", content)
        says(box, sentence)
        assert pictures(box) == mine


@pytest.mark.parametrize(
    "name, text, preset", EDITORS, ids=[f"{name[:2]} {text}" for name, text, _ in EDITORS]
)
def test_a_kernel_is_typed_chosen_undone_and_tried_on_ones_own_photo(
    playground, name, text, preset
):
    box = playground(name, text)
    before = pictures(box)
    field = box.locator(FIELD).first
    old = field.input_value()
    field.fill("-3")
    field.press("Tab")
    typed = changed(box, before)
    if preset:
        menu = box.locator("select").filter(has=box.page.locator("option", has_text="custom"))
        until(menu, "(menu, name) => menu.selectedOptions[0].text === name", "custom")
        menu.select_option(label=preset)
        changed(box, typed)
        assert press(box, "Undo") == typed
    assert press(box, "Undo") == before
    until(field, "(field, old) => field.value === old", old)
    box.get_by_role("button", name="As code").click()
    until(box.locator("textarea"), "(code, start) => code.value.startsWith(start)", "import torch")
    bring_a_photo_and_two_files_that_will_not_do(box)


def test_a_saved_notebook_shows_its_playgrounds_without_its_kernel(front, server, playground):
    box = playground("kept", "after A alone")
    page = box.page
    field = box.locator(FIELD).first
    for text in ("NaN", "1e308", "", "abc"):
        field.fill(text)
        field.press("Tab")
        says(box, f"{text or 'an empty field'} is not. The last good value, 1, is back.")
    field.evaluate(PASTE, "1 2 3 4\n5 6 7 8\n9 10 11 12")
    says(box, "The pasted table is 3x4, B, first is 2x2. B, first stays as it was.")
    widgets = page.locator(".lesson-widgets")
    widgets.last.wait_for()
    assert widgets.count() == 2
    still = page.locator(".lesson-still")
    assert [still.nth(i).is_visible() for i in range(still.count())] == [False, False]
    front.save(page)
    page.wait_for_timeout(2000)
    front.end_kernel(page)
    page.goto("about:blank")
    front.open_without_kernel(page, server, "kept")
    still.last.get_by_text("Answers").wait_for()
    picture = still.locator("img")
    picture.wait_for()
    assert picture.evaluate("image => image.naturalWidth") > 400
    page.wait_for_timeout(3000)  # for so long JupyterLab looks for the widgets
    assert picture.is_visible() and still.last.is_visible()
    assert page.get_by_text("Error displaying widget").filter(visible=True).count() == 0
    box = box_with(page, "after A alone")
    before = pictures(box)
    field = box.locator(FIELD).first
    field.fill("-2.5")
    field.press("Tab")
    assert changed(box, before, which=1)[0] == before[0]


SCROLLS = """box => [box, ...box.querySelectorAll('.widget-box, .widget-vbox, .widget-hbox')].filter(e =>
    e.clientWidth && (e.offsetWidth - e.clientWidth > 4 || e.offsetHeight - e.clientHeight > 4)).length"""


def test_numbers_of_widgets_are_dragged_pasted_and_typed_with_a_comma(playground):
    box = playground("03_the_way_back", "after the nearest product")
    page = box.page
    assert box.evaluate(SCROLLS) == 0
    field = box.locator(FIELD).first
    field.hover()
    until(field, "field => field.type === 'text'")  # no wheel changes it
    before = pictures(box)
    place = field.bounding_box()
    page.mouse.move(place["x"] + 20, place["y"] + 10)
    page.mouse.down()
    for right in (30, 40, 60):
        page.mouse.move(place["x"] + right, place["y"] + 10)
    page.mouse.up()
    changed(box, before)
    until(field, "field => field.value === '0'")  # -1, and four steps
    assert press(box, "Undo") == before  # one drag is one step
    for text in ("1,5", "abc", "", "NaN"):
        field.fill(text)
        field.press("Tab")
        until(field, "field => field.value === '1.5'")
    says(box, "NaN is not. The last good value, 1.5, is back.")
    field.fill("1e308")
    field.press("Tab")
    says(box, "1e+308")
    until(field, "field => field.value === '1.5'")
    before = pictures(box)
    field.evaluate(PASTE, "1 2 3\n4 5 6\n7 8 9")
    until(box.locator(FIELD).last, "field => field.value === '9'")
    changed(box, before)  # and with it what Python says of it
    field.evaluate(PASTE, "1 2 3 4\n5 6 7 8\n9 10 11 12")
    says(box, "The pasted table is 3x4, A, the 3x3 is 3x3.")


def test_a_slider_moved_by_keys_moves_the_flower(playground):
    box = playground("01_kernels_and_padding", "after the padded kernel")
    before = pictures(box)
    for _ in range(3):
        key(box.locator(HANDLE).first, "ArrowRight")
    says(box, "2 pixels down")
    assert changed(box, before, which=1)[0] == before[0]


def test_the_stack_is_changed_and_undone(playground):
    box = playground("02_two_make_one", "what one output sees")
    key_and_undo(
        box,
        box.locator(FIELD).first,
        "ArrowUp",
        "One output sees 7 pixels a side",
        "One output sees 6 pixels a side",
    )


def test_the_switchboard_is_switched_and_undone(playground):
    box = playground("04_what_breaks_it", "ReLU")
    switch = box.locator("input[type=checkbox]").first
    sentence = "The ReLU sets the negative numbers in the middle to 0"
    key_and_undo(box, switch, "Space", sentence, "Two are one, up to rounding")
    assert sentence not in box.inner_text()
    bring_a_photo_and_two_files_that_will_not_do(box)


def test_the_runs_needed_follow_the_difference_and_back(playground):
    box = playground("06_imagewoof", "for 80% of the studies")
    before = box.locator("[role=status]").inner_text()
    key_and_undo(box, box.locator(HANDLE).first, "ArrowRight")
    says(box, before)


def test_the_order_is_turned_round_and_back(playground):
    box = playground("07_stem_and_order", "mean before")
    key_and_undo(box, box.get_by_role("button", name="ReLU, then BatchNorm"), "Enter")


def test_the_cost_explorer_counts_measures_and_undoes(playground):
    box = playground("05_what_it_costs", "Multiplications, if one 3x3")
    says(box, "64 / (16 x 32 x 32)")
    assert (
        box.locator("table").evaluate("table => getComputedStyle(table).borderCollapse")
        == "separate"
    )  # else words touch
    for channels in (32, 16, 8):  # few, so that measuring is quick
        before = pictures(box)
        key(box.locator(HANDLE).first, "ArrowLeft")
        says(box, f"(n h w) = {channels} / (16 x 32 x 32)")
        changed(box, before)
    press(box, "Measure here")
    says(box, " to ")
    says(box, "(n h w) = 8 /")
    press(box, "Undo")
    says(box, "(n h w) = 16 / (16 x 32 x 32)")
