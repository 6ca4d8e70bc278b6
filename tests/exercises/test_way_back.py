"""Answers to the checkers of way_back: counting, the gauge, the rescue, the hidden width."""

import math

import torch

from helpers.checkers import checker_tests
from lessonlib.algebra import named_kernels
from lessonlib.algebra.hidden_width import composition_rank, hidden_width, two_channel_factors
from lessonlib.exercises import way_back
from lessonlib.exercises.checking import Draws
from lessonlib.exercises.way_back import check_balance, check_counts, check_rescue, check_width

B, C = two_channel_factors(named_kernels.THREE["Laplacian"])
LAPLACIAN = list(zip(B[:, 0], C[0]))
ACROSS = ([[1, -1], [0, 0]], [[0, 0], [1, -1]])
DOWN = ([[1, 0], [-1, 0]], [[0, 1], [0, -1]])
UNEVEN = ([[3, 0], [-3, 0]], [[0, 1 / 3], [0, -1 / 3]])  # DOWN, with its gauge moved
WIDTH = 4 - math.sqrt(7)


def counts(rows=-1, gauge=-1):
    def counted(k, n):
        unknowns = k * k + n * n
        return (k + n + rows) ** 2, unknowns, unknowns + gauge

    return counted


def exchanged(k, n):
    equations, unknowns, dimensions = counts()(k, n)
    return unknowns, equations, dimensions


def first_width(c):
    return next(h for h in range(1, 4 * c) if 8 * c * h - h * h >= 9 * c * c)


def balanced(B, C, power=0.5):
    ratio = (C.norm() / B.norm()) ** power
    return B * ratio, C / ratio


def balanced_and_reversed(B, C):
    B, C = balanced(B, C)
    return -C, -B


def one_of_it_scaled(B, C):
    return B * C.norm() / B.norm(), C


TestCheckers = checker_tests(
    way_back,
    {
        check_counts: [counts()],
        check_balance: [balanced, balanced_and_reversed],
        check_rescue: [LAPLACIAN, [ACROSS, DOWN], (UNEVEN, ACROSS)],
        check_width: [lambda c: math.ceil(WIDTH * c), first_width],
    },
    {
        check_counts: {
            "You forget the gauge": counts(gauge=0),
            "k1 + k2 - 1 rows": counts(rows=0),
            "are exchanged": exchanged,
            "the same for every input": lambda k, n: (9, 8, 7),
            "it has to be": lambda k, n: counts()(k, k),
        },
        check_balance: {
            "the pair that you were given": lambda B, C: (B, C),
            "You forget the gauge": lambda B, C: (B / B.norm(), C / C.norm()),
            "times as large, but what B gains C has to lose": one_of_it_scaled,
            "take the square root": lambda B, C: balanced(B, C, power=1),
            "the norms of the two still differ": lambda B, C: (2 * B, C / 2),
            "composes to another kernel": lambda B, C: (C.flip(0), B.flip(1)),
            "return b, c": lambda B, C: B,
            "The first kernel has the shape (2,),": lambda B, C: (B[0], C),
        },
        check_rescue: {
            "in the middle row and the middle column": [ACROSS, ACROSS],
            "the Laplacian has": [ACROSS, ([[1, 0], [0, 0]], [[0, 0], [0, -3]])],
            "Give two pairs": [ACROSS],
            "not subtracted": [ACROSS, ([[-1, 0], [1, 0]], DOWN[1])],
            "The sign is reversed": [(-torch.tensor(B), C) for B, C in (ACROSS, DOWN)],
            "A second difference lies off the middle": [(ACROSS[0], ACROSS[0]), DOWN],
            "B2 has the shape (2,)": [ACROSS, ([1, 0], [0, 1])],
        },
        check_width: {
            "You forget the gauge": lambda c: math.ceil(9 * c / 8),
            "the pair of 2019": lambda c: c,
            "round up": lambda c: int(WIDTH * c),
            "not the smallest": lambda c: 2 * c,
            # right up to 4 channels, by accident
            "You return 11, it has to be 10": lambda c: c + math.ceil(c / 2),
            "it has to be 2": lambda c: WIDTH * c,
        },
    },
    of_values=(check_rescue,),
)


def test_half_an_answer_is_not_tried_yet():
    assert repr(check_rescue([ACROSS, (..., ...)])) == "Not tried yet."


def test_the_widths_counted_are_the_ranks_measured():
    for c in (1, 2, 3):
        assert math.ceil(WIDTH * c) == hidden_width(c, c)
        first = Draws().normal(c, c, 2, 2)
        second = Draws(1).normal(c, c, 2, 2)
        assert composition_rank(first, second).rank == 7 * c * c
