"""Checkers of notebook 04: a bias between two kernels, and the padding that keeps it exact."""

import torch
import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, attempt, checker
from lessonlib.exercises.comparing import try_on

__all__ = ["check_bias", "check_middle"]


@checker
def check_bias(answer):
    """`answer(B, b, C, c)` is the bias (out,) of the two convolutions as one.

    Weights B (mid, in, h, w), C (out, mid, h, w); biases b (mid,), c (out,).
    """
    draw = Draws()
    channels = [(2, 2, 2), (3, 3, 3)]
    channels += [draw.integers(*[(1, 4)] * 3) for _ in range(6)]
    cases = []
    for i, m, o in channels:
        first = draw.normal(m, i, 2, 2), draw.normal(m)
        second = draw.normal(o, m, 2, 3), draw.normal(o)
        cases.append((*first, *second))
    mistakes = {
        "You add the two: the first bias goes through C before it comes out.": (
            lambda B, b, C, c: b + c
        ),
        "You forget the first bias: it goes through C.": lambda B, b, C, c: c,
        "You forget c: it is added at the end.": lambda B, b, C, c: C.sum((2, 3)) @ b,
        "You use one tap of C only: every tap meets the same b, so sum over all of them.": (
            lambda B, b, C, c: c + C[:, :, 0, 0] @ b
        ),
        "You take the mean of C's taps: their sum meets b.": (
            lambda B, b, C, c: c + C.mean((2, 3)) @ b
        ),
        "The channels of C are exchanged: its second index reads the hidden channels.": (
            lambda B, b, C, c: c + b @ C.sum((2, 3))
        ),
        "B has no part in it: b is added after B.": (
            lambda B, b, C, c: c + C.sum((2, 3)) @ (B.sum((1, 2, 3)) + b)
        ),
    }
    try_on(answer, cases, _measured_bias, mistakes)
    return "a bias in the middle comes out as a constant."


@checker
def check_middle(answer):
    """`answer(y, b)` pads the middle y (n, mid, h, w) by one at the left and the top.

    b (mid,) is the bias of the first convolution; the pair has to stay exact.
    """
    draw = Draws()
    sizes = [(1, 1, 2, 4, 4)]
    sizes += [draw.integers(*[(1, 3)] * 3, (3, 6), (3, 6)) for _ in range(6)]
    cases = []
    for n, i, m, h, w in sizes:
        cases.append((draw.normal(n, i, h, w), draw.normal(m, i, 2, 2), draw.normal(m)))
    mistakes = {
        "You pad zeros, as in 2019: past the border B gives its bias, not 0.": (
            _padded_with(torch.zeros_like)
        ),
        "The padding is on the wrong side: left and top, that is (1, 0, 1, 0).": (
            _padded_with(sides=(0, 1, 0, 1))
        ),
        "You pad all four sides: left and top only.": _padded_with(sides=(1, 1, 1, 1)),
        "You pad every channel with the bias of the first: each has its own.": (
            _padded_with(lambda b: b[0])
        ),
        "You pad every channel with the mean of the biases: each has its own.": (
            _padded_with(lambda b: b.mean())
        ),
        "The sign is wrong: subtract b, pad zeros, and add b again.": _padded_with(lambda b: -b),
        "You repeat the border: B never saw those pixels, it gives its bias there.": (
            _in_the_middle(lambda y, b: F.pad(y, (1, 0, 1, 0), "replicate"))
        ),
        "You add the bias to the whole middle: it is in there already.": (
            _in_the_middle(lambda y, b: F.pad(y, (1, 0, 1, 0)) + b[:, None, None])
        ),
    }
    answered = _in_the_middle(lambda y, b: attempt(answer, y, b))
    try_on(answered, cases, _padded_first, mistakes)
    return "with its own bias around it, the middle looks as if the photo went on in zeros."


def _measured_bias(B, b, C, c):
    """What C makes of a middle that is b everywhere."""
    middle = b[:, None, None].expand(-1, *C.shape[2:])
    return F.conv2d(middle, C, c)[:, 0, 0]


def _in_the_middle(pad):
    """As a function of the photo: the middle, padded by `pad(y, b)`."""
    return lambda x, B, b: pad(F.conv2d(F.pad(x, (1, 0, 1, 0)), B, b), b)


def _padded_with(values=lambda b: b, sides=(1, 0, 1, 0)):
    """The middle with `values` around it, one for each channel or one for all."""

    def pad(y, b):
        level = values(b).expand(len(b))[:, None, None]
        return F.pad(y - level, sides) + level

    return _in_the_middle(pad)


def _padded_first(x, B, b):
    return F.conv2d(F.pad(x, (2, 0, 2, 0)), B, b)
