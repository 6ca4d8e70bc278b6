"""Checkers of notebook 03: which kernels can be split, in one dimension and as a product of two."""

from functools import cache

import torch

from lessonlib.algebra.factoring import is_product
from lessonlib.exercises.checking import Draws, Mistake, attempt, checker, two_kernels
from lessonlib.exercises.comparing import try_on

__all__ = ["check_splits", "check_split", "check_separable"]


@checker
def check_splits(answer):
    """`answer(a)`, three taps, says whether a is the composition of two real 2-tap kernels."""
    cases = [(a, splits) for splits in (True, False) for a in _three_taps(splits)]
    truth = {tuple(a.tolist()): splits for a, splits in cases}
    mistakes = {
        "It is turned round: a negative discriminant has no real root.": lambda a: (
            _discriminant(a) < 0
        ),
        "The sign is wrong: the discriminant is a1^2 minus 4 a0 a2.": lambda a: (
            a[1] ** 2 + 4 * a[0] * a[2] >= 0
        ),
        "The 4 is missing: the discriminant is a1^2 - 4 a0 a2.": lambda a: (
            a[1] ** 2 - a[0] * a[2] >= 0
        ),
        "A discriminant of 0 is a double root, and that splits as well: (1, 2, 1) is (1, 1) with (1, 1).": (
            lambda a: _discriminant(a) > 0
        ),
        "The middle tap is a1: that is the one squared in the discriminant.": lambda a: (
            a[0] ** 2 - 4 * a[1] * a[2] >= 0
        ),
        "This is the discriminant: say True where it is not negative, else False.": _discriminant,
    }
    try_on(answer, [(a,) for a, _ in cases], lambda a: truth[tuple(a.tolist())], mistakes)
    return "the discriminant decides."


@checker
def check_split(answer):
    """`answer(a)`, three taps that can be split, is two 2-tap kernels that compose to a."""

    def product(a):
        b, c = two_kernels(attempt(answer, a), ((2,), (2,)))
        return torch.stack([b[0] * c[0], b[0] * c[1] + b[1] * c[0], b[1] * c[1]])

    mistakes = {
        "The factor a2 is lost: A(x) is a2 (x - r)(x - s), so one of the two has to carry it.": lambda a: (
            a / a[2]
        ),
        "The order of the taps is turned round: the factor x - r is the kernel (-r, 1).": lambda a: (
            a.flip(0)
        ),
        "The order of the taps is turned round and a2 is lost: x - r is the kernel (-r, 1), and one of the two carries a2.": (
            lambda a: a.flip(0) / a[2]
        ),
        "The roots have the wrong sign: the factor that is 0 at r is x - r, the kernel (-r, 1).": (
            lambda a: a * a.new_tensor([1, -1, 1])
        ),
        "Both kernels carry a2: give it to one of them.": lambda a: a * a[2],
    }
    cases = [(a,) for a in _three_taps(True) if a[2]]
    try_on(product, cases, lambda a: a, mistakes)
    try:
        try_on(product, [(a,) for a in _three_taps(True) if not a[2]], lambda a: a, {})
    except Mistake:
        raise Mistake(
            "It is right, except where the last tap is 0: there you divide by a2, but a = (a0, a1) with (1, 0)."
        ) from None
    return "every kernel that can be split is split."


@checker
def check_separable(answer):
    """`answer(p, q)` is the verdict, 'real' or 'complex', on the 3x3 kernel with the entries p[i] q[j]."""
    real, complex_ = (
        [(1, 2, 1), (1, 0, -1), (1, 3, 2), (0, 1, 1)],
        [(1, 1, 1), (1, 0, 1), (2, -1, 3)],
    )
    cases = [
        (p, q)
        for p in real[:3] + complex_[:2]
        for q in (real[1], real[3], complex_[0], complex_[2])
    ]

    def verdict(rule):
        return lambda p, q: "real" if rule(_discriminant(p), _discriminant(q)) else "complex"

    mistakes = {
        "You look at p only: q has to split, too.": verdict(lambda p, q: p >= 0),
        "You look at q only: p has to split, too.": verdict(lambda p, q: q >= 0),
        "Two negative discriminants have a positive product: test each by itself, the box blur is not real.": (
            verdict(lambda p, q: p * q >= 0)
        ),
        "Both p and q have to split, one of them is not enough.": verdict(
            lambda p, q: p >= 0 or q >= 0
        ),
        "It is turned round: real factors need discriminants that are not negative.": verdict(
            lambda p, q: p < 0 or q < 0
        ),
        "'never' does not happen here: over the complex numbers every p and every q splits.": (
            lambda p, q: "real" if min(_discriminant(p), _discriminant(q)) >= 0 else "never"
        ),
    }
    try_on(answer, cases, _verdict, mistakes)
    return "the exact test of the notebook says the same each time."


@cache
def _verdict(p, q):
    return is_product([[u * v for v in q] for u in p]).answer


def _discriminant(a):
    return a[1] ** 2 - 4 * a[0] * a[2]


def _three_taps(splits):
    """Kernels that split by construction, or that do not: (x - r)^2 + s^2 is never 0."""
    draw = Draws()
    if not splits:
        drawn = [
            (size * (r * r + s * s + 0.01), -2 * r * size, size)
            for size, r, s in draw.normal(12, 3).tolist()
        ]
        return [
            torch.tensor(a, dtype=torch.float64)
            for a in [(1, 1, 1), (2, 1, 2), (-1, 1, -3), *drawn]
        ]
    drawn = [(b * d, b * e + c * d, c * e) for b, c, d, e in draw.normal(12, 4).tolist()]
    exact = [(1, 2, 1), (4, -4, 1), (1, -6, 9), (2, 3, 0), (1, 0, 0), (0, 1, 2)]
    return [torch.tensor(a, dtype=torch.float64) for a in [*drawn, *exact]]
