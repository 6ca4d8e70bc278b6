"""Answers to the checkers of folding: a BatchNorm after a convolution, and before one."""

import torch

from helpers.checkers import checker_tests
from lessonlib.exercises import folding
from lessonlib.exercises.folding import check_before, check_fold


def fold(weight, gamma, beta, mean, var, eps, root=torch.sqrt, shift=lambda s, mean: s * mean):
    s = gamma / root(var + eps)
    return s[:, None, None, None] * weight, beta - shift(s, mean)


def fold_without_eps(*case):
    *norm, eps = case
    return fold(*norm, 0)


def fold_along_inputs(weight, gamma, beta, mean, var, eps):
    s = gamma / (var + eps).sqrt()
    return s[:, None, None] * weight, beta - s * mean


def fold_twice_the_bias(*case):
    weight, bias = fold(*case)
    return weight, 2 * bias


def deviation(var, eps):
    return (var + eps).sqrt()


def before(
    weight,
    bias,
    gamma,
    beta,
    mean,
    var,
    eps,
    over=1,
    add=lambda beta, s, mean: beta - s * mean,
    taps=torch.sum,
    root=deviation,
):
    s = gamma / root(var, eps)
    scale = s[:, None, None] if over else s[:, None, None, None]
    return weight * scale, bias + taps(weight, (2, 3)) @ add(beta, s, mean)


def before_scaled_twice(weight, bias, *norm):
    scaled, _ = before(weight, bias, *norm)
    return scaled, before(scaled, bias, *norm)[1]


def before_with(**change):
    """The answer with one part of it wrong."""
    return lambda *case: before(*case, **change)


TestCheckers = checker_tests(
    folding,
    {check_fold: [fold], check_before: [before]},
    {
        check_fold: {
            "The square root is missing": lambda *case: fold(*case, root=lambda var: var),
            "You forget eps": fold_without_eps,
            "You forget the mean": lambda *case: fold(*case, shift=lambda s, mean: 0),
            "The mean has to be scaled": lambda *case: fold(*case, shift=lambda s, mean: mean),
            "The sign of the mean": lambda *case: fold(*case, shift=lambda s, mean: -s * mean),
            "The scale belongs to the outputs": fold_along_inputs,
            "The weight has to be scaled": lambda weight, *norm: (weight, fold(weight, *norm)[1]),
            "return 2 tensors": lambda *case: fold(*case)[0],
            "of the second result": fold_twice_the_bias,
        },
        check_before: {
            "The scale belongs to the inputs": before_with(over=0),
            "The weight has to be scaled": lambda weight, *rest: (weight, before(weight, *rest)[1]),
            "is lost: it is added at the end": (
                lambda weight, bias, *norm: before(weight, 0 * bias, *norm)
            ),
            "What BatchNorm adds is lost": (
                lambda weight, bias, *norm: (before(weight, bias, *norm)[0], bias)
            ),
            "You scale the shift twice": before_scaled_twice,
            "eps belongs under the root": before_with(root=lambda var, eps: var.sqrt() + eps),
            "eps is missing": before_with(root=lambda var, eps: var.sqrt()),
            "The root is missing": before_with(root=lambda var, eps: var + eps),
            "The mean has to be scaled": before_with(add=lambda beta, s, mean: beta - mean),
            "The sign of the mean": before_with(add=lambda beta, s, mean: beta + s * mean),
            "The mean is lost": before_with(add=lambda beta, s, mean: beta),
            "You use one tap only": before_with(taps=lambda weight, _: weight[:, :, 0, 0]),
            "the mean of the taps": before_with(taps=torch.mean),
        },
    },
)
