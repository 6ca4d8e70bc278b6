"""Checkers of notebook 06: how sure an accuracy and a difference are, and how many runs to make."""

import math
from statistics import NormalDist, fmean, pvariance, variance

import torch

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on

__all__ = ["check_standard_error", "check_difference", "check_runs"]


@checker
def check_standard_error(answer):
    """`answer(accuracy, photos)` is the standard error of an accuracy, in points.

    accuracy: as a share, from 0 to 1.
    """
    draw = Draws()
    cases = [(0.65, 500), (0.75, 3929), (0.5, 100)]
    for _ in range(6):
        percent, photos = draw.integers((10, 90), (20, 4000))
        cases.append((percent / 100, photos))
    mistakes = {
        "This is the variance: take the root.": lambda p, n: 100 * p * (1 - p) / n,
        "This is how much one photo varies: "
        "more photos make the error smaller, divide by their number.": (
            lambda p, n: 100 * math.sqrt(p * (1 - p))
        ),
        "The number of photos goes under the root: four times as many halve the error.": (
            lambda p, n: 100 * math.sqrt(p * (1 - p)) / n
        ),
        "This is a share: a point is a hundredth, so times 100.": (
            lambda p, n: math.sqrt(p * (1 - p) / n)
        ),
        "This is half of a 95% interval, which is 1.96 standard errors: give one.": (
            lambda p, n: 196 * math.sqrt(p * (1 - p) / n)
        ),
        "The wrong ones are missing: a photo varies by p(1 - p), not by p.": (
            lambda p, n: 100 * math.sqrt(p / n)
        ),
        "That holds at an accuracy of one half; elsewhere a photo varies less.": (
            lambda p, n: 50 / math.sqrt(n)
        ),
    }
    try_on(answer, cases, _binomial_error, mistakes)
    return "as the binomial distribution has it. It knows of the photos, not of the seed."


@checker
def check_difference(answer):
    """`answer(a, b)` is the standard error of the difference of two means.

    a, b: the accuracies of the runs of two arms, in points.
    """
    draw = Draws()
    cases = [([65.0, 64.0, 66.0], [66.0, 63.0, 67.0, 63.0, 67.0])]
    for _ in range(6):
        a = draw.normal(draw.integer(2, 7)) + 65
        b = 2 * draw.normal(draw.integer(2, 7)) + 65
        cases.append((a.tolist(), b.tolist()))
    mistakes = {
        "A mean was subtracted first, so divide the squares by runs - 1.": _error(pvariance),
        "That is how much two runs differ: "
        "means of many differ less, divide each variance by its runs.": (
            _error(runs=lambda runs: 1)
        ),
        "You add the errors: add their squares, and take the root.": (
            lambda a, b: math.sqrt(_of_mean(a)) + math.sqrt(_of_mean(b))
        ),
        "Both arms vary, so the squares add up, though the means are subtracted.": (
            lambda a, b: math.sqrt(abs(_of_mean(a) - _of_mean(b)))
        ),
        "This is the variance of the difference: take the root.": (
            lambda a, b: _of_mean(a) + _of_mean(b)
        ),
        "This is the difference: how sure is it?": lambda a, b: fmean(a) - fmean(b),
        "You look at a only: b varies as well.": lambda a, b: math.sqrt(_of_mean(a)),
        "You look at b only: a varies as well.": lambda a, b: math.sqrt(_of_mean(b)),
        "You pool the runs: then the difference of the arms counts as noise.": (
            lambda a, b: math.sqrt(_of_mean(a + b))
        ),
    }
    try_on(answer, cases, _error_from_pairs, mistakes)
    return "for the runs of 2019, 1.1 points, five times the difference that was read."


@checker
def check_runs(answer):
    """`answer(sd, d)` is how many runs per arm it takes to see a difference of d points.

    sd: the standard deviation of the runs of an arm, in points. At 5% two-sided and 80% power.
    """
    draw = Draws()
    drawn = [draw.integers((50, 150), (40, 150)) for _ in range(12)]
    hundredths = [(95, 100), (95, 200), *drawn]
    cases = [(sd / 100, d / 100) for sd, d in hundredths]
    # only where 1.96 + 0.84 and the exact 2.8016 round up to the same
    cases = [case for case in cases if _runs(*case) == _runs(*case, z=2.802)]
    mistakes = {
        "Both arms vary: the variance of the difference is twice that of an arm.": (
            lambda sd, d: _runs(sd, d, arms=1)
        ),
        "Half of all races would miss it: 1.96 alone leaves no room for power, add 0.84.": (
            lambda sd, d: _runs(sd, d, z=1.96)
        ),
        "The error shrinks with the root of the runs: square the ratio.": (
            lambda sd, d: _runs(sd, d, power=1)
        ),
        "sd and d are exchanged: more noise takes more runs, a larger difference takes fewer.": (
            lambda sd, d: _runs(d, sd)
        ),
        "That is one run too few: round up.": lambda sd, d: _runs(sd, d, up=math.floor),
        "That is not a number of runs yet: round up.": lambda sd, d: _runs(sd, d, up=float),
        "Those are the runs of both arms together: the question is of one.": (
            lambda sd, d: 2 * _runs(sd, d)
        ),
        "A difference may go either way: that takes 1.96, not 1.64.": (
            lambda sd, d: _runs(sd, d, z=1.64 + 0.84)
        ),
    }
    try_on(answer, cases, _enough_runs, mistakes)
    return "half the difference takes four times the runs."


def _of_mean(runs):
    """The variance of the mean of some runs."""
    return variance(runs) / len(runs)


def _error(spread=variance, runs=len):
    """The formula, of which one part can be made wrong."""
    return lambda a, b: math.sqrt(spread(a) / runs(a) + spread(b) / runs(b))


def _runs(sd, d, z=1.96 + 0.84, arms=2, power=2, up=math.ceil):
    """The formula, of which one part can be made wrong."""
    return up(arms * (z * sd / d) ** power)


def _binomial_error(accuracy, photos):
    right = torch.arange(photos + 1, dtype=torch.float64)
    share = torch.tensor(accuracy, dtype=torch.float64)
    chance = torch.distributions.Binomial(photos, share).log_prob(right).exp()
    points = 100 * right / photos
    return (chance @ (points - chance @ points) ** 2).sqrt().item()


def _error_from_pairs(a, b):
    """From all pairs of runs of an arm: half their mean squared difference is its variance."""

    def squared_error(runs):
        runs = torch.tensor(runs, dtype=torch.float64)
        return torch.pdist(runs[:, None]).square().mean() / 2 / len(runs)

    return (squared_error(a) + squared_error(b)).sqrt().item()


def _enough_runs(sd, d):
    """The first number of runs at which a true difference d is seen 4 times of 5."""
    n = 1
    while _power(d / (sd * math.sqrt(2 / n))) < 0.8:
        n += 1
    return n


def _power(standard_errors):
    """The chance that a true difference of so many standard errors comes out above 1.96."""
    normal = NormalDist()
    return 1 - normal.cdf(normal.inv_cdf(0.975) - standard_errors)
