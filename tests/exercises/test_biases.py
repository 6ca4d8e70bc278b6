"""Answers to the checkers of biases: a bias between two kernels, and the padding for it."""

import torch
import torch.nn.functional as F

from helpers.checkers import checker_tests
from lessonlib.exercises import biases
from lessonlib.exercises.biases import check_bias, check_middle


def middle(y, b, sides=(1, 0, 1, 0)):
    return F.pad(y - b[:, None, None], sides) + b[:, None, None]


TestCheckers = checker_tests(
    biases,
    {
        check_bias: [lambda B, b, C, c: c + torch.einsum("omuv,m->o", C, b)],
        check_middle: [middle],
    },
    {
        check_bias: {
            "You add the two": lambda B, b, C, c: b + c,
            "You forget the first bias": lambda B, b, C, c: c,
            "You forget c": lambda B, b, C, c: C.sum((2, 3)) @ b,
            "one tap of C only": lambda B, b, C, c: c + C[:, :, 0, 0] @ b,
            "the mean of C's taps": lambda B, b, C, c: c + C.mean((2, 3)) @ b,
            "The channels of C are exchanged": lambda B, b, C, c: c + C.sum((2, 3)).T @ b,
        },
        check_middle: {
            "You pad zeros, as in 2019": lambda y, b: F.pad(y, (1, 0, 1, 0)),
            "The padding is on the wrong side": lambda y, b: middle(y, b, (0, 1, 0, 1)),
            "You pad all four sides": lambda y, b: middle(y, b, (1, 1, 1, 1)),
            "the bias of the first": lambda y, b: F.pad(y, (1, 0, 1, 0), value=b[0].item()),
            "You repeat the border": lambda y, b: F.pad(y, (1, 0, 1, 0), "replicate"),
            "You add the bias to the whole middle": (
                lambda y, b: F.pad(y, (1, 0, 1, 0)) + b[:, None, None]
            ),
        },
    },
)
