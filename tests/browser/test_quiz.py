"""The quiz in the real JupyterLab, answered by keyboard alone."""

from lessonlib.exercises.quiz import questions


def test_a_quiz_is_answered_by_keyboard(notebook, run_all):
    page = notebook("01_kernels_and_padding")
    run_all(page)
    first = questions("01")[0]
    quiz = page.locator(".jp-OutputArea-output .widget-vbox").filter(has_text="of 5 right").first
    quiz.scroll_into_view_if_needed()
    assert quiz.locator("input:checked").count() == 0
    quiz.locator("input[type=radio]").first.focus()
    for option in first.options:  # Tab goes on, space chooses: JupyterLab keeps the arrow keys for itself
        page.keyboard.press("Space")
        quiz.get_by_text(option.why).wait_for()
        page.keyboard.press("Tab")
    quiz.get_by_text("0 of 5 right, 1 tried.").wait_for()
