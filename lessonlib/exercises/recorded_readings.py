"""Checkers of notebook 06: read a chart of recorded runs, and find what a sentence overclaims."""

from collections.abc import Iterable, Mapping

import numpy as np
import torch

from lessonlib.exercises.checking import Mistake, as_float64, checker
from lessonlib.study.comparisons import compared
from lessonlib.study.intervals import student
from lessonlib.study.plans import get_plan
from lessonlib.training.runs import load_runs

__all__ = ["check_chart", "check_sentences", "sentences"]

CHART = "one change at a time"
QUESTIONS = ("leaves out zero", "at least one point", "no difference")

# letter: (the comparison's place in its question, the sentence, its overclaim, a hint)
SENTENCES = {
    "A": (
        ("the thread, clean", 3),
        "Activation after each or after the second, in two 2x2: {low:+.1f} to {high:+.1f} points, "
        "with zero inside. So it makes no difference.",
        "equal",
        "zero is inside, and so are other differences: the runs do not tell which it is.",
    ),
    "B": (
        ("the thread, clean", 0),
        "We made {family} comparisons and looked for the clearest against a plain 3x3. "
        "One 2x2 loses, p = {p:.3f}, below 0.05.",
        "family",
        "of many comparisons some fall below 0.05 by chance: p has to be adjusted for all of them.",
    ),
    "C": (
        ("one change at a time", 0),
        "In our small network, after five epochs, two 2x2 that are shifted by a pixel "
        "do worse by at least 1.1 points ({low:+.2f} to {high:+.2f}; it stands among all "
        "{family} comparisons).",
        "nothing",
        "it names the network, its bound is the near end of the interval, and its family.",
    ),
    "D": (
        ("one change at a time", 3),
        "In our small network Mish instead of ReLU, in two 2x2 of 2019, "
        "gives {difference:.2f} points more, neither less nor more than that "
        "({low:+.2f} to {high:+.2f}; it stands among all {family} comparisons).",
        "size",
        "the mean is one value of the interval: 'at least' takes its near end.",
    ),
    "E": (
        ("one change at a time", 4),
        "Mish in the stem of a 3x3 gave {low:.1f} to {high:.1f} points more, and that stands among "
        "all {family} comparisons. So networks of any size should have Mish there.",
        "scope",
        "one small network was trained, on one set of photos: of others the runs know nothing.",
    ),
}
OVERCLAIMS = ("equal", "family", "size", "scope", "nothing")


def sentences() -> dict[str, str]:
    """The sentences of the exercise by letter, with the figures of the first recorded study."""
    [part] = get_plan("cpu")
    runs = load_runs("cpu")
    family = len(compared(part, runs))
    found = {}
    for letter, ((question, row), sentence, *_) in SENTENCES.items():
        estimate = student(compared(part, runs, question)[row][1])
        found[letter] = sentence.format(**estimate._asdict(), family=family)
    return found


@checker
def check_sentences(answer):
    """`answer` gives for each letter of `sentences()` what the sentence overclaims.

    'equal', 'family', 'size', 'scope', or 'nothing' where it claims no more than its runs give.
    """
    if not isinstance(answer, Mapping) or set(answer) != set(SENTENCES):
        raise Mistake(f"Give a dictionary with a word for each of {', '.join(SENTENCES)}.")
    words = {letter: str(word).strip(" .'\"").lower() for letter, word in answer.items()}
    for letter, word in words.items():
        if word not in OVERCLAIMS:
            raise Mistake(f"{letter} has to be one of {', '.join(OVERCLAIMS)}.")
    for letter, (_, _, overclaim, hint) in SENTENCES.items():
        if words[letter] != overclaim:
            raise Mistake(f"Not yet {letter}: {hint}")
    return "what a sentence leaves out decides: the family, the far end, the network."


@checker
def check_chart(answer):
    """`answer` reads the chart of one change at a time; its rows count from the top, from 1.

    A dictionary of three lists of rows. 'leaves out zero': the interval does; 'at least one point':
    the runs rule out a difference of less than one point, up or down; 'no difference': the runs
    show that there is none.
    """
    if not isinstance(answer, Mapping) or set(answer) != set(QUESTIONS):
        raise Mistake(f"Give a dictionary with a list of rows for each of: {', '.join(QUESTIONS)}.")
    [part] = get_plan("cpu")
    found = [student(differences) for _, differences in compared(part, load_runs("cpu"), CHART)]
    zero, one, none = (_rows_of(answer[question], question, len(found)) for question in QUESTIONS)
    nearest = [max(row.low, -row.high) for row in found]  # the end near zero; below 0: zero inside
    right = _above(nearest, 0), _above(nearest, 1)
    if zero != right[0]:
        raise Mistake(_zero_hint(zero, right[0], found))
    if one != right[1]:
        raise Mistake(_one_hint(one, right[1], found))
    if none:
        raise Mistake(
            "An interval with zero in it has other differences in it, too: "
            "no row shows that there is no difference."
        )
    return "a diamond says where the middle lies, the line what else it may be."


def _rows_of(value, question, count):
    """The learner's rows as a set of whole numbers."""
    if isinstance(value, torch.Tensor | np.ndarray):
        value = value.tolist()
    if isinstance(value, Iterable):
        value = list(value)
    if value == []:
        return set()
    numbers = as_float64(value)
    rows = None if numbers is None else set(numbers.flatten().tolist())
    if rows is None or not rows <= set(range(1, count + 1)):
        raise Mistake(f"{question}: give a list of rows, of 1 to {count}, or [] for none.")
    return rows


def _above(numbers, bound):
    return {row for row, number in enumerate(numbers, 1) if number > bound}


def _zero_hint(answer, right, found):
    if answer == set(range(1, len(found) + 1)) - right:
        return "leaves out zero: you name the rows whose line crosses zero; the others are asked."
    if answer == _above([row.low for row in found], 0):
        return "leaves out zero: an interval below zero leaves it out as well."
    return f"leaves out zero: look where the line, not the diamond, lies; {_first(answer, right)}."


def _one_hint(answer, right, found):
    if answer == _above([abs(row.difference) for row in found], 1):
        return "at least one point: the diamond is the mean; the near end of the line is asked."
    if answer == _above([row.low for row in found], 1):
        return "at least one point: a difference may go down as well."
    return f"at least one point: look at the end that is nearer zero; {_first(answer, right)}."


def _first(answer, right):
    row = min(answer ^ right)
    return f"row {row:.0f} is {'missing' if row in right else 'one too many'}"
