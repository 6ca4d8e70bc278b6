"""Answers to the checkers of kernels: correlate by loops, output sizes, the patch matrix."""

from itertools import product

import torch
import torch.nn.functional as F

from helpers.checkers import checker_tests
from lessonlib.algebra import named_kernels
from lessonlib.exercises import kernels
from lessonlib.exercises.kernels import check_correlate, check_patches, check_size
from lessonlib.kernels import correlate, output_size

SOBEL = named_kernels.THREE["Sobel"]


def correlate_with(position):
    """A correlation by loops, written as a learner would, with one line to get wrong."""

    def correlate_by_loops(x, K):
        h, w = x.shape
        kh, kw = K.shape
        y = x.new_zeros(h - kh + 1, w - kw + 1)
        for i, j in product(*map(range, y.shape)):
            for u, v in product(*map(range, K.shape)):
                position(y, i, j, u, v, x, K)
        return y

    return correlate_by_loops


def add(y, i, j, u, v, x, K):
    y[i, j] += K[u, v] * x[i + u, j + v]


def add_flipped(y, i, j, u, v, x, K):
    add(y, i, j, u, v, x, K.flip(0, 1))


def replace(y, i, j, u, v, x, K):
    y[i, j] = K[u, v] * x[i + u, j + v]


def add_up_to_the_last_row(y, i, j, u, v, x, K):
    if i < y.shape[0] - 1 and j < y.shape[1] - 1:
        add(y, i, j, u, v, x, K)


def of_squares_only(x, K):
    squares = x.shape[0] == x.shape[1] and K.shape[0] == K.shape[1]
    return correlate(x, K) if squares else 0 * correlate(x, K)


def patches(x, k, step=1):
    """(rows, columns, k, k)."""
    return x.unfold(0, k, step).unfold(1, k, step)


TestCheckers = checker_tests(
    kernels,
    {
        check_correlate: [correlate, correlate_with(add)],
        check_size: [lambda n, k, s, p, q: output_size(n, k, s, (p, q))],
        check_patches: [lambda x, k: patches(x, k).reshape(-1, k * k)],
    },
    {
        check_correlate: {
            "You flip the kernel": correlate_with(add_flipped),
            "The kernel is transposed": lambda x, K: correlate(x, K.T),
            "only one product": correlate_with(replace),
            "stay 0: range(h - kh) ends one position too early": (
                correlate_with(add_up_to_the_last_row)
            ),
            "h - kh + 1 positions": lambda x, K: correlate(x, K)[:-1, :-1],
            "the mean of the products": lambda x, K: correlate(x, K) / K.numel(),
            "right for squares only": of_squares_only,
            "it has to be": lambda x, K: 2 * correlate(x, K),
            "has the shape ()": lambda x, K: correlate(x, K).sum(),
            "the same for every input": lambda x, K: torch.zeros(()),
            "has to be a tensor": lambda x, K: str(x),
            "has to be a function": correlate(SOBEL, SOBEL),
        },
        check_size: {
            "add 1 after the division": lambda n, k, s, p, q: (n + p + q - k) // s,
            "Add the 1 after the division": lambda n, k, s, p, q: (n + p + q - k + 1) // s,
            "Round down": lambda n, k, s, p, q: -((k - n - p - q) // s) + 1,
            "use //": lambda n, k, s, p, q: (n + p + q - k) / s + 1,
            "add both": lambda n, k, s, p, q: (n + 2 * p - k) // s + 1,
            "The stride is missing": lambda n, k, s, p, q: n + p + q - k + 1,
            "the same for every input": lambda n, k, s, p, q: 32,
        },
        check_patches: {
            "The matrix is transposed": lambda x, k: F.unfold(x[None, None], k)[0],
            "down the columns": lambda x, k: patches(x, k).mT.reshape(-1, k * k),
            "Patches overlap": lambda x, k: patches(x, k, step=k).reshape(-1, k * k),
            "You move down the columns of x": (
                lambda x, k: patches(x, k).transpose(0, 1).reshape(-1, k * k)
            ),
        },
    },
)
