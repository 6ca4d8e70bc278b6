"""The quiz at the end of a notebook: five to seven questions, each answer explained at once."""

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
    """A prompt and its options, exactly one of which is right."""

    prompt: str
    options: tuple[Option, ...]

    @property
    def answer(self):
        """The option that is right."""
        return next(option for option in self.options if option.right)


def questions(notebook):
    """The questions of a notebook, "01" to "09". Raises ValueError for any other."""
    quizzes = tomllib.loads((DATA / "quizzes.toml").read_text(encoding="utf-8"))
    if notebook not in quizzes:
        raise ValueError(f"There is no quiz {notebook!r}; choose one of {', '.join(quizzes)}.")
    return [_question(**row) for row in quizzes[notebook]]


class Quiz(LiveBox):
    """The quiz of a notebook, "01" to "09". A saved notebook shows it as text, answers folded."""

    def __init__(self, notebook):
        self.questions = questions(notebook)
        self.choices = [_choice(question) for question in self.questions]
        self.replies = [message_line() for _ in self.questions]
        self.message = message_line()
        prompts = [_prompt(number, question) for number, question in enumerate(self.questions, 1)]
        rows = [VBox(row) for row in zip(prompts, self.choices, self.replies)]
        super().__init__([*rows, self.message])
        for choice in self.choices:
            choice.observe(lambda _: self.draw(), "value")
        self.draw()

    @property
    def chosen(self):
        """The option chosen for each question, None where there is none yet."""
        answered = zip(self.questions, self.choices)
        return [None if c.index is None else q.options[c.index] for q, c in answered]

    def draw(self):
        """Explain each chosen option, and count."""
        for reply, option in zip(self.replies, self.chosen):
            explained = message(_reply(option))
            if reply.value != explained:  # a screen reader announces every change
                reply.value = explained
        tried = [option for option in self.chosen if option is not None]
        right = sum(option.right for option in tried)
        self.message.value = message(f"{right} of {len(self.questions)} right, {len(tried)} tried.")

    def fallback(self):
        """The questions as markdown, with the answers folded, and as plain text without them."""
        asked = []
        answers = []
        for number, question in enumerate(self.questions, 1):
            options = "\n".join(f"- {option.text}" for option in question.options)
            asked.append(f"**{number}. {question.prompt}**\n\n{options}")
            # escaped, since "3. 141. So" would be a list in a list
            answers.append(rf"{number}. {question.answer.text}\. {question.answer.why}")
        folded = "\n".join(["<details><summary>Answers</summary>", "", *answers, "", "</details>"])
        plain = "\n\n".join(asked).replace("**", "")
        written = {"text/markdown": "\n\n".join([*asked, folded]), "text/plain": plain}
        return {"text/html": _page(self.questions)} | written, {}


def _page(asked):
    """The same as HTML."""
    parts = []
    answers = ""
    for number, question in enumerate(asked, 1):
        options = "".join(f"<li>{html.escape(option.text)}</li>" for option in question.options)
        prompt = html.escape(question.prompt)
        parts.append(f"<p><b>{number}. {prompt}</b></p><ul>{options}</ul>")
        answers += f"<li>{html.escape(f'{question.answer.text}. {question.answer.why}')}</li>"
    folded = f"<details><summary>Answers</summary><ol>{answers}</ol></details>"
    return "".join([*parts, folded])


def _question(prompt, options):
    return Question(prompt, tuple(Option(**option) for option in options))


def _reply(option):
    if option is None:
        return ""
    return f"{'Right' if option.right else 'Not this one'}. {option.why}"


def _prompt(number, question):
    text = html.escape(question.prompt)
    return HTML(f"<b>{number}. {text}</b>", layout=Layout(margin="12px 0 0 0"))


def _choice(question):
    options = [option.text for option in question.options]
    choice = RadioButtons(options=options, value=None, layout=Layout(width="max-content"))
    if choice.has_trait("tooltip"):  # ipywidgets 8
        choice.tooltip = question.prompt
    return choice
