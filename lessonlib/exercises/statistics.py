"""Checkers of notebook 06: how sure an accuracy is, a difference between two arms, and how many runs that takes."""

import math
from statistics import NormalDist, fmean, pvariance, variance

import torch

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on

__all__ = ["check_standard_error", "check_difference", "check_runs"]


@checker
def check_standard_error(answer):
    """`answer(accuracy, photos)`, the accuracy as a share, is its standard error in points."""
    draw = Draws()
    cases = [(0.65, 500), (0.75, 3929), (0.5, 100)]
    cases += [(draw.whole(10, 90) / 100, draw.whole(20, 4000)) for _ in range(6)]
    mistakes = {
        "This is the variance: take the root.": lambda p, n: 100 * p * (1 - p) / n,
        "This is how much one photo varies: more photos make the error smaller, divide by their number.": (
            lambda p, n: 100 * math.sqrt(p * (1 - p))
        ),
        "The number of photos goes under the root: four times as many halve the error.": (
            lambda p, n: 100 * math.sqrt(p * (1 - p)) / n
        ),
        "This is a share: a point is a hundredth, so times 100.": lambda p, n: math.sqrt(
            p * (1 - p) / n
        ),
        "This is half of a 95% interval: the standard error is 1 and not 1.96 of it.": (
            lambda p, n: 196 * math.sqrt(p * (1 - p) / n)
        ),
        "The wrong ones are missing: a photo varies by p(1 - p), not by p.": lambda p, n: (
            100 * math.sqrt(p / n)
        ),
        "That holds at an accuracy of one half; elsewhere a photo varies less.": lambda p, n: (
            50 / math.sqrt(n)
        ),
    }
    try_on(answer, cases, _binomial_error, mistakes)
    return "as the binomial distribution has it. It knows of the photos, not of the seed."


@checker
def check_difference(answer):
    """`answer(a, b)`, accuracies of the runs of two arms, is the standard error of the difference of their means."""
    draw = Draws()
    cases = [([65.0, 64.0, 66.0], [66.0, 63.0, 67.0, 63.0, 67.0])]
    for _ in range(6):
        a, b = (draw.normal(draw.whole(2, 7)).mul(spread).add(65).tolist() for spread in (1, 2))
        cases.append((a, b))

    def error(spread=variance, runs=len):
        return lambda a, b: math.sqrt(spread(a) / runs(a) + spread(b) / runs(b))

    mistakes = {
        "A mean was taken away first, so divide the squares by runs - 1.": error(pvariance),
        "That is how much two runs differ: means of many differ less, divide each variance by its runs.": error(
            runs=lambda runs: 1
        ),
        "You add the errors: add their squares, and take the root.": (
            lambda a, b: math.sqrt(variance(a) / len(a)) + math.sqrt(variance(b) / len(b))
        ),
        "Both arms vary, so the squares add up, though the means are subtracted.": (
            lambda a, b: math.sqrt(abs(variance(a) / len(a) - variance(b) / len(b)))
        ),
        "This is the variance of the difference: take the root.": lambda a, b: error()(a, b) ** 2,
        "This is the difference: how sure is it?": lambda a, b: fmean(a) - fmean(b),
        "You look at a only: b varies as well.": lambda a, b: math.sqrt(variance(a) / len(a)),
        "You look at b only: a varies as well.": lambda a, b: math.sqrt(variance(b) / len(b)),
        "You throw the runs together: then the difference of the arms counts as noise.": (
            lambda a, b: math.sqrt(variance(a + b) / len(a + b))
        ),
    }
    try_on(answer, cases, _spread_of_the_difference, mistakes)
    return "for the runs of 2019, 1.1 points, five times the difference that was read."


@checker
def check_runs(answer):
    """`answer(sd, d)` is how many runs an arm takes to see a difference of d points, at 5% two-sided and 80% power."""
    draw = Draws()
    drawn = [(draw.whole(50, 150) / 100, draw.whole(40, 150) / 100) for _ in range(12)]

    def runs(sd, d, z=1.96 + 0.84, arms=2, power=2, up=math.ceil):
        return up(arms * (z * sd / d) ** power)

    # only where 1.96 + 0.84 and the exact 2.8016 round up to the same
    cases = [(0.95, 1.0), (0.95, 2.0)] + [
        case for case in drawn if runs(*case) == runs(*case, z=2.802)
    ]
    mistakes = {
        "Both arms vary: the variance of the difference is twice that of an arm.": lambda sd, d: (
            runs(sd, d, arms=1)
        ),
        "Half of all races would miss it: 1.96 alone leaves no room for power, add 0.84.": lambda sd, d: (
            runs(sd, d, z=1.96)
        ),
        "The error shrinks with the root of the runs: square the ratio.": lambda sd, d: runs(
            sd, d, power=1
        ),
        "sd and d are exchanged: more noise takes more runs, a larger difference takes fewer.": lambda sd, d: (
            runs(d, sd)
        ),
        "That is one run too few: round up.": lambda sd, d: runs(sd, d, up=math.floor),
        "That is not a number of runs yet: round up.": lambda sd, d: runs(sd, d, up=float),
        "Those are the runs of both arms together: the question is of one.": lambda sd, d: (
            2 * runs(sd, d)
        ),
        "A difference may go either way: that takes 1.96, not 1.64.": lambda sd, d: runs(
            sd, d, z=1.64 + 0.84
        ),
    }
    try_on(answer, cases, _enough_runs, mistakes)
    return "half the difference takes four times the runs."


def _binomial_error(accuracy, photos):
    right = torch.arange(photos + 1, dtype=torch.float64)
    chance = (
        torch.distributions.Binomial(photos, torch.tensor(accuracy, dtype=torch.float64))
        .log_prob(right)
        .exp()
    )
    points = 100 * right / photos
    return (chance @ (points - chance @ points) ** 2).sqrt().item()


def _spread_of_the_difference(a, b):
    """From all pairs of runs of an arm: half the mean square of their differences is its variance."""

    def squared_error(runs):
        runs = torch.tensor(runs, dtype=torch.float64)
        return torch.pdist(runs[:, None]).square().mean() / 2 / len(runs)

    return (squared_error(a) + squared_error(b)).sqrt().item()


def _enough_runs(sd, d):
    """The first number of runs at which the difference, if it is d, comes out beyond 1.96 standard errors 4 times of 5."""
    normal, n = NormalDist(), 1
    while 1 - normal.cdf(normal.inv_cdf(0.975) - d / (sd * math.sqrt(2 / n))) < 0.8:
        n += 1
    return n
