"""How many hidden channels let two convolutions in series be any single one. Needs torch only.

Gives the two convolutions too: exact for one channel, fitted (see fitting.py) for many.
"""

from itertools import count
from typing import NamedTuple

import torch

from lessonlib.algebra.fitting import (
    alternate,
    jacobian,
    levenberg_marquardt,
    random_layers,
)
from lessonlib.algebra.nearest_product import (
    NearestProduct,
    check_weights,
    multiplication_table,
    normalised,
)
from lessonlib.checks import require_int

__all__ = [
    "LARGEST",
    "two_channel_factors",
    "CompositionRank",
    "composition_rank",
    "hidden_width",
    "wide_factors",
    "alternating_factors",
]

LARGEST = 10_000  # weights of a kernel; the square matrix of so many takes 0.8 GB


def two_channel_factors(A: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Two hidden channels that compose exactly to each real 3x3 kernel of A (..., 3, 3).

    Returns B (..., 2, 1, 2, 2) and C (..., 1, 2, 2, 2). With m = (1, y, x, xy), A = m'(G + tQ)m
    for every t, because 1 * xy = x * y. For t > |G| the form G + tQ has two eigenvalues of each
    sign, and a positive with a negative one make p^2 - q^2 = (p - q)(p + q): one channel each.

    Raises TypeError if A is not a floating-point tensor, ValueError if it is not (..., 3, 3) and
    finite.
    """
    _check_three_by_three(A)
    size, A = normalised(A)
    table = multiplication_table((2, 2), (2, 2)).to(A.device)
    shared = A.flatten(-2) / table.sum((0, 1))  # each weight by its cells of G
    G = torch.einsum("...w,uvw->...uv", shared, table)
    Q = torch.tensor([1.0, -1, -1, 1], dtype=A.dtype, device=A.device).diag().flip(0)
    t = 2 * G.flatten(-2).norm(dim=-1)[..., None, None]
    values, vectors = torch.linalg.eigh(G + t * Q)  # ascending: two negative, two positive
    forms = vectors * values.abs().sqrt()[..., None, :]
    q, p = forms.mT.unflatten(-2, (2, 2)).unbind(-3)
    scale = size[..., None].sqrt()
    B = scale * (p - q).unflatten(-1, (2, 2))
    C = scale * (p + q).unflatten(-1, (2, 2))
    return B.unsqueeze(-3), C.unsqueeze(-4)


class CompositionRank(NamedTuple):
    """In how many dimensions A = compose(B, C) can move, and the moves that leave it in place.

    rank: the dimensions. gauge: a basis (dB, dC) of the moves of B and C that leave A where it is,
    dB (moves, *B.shape) and dC (moves, *C.shape); rank + moves = number of weights in B and C.
    """

    rank: int
    gauge: tuple[torch.Tensor, torch.Tensor]


def composition_rank(B: torch.Tensor, C: torch.Tensor) -> CompositionRank:
    """Rank of the derivative of compose(B, C) at this point, and its null directions, the gauge.

    B is (kh, kw) or (mid, in, kh, kw), C (kh, kw) or (out, mid, kh, kw); their sizes may differ.
    For one channel the gauge is B -> sB, C -> C/s, the move (B, -C), and more where B and C have a
    common factor: two 2x2 kernels have rank 7 at random, 4 at B = C. For many channels it is
    B -> SB, C -> C inv(S): as many moves as the width squared.

    Raises TypeError if B or C is not a floating-point tensor, ValueError if their shapes do not
    fit or a weight is not finite.
    """
    B = check_weights(B, "composition_rank").detach().double()
    C = check_weights(C, "composition_rank").detach().double()
    _check_series(B, C)
    # dividing by these makes B and C matter alike to the threshold
    B_size = B.abs().max().clamp_min(1e-300)
    C_size = C.abs().max().clamp_min(1e-300)
    J = jacobian(_with_channels(B / B_size), _with_channels(C / C_size))
    _, values, directions = torch.linalg.svd(J)
    rank = int((values > 1e-10 * values[0]).sum())
    dB, dC = directions[rank:].split([B.numel(), C.numel()], dim=1)
    dB = B_size * dB.reshape(-1, *B.shape)
    dC = C_size * dC.reshape(-1, *C.shape)
    return CompositionRank(rank, (dB, dC))


def hidden_width(c_in: int, c_out: int, k1: int = 2, k2: int = 2) -> int:
    """Smallest hidden width at which two convolutions in series have the dimension of a single one.

    The two are k1 x k1 and k2 x k2, the single one is (c_out, c_in, k, k) with k = k1 + k2 - 1.
    Their dimension is the Jacobian rank at a random point, so around almost every composed kernel
    all kernels are composed too. It does not prove that every real kernel is.
    Raises ValueError if a number is not whole and at least 1, or for more than LARGEST weights,
    which would take hours and gigabytes.
    """
    _check_sizes(c_in, c_out, k1, k2)
    dimension = c_in * c_out * (k1 + k2 - 1) ** 2
    for width in count(1):
        B, C = random_layers(c_in, width, c_out, k1, k2)
        if composition_rank(B, C).rank == dimension:
            return width


def wide_factors(A: torch.Tensor, width: int | None = None) -> NearestProduct:
    """B (width, in, h, h) and C (out, width, h, h) with compose(B, C) near A (out, in, k, k).

    k = 2h - 1 is odd. `width` is the smallest sufficient one, `hidden_width`, if not given.
    Levenberg-Marquardt from up to ten seeded random starts, on the dense Jacobian: for tens of
    channels, not hundreds. Returns the best (B, C, residual, relative) found: residual
    |A - compose(B, C)|, and relative to |A|. That is about 1e-15 if the width is enough; if it is
    not, the best found is not proved to be the optimum.

    Raises TypeError if A is not a floating-point tensor, ValueError for other shapes, a width that
    is not a whole number of at least 1, or weights that are not finite.
    """
    _check_layer(A, width, "wide_factors")
    c_out, c_in, k, _ = A.shape
    h = (k + 1) // 2
    width = hidden_width(c_in, c_out, h, h) if width is None else width
    A = A.detach().double()
    size = A.abs().max()
    a = (A / size.where(size > 0, 1)).flatten()
    norm = a.norm().clamp_min(1)  # at least 1 already, unless A is zero
    tries = []
    for seed in range(10):
        start = random_layers(c_in, width, c_out, h, h, seed)
        B, C, error = levenberg_marquardt(a, *start)
        tries.append((B, C, error))
        if error <= 1e-13 * norm:
            break
    B, C, error = min(tries, key=lambda found: found[2])
    return NearestProduct(size.sqrt() * B, size.sqrt() * C, size * error, error / norm)


def alternating_factors(A: torch.Tensor, width: int, rounds: int = 60) -> NearestProduct:
    """As `wide_factors`, for any number of channels, by alternating least squares.

    With either B or C held, the other is a linear least-squares problem. The two are solved in
    turn, `rounds` times, in the precision of A, at least float32. After 60 rounds random layers
    still come nearer by a few per cent of the distance. Returns (B, C, residual, relative) and
    raises as `wide_factors`; ValueError also if rounds is below 1.
    """
    _check_layer(A, width, "alternating_factors")
    require_int("alternating_factors", width=width, rounds=rounds)
    h = (A.shape[2] + 1) // 2
    A = A.detach().to(torch.promote_types(A.dtype, torch.float32)).flatten(2)
    size = A.abs().max()
    a = A / size.where(size > 0, 1)
    B, C, residual = alternate(a, width, (h, h), rounds)
    relative = residual / a.norm().clamp_min(1)  # at least 1 already, unless A is zero
    B, C = (size.sqrt() * factor.unflatten(2, (h, h)) for factor in (B, C))
    return NearestProduct(B, C, size * residual, relative)


def _with_channels(kernel):
    return kernel[None, None] if kernel.ndim == 2 else kernel


def _check_three_by_three(A):
    if check_weights(A, "two_channel_factors").shape[-2:] != (3, 3):
        raise ValueError(
            f"two_channel_factors takes kernels (..., 3, 3); got shape {tuple(A.shape)}."
        )


def _check_series(B, C):
    alike = B.ndim == C.ndim and B.ndim in (2, 4) and 0 not in B.shape + C.shape
    if not alike or (B.ndim == 4 and B.shape[0] != C.shape[1]):
        raise ValueError(
            "composition_rank takes B (kh, kw) with C (kh, kw), "
            "or B (mid, in, kh, kw) with C (out, mid, kh, kw); "
            f"got {tuple(B.shape)} with {tuple(C.shape)}."
        )


def _check_sizes(c_in, c_out, k1, k2):
    if not all(isinstance(n, int) and n > 0 for n in (c_in, c_out, k1, k2)):
        raise ValueError(
            f"hidden_width takes whole numbers from 1 up; got {(c_in, c_out, k1, k2)}."
        )
    weights = c_in * c_out * (k1 + k2 - 1) ** 2
    if weights > LARGEST:
        raise ValueError(
            f"hidden_width: one kernel has {weights:,} weights, at most {LARGEST:,} are allowed: "
            "give fewer channels."
        )


def _check_layer(A, width, caller):
    check_weights(A, caller)
    square = A.ndim == 4 and A.shape[2] == A.shape[3]
    if not square or A.shape[2] % 2 == 0:
        raise ValueError(
            f"{caller} takes a square odd kernel (out, in, k, k); got shape {tuple(A.shape)}."
        )
    if width is not None and (not isinstance(width, int) or width < 1):
        raise ValueError(
            f"{caller} takes a whole number of hidden channels from 1 up; got {width!r}."
        )
