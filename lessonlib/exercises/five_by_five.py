"""Checkers of notebook 08: what a stack saves, how far a wrong border reaches, a row of five."""

import numpy as np
import torch

from lessonlib.algebra.equivalence import border_share
from lessonlib.exercises.checking import Draws, attempt, checker, two_kernels
from lessonlib.exercises.comparing import try_on

__all__ = ["check_stack", "check_ring", "check_row"]


@checker
def check_stack(answer):
    """`answer(n)` is the share of weights that n 3x3 save over the one kernel that sees as much.

    The channels are the same everywhere.
    """
    mistakes = {
        "This is what remains: the saving is one minus it.": lambda n: 1 - _stack_saves(n),
        "This is how many more the large kernel has: the saving is a share of the large one.": (
            lambda n: (2 * n + 1) ** 2 / (9 * n) - 1
        ),
        "A kernel has as many weights as its square holds: square both sizes.": (
            lambda n: 1 - 3 * n / (2 * n + 1)
        ),
        "Each 3x3 adds 2 to what one output sees, which is 1 without any: n of them see 2 n + 1.": (
            lambda n: 1 - 9 * n / (3 * n) ** 2
        ),
        "Each 3x3 adds 2 to what one output sees, not 1: n of them see 2 n + 1.": (
            lambda n: 1 - 9 * n / (n + 2) ** 2
        ),
        "The stack has n kernels of 9 weights: they add up, they do not multiply.": (
            lambda n: 1 - 9**n / (2 * n + 1) ** 2
        ),
        "This is in hundredths: give the share, between 0 and 1.": lambda n: 100 * _stack_saves(n),
    }
    cases = [(n,) for n in (1, 2, 3, 4, 5, 7, 10)]
    try_on(answer, cases, _stack_saves, mistakes)
    return "28% for two, and 45% for three: VGG's 27 weights in place of 49."


@checker
def check_ring(answer):
    """`answer(n, k)` is the share of n x n outputs at which two differ from their merged kernel.

    The two are k x k, k odd, and each pads (k - 1) / 2.
    """
    cases = [(32, 3), (14, 3), (7, 3), (32, 5)]
    cases += [(9, 5), (16, 7), (7, 7), (3, 5)]
    mistakes = {
        "This is the share that is right: the wrong one is one minus it.": (
            lambda n, k: 1 - _ring()(n, k)
        ),
        "The wrong border is on both sides: subtract the padding twice.": _ring(sides=1),
        "Rows and columns both have a border: what is right is a square, not a stripe.": (
            _ring(power=1)
        ),
        "The corners belong to two sides, and you count them twice.": (
            lambda n, k: 4 * ((k - 1) // 2) / n
        ),
        "The ring is as wide as the padding of one, (k - 1) / 2: "
        "the first one's padding does no harm.": _ring(wide=lambda k: k - 1),
        "The ring is (k - 1) / 2 wide, not k.": _ring(wide=lambda k: k),
        "Where the two borders meet in the middle nothing right is left: "
        "the square of a negative side is no area.": _ring(smallest=-100),
    }
    try_on(answer, cases, _measured_ring, mistakes)
    return "as much as is measured, half of the outputs for two 3x3 on 7 x 7 pixels."


@checker
def check_row(answer):
    """`answer(a)`, five taps, the last not 0, is two real 3-tap kernels that compose to a."""

    def product(a):
        b, c = two_kernels(attempt(answer, a), ((3,), (3,)))
        taps = a.new_zeros(5)
        for i, weight in enumerate(b):
            taps[i : i + 3] += weight * c
        return taps

    mistakes = {
        "The factor a[4] is lost: A(x) is a[4] times two polynomials that start with x^2, "
        "so one of them has to carry it.": lambda a: a / a[4],
        "The factor to be carried is a[4], the number before x^4, not a[0].": (
            lambda a: a * a[0] / a[4]
        ),
        "Both kernels carry a[4]: give it to one of them.": lambda a: a * a[4],
        "The taps are reversed: x^2 + p x + q is the kernel (q, p, 1).": lambda a: a.flip(0),
        "The taps are reversed and a[4] is lost: "
        "x^2 + p x + q is (q, p, 1), and one carries a[4].": lambda a: a.flip(0) / a[4],
        "np.roots wants the highest power first: np.roots(a.flip(0)).": (
            lambda a: a.flip(0) * a[4] / a[0]
        ),
        "The middle taps have the wrong sign: (x - r)(x - s) is x^2 - (r + s) x + r s.": (
            lambda a: a * a.new_tensor([1, -1, 1, -1, 1])
        ),
        "Sorted by its real part alone, a complex root may miss its conjugate: "
        "sort by the size of the imaginary part first.": _paired_by_real_part,
    }
    try_on(product, [(a,) for a in _five_taps()], lambda a: a, mistakes)
    return "every row of five splits, the box and the two ends too."


def _stack_saves(n):
    return 1 - 9 * n / (2 * n + 1) ** 2


def _ring(wide=lambda k: (k - 1) // 2, sides=2, smallest=0, power=2):
    """The formula, of which one part can be made wrong; smallest: the least side that is right."""

    def share(n, k):
        right = max(n - sides * wide(k), smallest)
        return 1 - (right / n) ** power

    return share


def _measured_ring(n, k):
    padding = (k - 1) // 2
    return border_share(n, k, padding, padding)


def _paired_by_real_part(a):
    """The composition if the roots are sorted by their real part before they are paired."""
    p, q, r, s = sorted(np.roots(a.flip(0)), key=lambda root: root.real)
    b = np.array([(p * q).real, -(p + q).real, 1])
    c = np.array([(r * s).real, -(r + s).real, 1])
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
