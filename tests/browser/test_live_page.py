"""The playgrounds that compute in the page, from the disk, with no kernel: the
hand on a kernel, keys, a finger, a photo, bad input, and the still where no script runs."""

import json

import pytest

from helpers.hand import PASTE, a_photo, of_100_megapixels
from helpers.live_pages import furthest, looks, shown
from lessonlib.algebra import named_kernels
from lessonlib.kernels import compose, receptive_field
from lessonlib.playgrounds.colors import brightness
from lessonlib.playgrounds.live import SCRIPT
from lessonlib.playgrounds.live.named import PLAYGROUNDS
from lessonlib.sample_photos import sample_photo

CELL = "input.lesson-cell"


def first_cell(box):
    return box.locator(CELL).first


def keyed(box, text):
    """Type over the first cell, go on by Tab, and give what it shows then."""
    first_cell(box).click()
    box.page.keyboard.press("Delete")
    box.page.keyboard.type(text)
    box.page.keyboard.press("Tab")
    return first_cell(box).input_value()


TYPED = [
    ("-3", "-3"),
    ("1,5", "1.5"),
    (".25", "0.25"),
    ("\u22122", "-2"),
    ("2e1", "20"),
    ("99", "99"),
]


def test_a_number_is_typed_and_undone(opened):
    box = opened("composition of 2x2")
    before = looks(box)
    for text, value in TYPED:
        assert keyed(box, text) == value
        after = looks(box)
        assert after[0] == before[0] and after[1] != before[1]
        assert box.get_by_label("preset").input_value() == "custom"
        box.get_by_role("button", name="Undo").click()
        assert looks(box) == before
        assert box.get_by_label("preset").input_value() == "Sobel"


@pytest.mark.parametrize("name", ["kernel", "placement", "composition of 2x2"])
def test_a_bad_number_is_answered_and_the_last_good_kernel_stays(opened, name):
    box = opened(name)
    before = looks(box)
    value = first_cell(box).input_value()
    for text in ("abc", "", "NaN", "1e308", "Infinity", "1,5,5", "0x10", "99.01", "-"):
        assert keyed(box, text) == value
        said = f"{text or 'an empty field'} is not. The last good value, {value}, is back."
        box.get_by_text(f"is a finite number between -99 and 99, {said}").wait_for()
        assert looks(box) == before
    assert keyed(box, "2") == "2"  # and goes on
    box.get_by_role("button", name="Undo").click()
    assert box.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"


PASTED = [
    ("1\t2\n3\t4", "1 2 3 4"),
    ("1,5\t2\r\n3\t-4\r\n", "1.5 2 3 -4"),
    ("[[1, 2], [3.5, 4]]", "1 2 3.5 4"),
    ("torch.tensor([[1., 2.], [3., 4.]])", "1 2 3 4"),
    ("1, 2\n3, 4", "1 2 3 4"),
    ("1 2; 3 4", "1 2 3 4"),
]
DOES_NOT_FIT = [
    ("1\t2\t3\t4\n5\t6\t7\t8\n9\t10\t11\t12", "is 3x4, B, first is 3x3."),
    ("1\t2\n3", "is of unequal rows, B, first is 3x3."),
    ("1 2 3\n4 5 6\n7 8 x", "x is not. It stands in the pasted table."),
    ("1 2 3\n4 5 6\n7 8 100", "100 is not. It stands in the pasted table."),
]


def test_a_pasted_matrix_fills_the_kernel_in_one_step(opened):
    box = opened("composition of 2x2")
    cells = box.locator(CELL)
    for text, numbers in PASTED:
        first_cell(box).evaluate(PASTE, text)
        assert [cells.nth(i).input_value() for i in range(4)] == numbers.split()
        box.get_by_role("button", name="Undo").click()
        assert [cells.nth(i).input_value() for i in range(4)] == ["1"] * 4


