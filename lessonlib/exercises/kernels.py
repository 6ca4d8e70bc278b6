"""Checkers of notebook 01: correlate by loops, output sizes, the patch matrix."""

import math

import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on
from lessonlib.exercises.oracles import correlated

__all__ = ["check_correlate", "check_size", "check_patches"]


@checker
def check_correlate(answer):
    """`answer(x (h, w), kernel (kh, kw))` is the cross-correlation without padding."""
    draw = Draws()
    sizes = [(4, 4, 2, 2), (6, 6, 3, 3)]
    sizes += [draw.integers((5, 9), (5, 9), (1, 4), (1, 4)) for _ in range(8)]
    cases = [(draw.normal(h, w), draw.normal(kh, kw)) for h, w, kh, kw in sizes]
    mistakes = {
        "You flip the kernel: K[u, v] has to meet x[i + u, j + v], with plus signs.": (
            lambda x, k: correlated(x, k.flip(0, 1))
        ),
        "The kernel is transposed: its first index counts rows, as that of x does.": (
            lambda x, k: correlated(x, k.T)
        ),
        "The last row and column are missing: there are h - kh + 1 positions, not h - kh.": (
            lambda x, k: correlated(x, k)[:-1, :-1]
        ),
        "The last row and column stay 0: range(h - kh) ends one position too early.": (
            lambda x, k: F.pad(correlated(x, k)[:-1, :-1], (0, 1, 0, 1))
        ),
        "You keep only one product: add them all up, with += or sum.": _last_product,
        "You take the mean of the products: a kernel adds them up.": (
            lambda x, k: correlated(x, k) / k.numel()
        ),
        "You pad: the result is as large as x, but without padding it has h - kh + 1 rows.": (
            _padded_to_size
        ),
    }
    try_on(answer, cases, correlated, mistakes)
    return "your loops give what torch's conv2d gives."


@checker
def check_size(answer):
    """`answer(n, k, stride, before, after)` is the number of positions of a kernel of k taps."""
    draw = Draws()
    cases = [(32, 3, 1, 1, 1), (32, 3, 2, 1, 1), (33, 3, 2, 1, 1)]
    for _ in range(40):
        k, before, after = draw.integers((1, 7), (0, 3), (0, 3))
        n, stride = draw.integers((4, 40), (1, 4))
        cases.append((max(n, k), k, stride, before, after))
    mistakes = {
        "One is missing: the first position counts too, add 1 after the division.": (
            lambda n, k, s, p, q: (n + p + q - k) // s
        ),
        "Add the 1 after the division: it counts a position, not a pixel.": (
            lambda n, k, s, p, q: (n + p + q - k + 1) // s
        ),
        "Round down: a window that would stick out is left out.": (
            lambda n, k, s, p, q: math.ceil((n + p + q - k) / s) + 1
        ),
        "Round down: the number of positions is an integer, use //.": (
            lambda n, k, s, p, q: (n + p + q - k) / s + 1
        ),
        "The stride is missing: the window moves on by that many pixels.": (
            lambda n, k, s, p, q: n + p + q - k + 1
        ),
        "You take the padding after to be the one before: add both.": (
            lambda n, k, s, p, q: (n + 2 * p - k) // s + 1
        ),
        "The padding is missing: the kernel slides over n + before + after pixels.": (
            lambda n, k, s, p, q: (n - k) // s + 1
        ),
    }
    try_on(answer, cases, _counted_positions, mistakes)
    return "that is the size for every kernel, stride and padding."


@checker
def check_patches(answer):
    """`answer(x (h, w), k)` is the matrix (positions, k * k) whose rows are the patches of x."""
    draw = Draws()
    cases = [(draw.normal(4, 4), 2)]
    for _ in range(8):
        x = draw.normal(*draw.integers((4, 8), (4, 8)))
        cases.append((x, draw.integer(1, 4)))
    mistakes = {
        "The matrix is transposed: a patch is a row, so that patches @ K.flatten() works.": (
            lambda x, k: _patches(x, k).T
        ),
        "Inside a patch you go down the columns: K.flatten() goes along the rows.": (
            lambda x, k: _transposed(_patches(x, k), k)
        ),
        "You move down the columns of x: the result is read row by row.": (
            lambda x, k: _transposed(_patches(x.T, k), k)
        ),
        "Patches overlap: move on by one pixel, not by k.": lambda x, k: _patches(x, k, stride=k),
        "The patches are flipped: nothing is flipped in a cross-correlation.": (
            lambda x, k: _patches(x, k).flip(1)
        ),
    }
    try_on(answer, cases, _patches, mistakes)
    return "your matrix times the flattened kernel is the convolution."


def _last_product(x, kernel):
    kh, kw = kernel.shape
    return kernel[-1, -1] * x[kh - 1 :, kw - 1 :]


def _padded_to_size(x, kernel):
    kh, kw = kernel.shape
    return correlated(F.pad(x, (0, kw - 1, 0, kh - 1)), kernel)


def _counted_positions(n, k, stride, before, after):
    return len(range(0, n + before + after - k + 1, stride))


def _patches(x, k, stride=1):
    return F.unfold(x[None, None], k, stride=stride)[0].T


def _transposed(patches, k):
    return patches.unflatten(1, (k, k)).mT.flatten(1)
