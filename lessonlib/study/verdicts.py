"""What a few runs can say: paired differences, an interval for their mean, verdicts in words.

Two runs of one seed see the same photos in the same order, so arms are compared seed by seed.

The interval is Student's (Biometrika 6, 1908) for fewer than BOOTSTRAP differences, and from there
on the symmetric bootstrap-t of P. Hall (J. R. Statist. Soc. B 50, 1988). Each resample, drawn with
replacement, gives a t: how far its mean is from ours in its own standard errors. The interval is
our mean plus and minus our standard error times the quantile of |t|. The plain percentile bootstrap
is too narrow: with ten runs it covers the mean in 9 of 10 studies. With fewer differences there are
too few resamples: four numbers have only 35, and their bootstrap-t is 2.5 times as wide as
Student's interval in the middle, sometimes 10 times.

In simulated studies the interval covers the mean in 95 of 100 or more where differences are normal
or heavy-tailed, in 93 where they are somewhat skewed, in 88 where they are as skewed as an
exponential and fewer than eight. Differences of two similar arms are hardly skewed: what bends the
accuracies of one bends those of the other.
"""

from collections.abc import Callable, Iterable, Sequence
from math import ceil, floor, isfinite, isinf
from numbers import Real
from operator import attrgetter
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from lessonlib.checks import require_type

__all__ = [
    "FEWEST",
    "paired",
    "why_not_paired",
    "interval",
    "verdict",
    "verdicts_together",
    "bounds_in_words",
    "compare_with_reported",
    "runs_needed",
]

# What two runs must have in common to be compared
KINDS: dict[str, Callable[[Any], str]] = {
    "data": attrgetter("data"),
    "device": attrgetter("device"),
    "precision": attrgetter("precision"),
    "torch": attrgetter("arithmetic.torch"),
}
RESAMPLES = 4999
BOOTSTRAP = 8  # differences from which on resampling them says more than their mean and spread do
FEWEST = 3  # with two, the interval is 13 standard errors wide on either side


def paired(runs: Iterable[Any], others: Iterable[Any]) -> np.ndarray:
    """Accuracy of `runs` minus that of `others`, in points, `(n,)`, ordered by seed.

    runs, others: `training.runs.Run`s, each of one arm and recipe. One number per seed that both
    have finished on the same data set, by the same `training.runs.Arithmetic`: runs that differ in
    device, precision or torch are not compared, and `why_not_paired` says so.
    """
    ours = _accuracies(runs)
    theirs = _accuracies(others)
    shared = sorted(ours.keys() & theirs.keys())
    return np.array([100 * (ours[key] - theirs[key]) for key in shared])


def why_not_paired(runs: Iterable[Any], others: Iterable[Any]) -> str:
    """Why finished runs on both sides give no pair, in a sentence; empty if they do, or if none."""
    ours = [run for run in runs if run.finished]
    theirs = [run for run in others if run.finished]
    if not ours or not theirs or len(paired(ours, theirs)):
        return ""
    for what, of in KINDS.items():
        here = {of(run) for run in ours}
        there = {of(run) for run in theirs}
        if not here & there:
            sides = " against ".join(", ".join(sorted(side)) for side in (here, there))
            return f"not compared: {what} {sides}"
    return "not compared: no seed that both have"


def _accuracies(runs):
    finished = [run for run in runs if run.finished]
    return {(run.seed, run.data, run.arithmetic): run.accuracy for run in finished}


def interval(differences: ArrayLike, level: float = 0.95) -> tuple[Any, Any]:
    """Lower and upper bound for the mean of the differences; the module's docstring says how.

    differences: `(n,)` gives two numbers, `(studies, n)` two arrays `(studies,)`; the bounds have
    the unit of the differences. The same differences always give the same interval.
    Returns (-inf, inf) for fewer than FEWEST differences, for differences that are all equal, and
    where n is too small for the level.
    TypeError if level is not a number; ValueError if a difference is not a finite number, or level
    is not above 0 and at most 0.9998.
    """
    values = _finite(differences)
    _check_level(level)
    n = values.shape[-1]
    if n < FEWEST:
        everything = np.full(values.shape[:-1], np.inf)[()]
        return -everything, everything
    mean = values.mean(-1)
    error = values.std(-1, ddof=1) / n**0.5
    if n < BOOTSTRAP:
        t = stdtrit(n - 1, (1 + level) / 2)
    else:
        t = _quantile(_resampled_t(values - mean[..., None]), level)
    # Less is rounding: 0.65 - 0.6 is not quite 0.6 - 0.55
    varied = error > 1e-9 * np.abs(values).max(-1)
    half = np.where(varied, t, np.inf) * np.where(varied, error, 1)
    return mean - half, mean + half


