"""The quiz at the end of a notebook: five to seven questions, each answer explained as soon as it is chosen."""

import html
import tomllib
from dataclasses import dataclass

from ipywidgets import HTML, Layout, RadioButtons, VBox

from lessonlib.paths import DATA
from lessonlib.playgrounds.base import LiveBox, message, message_line

__all__ = ["Option", "Question", "Quiz", "questions"]


@dataclass(frozen=True)
class Option:
    """One answer to choose, and why it is right or wrong."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A prompt and its options, of which one is right."""

    prompt: str
    options: tuple[Option, ...]

    @property
    def answer(self):
        return next(option for option in self.options if option.right)


def questions(notebook):
    """The questions of a notebook, "01" to "09". Raises ValueError for another."""
    quizzes = tomllib.loads((DATA / "quizzes.toml").read_text())
    if notebook not in quizzes:
        raise ValueError(f"There is no quiz {notebook!r}; choose one of {', '.join(quizzes)}.")
    return [
        Question(row["prompt"], tuple(Option(**option) for option in row["options"]))
        for row in quizzes[notebook]
    ]


class Quiz(LiveBox):
    """The quiz of a notebook, "01" to "09". A saved notebook shows it as text, with the answers folded."""

    def __init__(self, notebook):
        self.questions = questions(notebook)
        self.choices = [_choice(question) for question in self.questions]
        self.replies, self.message = [message_line() for _ in self.questions], message_line()
        asked = zip(self.questions, self.choices, self.replies)
        rows = [
            VBox([_prompt(number, question), choice, reply])
            for number, (question, choice, reply) in enumerate(asked, 1)
        ]
        super().__init__([*rows, self.message])
        for choice in self.choices:
            choice.observe(lambda _: self.draw(), "value")
        self.draw()

    @property
    def chosen(self):
        """The option chosen for each question, None where there is none yet."""
        return [
            None if c.index is None else q.options[c.index]
            for q, c in zip(self.questions, self.choices)
        ]

    def draw(self):
        for reply, option in zip(self.replies, self.chosen):
            text = (
                ""
                if option is None
                else f"{'Right' if option.right else 'Not this one'}. {option.why}"
            )
            if reply.value != message(text):  # a screen reader announces every change
                reply.value = message(text)
        right, tried = (
            sum(option is not None and option.right for option in self.chosen),
            sum(map(bool, self.chosen)),
        )
        self.message.value = message(f"{right} of {len(self.questions)} right, {tried} tried.")

    def fallback(self):
        """The questions as markdown, with the answers folded, and as plain text without them."""
        numbered = list(enumerate(self.questions, 1))
        asked = [
            f"**{n}. {q.prompt}**\n\n" + "\n".join(f"- {o.text}" for o in q.options)
            for n, q in numbered
        ]
        answers = [
            rf"{n}. {q.answer.text}\. {q.answer.why}" for n, q in numbered
        ]  # "3. 141. So" would be a list in a list
        folded = "\n".join(["<details><summary>Answers</summary>", "", *answers, "", "</details>"])
        plain = "\n\n".join(asked).replace("**", "")
        return {"text/markdown": "\n\n".join([*asked, folded]), "text/plain": plain}, {}


def _prompt(number, question):
    return HTML(
        f"<b>{number}. {html.escape(question.prompt)}</b>", layout=Layout(margin="12px 0 0 0")
    )


def _choice(question):
    choice = RadioButtons(
        options=[o.text for o in question.options], value=None, layout=Layout(width="max-content")
    )
    if choice.has_trait("tooltip"):  # ipywidgets 8
        choice.tooltip = question.prompt
    return choice
