"""The lesson with keys alone, in the real JupyterLab: run a cell, reach each control, change it, do
an exercise, take the quiz.

No test here touches the mouse or gives the focus away by script. Shift+Enter runs a cell and goes
on, the arrow keys go from
cell to cell, Tab goes into its output, Space opens a menu or chooses, Enter presses a button or
begins to edit.
"""

import pytest

from helpers import live_lab
from helpers.hand import FIELD, HANDLE, OUTPUT, PICTURE, a_photo, changed, pictures, says, until
from lessonlib.exercises.quiz import questions

# the keys that lead through a notebook are JupyterLab's
pytestmark = pytest.mark.parametrize(
    "front", [pytest.param(live_lab, id="lab")], indirect=True, scope="session"
)

CELLS = ".jp-Notebook .jp-Cell"
# a radio button stands for its group only where one of them is chosen; here none is
CONTROLS = "select:enabled, input:enabled:not([type=file]), button:enabled, .noUi-handle"
# notebook, a text that only this playground shows, its first control that changes the picture, the
# keys that change it
PLAYGROUNDS = [
    ("01_kernels_and_padding", "after the kernel", FIELD, ("-", "3", "Tab")),
    ("01_kernels_and_padding", "after the padded kernel", HANDLE, ("ArrowRight",)),
    ("02_two_make_one", "after A alone", FIELD, ("-", "3", "Tab")),
    ("02_two_make_one", "what one output sees", FIELD, ("3", "Tab")),
    ("03_the_way_back", "after the nearest product", FIELD, ("-", "3", "Tab")),
    ("04_what_breaks_it", "wrong where orange", "input[type=checkbox]", ("Space",)),
    ("05_what_it_costs", "Multiplications, if one 3x3", ".noUi-handle", ("ArrowLeft",)),
    ("06_imagewoof", "for 80% of the studies", ".noUi-handle", ("ArrowRight",)),
    ("07_stem_and_order", "mean before", "button:not(.mod-active)", ("Enter",)),
    ("08_five_by_five", "after A alone", FIELD, ("-", "3", "Tab")),
]


def active(page):
    """The number of the cell that the keys act on."""
    return page.evaluate(
        f"() => [...document.querySelectorAll('{CELLS}')].findIndex(c => c.matches('.jp-mod-active'))"
    )


def run_on(page):
    """Run this cell and go to the next, as soon as it is done; a cell of prose is only passed."""
    here = active(page)
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(
        f"i => !document.querySelectorAll('{CELLS}')[i].querySelector('.jp-InputPrompt').innerText.includes('*')",
        arg=here,
    )
    return page.locator(CELLS).nth(here)


def run_down_to(page, text):
    """Run cell after cell until one shows widgets with `text`, and go back to it; gives their box."""
    for _ in range(page.locator(CELLS).count()):
        box = run_on(page).locator(OUTPUT).filter(has_text=text).first
        if box.count():
            page.keyboard.press("ArrowUp")
            return box
    pytest.fail(f"No cell shows {text!r}.")


def tab_to(page, target, key="Tab"):
    """Press Tab, or Shift+Tab, until `target` has the focus."""
    for _ in range(60):
        if target.evaluate("target => target === document.activeElement"):
            return
        page.keyboard.press(key)
    pytest.fail(f"{key} does not reach {target}.")


def passed_by(page, box, steps, key):
    """The numbers of those controls in `box` that have the focus in turn, `steps` of them."""
    found = []
    for _ in range(3 * steps):
        here = box.evaluate(
            f"box => [...box.querySelectorAll('{CONTROLS}')].indexOf(document.activeElement)"
        )
        found += [here] if here >= 0 and here not in found[-1:] else []
        if len(found) == steps:
            break
        page.keyboard.press(key)
    return found


@pytest.mark.parametrize(
    "name, text, control, keys", PLAYGROUNDS, ids=[f"{n[:2]}-{t}" for n, t, _, _ in PLAYGROUNDS]
)
def test_every_control_is_reached_and_a_change_is_made_and_undone(
    notebook, name, text, control, keys
):
    page = notebook(name)
    box = run_down_to(page, text)
    box.locator(PICTURE).first.wait_for()
    controls = box.locator(CONTROLS)
    tab_to(page, controls.first)
    everything = list(range(controls.count()))
    assert passed_by(page, box, len(everything), "Tab") == everything
    assert passed_by(page, box, len(everything), "Shift+Tab") == everything[::-1]

    before = pictures(box)
    tab_to(page, box.locator(control).first)
    for key in keys:
        page.keyboard.press(key)
    after = changed(box, before)
    tab_to(page, box.get_by_role("button", name="As code"))
    page.keyboard.press("Enter")
    until(box.locator("textarea"), "(code, start) => code.value.includes(start)", "import ")
    tab_to(page, box.get_by_role("button", name="Undo"), "Shift+Tab")
    page.keyboard.press("Enter")
    changed(box, after)


def test_a_menu_is_opened_and_ones_own_photo_is_brought(notebook):
    page = notebook("01_kernels_and_padding")
    box = run_down_to(page, "after the kernel")
    box.locator(PICTURE).first.wait_for()
    before = pictures(box)
    preset = box.locator("select").last
    tab_to(page, preset)
    cells = page.locator(CELLS).count()
    page.keyboard.press("ArrowDown")  # JupyterLab would go to another cell
    changed(box, before)
    page.keyboard.press("s")  # the next name that begins with it; x would cut the cell
    page.keyboard.press("x")
    assert page.locator(CELLS).count() == cells
    chosen = pictures(box)
    says(box, "The entries sum to 0.")
    tab_to(page, box.get_by_role("button", name="your own"), "Shift+Tab")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files({"name": "mine.png", "mimeType": "image/png", "buffer": a_photo()})
    changed(box, chosen)


def test_a_whole_exercise_and_the_quiz(notebook):
    page = notebook("01_kernels_and_padding")
    keyboard = page.keyboard

    def on_to(text):
        """Run cell after cell, and stop before the one whose code has `text`."""
        while text not in page.locator(CELLS).nth(active(page)).inner_text():
            run_on(page)

    def answer(code):
        """Write `code` in the place of what the function returns now, run the cell and read what it
        says."""
        for key in ("Enter", "Control+Home", "ArrowDown", "End", "Shift+Home", "Delete"):
            keyboard.press(key)
        keyboard.type(f"return {code}")
        cell = run_on(page)
        keyboard.press("ArrowUp")
        return cell.locator(".jp-OutputArea-output").first.inner_text()

    on_to("def my_size(")
    assert answer("...").startswith("Not tried yet")
    wrong = answer("n + before + after - k")
    assert wrong.strip() and "Right" not in wrong

    hint = page.locator(CELLS).nth(active(page) + 1).locator("summary").first
    tab_to(page, hint)
    keyboard.press("Space")
    page.wait_for_function("summary => summary.parentElement.open", arg=hint.element_handle())
    while "def my_size(" not in page.locator(CELLS).nth(active(page)).inner_text():
        keyboard.press("ArrowUp")
    right = answer("(n + before + after - k) // stride + 1")
    assert right != wrong and "Right" in right

    on_to("Quiz(")
    box = run_down_to(page, "of 5 right")
    asked = questions("01")
    for number, question in enumerate(asked):
        radios = box.locator(".widget-radio-box").nth(number).locator("input")
        tab_to(page, radios.nth(question.options.index(question.answer)))
        keyboard.press("Space")
        box.get_by_text(question.answer.why).wait_for()
    box.get_by_text(f"{len(asked)} of {len(asked)} right, {len(asked)} tried.").wait_for()
