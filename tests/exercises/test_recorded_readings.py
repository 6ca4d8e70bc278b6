"""Answers to the checkers of notebook 06 on recorded runs: a chart, and sentences about it."""

import numpy as np
import pytest
import torch

from helpers.checkers import checker_tests
from lessonlib.exercises import recorded_readings
from lessonlib.exercises.recorded_readings import SENTENCES, check_chart, check_sentences, sentences
from lessonlib.study.comparisons import compared
from lessonlib.study.intervals import holm, student
from lessonlib.study.plans import get_plan
from lessonlib.training.runs import load_runs

WORDS = {"A": "equal", "B": "family", "C": "nothing", "D": "size", "E": "scope"}
CHART = {"leaves out zero": [1, 3, 4, 5, 6], "at least one point": [1, 4, 6], "no difference": []}


class OfCheckers:
    """The module's checkers, without the function that prints the sentences."""

    __all__ = ["check_chart", "check_sentences"]
    check_chart = staticmethod(check_chart)
    check_sentences = staticmethod(check_sentences)


TestCheckers = checker_tests(
    OfCheckers,
    {
        check_chart: [
            CHART,
            {question: set(rows) for question, rows in CHART.items()},
            {question: np.array(rows) for question, rows in CHART.items()},
            {question: torch.tensor(rows) for question, rows in CHART.items()},
            CHART | {"leaves out zero": (6.0, 5, 4, 3, 1, 1)},
            CHART | {"leaves out zero": dict.fromkeys([1, 3, 4, 5, 6]).keys()},
            CHART | {"no difference": np.array([])},
            CHART | {"at least one point": np.array([[1, 4, 6]], dtype=np.float32)},
        ],
        check_sentences: [
            WORDS,
            {letter: f" {word.upper()} " for letter, word in WORDS.items()},
            {letter: f'"{word}".' for letter, word in WORDS.items()},
            dict(reversed(WORDS.items())),
        ],
    },
    {
        check_chart: {
            "whose line crosses zero": CHART | {"leaves out zero": [2]},
            "below zero leaves it out as well": CHART | {"leaves out zero": [3, 4, 5, 6]},
            "row 2 is one too many": CHART | {"leaves out zero": [1, 2, 3, 4, 5, 6]},
            "row 3 is missing": CHART | {"leaves out zero": [1, 4, 5, 6]},
            "the near end of the line": CHART | {"at least one point": [1, 4, 5, 6]},
            "may go down as well": CHART | {"at least one point": [4, 6]},
            "nearer zero; row 3 is one too many": CHART | {"at least one point": [1, 3, 4, 6]},
            "no row shows that there is no difference": CHART | {"no difference": [2]},
            "of 1 to 6": CHART | {"leaves out zero": [0, 2, 3, 4, 5]},  # counted from 0
            "a list of rows, of 1 to 6": CHART | {"at least one point": [True, False, True]},
            "or [] for none": CHART | {"no difference": "none"},
            "a list of rows for each of": {"leaves out zero": [1]},
        },
        check_sentences: {
            "Not yet A: zero is inside": WORDS | {"A": "nothing"},
            "Not yet B: of many comparisons": WORDS | {"B": "size"},
            "Not yet C: it names the network": WORDS | {"C": "scope"},
            "Not yet D: the mean is one value": WORDS | {"D": "equal"},
            "Not yet E: one small network": WORDS | {"E": "family"},
            "D has to be one of equal, family": WORDS | {"D": "too much"},
            "C has to be one of": WORDS | {"C": None},
            "a word for each of A, B, C, D, E": {"A": "equal"},
        },
    },
    of_values=[check_chart, check_sentences],
)


@pytest.fixture(scope="module")
def study():
    """Every comparison of the first study as an Estimate, and the asked ones by letter."""
    [part] = get_plan("cpu")
    runs = load_runs("cpu")
    family = [student(differences) for _, differences in compared(part, runs)]
    asked = {}
    for letter, ((question, row), *_) in SENTENCES.items():
        asked[letter] = student(compared(part, runs, question)[row][1])
    return family, asked


def test_each_sentence_overclaims_just_what_the_runs_say(study):
    family, asked = study
    adjusted = holm([found.p for found in family])
    in_family = {letter: adjusted[family.index(found)] for letter, found in asked.items()}
    assert asked["A"].low < 0 < asked["A"].high
    assert asked["B"].p < 0.05 <= in_family["B"]
    assert asked["C"].high <= -1.1
    assert all(in_family[letter] < 0.05 for letter in "CDE")
    assert f"{len(family)} comparisons" in sentences()["B"]


def test_every_kind_of_overclaim_stands_in_one_sentence():
    assert sorted(WORDS.values()) == sorted(recorded_readings.OVERCLAIMS)
    assert set(sentences()) == set(WORDS)


def test_a_chart_read_half_is_not_tried_yet():
    assert repr(check_chart(CHART | {"no difference": ...})) == "Not tried yet."
