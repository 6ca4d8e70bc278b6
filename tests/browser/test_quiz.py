"""The quiz in the real front ends, answered by keyboard alone."""

from helpers.hand import OUTPUT
from lessonlib.exercises.quiz import questions


def tab_to(control):
    """Press Tab until it has the focus, which ipywidgets 7 drops after every choice."""
    for _ in range(20):
        if control.evaluate("element => element === document.activeElement"):
            return
        control.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {control}")


def test_a_quiz_is_answered_by_keyboard(front, notebook):
    page = notebook("01_kernels_and_padding")
    front.run_all(page)
    first = questions("01")[0]
    quiz = page.locator(OUTPUT).filter(has_text="of 5 right").first
    quiz.scroll_into_view_if_needed()
    assert quiz.locator("input:checked").count() == 0
    choices = quiz.locator("input[type=radio]")
    choices.first.focus()
    for number, option in enumerate(first.options):  # JupyterLab keeps the arrow keys for itself
        tab_to(choices.nth(number))
        page.keyboard.press("Space")
        quiz.get_by_text(option.why).wait_for()
    quiz.get_by_text("0 of 5 right, 1 tried.").wait_for()
