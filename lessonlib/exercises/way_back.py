"""Checkers of notebook 03: counting, the gauge, the rescue by a second hidden channel, the width that many channels need."""

import math
from functools import cache

import torch

from lessonlib.algebra.hidden_width import composition_rank
from lessonlib.exercises.checking import Draws, Mistake, attempt, checker, kernel_of, two_kernels
from lessonlib.exercises.comparing import try_on
from lessonlib.exercises.oracles import composed

__all__ = ["check_counts", "check_balance", "check_rescue", "check_width"]


@checker
def check_counts(answer):
    """`answer(k1, k2)` is (equations, unknowns, dimensions) for a k1 x k1 and a k2 x k2 kernel of one channel."""
    cases = [(2, 2), (3, 3)] + [(k1, k2) for k1 in range(1, 5) for k2 in range(1, 5)]

    def counted(k1, k2, dimensions):
        equations, unknowns = (k1 + k2 - 1) ** 2, k1**2 + k2**2
        return equations, unknowns, dimensions(equations, unknowns)

    mistakes = {
        "You forget the gauge: B times s and C divided by s compose to the same A, so one direction is lost.": (
            lambda k1, k2: counted(k1, k2, lambda equations, unknowns: unknowns)
        ),
        "The dimensions are those that B and C reach: one less than the unknowns, however many equations there are.": (
            lambda k1, k2: counted(k1, k2, lambda equations, unknowns: equations)
        ),
        "The dimensions come from the unknowns, less one for the gauge: not from the equations.": (
            lambda k1, k2: counted(k1, k2, lambda equations, unknowns: equations - 1)
        ),
        "There is an equation for each entry of A, and A has k1 + k2 - 1 rows, not k1 + k2.": (
            lambda k1, k2: ((k1 + k2) ** 2, k1**2 + k2**2, k1**2 + k2**2 - 1)
        ),
        "Equations and unknowns are exchanged: the unknowns are the entries of B and of C.": (
            lambda k1, k2: (k1**2 + k2**2, (k1 + k2 - 1) ** 2, k1**2 + k2**2 - 1)
        ),
    }
    try_on(answer, cases, lambda k1, k2: counted(k1, k2, lambda *_: _rank(k1, k2)), mistakes)
    return "these are the ranks measured at random kernels, 7 of 9 for two 2x2."


@checker
def check_balance(answer):
    """`answer(B, C)` is a pair with the same composition whose two kernels have the same norm."""
    draw = Draws()
    cases = [
        (10 ** draw.whole(-2, 2) * draw.normal(k, k), draw.normal(k, k)) for k in (2, 2, 3, 2, 3)
    ]
    pairs = [two_kernels(attempt(answer, B, C), (B.shape, C.shape)) for B, C in cases]
    for (B, C), (new_B, new_C) in zip(cases, pairs):
        scale = (composed(new_B, new_C) * composed(B, C)).sum() / composed(B, C).square().sum()
        if not torch.allclose(
            composed(new_B, new_C),
            scale * composed(B, C),
            rtol=1e-9,
            atol=1e-9 * B.norm() * C.norm(),
        ):
            raise Mistake(
                "Your pair composes to another kernel: only scaling one up and the other down keeps A."
            )
        if not math.isclose(scale, 1, rel_tol=1e-9):
            raise Mistake(
                f"You forget the gauge: A became {scale:.3g} times as large, but what B gains C has to lose."
            )
    norms = torch.tensor([[K.norm() for K in (*case, *pair)] for case, pair in zip(cases, pairs)])
    old_B, old_C, new_B, new_C = norms.T
    if torch.allclose(new_B, new_C, rtol=1e-5):
        return "of all pairs on the gauge, yours is the balanced one."
    if torch.allclose(new_B, old_B, rtol=1e-5):
        raise Mistake(
            "This is the pair that you were given: scale it so that both have the same norm."
        )
    if torch.allclose(new_B, old_C, rtol=1e-5):
        raise Mistake(
            "The norms have changed places: take the square root of their ratio, the other half goes to C."
        )
    raise Mistake(
        "The composition is right, but the norms of the two still differ: B.norm() should equal C.norm()."
    )


@checker
def check_rescue(pairs):
    """`pairs`, [(B1, C1), (B2, C2)] of 2x2 kernels, whose two compositions add up to the Laplacian."""
    wanted = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=torch.float64)
    if (
        not isinstance(pairs, list | tuple)
        or len(pairs) != 2
        or not all(isinstance(p, list | tuple) and len(p) == 2 for p in pairs)
    ):
        raise Mistake("Give two pairs, [(B1, C1), (B2, C2)]: one for each hidden channel.")
    names = iter(("B1", "C1", "B2", "C2"))
    one, two = (composed(*(kernel_of(K, (2, 2), next(names)) for K in pair)) for pair in pairs)
    if torch.allclose(one + two, wanted, atol=1e-9):
        return "two hidden channels do what one never can."
    if torch.allclose(one + two, -wanted, atol=1e-9):
        raise Mistake("The sign is turned round: the middle of the Laplacian is -4.")
    if torch.allclose(one - two, wanted, atol=1e-9) or torch.allclose(two - one, wanted, atol=1e-9):
        raise Mistake(
            "The compositions are added, not subtracted: turn the sign of one kernel round."
        )
    if all(sorted(K[K != 0].tolist()) == [-2, 1, 1] for K in (one, two)):
        raise Mistake(
            "A second difference lies off the middle: (1, -2, 1) belongs in the middle row and the middle column."
        )
    i, j = divmod((one + two - wanted).abs().argmax().item(), 3)
    raise Mistake(
        f"The sum of your two has {(one + two)[i, j]:.4g} at ({i}, {j}), the Laplacian has {wanted[i, j]:.4g} there."
    )


@checker
def check_width(answer):
    """`answer(c)` is the smallest hidden width h at which the count 8 c h - h^2 reaches 9 c^2."""
    mistakes = {
        "You forget the gauge: an invertible h x h matrix between B and C changes nothing, take h^2 away.": (
            lambda c: math.ceil(9 * c / 8)
        ),
        "The gauge is larger: a whole h x h matrix, not one number.": lambda c: _width(
            c, lambda h: 1
        ),
        "The gauge is larger: a whole h x h matrix, not h numbers.": lambda c: _width(
            c, lambda h: h
        ),
        "With h = c the count is 7 c^2 of 9 c^2: that is the pair of 2019, and it is too narrow.": lambda c: (
            c
        ),
        "One too few: the width has to reach 9 c^2, so round up.": lambda c: math.floor(
            (4 - math.sqrt(7)) * c
        ),
        "That is enough, but it is not the smallest.": lambda c: 2 * c,
    }
    try_on(
        answer,
        [(c,) for c in (1, 2, 3, 4, 7, 8, 16, 64)],
        lambda c: _width(c, lambda h: h * h),
        mistakes,
    )
    return "at 64 channels that is 87, and more weights than the 3x3 has."


@cache
def _rank(k1, k2):
    draw = Draws()
    return composition_rank(draw.normal(k1, k1), draw.normal(k2, k2)).rank


def _width(c, gauge):
    return next(h for h in range(1, 9 * c) if 8 * c * h - gauge(h) >= 9 * c * c)
