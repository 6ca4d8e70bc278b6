"""Answers to the checkers of statistics: the error of an accuracy, of a difference, the runs."""

import math
import statistics

import pytest

from helpers.checkers import checker_tests
from lessonlib.exercises import statistics as exercises
from lessonlib.exercises.statistics import check_difference, check_runs, check_standard_error


def standard_error(accuracy, photos):
    return 100 * (accuracy * (1 - accuracy) / photos) ** 0.5


def difference(a, b, sd=statistics.stdev):
    return math.hypot(sd(a) / len(a) ** 0.5, sd(b) / len(b) ** 0.5)


def error(runs):
    """Of the mean of some runs."""
    return difference(runs, [0, 0])


def runs(sd, d, z=2.8, arms=2, power=2, up=math.ceil):
    return up(arms * (z * sd / d) ** power)


def runs_with(**change):
    """The answer with one part of it wrong."""
    return lambda *case: runs(*case, **change)


normal = statistics.NormalDist()


TestCheckers = checker_tests(
    exercises,
    {
        check_standard_error: [standard_error],
        check_difference: [difference],
        check_runs: [runs, runs_with(z=normal.inv_cdf(0.975) + normal.inv_cdf(0.8))],
    },
    {
        check_standard_error: {
            "This is the variance": lambda *case: standard_error(*case) ** 2 / 100,
            "how much one photo varies": lambda p, n: standard_error(p, 1),
            "goes under the root": lambda p, n: standard_error(p, n * n),
            "This is a share": lambda *case: standard_error(*case) / 100,
            "half of a 95% interval": lambda *case: 1.96 * standard_error(*case),
            "The wrong ones are missing": lambda p, n: 100 * (p / n) ** 0.5,
            "at an accuracy of one half": lambda p, n: standard_error(0.5, n),
        },
        check_difference: {
            "runs - 1": lambda a, b: difference(a, b, statistics.pstdev),
            "means of many differ less": (
                lambda a, b: math.hypot(statistics.stdev(a), statistics.stdev(b))
            ),
            "You add the errors": lambda a, b: error(a) + error(b),
            "though the means are subtracted": lambda a, b: (
                abs(error(a) ** 2 - error(b) ** 2) ** 0.5
            ),
            "the variance of the difference": lambda a, b: difference(a, b) ** 2,
            "how sure is it?": lambda a, b: statistics.mean(a) - statistics.mean(b),
            "You look at a only": lambda a, b: error(a),
            "You look at b only": lambda a, b: error(b),
            "You pool the runs": lambda a, b: error(a + b),
        },
        check_runs: {
            "Both arms vary": runs_with(arms=1),
            "Half of all races would miss it": runs_with(z=1.96),
            "square the ratio": runs_with(power=1),
            "sd and d are exchanged": lambda sd, d: runs(d, sd),
            "one run too few": runs_with(up=math.floor),
            "not a number of runs yet": runs_with(up=float),
            "both arms together": lambda *case: 2 * runs(*case),
            "1.96, not 1.64": runs_with(z=1.64 + 0.84),
        },
    },
)


def test_the_numbers_in_the_quiz_of_the_race():
    errors = [f"{standard_error(0.75, photos):.1f}" for photos in (3929, 500, 1)]
    assert errors == ["0.7", "1.9", "43.3"]
    assert standard_error(0.75, 400) == pytest.approx(2 * standard_error(0.75, 1600))
    assert 1.5**-0.5 > 0.8
    one_3x3 = [65, 64, 66]  # of 2019
    two_2x2 = [66, 63, 67, 63, 67]  # with the activation after the second
    error = difference(one_3x3, two_2x2)
    gap = statistics.mean(two_2x2) - statistics.mean(one_3x3)
    assert f"{error:.1f} {1.96 * error:.1f} {gap:.1f}" == "1.1 2.1 0.2"
    assert (runs(0.95, 1), runs(0.95, 2)) == (15, 4)