def _finite(differences):
    try:
        differences = np.asarray(differences, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "Differences are numbers in a list, or in lists of one length: give these."
        ) from error
    if differences.ndim == 0:
        raise ValueError(f"One number, {differences}, has no interval: give a list of differences.")
    if not np.isfinite(differences).all():
        raise ValueError("Every difference must be finite: leave out runs without an accuracy.")
    return differences


def _check_level(level):
    require_type("interval", Real, level=level)
    if not 0 < level < 1 or _rank(level) >= RESAMPLES:
        most = RESAMPLES / (RESAMPLES + 1)
        raise ValueError(
            f"interval: level is {level}; give a number above 0 and up to {most}, such as 0.95."
        )


def _rank(level):
    """The place, from 0, of a quantile among RESAMPLES sorted numbers."""
    return ceil(level * (RESAMPLES + 1)) - 1


def _quantile(t, level):
    return np.partition(t, _rank(level), axis=0)[_rank(level)]


def _resampled_t(centred):
    """|t| of every resample `(RESAMPLES, ...)`, infinite for one without spread."""
    n = centred.shape[-1]
    shares = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), RESAMPLES) / n
    means = np.tensordot(shares, centred, (1, -1))
    variances = np.tensordot(shares, centred**2, (1, -1)) - means**2
    spread = variances > 1e-9 * (centred**2).mean(-1)  # less is rounding
    errors = np.sqrt(np.where(spread, variances, 1) / (n - 1))
    return np.where(spread, np.abs(means) / errors, np.inf)


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


def verdicts_together(family: Sequence[ArrayLike]) -> list[str]:
    """The verdict on each array of differences `(n,)`, with 95% for all of them together.

    By Bonferroni's inequality (O. J. Dunn, J. Am. Statist. Assoc. 56, 1961): each of k intervals
    has the level 1 - 0.05 / k. In 95 of 100 such families every verdict is true.
    """
    verdicts = []
    for differences in family:
        low, high = interval(differences, 1 - 0.05 / len(family))
        verdicts.append(verdict(low, high, len(np.asarray(differences))))
    return verdicts


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


def runs_needed(differences: ArrayLike, points: float, power: float = 0.8) -> int:
    """Runs per arm that detect a true difference of `points` in a share `power` of studies, at 95%.

    differences: at least two observed paired differences in points, for their spread; that of a
    few runs is itself uncertain: four may show half or twice the true one.
    By normal quantiles with Guenther's correction (Sankhya B 43, 1981), within one of the exact
    power of Student's t; never below FEWEST.
    ValueError for fewer than two differences, points below 0.001, a power outside 0.5 to 1.
    """
    values = _finite(differences)
    _check_wanted(values, points, power)
    z = NormalDist().inv_cdf
    n = ((z(0.975) + z(power)) * values.std(ddof=1) / points) ** 2
    return max(FEWEST, ceil(n + z(0.975) ** 2 / 2))


def _check_wanted(differences, points, power):
    require_type("runs_needed", Real, points=points, power=power)
    if differences.ndim != 1 or len(differences) < 2:
        raise ValueError("A spread needs two differences: record another run of both arms.")
    if not points >= 0.001 or isinf(points):
        raise ValueError(f"runs_needed: points is {points}; give a finite number, at least 0.001.")
    if not 0.5 <= power < 1:
        raise ValueError(
            f"runs_needed: power is {power}; give a share from 0.5 to below 1, such as 0.8."
        )