def test_a_pasted_table_that_does_not_fit_is_answered(opened):
    box = opened("composition of 3x3")
    before = looks(box)
    for text, sentence in DOES_NOT_FIT:
        first_cell(box).evaluate(PASTE, text)
        box.get_by_text(f"{sentence} B, first stays as it was.").wait_for()
        assert looks(box) == before


def test_a_number_is_dragged_sideways_in_one_step(opened):
    box = opened("kernel")
    before = looks(box)
    place = box.locator(CELL).nth(3).bounding_box()
    mouse = box.page.mouse
    mouse.move(place["x"] + 20, place["y"] + 20)
    mouse.down()
    for right in (10, 20, 40):
        mouse.move(place["x"] + 20 + right, place["y"] + 24)
        assert box.locator(CELL).nth(3).input_value() == f"{right / 40:g}"
    mouse.up()
    assert looks(box)[1] != before[1]
    assert box.page.evaluate("String(getSelection())") == ""
    box.get_by_role("button", name="Undo").click()
    assert box.locator(CELL).nth(3).input_value() == "0"
    assert box.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"
    mouse.move(place["x"] + 20, place["y"] + 20)
    mouse.down()
    mouse.move(place["x"] + 6000, place["y"] + 20)
    mouse.up()
    assert box.locator(CELL).nth(3).input_value() == "99"
    box.get_by_text("is not. It stays 99.").wait_for()


def swipe(page, x, y, right, down):
    """A finger from (x, y), in five moves."""
    touch = page.context.new_cdp_session(page)
    points = [{"x": x + right * n / 5, "y": y + down * n / 5} for n in range(6)]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    for point in points[1:]:
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_changes_a_number_sideways_and_scrolls_up_and_down(phone, address):
    page = phone
    page.goto(address("composition of 2x2"))
    box = page.locator(".lesson-playground")
    page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<p style=height:2000px>')")
    cell = first_cell(box)
    place = cell.bounding_box()
    x, y = place["x"] + 20, place["y"] + 20
    swipe(page, x, y, 60, 0)
    assert float(cell.input_value()) > 1.5
    assert page.evaluate("scrollY") == 0
    held = cell.input_value()
    swipe(page, x, y, 0, -120)
    page.wait_for_function("scrollY > 30")
    assert cell.input_value() == held


def test_keys_alone_reach_and_change_everything(opened):
    box = opened("composition of 2x2")
    page = box.page
    stops = []
    for _ in range(20):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate(
                "() => { const e = document.activeElement;"
                " return e.getAttribute('aria-label') ?? e.parentElement.innerText.split('\\n')[0] ?? ''; }"
            )
        )
    entries = [f"{name}, row {i}, column {j}" for name in ("B, first", "C, second") for i in (1, 2) for j in (1, 2)]  # fmt: skip
    assert [stop for stop in stops if stop in entries][:8] == entries
    assert any(stop.startswith("The photo. Arrow keys") for stop in stops)

    first_cell(box).focus()
    for key, value in (("ArrowUp", "1.25"), ("ArrowUp", "1.5"), ("PageDown", "0.5")):
        page.keyboard.press(key)
        assert first_cell(box).input_value() == value
    page.keyboard.type("7")
    page.keyboard.press("Escape")
    assert first_cell(box).input_value() == "0.5"
    undo = box.get_by_role("button", name="Undo")
    undo.focus()
    for value in ("1.5", "1.25", "1"):
        page.keyboard.press("Enter")
        assert first_cell(box).input_value() == value
    assert undo.evaluate("undo => undo === document.activeElement")
    menu = box.get_by_label("preset")
    menu.focus()
    page.keyboard.press("ArrowDown")
    assert menu.input_value() == "both differences"


