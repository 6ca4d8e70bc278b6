"""Answers to the checkers of equivalence: the switches, a counterexample, a stride."""

import torch

from helpers.checkers import checker_tests
from lessonlib.exercises import equivalence
from lessonlib.exercises.equivalence import check_counterexample, check_exact, check_strided
from lessonlib.kernels import compose


def exact(relu, norm, bias, padding, stride, shifts=None):
    shifts = bias or norm != "none" if shifts is None else shifts
    padded = padding == "first" or padding == "2019" and not shifts
    return not relu and norm != "train" and stride != "first" and padded


def exact_in_training(relu, norm, *others):
    return exact(relu, norm.replace("train", "eval"), *others)


def exact_with_padding_on_each(relu, norm, bias, padding, stride):
    return exact(relu, norm, bias, padding.replace("each", "first"), stride)


def strided(B, C, stride):
    dilated = C.new_zeros([(n - 1) * stride + 1 for n in C.shape])
    dilated[::stride, ::stride] = C
    return compose(B, dilated)


def rows_of(*row):
    return [list(row)] * 3


EDGE = rows_of(0, 0, 1)


TestCheckers = checker_tests(
    equivalence,
    {
        check_exact: [exact],
        check_counterexample: [(rows_of(0, 1, 0), EDGE)],
        check_strided: [strided],
    },
    {
        check_exact: {
            "A ReLU between": lambda relu, *others: exact(False, *others),
            "depends on the batch": exact_in_training,
            "with the padding first that stays exact": (
                lambda *switches: switches[1] == "none" and exact(*switches)
            ),
            "A bias alone breaks nothing": lambda *switches: not switches[2] and exact(*switches),
            "a bias breaks it at the border": (
                lambda relu, norm, bias, *others: exact(relu, norm, False, *others)
            ),
            "a BatchNorm breaks it": lambda *switches: exact(*switches, shifts=switches[2]),
            "as long as nothing shifts": (
                lambda *switches: switches[3] != "2019" and exact(*switches)
            ),
            "'each' is never": exact_with_padding_on_each,
            "A stride on the first": lambda *switches: exact(*switches[:4], "none"),
            "A stride on the second": lambda *switches: switches[4] == "none" and exact(*switches),
            "the same for every input": lambda *switches: False,
            "it has to be False": lambda relu, *others: not relu,
        },
        check_counterexample: {
            "nothing but 0 for x": (rows_of(0, 0, 0), EDGE),
            "nothing but 0 for z": (EDGE, rows_of(5, 5, 5)),
            "with the same sign": (EDGE, rows_of(0, 1, 2)),
            "The edges do not meet": (EDGE, rows_of(1, 0, 0)),
            "x has the shape (3,)": ([0, 0, 1], rows_of(1, 0, 0)),
        },
        check_strided: {
            "as if there were no stride": lambda B, C, s: compose(B, C),
            "Right only where the copies of B do not overlap": lambda B, C, s: torch.kron(C, B),
            "B and C are exchanged: the stride spreads": lambda B, C, s: strided(C, B, s),
            "C says where": lambda B, C, s: torch.kron(B, C),
            "You flip C": lambda B, C, s: strided(B, C.flip(0, 1), s),
        },
    },
    of_values=(check_counterexample,),
)
