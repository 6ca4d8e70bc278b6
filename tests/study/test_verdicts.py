"""The words never say more than the interval, and a family has one false verdict in twenty."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessonlib.study.intervals import interval, student
from lessonlib.study.verdicts import bounds_in_words, compare_with_reported, stands, verdict

STUDIES = 2000


def error_of(share):
    """Three standard errors of a share of STUDIES."""
    return 3 * (share * (1 - share) / STUDIES) ** 0.5


@pytest.mark.parametrize("n", [3, 7, 12])
def test_two_equal_arms_are_called_different_in_one_study_of_twenty(n):
    """Accuracies on 3,929 photos, skewed by bad starts, and a part that the seed gives both."""
    random = np.random.default_rng(n)
    shared = random.normal(0, 0.5, (STUDIES, n))

    def accuracies():
        return np.round(39.29 * (60 + shared - random.exponential(1, (STUDIES, n)))) / 39.29

    low, high = interval(accuracies() - accuracies())
    words = [verdict(*ends, n) for ends in zip(low, high)]
    different = np.mean([not sentence.startswith("not") for sentence in words])
    assert different < 0.05 + error_of(0.05)


@pytest.mark.parametrize(
    "low, high, words",
    [
        (1.29, 3, "better by at least 1.2 points"),
        (0.034, 3, "better by at least 0.03 points"),
        (-3, -0.99, "worse by at least 0.9 points"),
        (0.009, 3, "not distinguishable with 8 runs"),
        (-0.2, 3, "not distinguishable with 8 runs"),
        (0, 3, "not distinguishable with 8 runs"),
        (-math.inf, 3, "not distinguishable with 8 runs"),
    ],
)
def test_verdicts_in_words(low, high, words):
    assert verdict(low, high, 8) == words


def test_a_family_of_equal_arms_has_one_that_stands_in_one_study_of_twenty():
    families = np.random.default_rng(0).normal(size=(400, 8, 4))
    wrong = np.mean([any(stands(family)) for family in families])
    assert 0.02 < wrong < 0.08


def test_what_stands_alone_may_fall_in_a_larger_family():
    clear = [1.0, 1.1, 0.9]
    narrow = [1.0, 0.3, 1.7, 1.2]
    assert student(narrow).p < 0.05
    assert stands([narrow]) == [True]
    assert stands([narrow, clear, narrow]) == [False, True, False]
    assert stands([]) == []


@given(st.floats(-30, 30), st.floats(0, 30))
def test_the_words_are_never_stronger_than_the_interval(low, width):
    high = low + width
    words = verdict(low, high, 5)
    said = re.fullmatch(r"(better|worse) by at least ([\d.]+) points", words)
    if not said:
        assert words == "not distinguishable with 5 runs"
        assert low < 0.01
        assert high > -0.01
    elif said[1] == "better":
        assert 0 < float(said[2]) <= low * (1 + 1e-12)
    else:
        assert 0 < float(said[2]) <= -high * (1 + 1e-12)


WORSE = "if it is worse, then by at most {} points"
BETTER = "if it is better, then by at most {} points"


@pytest.mark.parametrize(
    "low, high, worse, better",
    [
        (-1.21, 0.4, WORSE.format(1.3), BETTER.format(0.4)),
        (-0.001, 0.001, WORSE.format(0.1), BETTER.format(0.1)),
        (0.3, 2.05, "not worse", BETTER.format(2.1)),
        (-2, -0.5, WORSE.format(2.0), "not better"),
    ],
)
def test_bounds_in_words(low, high, worse, better):
    assert bounds_in_words(low, high) == f"{worse}; {better}"


def test_an_open_interval_has_no_bounds_yet():
    assert bounds_in_words(-math.inf, math.inf) == "no bound yet"


def bounds(low, high):
    """What `bounds_in_words` allows, as numbers: the least and the greatest difference."""
    worse, better = bounds_in_words(low, high).split("; ")
    return -points_in(worse), points_in(better)


def points_in(words):
    found = re.search(r"at most ([\d.]+) points", words)
    return float(found[1]) if found else 0


@given(st.floats(-30, 30), st.floats(0, 30))
def test_the_bounds_are_never_tighter_than_the_interval(low, width):
    least, greatest = bounds(low, low + width)
    assert least <= low + 1e-9 or (least == 0 and low >= 0)
    assert greatest >= low + width - 1e-9 or (greatest == 0 and low + width <= 0)
    # Nor are they looser than a tenth
    assert min(low, 0) - least < 0.1 + 1e-9
    assert greatest - max(low + width, 0) < 0.1 + 1e-9


@pytest.mark.parametrize("truth", [-1.0, 0.0])
@pytest.mark.parametrize("n", [4, 10])
def test_a_true_difference_is_within_the_bounds_in_as_many_studies_as_the_interval_promises(
    n, truth
):
    ends = interval(np.random.default_rng(n).normal(truth, 1.34, (STUDIES, n)))
    least, greatest = np.array([bounds(*pair) for pair in zip(*ends)]).T
    assert (truth < least).mean() < 0.025 + error_of(0.025)
    assert (truth > greatest).mean() < 0.025 + error_of(0.025)
    assert ((least <= truth) & (truth <= greatest)).mean() > 0.95 - error_of(0.95)


@pytest.mark.parametrize(
    "low, high, words",
    [
        (0.3, 1.7, "+1.0 points fit what we find"),
        (-1.7, -0.3, "+1.0 points are ruled out here"),
        (1.2, 2.0, "the same direction, but +1.0 points are ruled out here"),
        (-0.4, 0.9, "+1.0 points are ruled out here"),
        (-0.4, 1.6, "neither +1.0 points nor 0 is ruled out here"),
        (-math.inf, math.inf, "too few runs for an interval, so +1.0 points stay open"),
    ],
)
def test_a_figure_of_others_beside_our_interval(low, high, words):
    assert compare_with_reported(low, high, 1) == words