def test_entries_light_up_with_those_that_make_them(opened):
    box = opened("composition of 2x2")
    lit = "cells => cells.map(cell => cell.classList.contains('lit') ? 1 : 0).join('')"
    grids = box.locator(".lesson-cells")
    marks = [grids.nth(i).locator(".lesson-cell") for i in range(3)]
    marks[2].nth(1).hover()  # A, row 0, column 1
    assert [cells.evaluate_all(lit) for cells in marks] == ["1100", "1100", "010000000"]
    assert "a01 = b00 c01 + b01 c00 = 1·1 + 1·(-1) = 0" in box.inner_text()
    marks[0].nth(3).hover()  # B, row 1, column 1
    assert [cells.evaluate_all(lit) for cells in marks] == ["0001", "1111", "000011011"]
    assert "b11 goes into 4 entries of A" in box.inner_text()


@pytest.mark.parametrize("name", ["kernel", "composition of 2x2", "composition of 3x3"])
def test_the_pixel_under_the_hand_is_the_sum_of_its_products(opened, name):
    box = opened(name)
    box.get_by_label("preset").select_option("Sobel")
    kernel = named_kernels.THREE["Sobel"]
    if name != "kernel":
        pairs = named_kernels.PAIRS if name.endswith("2x2") else named_kernels.PAIRS_OF_THREE
        kernel = compose(*pairs["Sobel"])
    box.locator("canvas").last.hover(position={"x": 61, "y": 101})
    canvas = box.locator("canvas").first
    canvas.focus()
    box.page.keyboard.press("ArrowRight")
    box.get_by_text("Row ").wait_for()
    found = box.locator("[role=status]").inner_text()
    row, column, count = (int(word) for word in found.replace(",", " ").replace(":", " ").split() if word.isdigit())  # fmt: skip
    assert count == kernel.numel()
    k = len(kernel)
    grey = sample_photo("flower", 120).mean(0)
    window = grey[row - 1 : row - 1 + k, column - 1 : column - 1 + k]
    total = (window * kernel).sum().item()
    assert float(found.rstrip(".").split()[-1]) == pytest.approx(
        total, abs=0.005 * max(1, abs(total))
    )
    assert f"add up to {found.rstrip('.').split()[-1]}" in box.inner_text()
    ring = box.locator(".lesson-ring").first.evaluate("ring => [ring.style.top, ring.style.left]")
    assert [float(side[:-1]) * 1.2 for side in ring] == pytest.approx(
        [row - 1, column - 1], abs=0.01
    )


def test_ones_own_photo_is_shown_and_bad_files_are_answered(opened):
    box = opened("kernel")
    flower = looks(box)

    def choose(name, content):
        with box.page.expect_file_chooser() as chooser:
            box.get_by_role("button", name="your own photo").click()
        chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": content})

    choose("mine.png", a_photo())
    box.page.wait_for_function("() => document.querySelector('select').value === 'your own photo'")
    mine = looks(box)
    ramp = shown(box)[0].double().mean((0, 2))
    assert ramp[0] < 10 and ramp[-1] > 245 and (ramp.diff() >= 0).all()
    for name, content, sentence in (
        ("none.txt", b"no photo", "is not a picture this lesson can read"),
        ("empty.png", b"", "is not a picture this lesson can read"),
        ("huge.png", of_100_megapixels(), "has 100 megapixels and this takes up to 64"),
    ):
        choose(name, content)
        box.get_by_text(sentence).wait_for()
        assert "The photo stays as it was." in box.inner_text()
        assert looks(box) == mine
    box.get_by_role("button", name="Undo").click()
    assert looks(box) == flower


@pytest.mark.parametrize("name", PLAYGROUNDS)
def test_the_code_runs_as_it_is_shown_and_gives_the_same(opened, name):
    box = opened(name)
    keyed(box, "3" if name == "stack" else "0,3")
    box.get_by_role("button", name="As code").click()
    names = {}
    exec(box.locator("textarea").input_value(), names)
    if name == "stack":
        assert names["field"] == receptive_field([3, 2, 2, 2, 2])
        return
    found = names["one_step" if name.startswith("composition") else "y"]
    kernel = names["A" if name.startswith("composition") else "K"]
    wanted = (brightness(found, kernel)[0].clamp(0, 1) * 255).round()
    assert furthest(shown(box)[-1:], [wanted]) <= 1


