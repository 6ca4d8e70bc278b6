"""Checkers of notebooks 04 and 09: a BatchNorm in eval folded into a convolution beside it."""

import torch
import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on
from lessonlib.exercises.oracles import weight_and_bias

__all__ = ["check_fold", "check_before"]


@checker
def check_fold(answer):
    """`answer(weight, gamma, beta, mean, var, eps)` is (weight, bias) of the two as one.

    A convolution without bias, weight (out, in, h, w), then a BatchNorm in eval.
    """
    draw = Draws()
    channels = [(3, 3), (2, 2)]
    channels += [draw.integers((1, 5), (1, 5)) for _ in range(6)]
    cases = [(draw.normal(o, i, 3, 2), *_drawn_norm(draw, o)) for o, i in channels]
    mistakes = {
        "The square root is missing: BatchNorm divides by the root of var + eps.": (
            _fold(deviation=lambda var, eps: var + eps)
        ),
        "You forget eps: it is added to var, before the root.": (
            _fold(deviation=lambda var, eps: var.sqrt())
        ),
        "eps goes under the root: it is added to var, not to its root.": (
            _fold(deviation=lambda var, eps: var.sqrt() + eps)
        ),
        "You forget gamma: it multiplies what was normalised.": (
            lambda weight, gamma, *others: _fold()(weight, torch.ones_like(gamma), *others)
        ),
        "The scale belongs to the outputs: "
        "the first index of weight, scale[:, None, None, None].": (
            _fold(spread=lambda s: s[:, None, None])
        ),
        "You forget the mean: it is scaled and subtracted from beta.": (
            _fold(shift=lambda s, beta, mean: beta)
        ),
        "The mean has to be scaled as well: the bias is beta minus scale times mean.": (
            _fold(shift=lambda s, beta, mean: beta - mean)
        ),
        "The sign of the mean is wrong: BatchNorm subtracts it.": (
            _fold(shift=lambda s, beta, mean: beta + s * mean)
        ),
        "The weight has to be scaled as well as the bias.": (
            lambda weight, *norm: (weight, _fold()(weight, *norm)[1])
        ),
    }
    try_on(answer, cases, _convolution_then_norm, mistakes)
    return "in evaluation a BatchNorm is part of the convolution before it."


@checker
def check_before(answer):
    """`answer(weight, bias, gamma, beta, mean, var, eps)` is (weight, bias) of the two as one.

    A BatchNorm in eval, then a convolution without padding, weight (out, in, h, w).
    """
    draw = Draws()
    channels = [(3, 3), (2, 2)]
    channels += [draw.integers((1, 5), (1, 5)) for _ in range(6)]
    cases = []
    for o, i in channels:
        norm = _drawn_norm(draw, i)
        cases.append((draw.normal(o, i, 3, 2), draw.normal(o), *norm))
    mistakes = {
        "The scale belongs to the inputs: the second index of weight, scale[:, None, None].": (
            _fold_before(spread=lambda s: s[:, None, None, None])
        ),
        "The weight has to be scaled as well as the bias.": (
            lambda weight, *others: (weight, _fold_before()(weight, *others)[1])
        ),
        "The bias of the convolution itself is lost: it is added at the end, as it is.": (
            lambda weight, bias, *norm: _fold_before()(weight, 0 * bias, *norm)
        ),
        "What BatchNorm adds is lost: it goes through the kernel and comes out in the bias.": (
            lambda weight, bias, *norm: (_fold_before()(weight, bias, *norm)[0], bias)
        ),
        "You scale the shift twice: what BatchNorm adds goes through the kernel as it was.": (
            _scaled_twice
        ),
        "eps belongs under the root, beside the variance.": (
            _fold_before(deviation=lambda var, eps: var.sqrt() + eps)
        ),
        "eps is missing: BatchNorm adds it to the variance.": (
            _fold_before(deviation=lambda var, eps: var.sqrt())
        ),
        "The root is missing: BatchNorm divides by the deviation, the root of the variance.": (
            _fold_before(deviation=lambda var, eps: var + eps)
        ),
        "The mean has to be scaled: BatchNorm adds beta minus scale times mean.": (
            _fold_before(shift=lambda s, beta, mean: beta - mean)
        ),
        "The sign of the mean is wrong: BatchNorm subtracts it.": (
            _fold_before(shift=lambda s, beta, mean: beta + s * mean)
        ),
        "The mean is lost: BatchNorm adds beta minus scale times mean.": (
            _fold_before(shift=lambda s, beta, mean: beta)
        ),
        "You use one tap only: every tap of the kernel meets the shift, so sum over all of them.": (
            _fold_before(through=lambda weight: weight[:, :, 0, 0])
        ),
        "You take the mean of the taps: their sum meets the shift.": (
            _fold_before(through=lambda weight: weight.mean((2, 3)))
        ),
    }
    try_on(answer, cases, _norm_then_convolution, mistakes)
    return (
        "a BatchNorm in eval is part of the convolution after it, too, "
        "as long as nothing pads between them."
    )


def _drawn_norm(draw, channels):
    gamma = draw.normal(channels)
    beta = draw.normal(channels)
    mean = draw.normal(channels)
    var = draw.normal(channels) ** 2
    eps = draw.integer(1, 9) / 10
    return gamma, beta, mean, var, eps


def _deviation(var, eps):
    return (var + eps).sqrt()


def _shift(s, beta, mean):
    return beta - s * mean


def _fold(spread=lambda s: s[:, None, None, None], shift=_shift, deviation=_deviation):
    """The formula, of which one part can be made wrong."""

    def folded(weight, gamma, beta, mean, var, eps):
        s = gamma / deviation(var, eps)
        return weight * spread(s), shift(s, beta, mean)

    return folded


def _fold_before(
    spread=lambda s: s[:, None, None],
    shift=_shift,
    through=lambda weight: weight.sum((2, 3)),
    deviation=_deviation,
):
    """The formula for a BatchNorm before the convolution, of which one part can be made wrong."""

    def folded(weight, bias, gamma, beta, mean, var, eps):
        s = gamma / deviation(var, eps)
        return weight * spread(s), bias + through(weight) @ shift(s, beta, mean)

    return folded


def _scaled_twice(weight, *others):
    scaled = _fold_before()(weight, *others)[0]
    return scaled, _fold_before(through=lambda _: scaled.sum((2, 3)))(weight, *others)[1]


def _convolution_then_norm(weight, gamma, beta, mean, var, eps):
    def layers(x):
        return F.batch_norm(F.conv2d(x, weight), mean, var, gamma, beta, eps=eps)

    return weight_and_bias(layers, weight.shape[1:])


def _norm_then_convolution(weight, bias, gamma, beta, mean, var, eps):
    def layers(x):
        return F.conv2d(F.batch_norm(x, mean, var, gamma, beta, eps=eps), weight, bias)

    return weight_and_bias(layers, weight.shape[1:])
