"""Checkers of notebook 04: BatchNorm and biases that go into a convolution, and the padding that keeps a biased pair exact."""

import torch
import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, attempt, checker
from lessonlib.exercises.comparing import try_on

__all__ = ["check_fold", "check_bias", "check_middle"]


@checker
def check_fold(answer):
    """`answer(weight, gamma, beta, mean, var, eps)` is the (weight, bias) of convolution and BatchNorm in eval, as one."""
    draw = Draws()
    channels = [(3, 3), (2, 2)] + [(draw.whole(1, 5), draw.whole(1, 5)) for _ in range(6)]
    cases = [
        (
            draw.normal(o, i, 3, 2),
            draw.normal(o),
            draw.normal(o),
            draw.normal(o),
            draw.normal(o) ** 2,
            draw.whole(1, 9) / 10,
        )
        for o, i in channels
    ]

    def folded(
        scale=lambda gamma, var, eps: gamma / (var + eps).sqrt(),
        bias=lambda s, beta, mean: beta - s * mean,
    ):
        def fold(weight, gamma, beta, mean, var, eps):
            s = scale(gamma, var, eps)
            return weight * s[:, None, None, None], bias(s, beta, mean)

        return fold

    def along_inputs(weight, gamma, beta, mean, var, eps):
        s = gamma / (var + eps).sqrt()
        return weight * s[:, None, None], beta - s * mean

    mistakes = {
        "The square root is missing: BatchNorm divides by the root of var + eps.": folded(
            lambda gamma, var, eps: gamma / (var + eps)
        ),
        "You forget eps: it is added to var, before the root.": folded(
            lambda gamma, var, eps: gamma / var.sqrt()
        ),
        "eps goes under the root: it is added to var, not to its root.": folded(
            lambda gamma, var, eps: gamma / (var.sqrt() + eps)
        ),
        "You forget gamma: it multiplies what was normalised.": folded(
            lambda gamma, var, eps: 1 / (var + eps).sqrt()
        ),
        "The scale belongs to the outputs: the first index of weight, scale[:, None, None, None].": along_inputs,
        "You forget the mean: it is scaled and taken away from beta.": folded(
            bias=lambda s, beta, mean: beta
        ),
        "The mean has to be scaled as well: the bias is beta minus scale times mean.": folded(
            bias=lambda s, beta, mean: beta - mean
        ),
        "The sign of the mean is wrong: BatchNorm takes it away.": folded(
            bias=lambda s, beta, mean: beta + s * mean
        ),
        "The weight has to be scaled as well as the bias.": lambda weight, *norm: (
            weight,
            folded()(weight, *norm)[1],
        ),
    }
    try_on(answer, cases, _measured_fold, mistakes)
    return "in evaluation a BatchNorm is part of the convolution before it."


@checker
def check_bias(answer):
    """`answer(B, b, C, c)`, B (mid, in, h, w), C (out, mid, h, w), is the bias (out,) of the two as one."""
    draw = Draws()
    cases = []
    for i, m, o in [(2, 2, 2), (3, 3, 3)] + [
        [draw.whole(1, 4) for _ in range(3)] for _ in range(6)
    ]:
        cases.append(
            (draw.normal(m, i, 2, 2), draw.normal(m), draw.normal(o, m, 2, 3), draw.normal(o))
        )
    mistakes = {
        "You add the two: the first bias goes through C before it comes out.": lambda B, b, C, c: (
            b + c
        ),
        "You forget the first bias: it goes through C.": lambda B, b, C, c: c,
        "You forget c: it is added at the end.": lambda B, b, C, c: C.sum((2, 3)) @ b,
        "You use one tap of C only: every tap meets the same b, so sum over all of them.": lambda B, b, C, c: (
            c + C[:, :, 0, 0] @ b
        ),
        "You take the mean of C's taps: their sum meets b.": lambda B, b, C, c: (
            c + C.mean((2, 3)) @ b
        ),
        "The channels of C are exchanged: its second index reads the hidden channels.": lambda B, b, C, c: (
            c + b @ C.sum((2, 3))
        ),
        "B has no part in it: b is added after B.": lambda B, b, C, c: (
            c + C.sum((2, 3)) @ (B.sum((1, 2, 3)) + b)
        ),
    }
    try_on(
        answer,
        cases,
        lambda B, b, C, c: F.conv2d(b[:, None, None].expand(-1, *C.shape[2:]), C, c)[:, 0, 0],
        mistakes,
    )
    return "a bias in the middle comes out as a constant."


@checker
def check_middle(answer):
    """`answer(y (n, mid, h, w), b (mid,))` pads the middle by one at the left and the top so that the pair stays exact."""
    draw = Draws()
    sizes = [(1, 1, 2, 4, 4)] + [
        [draw.whole(1, 3) for _ in range(3)] + [draw.whole(3, 6) for _ in range(2)]
        for _ in range(6)
    ]
    cases = [
        (draw.normal(n, i, h, w), draw.normal(m, i, 2, 2), draw.normal(m))
        for n, i, m, h, w in sizes
    ]

    def in_the_middle(pad):
        return lambda x, B, b: pad(F.conv2d(F.pad(x, (1, 0, 1, 0)), B, b), b)

    def padded(values=lambda b: b, sides=(1, 0, 1, 0)):
        def pad(y, b):
            level = values(b).expand(len(b))[:, None, None]
            return F.pad(y - level, sides) + level

        return in_the_middle(pad)

    mistakes = {
        "You pad zeros, as in 2019: past the border B gives its bias, not 0.": padded(
            torch.zeros_like
        ),
        "The padding is on the wrong side: left and top, that is (1, 0, 1, 0).": padded(
            sides=(0, 1, 0, 1)
        ),
        "You pad all four sides: left and top only.": padded(sides=(1, 1, 1, 1)),
        "You pad every channel with the bias of the first: each has its own.": padded(
            lambda b: b[0]
        ),
        "You pad every channel with the mean of the biases: each has its own.": padded(
            lambda b: b.mean()
        ),
        "The sign is turned round: take b away, pad zeros, and add b again.": padded(lambda b: -b),
        "You repeat the border: B never saw those pixels, it gives its bias there.": in_the_middle(
            lambda y, b: F.pad(y, (1, 0, 1, 0), "replicate")
        ),
        "You add the bias to the whole middle: it is in there already.": in_the_middle(
            lambda y, b: F.pad(y, (1, 0, 1, 0)) + b[:, None, None]
        ),
    }
    answered = in_the_middle(lambda y, b: attempt(answer, y, b))
    try_on(answered, cases, lambda x, B, b: F.conv2d(F.pad(x, (2, 0, 2, 0)), B, b), mistakes)
    return "with its own bias around it, the middle looks as if the photo went on in zeros."


def _measured_fold(weight, gamma, beta, mean, var, eps):
    """What BatchNorm makes of the convolution of nothing, and of every photo that is a single 1."""
    shape = weight.shape[1:]
    dots = (
        torch.cat([torch.zeros(1, shape.numel()), torch.eye(shape.numel())])
        .double()
        .view(-1, *shape)
    )
    bias, *entries = F.batch_norm(F.conv2d(dots, weight), mean, var, gamma, beta, eps=eps).flatten(
        1
    )
    return torch.stack([entry - bias for entry in entries], 1).view_as(weight), bias