def test_no_box_scrolls_and_nothing_is_wider_than_a_phone(phone, address):
    bars = "all => all.filter(e => e.clientWidth && e.offsetWidth - e.clientWidth > 4 && getComputedStyle(e).overflowY !== 'visible').length"
    for name in PLAYGROUNDS:
        phone.goto(address(name))
        assert phone.locator(".lesson-playground div").evaluate_all(bars) == 0
        assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), name


def test_without_scripts_the_still_stays(browser, address):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address("kernel"))
    still = page.locator(".lesson-playground img")
    assert still.is_visible()
    assert still.get_attribute("alt") == PLAYGROUNDS["kernel"].alt()
    assert json.loads(page.locator(".lesson-playground script").inner_text())["kind"] == "kernel"
    page.context.close()


def test_a_stack_takes_whole_numbers_and_a_row_of_them(opened):
    box = opened("stack")
    sizes = box.locator(CELL).nth
    for text, said in (("8", "8"), ("0", "0"), ("1,5", "1,5"), ("", "an empty field")):
        assert keyed(box, text) == "2"
        box.get_by_text(f"Each size is a whole number from 1 to 7, {said} is not.").wait_for()
    for text in ("3 3 2 1 1", "[3, 3, 2, 1, 1]", "3\n3\n2\n1\n1"):
        first_cell(box).evaluate(PASTE, text)
        assert [sizes(n).input_value() for n in range(5)] == list("33211")
        box.get_by_role("button", name="Undo").click()
        assert first_cell(box).input_value() == "2"
    place = first_cell(box).bounding_box()
    mouse = box.page.mouse
    mouse.move(place["x"] + 20, place["y"] + 20)
    mouse.down()
    mouse.move(place["x"] + 620, place["y"] + 20)
    mouse.up()
    assert first_cell(box).input_value() == "7"
    box.get_by_text("It stays 7.").wait_for()


def test_the_output_that_is_looked_at_is_moved_by_pointer_and_keys(opened):
    box = opened("stack")
    field = box.get_by_role("slider")
    box.get_by_text("Output 17 of 32 sees pixels 14 to 19.").wait_for()
    width = field.bounding_box()["width"]
    field.hover(position={"x": width * 10 / 33, "y": 90})
    box.get_by_text("Output 10 of 32 sees pixels 7 to 12.").wait_for()
    field.focus()
    for key, output in (("ArrowRight", 11), ("ArrowUp", 12), ("ArrowLeft", 11), ("ArrowDown", 10)):
        box.page.keyboard.press(key)
        assert field.get_attribute("aria-valuenow") == str(output)
    for _ in range(12):  # it stays at the edge
        box.page.keyboard.press("ArrowLeft")
    assert field.get_attribute("aria-valuetext") == "Output 1 of 32 sees pixels 1 to 3."
    box.page.keyboard.press("ArrowRight")
    assert field.get_attribute("aria-valuenow") == "2"


UPLOAD = """<div class="lesson-widgets"><button class="widget-upload">your own</button>
    <span role="status"></span></div>
    <script>window.heard = 0;
    const input = document.createElement('input');
    input.type = 'file';
    document.querySelector('.widget-upload').addEventListener('click', () => input.click());
    input.addEventListener('change', () => { heard += 1; });</script>"""


def test_a_file_too_large_for_the_server_is_answered_and_not_sent(page):
    page.set_content(UPLOAD)  # as ipywidgets builds it: the input stands nowhere in the page
    page.add_script_tag(content=SCRIPT)
    page.evaluate("lesson.adopt()")
    for megabytes, heard in ((9, 1), (10, 1), (10, 1), (1, 2)):
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="your own").click()
        photo = {"name": "mine.png", "mimeType": "image/png", "buffer": b"0" * (megabytes * 10**6)}
        chooser.value.set_files(photo)
        page.wait_for_timeout(200)
        assert page.evaluate("heard") == heard
        if megabytes == 10:
            page.get_by_text("That file has 10 MB and this takes up to 9").wait_for()
