"""Answers to the checkers of composition: composing kernels, pairs with a given composition."""

from itertools import product

import torch
import torch.nn.functional as F

from helpers.checkers import checker_tests
from lessonlib.algebra import named_kernels
from lessonlib.exercises import composition
from lessonlib.exercises.composition import (
    check_arguments,
    check_compose,
    check_compose_many,
    check_delta,
    check_sobel,
)
from lessonlib.kernels import compose, correlate


def composed_by(how):
    """A composition by loops: each entry of C puts down a copy of B."""

    def composed(B, C):
        bh, bw = B.shape
        ch, cw = C.shape
        A = B.new_zeros(bh + ch - 1, bw + cw - 1)
        for u, v in product(range(ch), range(cw)):
            how(A[u : u + bh, v : v + bw], C[u, v] * B)
        return A

    return composed


def correlate_padded(B, C):
    h, w = C.shape
    return correlate(F.pad(B, (w - 1, w - 1, h - 1, h - 1)), C)


def layer(padding, stride):
    return {"padding": padding, "stride": stride}


TOP_LEFT = [[1, 0], [0, 0]]
SUM = [[1, 1], [1, 1]]
ACROSS = [[-1, 1], [-1, 1]]


TestCheckers = checker_tests(
    composition,
    {
        check_compose: [compose, composed_by(torch.Tensor.add_)],
        check_compose_many: [compose],
        check_delta: [([[0, 2], [0, 0]], [[0, 0], [0.5, 0]])],
        check_sobel: [named_kernels.PAIRS["Sobel"], (ACROSS, SUM)],
        check_arguments: [(layer(1, 1), layer(0, 2))],
    },
    {
        check_compose: {
            "You flip C": correlate_padded,
            "You flip B": lambda B, C: compose(B.flip(0, 1), C),
            "The copies of B overlap": composed_by(torch.Tensor.copy_),
            "transposed": lambda B, C: compose(B, C).T,
            "matrix product": lambda B, C: B @ C,
            "entry by entry": lambda B, C: B * C,
            " of the result is 0, it has to be 0.": lambda B, C: compose(B, C).round(),
        },
        check_compose_many: {
            "The order of B and C is exchanged": lambda B, C: compose(C, B),
            "In and out are exchanged": lambda B, C: compose(B, C).transpose(0, 1),
            "You flip C": lambda B, C: compose(B, C.flip(2, 3)),
            "the first hidden channel only": lambda B, C: compose(B[:1], C[:, :1]),
            "has the shape 3x3, it has to be 2x2x3x3": lambda B, C: compose(B, C)[0, 0],
        },
        check_delta: {
            "at (0, 0): the places of the two entries add up": (TOP_LEFT, TOP_LEFT),
            "3 times the kernel": (TOP_LEFT, [[0, 0], [0, 3]]),
            "it has to be 0": (SUM, TOP_LEFT),
            "nothing but zeros": ([[0, 0], [0, 0]], [[0, 0], [0, 1]]),
            "B has the shape 1x2": ([[1, 0]], [[0, 0], [0, 1]]),
            "C has to be real numbers of the shape 2x2": (TOP_LEFT, [[0, 0], [0, "1"]]),
        },
        check_sobel: {
            "for the other direction": (SUM, [[-1, -1], [1, 1]]),
            "-1 times the kernel": (SUM, [[1, -1], [1, -1]]),
            "0.5 times the kernel": ([[0.5, 0.5], [0.5, 0.5]], ACROSS),
            "it has to be": ([[1, 1], [0, 0]], ACROSS),
            "not finite": ([[1, float("nan")], [1, 1]], ACROSS),
            "B has to be real numbers of the shape 2x2": ([[1j, 1], [1, 1]], ACROSS),
        },
        check_arguments: {
            "With the stride on the first": (layer(1, 2), layer(0, 1)),
            "Padding on the second": (layer(0, 1), layer(1, 2)),
            "steps of 4 pixels": (layer(1, 2), layer(0, 2)),
            "sees 0 pixels past the border": (layer(0, 1), layer(0, 2)),
            "first has to be": ({"padding": 1}, layer(0, 2)),
            "second has to be": (layer(1, 1), layer(0, 2.0)),
        },
    },
    of_values=(check_delta, check_sobel, check_arguments),
)


def test_half_an_answer_is_not_tried_yet():
    assert repr(check_arguments(layer(1, ...), layer(0, 2))) == "Not tried yet."
