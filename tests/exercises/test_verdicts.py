"""Answers to the checkers of verdicts: a margin, and a figure that others found."""

from helpers.checkers import checker_tests
from lessonlib.exercises import verdicts
from lessonlib.exercises.verdicts import check_bound, check_reading


def bound(low, high, margin):
    if low > -margin:
        return "as good"
    return "not as good" if high < -margin else "open"


def bound_by_the_middle(low, high, margin):
    return "as good" if low + high > -2 * margin else bound(-99, high, margin)


def bound_that_is_too_strict(low, high, margin):
    return "not as good" if low < -margin and high < 0 else bound(low, high, margin)


def reading(low, high, figure):
    if not low <= figure <= high:
        return "ruled out"
    return "open" if low <= 0 <= high else "fits"


def reading_by_the_sign(low, high, figure):
    return "fits" if min(low * figure, high * figure) > 0 else reading(low, high, figure)


def reading_of_positive_differences(low, high, figure):
    return "open" if low <= figure <= high <= 0 else reading(low, high, figure)


def exchanged(*case):
    others = {"fits": "ruled out", "ruled out": "fits", "open": "open"}
    return others[reading(*case)]


TestCheckers = checker_tests(
    verdicts,
    {check_bound: [bound], check_reading: [reading]},
    {
        check_bound: {
            "it does not show that there is none": (
                lambda low, high, m: "not as good" if high < 0 else "as good"
            ),
            "As good is not better": (
                lambda low, high, m: "as good" if low > 0 else bound(-9, high, m)
            ),
            "too much worse": bound_that_is_too_strict,
            "The middle of the interval": bound_by_the_middle,
            "Better by more than the margin": (
                lambda low, high, m: "open" if high > m else bound(low, high, m)
            ),
            "the best case": lambda low, high, m: "as good" if high > -m else "not as good",
            "The margin lies below 0": lambda low, high, m: bound(low, high, -m),
            "the same for every input": lambda *case: "open",
        },
        check_reading: {
            "Too soon": lambda low, high, figure: "fits" if low <= figure <= high else "ruled out",
            "look at the figure first": (
                lambda low, high, figure: "open" if low <= 0 <= high else reading(low, high, figure)
            ),
            "The same sign is not the same size": reading_by_the_sign,
            "leaves 0 out as well": reading_of_positive_differences,
            "is not 'ruled out'": lambda *case: reading(*case).replace("open", "ruled out"),
            "are exchanged": exchanged,
        },
    },
)


def test_the_numbers_in_the_quiz_of_stems():
    assert bound(-1.8, 2.2, 1.9) == "as good"
    assert bound(-1.8, 2.2, 1.7) == "open"
