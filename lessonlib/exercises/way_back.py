"""Checkers of notebook 03: counting, the gauge, a second hidden channel, and the hidden width."""

import math
from functools import cache

import torch

from lessonlib.algebra.hidden_width import composition_rank
from lessonlib.exercises.checking import (
    Draws,
    Mistake,
    attempt,
    checker,
    kernel_of,
    say_apart,
    two_kernels,
)
from lessonlib.exercises.comparing import TOLERANCE, near, try_on
from lessonlib.exercises.oracles import composed

__all__ = ["check_counts", "check_balance", "check_rescue", "check_width"]

LAPLACIAN = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=torch.float64)


@checker
def check_counts(answer):
    """`answer(k1, k2)` is (equations, unknowns, dimensions) of two kernels that make one.

    k1 x k1 and k2 x k2, of one channel.
    """
    sizes = [(2, 2), (3, 3)]
    sizes += [(k1, k2) for k1 in range(1, 5) for k2 in range(1, 5)]
    mistakes = {
        "You forget the gauge: "
        "B times s and C divided by s compose to the same A, so one direction is lost.": (
            _counts(lambda equations, unknowns: unknowns)
        ),
        "The dimensions are those that B and C reach: "
        "one less than the unknowns, however many equations there are.": (
            _counts(lambda equations, unknowns: equations)
        ),
        "The dimensions come from the unknowns, less one for the gauge: not from the equations.": (
            _counts(lambda equations, unknowns: equations - 1)
        ),
        "There is an equation for each entry of A, and A has k1 + k2 - 1 rows, not k1 + k2.": (
            lambda k1, k2: ((k1 + k2) ** 2, _entries(k1, k2), _entries(k1, k2) - 1)
        ),
        "Equations and unknowns are exchanged: the unknowns are the entries of B and of C.": (
            lambda k1, k2: (_entries(k1, k2), (k1 + k2 - 1) ** 2, _entries(k1, k2) - 1)
        ),
    }
    try_on(answer, sizes, _measured_counts, mistakes)
    return "these are the ranks measured at random kernels, 7 of 9 for two 2x2."


@checker
def check_balance(answer):
    """`answer(B, C)` is a pair with the same composition whose two kernels have the same norm."""
    draw = Draws()
    cases = []
    for k in (2, 2, 3, 2, 3):
        size = 10 ** draw.integer(-2, 2)
        cases.append((size * draw.normal(k, k), draw.normal(k, k)))
    pairs = [two_kernels(attempt(answer, B, C), (B.shape, C.shape)) for B, C in cases]
    for (B, C), (new_B, new_C) in zip(cases, pairs):
        _require_composition(composed(new_B, new_C), composed(B, C), B.norm() * C.norm())
    old_B, old_C = _norms(cases)
    new_B, new_C = _norms(pairs)
    if torch.allclose(new_B, new_C, rtol=TOLERANCE):
        return "of all pairs on the gauge, yours is the balanced one."
    if torch.allclose(new_B, old_B, rtol=TOLERANCE):
        raise Mistake(
            "This is the pair that you were given: scale it so that both have the same norm."
        )
    if torch.allclose(new_B, old_C, rtol=TOLERANCE):
        raise Mistake(
            "The norms have changed places: "
            "take the square root of their ratio, the other half goes to C."
        )
    raise Mistake(
        "The composition is right, but the norms of the two still differ: "
        "B.norm() should equal C.norm()."
    )


