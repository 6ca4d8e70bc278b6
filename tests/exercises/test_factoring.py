"""Answers to the checkers of factoring: which kernels split, and into what."""

import math

from helpers.checkers import checker_tests
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.exercises import factoring
from lessonlib.exercises.factoring import check_separable, check_split, check_splits


def split(a, sign=1, lead=True):
    a0, a1, a2 = a.tolist()
    if a2 == 0:
        return [a0, a1], [1, 0]
    root = math.sqrt(max(a1 * a1 - 4 * a0 * a2, 0))
    r = (-a1 + root) / (2 * a2)
    s = (-a1 - root) / (2 * a2)
    return [-sign * r, 1], [-sign * s * a2, a2] if lead else [-sign * s, 1]


def split_by_division(a):
    return split(a) if a[0].item() / a[2].item() != 0 else split(a)


def split_with_torch(a):
    near = nearest_product(a[None])
    return near.B[0], near.C[0]


def discriminant(a, four=4):
    return a[1] ** 2 - four * a[0] * a[2]


def verdict(rule):
    return lambda p, q: "real" if rule(discriminant(p), discriminant(q)) else "complex"


TestCheckers = checker_tests(
    factoring,
    {
        check_splits: [lambda a: a[1] * a[1] >= 4 * a[0] * a[2]],
        check_split: [split, split_with_torch],
        check_separable: [verdict(lambda p, q: min(p, q) >= 0)],
    },
    {
        check_splits: {
            "Reversed": lambda a: discriminant(a) < 0,
            "The sign is wrong": lambda a: discriminant(a, -4) >= 0,
            "The 4 is missing": lambda a: discriminant(a, 1) >= 0,
            "double root": lambda a: discriminant(a) > 0,
            "say True": discriminant,
            "the same for every input": lambda a: True,
        },
        check_split: {
            "The factor a2 is lost": lambda a: split(a, lead=False),
            "The roots have the wrong sign": lambda a: split(a, sign=-1),
            "The taps are reversed": lambda a: [factor[::-1] for factor in split(a)],
            "where the last tap is 0": split_by_division,
            "two kernels": lambda a: a,
            "the same for every input": lambda a: ([1, 0], [1, 0]),
        },
        check_separable: {
            "You look at p only": verdict(lambda p, q: p >= 0),
            "the box blur is not real": verdict(lambda p, q: p * q >= 0),
            "Both p and q": verdict(lambda p, q: p >= 0 or q >= 0),
            "Reversed": verdict(lambda p, q: min(p, q) < 0),
            "the same for every input": lambda p, q: "real",
        },
    },
)
