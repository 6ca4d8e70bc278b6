"""Oracles that several checkers share, all from torch itself: its conv2d and its FLOP counter."""

import math
from itertools import product

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

__all__ = [
    "correlated",
    "embedded",
    "composed",
    "written_over",
    "weight_and_bias",
    "macs_of",
    "empty",
]


def correlated(x, kernel):
    """Torch's cross-correlation of x (h, w) with a kernel (kh, kw)."""
    return F.conv2d(x[None, None], kernel[None, None])[0, 0]


def embedded(kernel, size, row, col):
    """A square kernel in a size x size square of zeros, its first entry at (row, col)."""
    square = kernel.new_zeros(size, size)
    square[row : row + len(kernel), col : col + len(kernel)] = kernel
    return square


def composed(B, C, stride=1):
    """The one kernel of B with that stride followed by C, (h, w) or (out, in, h, w).

    Read from what the two make of every photo that is a single 1.
    """
    if B.ndim == 2:
        return composed(B[None, None], C[None, None], stride)[0, 0]
    bh, bw = B.shape[2:]
    ch, cw = C.shape[2:]
    dots = _dots((B.shape[1], (ch - 1) * stride + bh, (cw - 1) * stride + bw))
    answers = F.conv2d(F.conv2d(dots, B, stride=stride), C)
    return answers.flatten(1).T.reshape(-1, *dots.shape[1:])


def written_over(B, C, stride=1):
    """A mistake: the copies of B in the composition replace each other instead of adding up."""
    A = torch.zeros_like(composed(B, C, stride))
    h, w = B.shape
    for u, v in product(*map(range, C.shape)):
        top = u * stride
        left = v * stride
        A[top : top + h, left : left + w] = C[u, v] * B
    return A


def weight_and_bias(layers, shape):
    """The one convolution that `layers`, a function of photos (n, in, kh, kw), are together.

    shape: (in, kh, kw), so that each photo gives a single output of every channel. Returns the
    weight (out, in, kh, kw) and the bias (out,), read from a photo of zeros and from every photo
    that is a single 1.
    """
    dots = _dots(shape)
    bias, *answers = layers(torch.cat([torch.zeros_like(dots[:1]), dots])).flatten(1)
    entries = [answer - bias for answer in answers]
    return torch.stack(entries, 1).view(-1, *shape), bias


def macs_of(run):
    """The multiplications of `run()`, by torch's counter, which counts each and its addition."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() // 2


def empty(*shape):
    """A tensor with a shape and no numbers, which is enough to count."""
    return torch.empty(shape, device="meta")


def _dots(shape):
    """Every photo (in, h, w) of that shape that is a single 1."""
    return torch.eye(math.prod(shape), dtype=torch.float64).view(-1, *shape)
