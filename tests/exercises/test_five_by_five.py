"""Answers to the checkers of five_by_five: what a stack saves, the wrong ring, a row of five."""

import math
from fractions import Fraction

import numpy as np

from helpers.checkers import checker_tests
from lessonlib.algebra.hidden_width import composition_rank
from lessonlib.exercises import five_by_five
from lessonlib.exercises.checking import Draws
from lessonlib.exercises.five_by_five import check_ring, check_row, check_stack
from lessonlib.kernels import compose


def stack_saves(n, field=lambda n: 2 * n + 1):
    return 1 - 9 * n / field(n) ** 2


def stack_saves_in_fractions(n):
    return 1 - Fraction(9 * n, (2 * n + 1) ** 2)


def ring(n, k, wide=None, sides=2, smallest=0, power=2):
    wide = k // 2 if wide is None else wide
    inner = max(n - sides * wide, smallest)
    return 1 - (inner / n) ** power


def by_imaginary_part(root):
    return abs(root.imag), root.real


def row_of_five(a, sign=-1, lead=(0, 1), step=1, key=by_imaginary_part, flip=True):
    """lead: of the two kernels, those that carry a[4]; step: -1 reverses their taps."""
    p, q, r, s = sorted(np.roots(a.flip(0) if flip else a), key=key)
    b = [(p * q).real, sign * (p + q).real, 1][::step]
    c = [(r * s).real, sign * (r + s).real, 1][::step]
    carry = [a[4].item() if carries else 1 for carries in lead]
    return [carry[0] * tap for tap in b], [carry[1] * tap for tap in c]


def row_with(**change):
    """The answer with one part of it wrong."""
    return lambda a: row_of_five(a, **change)


def row_that_carries_the_first(a):
    b, c = row_of_five(a)
    return b, [a[0] / a[4] * tap for tap in c]


def row_of_complex(a):
    return [list(np.array(row) + 0j) for row in row_of_five(a)]


def row_of_halves(a):
    return [np.poly(half)[::-1] for half in np.split(np.roots(a.flip(0)), 2)]


TestCheckers = checker_tests(
    five_by_five,
    {
        check_stack: [stack_saves, stack_saves_in_fractions],
        check_ring: [ring],
        check_row: [row_of_five],
    },
    {
        check_stack: {
            "This is what remains": lambda n: 1 - stack_saves(n),
            "how many more the large kernel has": lambda n: 1 / (1 - stack_saves(n)) - 1,
            "square both sizes": lambda n: 1 - 3 * n / (2 * n + 1),
            "which is 1 without any": lambda n: stack_saves(n, lambda n: 3 * n),
            "adds 2 to what one output sees, not 1": lambda n: stack_saves(n, lambda n: n + 2),
            "they do not multiply": lambda n: 1 - 9**n / (2 * n + 1) ** 2,
            "between 0 and 1": lambda n: 100 * stack_saves(n),
        },
        check_ring: {
            "This is the share that is right": lambda n, k: 1 - ring(n, k),
            "subtract the padding twice": lambda n, k: ring(n, k, sides=1),
            "a square, not a stripe": lambda n, k: ring(n, k, power=1),
            "you count them twice": lambda n, k: 4 * (k // 2) / n,
            "the first one's padding does no harm": lambda n, k: ring(n, k, wide=k - 1),
            "wide, not k": lambda n, k: ring(n, k, wide=k),
            "the square of a negative side": lambda n, k: ring(n, k, smallest=-9),
        },
        check_row: {
            "The factor a[4] is lost": row_with(lead=(0, 0)),
            "not a[0]": row_that_carries_the_first,
            "np.roots wants the highest power first": row_with(flip=False),
            "Sorted by its real part alone": row_with(key=lambda root: root.real),
            "first kernel has to be real numbers": row_of_complex,
            "Both kernels carry a[4]": row_with(lead=(1, 1)),
            "reversed: x^2 + p x + q is the kernel": row_with(step=-1),
            "reversed and a[4] is lost": row_with(lead=(0, 0), step=-1),
            "the wrong sign": row_with(sign=1),
            "kernel has to be real numbers": row_of_halves,
        },
    },
)


def test_the_numbers_in_the_quiz_of_five():
    saved_by_three = stack_saves(3)
    saved = [saved_by_three, 1 / (1 - saved_by_three) - 1, stack_saves(2), 8 / 9]
    assert [f"{share:.0%}" for share in saved] == ["45%", "81%", "28%", "89%"]
    rings = [ring(7, 3), ring(32, 3), 2 / 7, ring(7, 3, sides=1)]
    assert [f"{share:.0%}" for share in rings] == ["49%", "12%", "29%", "27%"]
    first, second = Draws().normal(2, 3, 3)
    assert composition_rank(first, second).rank == 17
    assert compose(first, second).numel() - 17 == 8


def test_the_hidden_width_of_a_five():
    c = 64
    wide = 1
    while 18 * c * wide - wide**2 < 25 * c * c:
        wide += 1
    assert wide == math.ceil((9 - math.sqrt(56)) * c) == 98
    assert f"{18 * c * wide / (25 * c * c) - 1:.0%}" == "10%"
