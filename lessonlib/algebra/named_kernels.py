"""Kernels with a name, as float64 tensors. Needs torch only."""

import torch

__all__ = ["THREE", "TWO", "PAIRS", "PAIRS_OF_THREE"]


def _kernels(**rows):
    named = {name.replace("_", " "): kernel for name, kernel in rows.items()}
    return {name: torch.tensor(kernel, dtype=torch.float64) for name, kernel in named.items()}


THREE = _kernels(
    identity=[[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    Sobel=[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    Prewitt=[[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
    Scharr=[[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]],
    box_blur=[[1 / 9] * 3] * 3,
    binomial_blur=[
        [1 / 16, 2 / 16, 1 / 16],
        [2 / 16, 4 / 16, 2 / 16],
        [1 / 16, 2 / 16, 1 / 16],
    ],
    sharpen=[[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    emboss=[[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
    Laplacian=[[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    top_edge=[[-1, -1, -1], [0, 0, 0], [1, 1, 1]],
)

TWO = _kernels(
    identity=[[1, 0], [0, 0]],
    box_blur=[[0.25, 0.25], [0.25, 0.25]],
    difference_across=[[-1, 1], [-1, 1]],
    difference_down=[[-1, -1], [1, 1]],
    Roberts_diagonal=[[1, 0], [0, -1]],
)

# Two 2x2 kernels whose composition has a name of its own.
PAIRS = {
    "identity": (TWO["identity"], TWO["identity"]),
    "binomial blur": (TWO["box blur"], TWO["box blur"]),
    "Sobel": (torch.ones(2, 2, dtype=torch.float64), TWO["difference across"]),
    "both differences": (TWO["difference across"], TWO["difference down"]),
    "two diagonals": (TWO["Roberts diagonal"], TWO["Roberts diagonal"].flip(1)),
}

# Two 3x3 kernels whose composition, a 5x5, has a name of its own.
# The box: five ones in a row are (1, g, 1) then (1, 1 - g, 1), with g the golden ratio.
_GOLDEN = (1 + 5**0.5) / 2
_WIDE, _NARROW = torch.tensor([[1, _GOLDEN, 1], [1, 1 - _GOLDEN, 1]], dtype=torch.float64)
PAIRS_OF_THREE = {
    "identity": (THREE["identity"], THREE["identity"]),
    "binomial blur": (THREE["binomial blur"], THREE["binomial blur"]),
    "box blur": (torch.outer(_WIDE, _WIDE) / 5, torch.outer(_NARROW, _NARROW) / 5),
    "Sobel": (16 * THREE["binomial blur"], THREE["Sobel"]),
    "blurred Laplacian": (THREE["binomial blur"], THREE["Laplacian"]),
}
