"""Checkers of notebook 03: which kernels split, as rows and as products of a column and a row."""

from functools import cache

import torch

from lessonlib.algebra.factoring import is_product
from lessonlib.exercises.checking import Draws, Mistake, attempt, checker, two_kernels
from lessonlib.exercises.comparing import try_on

__all__ = ["check_splits", "check_split", "check_separable"]


@checker
def check_splits(answer):
    """`answer(a)`, three taps, says whether a is the composition of two real 2-tap kernels."""
    real = _taps_that_split()
    complex_ = _taps_that_do_not()
    splits = {tuple(a.tolist()): True for a in real}
    splits |= {tuple(a.tolist()): False for a in complex_}
    mistakes = {
        "Reversed: a negative discriminant has no real root.": lambda a: _discriminant(a) < 0,
        "The sign is wrong: the discriminant is a1^2 minus 4 a0 a2.": (
            lambda a: a[1] ** 2 + 4 * a[0] * a[2] >= 0
        ),
        "The 4 is missing: the discriminant is a1^2 - 4 a0 a2.": (
            lambda a: a[1] ** 2 - a[0] * a[2] >= 0
        ),
        "A discriminant of 0 is a double root, and that splits as well: "
        "(1, 2, 1) is (1, 1) with (1, 1).": lambda a: _discriminant(a) > 0,
        "The middle tap is a1: that is the one squared in the discriminant.": (
            lambda a: a[0] ** 2 - 4 * a[1] * a[2] >= 0
        ),
        "This is the discriminant: say True where it is not negative, else False.": _discriminant,
    }
    cases = [(a,) for a in real + complex_]
    try_on(answer, cases, lambda a: splits[tuple(a.tolist())], mistakes)
    return "the discriminant decides."


@checker
def check_split(answer):
    """`answer(a)`, three taps that can be split, is two 2-tap kernels that compose to a."""

    def product(a):
        b, c = two_kernels(attempt(answer, a), ((2,), (2,)))
        middle = b[0] * c[1] + b[1] * c[0]
        return torch.stack([b[0] * c[0], middle, b[1] * c[1]])

    mistakes = {
        "The factor a2 is lost: A(x) is a2 (x - r)(x - s), so one of the two has to carry it.": (
            lambda a: a / a[2]
        ),
        "The taps are reversed: the factor x - r is the kernel (-r, 1).": lambda a: a.flip(0),
        "The taps are reversed and a2 is lost: "
        "x - r is the kernel (-r, 1), and one of the two carries a2.": lambda a: a.flip(0) / a[2],
        "The roots have the wrong sign: the factor that is 0 at r is x - r, the kernel (-r, 1).": (
            lambda a: a * a.new_tensor([1, -1, 1])
        ),
        "Both kernels carry a2: give it to one of them.": lambda a: a * a[2],
    }
    with_two_roots = [(a,) for a in _taps_that_split() if a[2]]
    with_one_or_none = [(a,) for a in _taps_that_split() if not a[2]]
    try_on(product, with_two_roots, _itself, mistakes)
    try:
        try_on(product, with_one_or_none, _itself, {})
    except Mistake:
        raise Mistake(
            "It is right, except where the last tap is 0: "
            "there you divide by a2, but a = (a0, a1) with (1, 0)."
        ) from None
    return "every kernel that can be split is split."


@checker
def check_separable(answer):
    """`answer(p, q)` is the verdict, 'real' or 'complex', on the 3x3 kernel p[i] q[j]."""
    columns = [(1, 2, 1), (1, 0, -1), (1, 3, 2), (1, 1, 1), (1, 0, 1)]
    rows = [(1, 0, -1), (0, 1, 1), (1, 1, 1), (2, -1, 3)]
    cases = [(p, q) for p in columns for q in rows]
    mistakes = {
        "You look at p only: q has to split, too.": _verdict(lambda p, q: p >= 0),
        "You look at q only: p has to split, too.": _verdict(lambda p, q: q >= 0),
        "Two negative discriminants have a positive product: "
        "test each by itself, the box blur is not real.": _verdict(lambda p, q: p * q >= 0),
        "Both p and q have to split, one of them is not enough.": (
            _verdict(lambda p, q: p >= 0 or q >= 0)
        ),
        "Reversed: real factors need discriminants that are not negative.": (
            _verdict(lambda p, q: p < 0 or q < 0)
        ),
        "'never' does not happen here: over the complex numbers every p and every q splits.": (
            _verdict(lambda p, q: p >= 0 and q >= 0, otherwise="never")
        ),
    }
    try_on(answer, cases, _exact_verdict, mistakes)
    return "the exact test of the notebook says the same each time."


@cache
def _exact_verdict(p, q):
    return is_product(torch.outer(torch.tensor(p), torch.tensor(q))).answer


def _verdict(rule, otherwise="complex"):
    """The verdict by a rule about the two discriminants."""
    return lambda p, q: "real" if rule(_discriminant(p), _discriminant(q)) else otherwise


def _discriminant(a):
    return a[1] ** 2 - 4 * a[0] * a[2]


def _itself(a):
    return a


def _taps_that_split():
    """Compositions of two kernels."""
    rows = []
    for b, c, d, e in Draws().normal(12, 4).tolist():
        rows.append((b * d, b * e + c * d, c * e))
    rows += [(1, 2, 1), (4, -4, 1), (1, -6, 9)]
    rows += [(2, 3, 0), (1, 0, 0), (0, 1, 2)]
    return _as_tensors(rows)


def _taps_that_do_not():
    """Multiples of (x - r)^2 + s^2, which is never 0."""
    rows = [(1, 1, 1), (2, 1, 2), (-1, 1, -3)]
    for size, r, s in Draws().normal(12, 3).tolist():
        constant = r * r + s * s + 0.01
        rows.append((size * constant, -2 * r * size, size))
    return _as_tensors(rows)


def _as_tensors(rows):
    return [torch.tensor(row, dtype=torch.float64) for row in rows]
