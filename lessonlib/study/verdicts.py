"""What an interval says, in words that are never stronger than it.

A bound is rounded so that the words promise less than the numbers, never more.
"""

from collections.abc import Sequence
from math import ceil, floor, isfinite, isinf

from numpy.typing import ArrayLike

from lessonlib.study.intervals import holm, student

__all__ = ["verdict", "stands", "bounds_in_words", "compare_with_reported"]


def verdict(low: float, high: float, n: int) -> str:
    """An interval of a difference in words that are never stronger than the interval.

    low, high: in points; n: pairs of runs. A bound is rounded towards zero; less than a hundredth
    of a point counts as no difference. ValueError if low is above high or one is nan.
    """
    _check_bounds(low, high)
    if low >= 0.01:
        return f"better by at least {_rounded_down(low)} points"
    if high <= -0.01:
        return f"worse by at least {_rounded_down(-high)} points"
    return f"not distinguishable with {n} {'run' if n == 1 else 'runs'}"


def stands(family: Sequence[ArrayLike]) -> list[bool]:
    """Whether each difference of a family is called different for all of them together.

    family: arrays of paired differences `(n,)`, each with an interval. By Holm's correction at 5%:
    in 95 of 100 families none is called so wrongly.
    """
    p = [student(differences).p for differences in family]
    return [adjusted < 0.05 for adjusted in holm(p)]


def bounds_in_words(low: float, high: float) -> str:
    """The same interval as bounds: how much worse and how much better the true difference can be.

    This is the reading for "as good as": no number of runs shows that two arms are equal.
    low, high: in points; a bound is rounded away from zero.
    ValueError if low is above high or one is nan.
    """
    _check_bounds(low, high)
    if isinf(low) or isinf(high):
        return "no bound yet"
    worse = "not worse"
    better = "not better"
    if low < 0:
        worse = f"if it is worse, then by at most {_rounded_up(-low)} points"
    if high > 0:
        better = f"if it is better, then by at most {_rounded_up(high)} points"
    return f"{worse}; {better}"


def compare_with_reported(low: float, high: float, figure: float) -> str:
    """What the interval of our difference says of `figure`, a difference that others measured.

    All in points. ValueError if low is above high or one is nan, and if figure is not finite.
    """
    _check_bounds(low, high)
    if not isfinite(figure):
        raise ValueError(
            f"compare_with_reported: figure is {figure}; give a finite number of points."
        )
    if isinf(low):
        return f"too few runs for an interval, so {figure:+.1f} points stay open"
    if not low <= figure <= high:
        same = "the same direction, but " if min(low * figure, high * figure) > 0 else ""
        return f"{same}{figure:+.1f} points are ruled out here"
    if low <= 0 <= high:
        return f"neither {figure:+.1f} points nor 0 is ruled out here"
    return f"{figure:+.1f} points fit what we find"


def _check_bounds(low, high):
    if not low <= high:  # as with nan
        raise ValueError(f"{low} to {high} is not an interval: give the two numbers of interval().")


def _rounded_down(x):
    digits = 1 if x >= 0.1 else 2
    return f"{floor(x * 10**digits) / 10**digits:.{digits}f}"


def _rounded_up(x):
    return f"{ceil(x * 10) / 10:.1f}"
