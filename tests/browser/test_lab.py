"""The lesson as a learner meets it: type a number, press a button, look whether the picture has changed."""

from live_lab import box_with, pictures


def wait_until_changed(page, box, before, which):
    page.wait_for_function(
        "([box, before, which]) => box.querySelectorAll('img')[which].src !== before",
        arg=[box.element_handle(), before[which], which],
    )


def test_a_number_typed_into_the_composition_playground_changes_a_and_the_pictures(notebook, run_all):
    page = notebook("02_two_make_one")
    run_all(page)
    box = box_with(page, "after A alone")
    before, table = pictures(box), box.locator("table").inner_text()
    field = box.locator("input[type=number]").first
    field.fill("-2.5")
    field.press("Tab")
    wait_until_changed(page, box, before, 1)
    after = pictures(box)
    assert after[0] == before[0] and "-3.5" not in table
    # b00 c01 + b01 c00 = -2.5 - 1
    page.wait_for_function("box => box.querySelector('table').innerText.includes('-3.5')", arg=box.element_handle())
    assert "Largest difference between the two routes" in box.inner_text()

    field.fill("1e308")
    field.press("Tab")
    page.wait_for_function("box => box.innerText.includes('The last good value, -2.5, is back.')", arg=box.element_handle())
    assert field.input_value() == "-2.5" and pictures(box) == after


def test_a_slider_moved_by_keys_moves_the_flower(notebook, run_all):
    page = notebook("01_kernels_and_padding")
    run_all(page)
    box = box_with(page, "after the padded kernel")
    before = pictures(box)
    handle = box.locator(".noUi-handle").first
    handle.focus()
    for _ in range(3):
        handle.press("ArrowRight")
    page.wait_for_function("box => box.innerText.includes('2 pixel down')", arg=box.element_handle())
    wait_until_changed(page, box, before, 1)
    assert pictures(box)[0] == before[0]
