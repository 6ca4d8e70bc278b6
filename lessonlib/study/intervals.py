"""How far a mean of a few runs may lie off, and a difference of two: Student, Welch, Holm.

Student's t (Biometrika 6, 1908) at every number of runs: accuracies are so little skewed that its
intervals hold the true difference in 93 to 96 of 100 studies drawn from the recorded runs.
"""

from collections.abc import Sequence
from math import ceil, isinf
from numbers import Real
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit
from scipy.stats import nct, t

from lessonlib.checks import require_int, require_type

__all__ = ["FEWEST", "Estimate", "interval", "student", "welch", "estimate", "holm", "power"]
__all__ += ["runs_needed"]

FEWEST = 3  # with two, the interval is 13 standard errors wide on either side


class Estimate(NamedTuple):
    """A difference in points, its interval, and the p-value of "there is no difference"."""

    difference: float
    low: float
    high: float
    p: float

    @property
    def told(self) -> str:
        """The difference and its interval, to a tenth of a point."""
        return f"{self.difference:+.1f} ({self.low:+.1f} to {self.high:+.1f})"


def interval(differences: ArrayLike, level: float = 0.95) -> tuple[Any, Any]:
    """Lower and upper bound for the mean of paired differences, by Student's t.

    differences: `(n,)` gives two numbers, `(studies, n)` two arrays `(studies,)`; the bounds have
    the unit of the differences. (-inf, inf) for fewer than FEWEST differences, and for differences
    that are all equal: their spread is not known.
    TypeError if level is not a number; ValueError if a difference is not a finite number, or level
    is not between 0 and 1.
    """
    values = _finite(differences)
    _check_level(level)
    n = values.shape[-1]
    if n < FEWEST:
        everything = np.full(values.shape[:-1], np.inf)[()]
        return -everything, everything
    mean = values.mean(-1)
    error = values.std(-1, ddof=1) / n**0.5
    varied = _varied(error, values)
    half = np.where(varied, stdtrit(n - 1, (1 + level) / 2), np.inf) * np.where(varied, error, 1)
    return mean - half, mean + half


def student(differences: ArrayLike, level: float = 0.95) -> Estimate:
    """The mean of paired differences `(n,)`. p is nan where `interval` is open.

    Pairs help where both runs of a pair share something: arms of the same shapes start at the same
    weights. Where they share nothing, pairing only costs degrees of freedom: then use `welch`.
    Errors as `interval`.
    """
    values = _finite(differences)
    low, high = interval(values, level)
    mean = float(values.mean()) if values.size else float("nan")
    if isinf(low):
        return Estimate(mean, low, high, float("nan"))
    n = len(values)
    errors = abs(mean) / (values.std(ddof=1) / n**0.5)
    return Estimate(mean, float(low), float(high), float(2 * t(n - 1).sf(errors)))


def welch(ours: ArrayLike, theirs: ArrayLike, level: float = 0.95) -> Estimate:
    """The mean of `ours` minus that of `theirs`, unpaired, by Welch (Biometrika 34, 1947).

    ours, theirs: `(n,)` and `(m,)`, all runs of two arms; neither the numbers nor the spreads have
    to be alike. Open, with p nan, if a side has fewer than FEWEST runs or neither varies.
    Errors as `interval`.
    """
    ours = _finite(ours)
    theirs = _finite(theirs)
    _check_level(level)
    if min(len(ours), len(theirs)) < FEWEST:
        means = [float(side.mean()) if len(side) else float("nan") for side in (ours, theirs)]
        return Estimate(means[0] - means[1], -np.inf, np.inf, float("nan"))
    difference = float(ours.mean() - theirs.mean())
    terms = [(side.var(ddof=1) / len(side), len(side) - 1) for side in (ours, theirs)]
    return estimate(difference, terms, level)


def estimate(
    difference: float, terms: Sequence[tuple[float, float]], level: float = 0.95
) -> Estimate:
    """A difference whose variance is a sum of (variance, degrees of freedom), known for inf.

    The degrees of freedom of the sum are Satterthwaite's (Biometrics 2, 1946). Open, with p nan,
    if nothing varies.
    """
    variance = sum(term for term, _ in terms)
    if not variance > 0:
        return Estimate(difference, -np.inf, np.inf, float("nan"))
    uncertain = sum(term**2 / freedom for term, freedom in terms)
    student = t(variance**2 / uncertain if uncertain else np.inf)
    error = variance**0.5
    half = float(student.ppf((1 + level) / 2)) * error
    p = float(2 * student.sf(abs(difference) / error))
    return Estimate(difference, difference - half, difference + half, p)


def holm(p: ArrayLike) -> np.ndarray:
    """p-values `(k,)` of one family, each adjusted for all of them (Scand. J. Statist. 6, 1979).

    Those below 0.05 stand together: in 95 of 100 families none of them is wrong.
    ValueError if one is not between 0 and 1.
    """
    p = np.asarray(p, dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("holm: a p-value lies between 0 and 1; leave out those without one.")
    order = p.argsort()
    left = len(p) - np.arange(len(p))  # hypotheses that are not rejected yet
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(np.minimum(left * p[order], 1))
    return adjusted


def power(points: float, spread: float, n: int, level: float = 0.95) -> float:
    """The share of studies with n runs per arm whose interval leaves out zero, on either side.

    points: the true difference; spread: standard deviation of a run's accuracy, in points.
    Exact for normal accuracies of equal spread, unpaired: Student's noncentral t.
    ValueError if spread is not above 0, n is below 2, or level is not between 0 and 1.
    """
    require_type("power", Real, points=points, spread=spread)
    require_int("power", 2, n=n)
    _check_level(level)
    if not 0 < spread < np.inf:
        raise ValueError(f"power: spread is {spread}; give a number of points above 0.")
    freedom = 2 * n - 2
    cut = stdtrit(freedom, (1 + level) / 2)
    found = nct(freedom, abs(points) / (spread * (2 / n) ** 0.5))
    return float(found.sf(cut) + found.cdf(-cut))


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


def _varied(error, values):
    """Whether a standard error is more than rounding: 0.65 - 0.6 is not quite 0.6 - 0.55."""
    return error > 1e-9 * np.abs(values).max(-1)


def _check_level(level):
    require_type("interval", Real, level=level)
    if not 0 < level < 1:
        raise ValueError(
            f"interval: level is {level}; give a number between 0 and 1, such as 0.95."
        )


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
