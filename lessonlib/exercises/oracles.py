"""Oracles that several checkers share: torch's own conv2d, on photos that are a single 1 where a kernel is asked for, and
torch's own counter of what it multiplies."""

from itertools import product

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

__all__ = ["slid", "embedded", "composed", "written_over", "macs_of", "empty"]


def slid(x, kernel):
    """Torch's cross-correlation of x (h, w) with a kernel (kh, kw)."""
    return F.conv2d(x[None, None], kernel[None, None])[0, 0]


def embedded(kernel, size, row, col):
    """A square kernel in a size x size square of zeros, its first entry at (row, col)."""
    square = kernel.new_zeros(size, size)
    square[row : row + len(kernel), col : col + len(kernel)] = kernel
    return square


def composed(B, C, stride=1):
    """What B with that stride, then C, make of every photo that is a single 1: their one kernel, (h, w) or (out, in, h, w)."""
    if B.ndim == 2:
        return composed(B[None, None], C[None, None], stride)[0, 0]
    h, w = ((c - 1) * stride + b for b, c in zip(B.shape[2:], C.shape[2:]))
    shape = torch.Size((B.shape[1], h, w))
    dots = torch.eye(shape.numel(), dtype=B.dtype).view(-1, *shape)
    return F.conv2d(F.conv2d(dots, B, stride=stride), C).flatten(1).T.reshape(-1, *shape)


def written_over(B, C, stride=1):
    """A mistake: the copies of B that C lays down replace one another instead of adding up."""
    A = torch.zeros_like(composed(B, C, stride))
    for u, v in product(*map(range, C.shape)):
        A[u * stride : u * stride + B.shape[0], v * stride : v * stride + B.shape[1]] = C[u, v] * B
    return A


def macs_of(run):
    """Multiplications of what `run()` does, by torch's counter, which counts each and its addition."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() // 2


def empty(*shape):
    """A tensor that has a shape and no numbers, which is enough to count."""
    return torch.empty(shape, device="meta")
