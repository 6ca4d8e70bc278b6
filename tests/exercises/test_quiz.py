"""The quizzes: their form, every choice, and what a saved notebook keeps of them."""

import html

import pytest
from nbconvert.filters import markdown2html

from lessonlib.exercises.quiz import Quiz, questions

WITH_QUIZ = [f"{n:02}" for n in range(1, 10)]


@pytest.mark.parametrize("notebook", WITH_QUIZ)
def test_a_quiz_has_five_to_seven_questions_and_explains_every_option(notebook):
    asked = questions(notebook)
    assert 5 <= len(asked) <= 7
    assert len({question.prompt for question in asked}) == len(asked)
    right_places = set()
    for question in asked:
        options = question.options
        right = [option.right for option in options]
        assert 3 <= len(options) <= 5 and sum(right) == 1
        assert len({option.text for option in options}) == len(options)
        assert all(len(option.text) < 100 for option in options)
        assert all(len(option.why) > 20 and option.why.endswith(".") for option in options)
        right_places.add(right.index(True))
    assert len(right_places) > 1  # not always at one place


@pytest.mark.parametrize("notebook", WITH_QUIZ)
def test_a_quiz_answers_every_choice(notebook):
    quiz = Quiz(notebook)
    n = len(questions(notebook))
    assert quiz.chosen == [None] * n
    assert f"0 of {n} right, 0 tried" in quiz.message.value
    for question, choice, reply in zip(quiz.questions, quiz.choices, quiz.replies):
        assert choice.value is None and ">.<" not in reply.value
        for option in question.options:
            choice.value = option.text
            assert ("Right. " in reply.value) == option.right
            assert ("Not this one. " in reply.value) != option.right
            assert option.why.split("'")[0] in reply.value
        choice.value = question.answer.text
    assert f"{n} of {n} right, {n} tried" in quiz.message.value


def test_a_saved_quiz_is_readable_text():
    data, _ = Quiz("02").fallback()
    plain = data["text/plain"]
    markdown = data["text/markdown"]
    page = html.unescape(data["text/html"])
    for question in questions("02"):
        for text in [question.prompt, *(option.text for option in question.options)]:
            assert text in plain and text in markdown and text in page
        assert question.answer.why in markdown and question.answer.why not in plain
        assert question.answer.why in page.split("Answers</summary>")[1]


@pytest.mark.parametrize("name", WITH_QUIZ)
def test_the_saved_answers_are_one_list_whose_numbers_are_those_of_the_questions(name):
    data, _ = Quiz(name).fallback()
    answers = markdown2html(data["text/markdown"]).split("Answers</summary>")[1]
    assert (answers.count("<ol"), answers.count("<li")) == (1, len(questions(name)))
    answers = html.unescape(answers)
    assert all(f"{question.answer.text}. " in answers for question in questions(name))


def test_there_is_no_quiz_of_another_name():
    with pytest.raises(ValueError, match="no quiz '00'; choose one of 01, 02, 03, 04"):
        Quiz("00")