@checker
def check_rescue(pairs):
    """`pairs`, [(B1, C1), (B2, C2)] of 2x2, whose two compositions add up to the Laplacian."""
    one, two = _two_compositions(pairs)
    if near(one + two, LAPLACIAN):
        return "two hidden channels do what one never can."
    if near(one + two, -LAPLACIAN):
        raise Mistake("The sign is reversed: the middle of the Laplacian is -4.")
    if near(one - two, LAPLACIAN) or near(two - one, LAPLACIAN):
        raise Mistake("The compositions are added, not subtracted: reverse the sign of one kernel.")
    if all(sorted(K[K != 0].tolist()) == [-2, 1, 1] for K in (one, two)):
        raise Mistake(
            "A second difference lies off the middle: "
            "(1, -2, 1) belongs in the middle row and the middle column."
        )
    i, j = divmod((one + two - LAPLACIAN).abs().argmax().item(), 3)
    given, asked = say_apart((one + two)[i, j], LAPLACIAN[i, j])
    raise Mistake(
        f"The sum of your two has {given} at ({i}, {j}), the Laplacian has {asked} there."
    )


@checker
def check_width(answer):
    """`answer(c)` is the smallest hidden width h at which the count 8 c h - h^2 reaches 9 c^2."""
    mistakes = {
        "You forget the gauge: an invertible h x h matrix between B and C changes nothing, "
        "subtract h^2.": lambda c: math.ceil(9 * c / 8),
        "The gauge is larger: a whole h x h matrix, not one number.": (
            lambda c: _width(c, lambda h: 1)
        ),
        "The gauge is larger: a whole h x h matrix, not h numbers.": (
            lambda c: _width(c, lambda h: h)
        ),
        "With h = c the count is 7 c^2 of 9 c^2: that is the pair of 2019, and it is too narrow.": (
            lambda c: c
        ),
        "One too few: the width has to reach 9 c^2, so round up.": (
            lambda c: math.floor((4 - math.sqrt(7)) * c)
        ),
        "That is enough, but it is not the smallest.": lambda c: 2 * c,
    }
    cases = [(c,) for c in (1, 2, 3, 4, 7, 8, 16, 64)]
    try_on(answer, cases, lambda c: _width(c, lambda h: h * h), mistakes)
    return "at 64 channels that is 87, and more weights than the 3x3 has."


def _entries(k1, k2):
    return k1**2 + k2**2


def _counts(dimensions):
    """The formula, with `dimensions` of equations and unknowns."""

    def counted(k1, k2):
        equations = (k1 + k2 - 1) ** 2
        unknowns = _entries(k1, k2)
        return equations, unknowns, dimensions(equations, unknowns)

    return counted


@cache
def _measured_counts(k1, k2):
    draw = Draws()
    B = draw.normal(k1, k1)
    C = draw.normal(k2, k2)
    return composed(B, C).numel(), B.numel() + C.numel(), composition_rank(B, C).rank


def _require_composition(found, wanted, size):
    """Raises Mistake where `found` is not `wanted`; size: of what is no more than rounding."""
    scale = (found * wanted).sum() / wanted.square().sum()
    if not torch.allclose(found, scale * wanted, rtol=0, atol=TOLERANCE * size):
        raise Mistake(
            "Your pair composes to another kernel: only scaling one up and the other down keeps A."
        )
    if not math.isclose(scale, 1, rel_tol=TOLERANCE):
        times, _ = say_apart(scale, 1.0)
        raise Mistake(
            f"You forget the gauge: A became {times} times as large, "
            "but what B gains C has to lose."
        )


def _norms(pairs):
    """Those of all first kernels, and those of all second ones."""
    return torch.tensor([[B.norm(), C.norm()] for B, C in pairs]).T


def _two_compositions(pairs):
    right_form = isinstance(pairs, list | tuple) and len(pairs) == 2
    if not right_form or not all(isinstance(p, list | tuple) and len(p) == 2 for p in pairs):
        raise Mistake("Give two pairs, [(B1, C1), (B2, C2)]: one for each hidden channel.")
    found = []
    for channel, (B, C) in enumerate(pairs, 1):
        B = kernel_of(B, (2, 2), f"B{channel}")
        C = kernel_of(C, (2, 2), f"C{channel}")
        found.append(composed(B, C))
    return found


def _width(c, gauge):
    h = 1
    while 8 * c * h - gauge(h) < 9 * c * c:
        h += 1
    return h
