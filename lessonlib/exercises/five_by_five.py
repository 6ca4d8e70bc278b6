"""Checkers of notebook 08: what a stack saves, how far a wrong border reaches, a row of five, a figure beside an interval."""

import math

import numpy as np
import torch

from lessonlib.algebra.equivalence import border_share
from lessonlib.exercises.checking import Draws, attempt, checker, two_kernels
from lessonlib.exercises.comparing import try_on

__all__ = ["check_stack", "check_ring", "check_row", "check_reading"]


@checker
def check_stack(answer):
    """`answer(n)` is the share of weights that n 3x3 save in place of the one kernel they see as much as, same channels."""
    mistakes = {
        "This is what remains: the saving is one minus it.": lambda n: 9 * n / (2 * n + 1) ** 2,
        "This is how many more the large kernel has: the saving is a share of the large one.": (
            lambda n: (2 * n + 1) ** 2 / (9 * n) - 1
        ),
        "A kernel has as many weights as its square holds: square both sizes.": lambda n: (
            1 - 3 * n / (2 * n + 1)
        ),
        "Each 3x3 adds 2 to what one output sees, which is 1 without any: n of them see 2 n + 1.": (
            lambda n: 1 - 9 * n / (3 * n) ** 2
        ),
        "Each 3x3 adds 2 to what one output sees, not 1: n of them see 2 n + 1.": lambda n: (
            1 - 9 * n / (n + 2) ** 2
        ),
        "The stack has n kernels of 9 weights: they add up, they do not multiply.": lambda n: (
            1 - 9**n / (2 * n + 1) ** 2
        ),
        "This is in hundredths: give the share, between 0 and 1.": lambda n: 100 * _stack_saves(n),
    }
    try_on(answer, [(n,) for n in (1, 2, 3, 4, 5, 7, 10)], _stack_saves, mistakes)
    return "28% for two, and 45% for three: VGG's 27 weights in place of 49."


