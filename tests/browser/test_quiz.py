"""The quiz in the real front ends, answered by keyboard alone."""

from hand import OUTPUT

from lessonlib.exercises.quiz import questions


def test_a_quiz_is_answered_by_keyboard(front, notebook):
    page = notebook("01_kernels_and_padding")
    front.run_all(page)
    first = questions("01")[0]
    quiz = page.locator(OUTPUT).filter(has_text="of 5 right").first
    quiz.scroll_into_view_if_needed()
    assert quiz.locator("input:checked").count() == 0
    quiz.locator("input[type=radio]").first.focus()
    for option in first.options:  # Tab goes on, space chooses: JupyterLab keeps the arrow keys for itself
        page.keyboard.press("Space")
        quiz.get_by_text(option.why).wait_for()
        page.keyboard.press("Tab")
    quiz.get_by_text("0 of 5 right, 1 tried.").wait_for()
