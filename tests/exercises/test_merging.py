"""Answers to the checkers of merging: what a chain becomes, and how much of it is not exact."""

from types import MappingProxyType

import numpy as np

from helpers.checkers import checker_tests
from lessonlib.exercises import merging
from lessonlib.exercises.merging import check_border, check_chain, check_count


def chain(
    a,
    b,
    reach=lambda s, j: s * (j - 1),
    stride=lambda s, t: s * t,
    padding=lambda p, s, q: p + s * q,
):
    k, s, p = a
    j, t, q = b
    return k + reach(s, j), stride(s, t), padding(p, s, q)


def chain_with(**change):
    """The answer with one part of it wrong."""
    return lambda a, b: chain(a, b, **change)


def chain_with_the_wrong_padding_wide(a, b):
    kernel, stride, _ = chain(a, b)
    return kernel, stride, a[2] * b[1] + b[2]


def five(letters):
    """The five chains of notebook 09, those of `letters` called one convolution."""
    return {letter: letter in letters for letter in "ABCDE"}


def side(n, k, p, q):
    return n + 2 * (p + q - k + 1)


def wide(k, p, q, bias):
    return q if bias or p < k - 1 else 0


def wrong(n, k, p, q, bias, wide=wide, sides=2, grows=True, least=0):
    """The number of outputs in the ring that differs."""
    out = side(n, k, p, q) if grows else n
    return out**2 - max(out - sides * wide(k, p, q, bias), least) ** 2


def wrong_with(**change):
    """The answer with one part of it wrong."""
    return lambda *case: wrong(*case, **change)


def four_sides(n, k, p, q, bias):
    return 4 * side(n, k, p, q) * wide(k, p, q, bias)


TestCheckers = checker_tests(
    merging,
    {
        check_chain: [chain, lambda a, b: list(chain(a, b))],
        check_border: [five("ACE"), MappingProxyType(five("ACE"))],
        check_count: [wrong],
    },
    {
        check_chain: {
            "multiply b's reach": chain_with(reach=lambda s, j: j - 1),
            "The kernels do not add up": chain_with(reach=lambda s, j: s * j),
            "The sizes do not multiply": lambda a, b: (a[0] * b[0], *chain(a, b)[1:]),
            "The strides do not add up": chain_with(stride=lambda s, t: s + t),
            "The larger stride": chain_with(stride=max),
            "A row that b pads": chain_with(padding=lambda p, s, q: p + q),
            "You forget what b pads": chain_with(padding=lambda p, s, q: p),
            "a's stride is missing twice": (
                chain_with(reach=lambda s, j: j - 1, padding=lambda p, s, q: p + q)
            ),
            "The two are exchanged": lambda a, b: chain(b, a),
            "What a pads keeps its width": chain_with_the_wrong_padding_wide,
        },
        check_border: {
            "5 of the five are wrong": five("BD"),
            "A is one: all padding is on the first": five("CE"),
            "B is not one: past the edge": five("ABCE"),
            "C is one: past the edge": five("AE"),
            "D is not one: the second pads zeros": five("ACDE"),
            "E is one: nothing is padded after": five("AC"),
            "a dictionary with True or False for each of": {"A": True},
            "Each of the five is True or False": five("ACE") | {"A": "yes"},
            "the five is True or False": five("ACE") | {"A": np.array([True, True])},
        },
        check_count: {
            "enough padding does not help": (
                wrong_with(wide=lambda k, p, q, bias: q if p < k - 1 else 0)
            ),
            "then nothing differs": wrong_with(wide=lambda k, p, q, bias: q),
            "Only a bias would do that": wrong_with(wide=lambda k, p, q, bias: q if bias else 0),
            "The border has two sides": wrong_with(sides=1),
            "the square of a negative side": wrong_with(least=-99),
            "as wide as what the second pads": (
                wrong_with(wide=lambda k, p, q, bias: p + q if wide(k, p, q, bias) else 0)
            ),
            "This is what is right": lambda *case: side(*case[:4]) ** 2 - wrong(*case),
            "the ring of the photo": wrong_with(grows=False),
            "you count them twice": four_sides,
        },
    },
    of_values=(check_border,),
)