@checker
def check_ring(answer):
    """`answer(n, k)`: at which share of n x n outputs two odd k x k that each pad (k-1)/2 differ from the one merged kernel."""
    cases = [(32, 3), (14, 3), (7, 3), (32, 5), (9, 5), (16, 7), (7, 7), (3, 5)]

    def share(ring=lambda k: (k - 1) // 2, sides=2, right=lambda inner, n: inner**2 / n**2):
        return lambda n, k: 1 - right(max(n - sides * ring(k), 0), n)

    mistakes = {
        "This is the share that is right: the wrong one is one minus it.": lambda n, k: (
            1 - share()(n, k)
        ),
        "The wrong border is on both sides: take the padding away twice.": share(sides=1),
        "Rows and columns both have a border: what is right is a square, not a stripe.": (
            share(right=lambda inner, n: inner / n)
        ),
        "The corners belong to two sides, and you count them twice.": lambda n, k: (
            4 * ((k - 1) // 2) / n
        ),
        "The ring is as wide as the padding of one, (k - 1) / 2: the first one's padding does no harm.": share(
            lambda k: k - 1
        ),
        "The ring is (k - 1) / 2 wide, not k.": share(lambda k: k),
        "Where the two borders meet in the middle nothing right is left: the square of a negative side is no area.": (
            lambda n, k: 1 - ((n - (k - 1)) / n) ** 2
        ),
    }
    try_on(answer, cases, lambda n, k: border_share(n, k, (k - 1) // 2, (k - 1) // 2), mistakes)
    return "as much as is measured, half of the outputs for two 3x3 on 7 x 7 pixels."


@checker
def check_row(answer):
    """`answer(a)`, five taps of which the last is not 0, is two real 3-tap kernels that compose to a."""

    def product(a):
        b, c = two_kernels(attempt(answer, a), ((3,), (3,)))
        return torch.stack(
            [sum(b[i] * c[j - i] for i in range(max(0, j - 2), min(j, 2) + 1)) for j in range(5)]
        )

    mistakes = {
        "The factor a[4] is lost: A(x) is a[4] times two polynomials that start with x^2, so one of them has to carry it.": (
            lambda a: a / a[4]
        ),
        "The factor to be carried is a[4], the number before x^4, not a[0].": lambda a: (
            a * a[0] / a[4]
        ),
        "Both kernels carry a[4]: give it to one of them.": lambda a: a * a[4],
        "The order of the taps is turned round: x^2 + p x + q is the kernel (q, p, 1).": lambda a: (
            a.flip(0)
        ),
        "The order of the taps is turned round and a[4] is lost: x^2 + p x + q is (q, p, 1), and one carries a[4].": (
            lambda a: a.flip(0) / a[4]
        ),
        "np.roots wants the highest power first: np.roots(a.flip(0)).": lambda a: (
            a.flip(0) * a[4] / a[0]
        ),
        "The middle taps have the wrong sign: (x - r)(x - s) is x^2 - (r + s) x + r s.": (
            lambda a: a * a.new_tensor([1, -1, 1, -1, 1])
        ),
        "Sorted by its real part alone, a complex root may miss its conjugate: sort by the imaginary part's size first.": (
            _paired_by_real_part
        ),
    }
    try_on(product, [(a,) for a in _five_taps()], lambda a: a, mistakes)
    return "every row of five splits, the box and the two ends too."


@checker
def check_reading(answer):
    """`answer(low, high, figure)`: whether another's figure 'fits' our interval, is 'ruled out', or 'open'."""
    draw = Draws()
    cases = [
        (-0.4, 1.6, 1.0),
        (0.3, 1.7, 1.0),
        (-2.1, -0.2, 1.0),
        (-0.5, 0.4, 1.0),
        (1.2, 3.0, 1.0),
        (-3.0, -0.5, -2.0),
    ]
    cases += [(-math.inf, math.inf, 1.0), (-2.0, 0.5, -1.0), (0.2, 0.8, -1.0)]
    for _ in range(6):
        middle, half, figure = draw.normal(3).tolist()
        cases.append((middle - abs(half), middle + abs(half), figure))

    def reading(
        inside=lambda low, high, figure: low <= figure <= high,
        sure=lambda low, high, figure: low > 0 or high < 0,
    ):
        def read(low, high, figure):
            if not inside(low, high, figure):
                return "ruled out"
            return "fits" if sure(low, high, figure) else "open"

        return read

    mistakes = {
        "Too soon: while 0 lies in the interval too, no difference at all fits as well. That is 'open'.": (
            reading(sure=lambda *_: True)
        ),
        "An interval that holds 0 may still leave the figure out: look at the figure first.": (
            lambda low, high, figure: "open" if low <= 0 <= high else reading()(low, high, figure)
        ),
        "The same sign is not the same size: a figure outside the interval is ruled out.": (
            reading(
                inside=lambda low, high, figure: (
                    low <= figure <= high or min(low * figure, high * figure) > 0
                )
            )
        ),
        "The differences can be negative: an interval below 0 leaves 0 out as well.": reading(
            sure=lambda low, high, figure: low > 0
        ),
        "Not distinguishable from 0 is not 'ruled out': it only means that 0 is in the interval.": (
            lambda low, high, figure: (
                "ruled out"
                if reading()(low, high, figure) == "open"
                else reading()(low, high, figure)
            )
        ),
        "'fits' and 'ruled out' are exchanged: a figure outside the interval is ruled out.": (
            lambda *case: {"fits": "ruled out", "ruled out": "fits", "open": "open"}[
                reading()(*case)
            ]
        ),
    }
    try_on(answer, cases, reading(), mistakes)
    return "so a study can rule a figure out, agree with it, or be too small for either."


def _stack_saves(n):
    return 1 - 9 * n / (2 * n + 1) ** 2


def _paired_by_real_part(a):
    """What comes out where the roots are sorted by their real part before they are paired."""
    r = sorted(np.roots(a.flip(0)), key=lambda root: root.real)
    b, c = (np.array([(p * q).real, -(p + q).real, 1]) for p, q in (r[:2], r[2:]))
    return a[4] * torch.from_numpy(np.convolve(b, c))


def _five_taps():
    """Rows with four, two and no real roots, and some with a name."""
    drawn = Draws().normal(12, 5)
    named = [
        (1, 1, 1, 1, 1),
        (1, 4, 6, 4, 1),
        (1, 0, 0, 0, 1),
        (1, 0, -2, 0, 1),
        (4, 0, -5, 0, 1),
        (0, 0, 1, 2, 3),
    ]
    return [*torch.tensor(named, dtype=torch.float64), *drawn]
