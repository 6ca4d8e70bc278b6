"""What a few runs can say: paired differences, an interval that keeps its promise at small n, and a verdict in words.

Two runs of the same seed see the same photos in the same order, so arms are compared seed by seed.
"""

from math import ceil, floor, isfinite, isinf
from numbers import Real
from statistics import NormalDist

import numpy as np
from scipy.special import stdtrit

from lessonlib.checks import require_type

__all__ = [
    "FEWEST",
    "paired",
    "interval",
    "verdict",
    "bounds_in_words",
    "compare_with_reported",
    "runs_needed",
]

RESAMPLES = 4999
BOOTSTRAP = 8  # differences from which on resampling them says more than their mean and spread do
FEWEST = 3  # with two, the interval is 13 standard errors wide on either side


def paired(runs, others):
    """Accuracy of `runs` less that of `others` in points, one number for each seed that both have on the same photos.

    runs, others: `Run`s of one arm and recipe each. Only finished runs count. Returns an array `(n,)`, in the order of seeds.
    """
    ours, theirs = (
        {(run.seed, run.data): run.accuracy for run in some if run.finished}
        for some in (runs, others)
    )
    return np.array(
        [100 * (ours[key] - theirs[key]) for key in sorted(ours.keys() & theirs.keys())]
    )


def interval(differences, level=0.95):
    """An interval for the mean of `differences` `(n,)`, or of each row of `(studies, n)`: two numbers or arrays.

    From BOOTSTRAP differences on the symmetric bootstrap-t of P. Hall (J. R. Statist. Soc. B 50, 1988): resamples are drawn
    with replacement, each gives a t, how far its mean is from ours in its own standard errors, and our mean plus and minus our
    standard error times the quantile of |t| is the interval. The plain percentile bootstrap will not do: of ten runs it covers
    the mean in 9 of 10 studies. For fewer it is Student's (Biometrika 6, 1908), by the quantile of t for normal differences:
    four numbers have only 35 different resamples, and their bootstrap-t is 2.5 times as wide in the middle, 10 times at times.

    In simulated studies the interval covers the mean in 95 of 100 or more where differences are normal or heavy-tailed, in 93
    where they are somewhat skewed, in 88 where they are as skewed as an exponential and fewer than eight. Differences of two
    arms that are much alike are hardly skewed: what bends the accuracies of one bends those of the other.
    Fewer than FEWEST differences, a level they cannot carry, or differences that are all equal, whose spread nobody has seen,
    give (-inf, inf). The same differences always give the same interval.
    ValueError for what are no finite numbers, and for a level outside 0 to 1.
    """
    differences = _finite(differences)
    require_type("interval", Real, level=level)
    if not 0 < level < 1 or (last := ceil(level * (RESAMPLES + 1)) - 1) >= RESAMPLES:
        raise ValueError(
            f"A level lies between 0 and 1, as 0.95 does, not too near to 1; {level} does not."
        )
    n = differences.shape[-1]
    if n < FEWEST:
        everything = np.full(differences.shape[:-1], np.inf)[()]
        return -everything, everything
    mean, error = differences.mean(-1), differences.std(-1, ddof=1) / n**0.5
    varied = error > 1e-9 * np.abs(differences).max(
        -1
    )  # less is rounding: 0.65 - 0.6 is not quite 0.6 - 0.55
    if n < BOOTSTRAP:
        t = stdtrit(n - 1, (1 + level) / 2)
    else:
        t = np.partition(_resampled_t(differences - mean[..., None]), last, axis=0)[last]
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
        raise ValueError(
            "A difference is not a finite number: leave out the runs that have no accuracy."
        )
    return differences


def _resampled_t(centred):
    """|t| of every resample `(RESAMPLES, ...)`, infinite for one without spread."""
    n = centred.shape[-1]
    shares = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), RESAMPLES) / n
    means = np.tensordot(shares, centred, (1, -1))
    variances = np.tensordot(shares, centred**2, (1, -1)) - means**2
    spread = variances > 1e-9 * (centred**2).mean(-1)  # less is rounding
    errors = np.sqrt(np.where(spread, variances, 1) / (n - 1))
    return np.where(spread, np.abs(means) / errors, np.inf)


def verdict(low, high, n):
    """The interval of a difference in points, from `n` runs of each, in words that are never stronger than the interval.

    A bound is rounded towards zero; less than a hundredth of a point is no difference. ValueError for what is no interval.
    """
    _check_bounds(low, high)
    if low >= 0.01:
        return f"better by at least {_rounded_down(low)} points"
    if high <= -0.01:
        return f"worse by at least {_rounded_down(-high)} points"
    return f"not distinguishable with {n} {'run' if n == 1 else 'runs'}"


def bounds_in_words(low, high):
    """The same interval as bounds: by how many points worse, and how many better, a true difference in it can be.

    That is the reading for "as good as": what no number of runs shows is that two are equal. A bound is rounded away from zero.
    ValueError for what is no interval.
    """
    _check_bounds(low, high)
    if isinf(low) or isinf(high):
        return "no bound yet"
    worse = (
        f"if it is worse, then by at most {_rounded_up(-low)} points" if low < 0 else "not worse"
    )
    better = (
        f"if it is better, then by at most {_rounded_up(high)} points" if high > 0 else "not better"
    )
    return f"{worse}; {better}"


def compare_with_reported(low, high, figure):
    """What the interval of our difference says of `figure`, a difference that others measured, in points.

    ValueError for what is no interval, and for a figure that is not finite.
    """
    _check_bounds(low, high)
    if not isfinite(figure):
        raise ValueError(f"beside: figure is {figure}; give a finite number of points.")
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
        raise ValueError(
            f"From {low} to {high} is no interval: give the two numbers of interval()."
        )


def _rounded_down(x):
    digits = 1 if x >= 0.1 else 2
    return f"{floor(x * 10**digits) / 10**digits:.{digits}f}"


def _rounded_up(x):
    return f"{ceil(x * 10) / 10:.1f}"


def runs_needed(differences, points, power=0.8):
    """Runs of each arm with which a true difference of `points` is found in a share `power` of studies, at 95%.

    From the observed spread of at least two paired `differences`, by the normal quantiles and Guenther's correction
    (Sankhya B 43, 1981), within one of the exact power of Student's t; never below FEWEST. The spread of a few runs is itself
    uncertain: four may show half or twice the true one. ValueError for a nonsensical argument.
    """
    differences = _finite(differences)
    require_type("runs_needed", Real, points=points, power=power)
    if differences.ndim != 1 or len(differences) < 2:
        raise ValueError(
            "The spread shows from two differences on: record another run of both arms."
        )
    if not points >= 0.001 or isinf(points):
        raise ValueError(
            f"The difference to be found is a positive number of points, at least 0.001; {points} is none."
        )
    if not 0.5 <= power < 1:
        raise ValueError(
            f"The power is a share of studies from 0.5 to less than 1, such as 0.8; {power} is none."
        )
    z = NormalDist().inv_cdf
    n = ((z(0.975) + z(power)) * differences.std(ddof=1) / points) ** 2
    return max(FEWEST, ceil(n + z(0.975) ** 2 / 2))
