"""Every playground in the real JupyterLab: change a number, press a preset, undo, bring a photo and a file that is none."""

import io

import pytest
from live_lab import box_with, pictures
from PIL import Image

# notebook, a text that only this playground shows, a preset of its menu
EDITORS = [
    ("01_kernels_and_padding", "after the kernel", "Laplacian"),
    ("01_kernels_and_padding", "after the padded kernel", None),
    ("02_two_make_one", "after A alone", "binomial blur"),
    ("03_the_way_back", "after the nearest product", "sharpen"),
]


def changed(page, box, before):
    page.wait_for_function(
        "([box, before]) => [...box.querySelectorAll('img')].some((image, i) => image.src !== before[i])",
        arg=[box.element_handle(), before],
    )
    page.wait_for_timeout(300)  # until the last of several pictures has followed
    return pictures(box)


def until(page, condition, where, value):
    """Wait until `condition(element, value)` holds: a picture, a table and a menu arrive one after the other."""
    page.wait_for_function(f"([element, value]) => ({condition})(element, value)", arg=[where.element_handle(), value])


def says(page, box, text):
    until(page, "(box, text) => box.innerText.includes(text)", box, text)


def press(page, box, name, before):
    box.get_by_role("button", name=name).click()
    return changed(page, box, before)


def choose_file(page, box, name, content):
    with page.expect_file_chooser() as chooser:
        box.get_by_role("button", name="your own").click()
    chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": content})


def a_photo():
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, "PNG")
    return file.getvalue()


def bring_a_photo_and_a_file_that_is_none(page, box):
    before = pictures(box)
    choose_file(page, box, "mine.png", a_photo())
    mine = changed(page, box, before)
    choose_file(page, box, "mine.txt", b"no photo")
    says(page, box, "not a picture this lesson can read")
    assert pictures(box) == mine


@pytest.mark.parametrize("name, text, preset", EDITORS, ids=[text for _, text, _ in EDITORS])
def test_a_kernel_is_typed_chosen_undone_and_tried_on_ones_own_photo(notebook, run_all, name, text, preset):
    page = notebook(name)
    run_all(page)
    box = box_with(page, text)
    before = pictures(box)
    field = box.locator("input[type=number]").first
    old = field.input_value()
    field.fill("-3")
    field.press("Tab")
    typed = changed(page, box, before)
    if preset:
        menu = box.locator("select").filter(has=page.locator("option", has_text="custom"))
        until(page, "(menu, name) => menu.selectedOptions[0].text === name", menu, "custom")
        menu.select_option(label=preset)
        changed(page, box, typed)
        press(page, box, "Undo", pictures(box))
    press(page, box, "Undo", pictures(box))
    until(page, "(field, old) => field.value === old", field, old)
    box.get_by_role("button", name="As code").click()
    until(page, "(code, start) => code.value.startsWith(start)", box.locator("textarea"), "import torch")
    bring_a_photo_and_a_file_that_is_none(page, box)


def test_the_stack_is_changed_and_undone(notebook, run_all):
    page = notebook("02_two_make_one")
    run_all(page)
    box = box_with(page, "what one output sees")
    before = pictures(box)
    handle = box.locator(".noUi-handle").first
    handle.focus()
    handle.press("ArrowRight")
    changed(page, box, before)
    says(page, box, "One output sees 4 pixels a side")
    press(page, box, "Undo", pictures(box))
    says(page, box, "One output sees 3 pixels a side")


def test_the_switchboard_is_switched_and_undone(notebook, run_all):
    page = notebook("04_what_breaks_it")
    run_all(page)
    box = box_with(page, "ReLU")
    before = pictures(box)
    box.locator("input[type=checkbox]").first.focus()
    page.keyboard.press("Space")
    changed(page, box, before)
    says(page, box, "The ReLU sets the negative numbers in the middle to 0")
    press(page, box, "Undo", pictures(box))
    page.wait_for_function("box => !box.innerText.includes('sets the negative numbers')", arg=box.element_handle())
    bring_a_photo_and_a_file_that_is_none(page, box)
