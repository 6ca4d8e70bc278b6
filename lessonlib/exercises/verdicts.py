"""Checkers of notebooks 07 and 08: what an interval says of a margin and of another's figure."""

import math

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on

__all__ = ["check_bound", "check_reading"]


@checker
def check_bound(answer):
    """`answer(low, high, margin)` is the verdict 'as good', 'not as good' or 'open' on an arm.

    low, high: the interval of its difference; as good means: worse by no more than margin. All in
    points.
    """
    draw = Draws()
    cases = [
        (-0.4, 0.9, 1),
        (-1.6, 0.9, 1),
        (-2.5, -1.5, 1),
        (-0.7, -0.2, 1),
        (0.3, 2.5, 1),
        (-1.4, -0.3, 1),
        (-1.4, -0.3, 2),
    ]
    for _ in range(12):
        tenths, margin, width = draw.integers((-30, 10), (1, 20), (1, 30))
        low = tenths / 10 + 0.05
        cases.append((low, low + width / 10 + 0.01, margin / 10))
    mistakes = {
        "An interval with 0 in it shows no difference, it does not show that there is none: "
        "look at the margin.": (
            _bound(
                good=lambda low, high, margin: high >= 0,
                bad=lambda low, high, margin: True,
            )
        ),
        "As good is not better: it may be worse, by no more than the margin.": (
            _bound(good=lambda low, high, margin: low > 0)
        ),
        "Worse is not yet too much worse: it takes an interval that lies below minus the margin.": (
            _bound(bad=lambda low, high, margin: high < 0)
        ),
        "The middle of the interval is not all of it: "
        "the difference may be as low as its lower end.": (
            _bound(good=lambda low, high, margin: (low + high) / 2 > -margin)
        ),
        "Better by more than the margin is as good, too: only the lower end counts.": (
            _bound(good=lambda low, high, margin: low > -margin and high < margin)
        ),
        "The upper end is the best case: for as good the worst case counts, the lower end.": (
            _bound(good=lambda low, high, margin: high > -margin)
        ),
        "The margin lies below 0: as good means that the lower end is above minus the margin.": (
            lambda low, high, margin: _bound()(low, high, -margin)
        ),
    }
    try_on(answer, cases, _bound_from_both_ends, mistakes)
    return "the margin has to be named before the runs are seen."


@checker
def check_reading(answer):
    """`answer(low, high, figure)` is the verdict 'fits', 'ruled out' or 'open' on a figure.

    figure: a difference that others found; low, high: our interval of it. All in points.
    """
    draw = Draws()
    cases = [
        (-0.4, 1.6, 1.0),
        (0.3, 1.7, 1.0),
        (-2.1, -0.2, 1.0),
        (-0.5, 0.4, 1.0),
        (1.2, 3.0, 1.0),
        (-3.0, -0.5, -2.0),
        (-math.inf, math.inf, 1.0),
        (-2.0, 0.5, -1.0),
        (0.2, 0.8, -1.0),
    ]
    for _ in range(6):
        middle, half, figure = draw.normal(3).tolist()
        cases.append((middle - abs(half), middle + abs(half), figure))
    mistakes = {
        "Too soon: while 0 lies in the interval too, no difference at all fits as well. "
        "That is 'open'.": _reading(sure=lambda low, high: True),
        "An interval that holds 0 may still leave the figure out: look at the figure first.": (
            lambda low, high, figure: "open" if low <= 0 <= high else _reading()(low, high, figure)
        ),
        "The same sign is not the same size: a figure outside the interval is ruled out.": (
            _reading(inside=_inside_or_of_the_same_sign)
        ),
        "The differences can be negative: an interval below 0 leaves 0 out as well.": (
            _reading(sure=lambda low, high: low > 0)
        ),
        "Not distinguishable from 0 is not 'ruled out': it only means that 0 is in the interval.": (
            _reading(unsure="ruled out")
        ),
        "'fits' and 'ruled out' are exchanged: a figure outside the interval is ruled out.": (
            _reading(outside="fits", agrees="ruled out")
        ),
    }
    try_on(answer, cases, _reading(), mistakes)
    return "so a study can rule a figure out, agree with it, or be too small for either."


def _bound(
    good=lambda low, high, margin: low > -margin,
    bad=lambda low, high, margin: high < -margin,
):
    """The rule, of which one part can be made wrong."""

    def bound(*case):
        if good(*case):
            return "as good"
        return "not as good" if bad(*case) else "open"

    return bound


def _bound_from_both_ends(low, high, margin):
    """As good if both the worst and the best difference are, not as good if neither is."""
    fine = {difference + margin > 0 for difference in (low, high)}
    if len(fine) == 2:
        return "open"
    return "as good" if fine == {True} else "not as good"


def _inside(low, high, figure):
    return low <= figure <= high


def _inside_or_of_the_same_sign(low, high, figure):
    return low <= figure <= high or min(low * figure, high * figure) > 0


def _reading(
    inside=_inside,
    sure=lambda low, high: low > 0 or high < 0,
    outside="ruled out",
    agrees="fits",
    unsure="open",
):
    """The rule, of which one part can be made wrong."""

    def reading(low, high, figure):
        if not inside(low, high, figure):
            return outside
        return agrees if sure(low, high) else unsure

    return reading
