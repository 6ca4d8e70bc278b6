"""The rescue by width: two hidden channels for one kernel, the width that many channels need, and factors at it."""

from itertools import count
from typing import NamedTuple

import torch

from lessonlib.algebra.nearest_product import (
    NearestProduct,
    check_weights,
    multiplication_table,
    normalised,
)
from lessonlib.checks import require_int

TINY = 1e-30  # for kernels of zeros, which else would be divided by 0
LARGEST = 10_000  # weights of a kernel; the square matrix of so many takes 0.8 GB


def two_channel_factors(A):
    """B (..., 2, 1, 2, 2), C (..., 1, 2, 2, 2): two hidden channels that compose exactly to each real 3x3 kernel of A.

    With m = (1, y, x, xy), A = m'(G + tQ)m for every t, because 1 * xy = x * y. For t > |G| the form G + tQ has two
    eigenvalues of each sign, and a positive with a negative one make p^2 - q^2 = (p - q)(p + q): one channel each.

    Raises TypeError if A is no floating-point tensor, ValueError unless it is (..., 3, 3) and finite.
    """
    if check_weights(A, "two_channel_factors").shape[-2:] != (3, 3):
        raise ValueError(
            f"two_channel_factors takes kernels (..., 3, 3); got shape {tuple(A.shape)}."
        )
    size, A = normalised(A)
    table = multiplication_table((2, 2), (2, 2)).to(A.device)
    G = torch.einsum(
        "...w,uvw->...uv", A.flatten(-2) / table.sum((0, 1)), table
    )  # each weight shared by its cells
    Q = torch.tensor([1.0, -1, -1, 1], dtype=A.dtype, device=A.device).diag().flip(0)
    t = 2 * G.flatten(-2).norm(dim=-1)[..., None, None]
    values, vectors = torch.linalg.eigh(G + t * Q)  # ascending: two negative, two positive
    q, p = (vectors * values.abs().sqrt()[..., None, :]).mT.unflatten(-2, (2, 2)).unbind(-3)
    B, C = (size[..., None].sqrt() * F.unflatten(-1, (2, 2)) for F in (p - q, p + q))
    return B.unsqueeze(-3), C.unsqueeze(-4)


class CompositionRank(NamedTuple):
    """`rank`: in how many dimensions A can move. `gauge`: a basis of the moves (dB, dC) that leave A where it is.

    dB is (moves, *B.shape) and dC (moves, *C.shape); rank + moves = number of weights in B and C.
    """

    rank: int
    gauge: tuple[torch.Tensor, torch.Tensor]


def composition_rank(B, C):
    """Rank of the derivative of compose(B, C) at this point, and its null directions, the gauge.

    B is (kh, kw) or (mid, in, kh, kw), C (kh, kw) or (out, mid, kh, kw); their sizes may differ. For one channel the
    gauge is B -> sB, C -> C/s, the move (B, -C), and more where B and C have a common factor: two 2x2 kernels have rank
    7 at random, 4 at B = C. For many channels it is B -> SB, C -> C inv(S): as many moves as the width squared.

    Raises TypeError for other than floating-point tensors, ValueError for shapes that do not fit or infinite weights.
    """
    B, C = (check_weights(K, "composition_rank").detach().double() for K in (B, C))
    if (
        B.ndim != C.ndim
        or B.ndim not in (2, 4)
        or 0 in B.shape + C.shape
        or (B.ndim == 4 and B.shape[0] != C.shape[1])
    ):
        raise ValueError(
            "composition_rank takes B (kh, kw) with C (kh, kw), or B (mid, in, kh, kw) with C (out, mid, kh, kw); "
            f"got {tuple(B.shape)} with {tuple(C.shape)}."
        )
    sizes = [
        K.abs().max().clamp_min(1e-300) for K in (B, C)
    ]  # divided out, so that both matter alike to the threshold
    J = _jacobian(
        *(K.reshape(1, 1, *K.shape) if K.ndim == 2 else K for K in (B / sizes[0], C / sizes[1]))
    )
    _, values, directions = torch.linalg.svd(J)
    rank = int((values > 1e-10 * values[0]).sum())
    dB, dC = directions[rank:].split([B.numel(), C.numel()], dim=1)
    return CompositionRank(
        rank, (sizes[0] * dB.reshape(-1, *B.shape), sizes[1] * dC.reshape(-1, *C.shape))
    )


def hidden_width(c_in, c_out, k1=2, k2=2):
    """Smallest hidden width at which a k1 x k1 and a k2 x k2 convolution in series have the dimension of a single one.

    The single one is (c_out, c_in, k, k) with k = k1 + k2 - 1. The dimension is the Jacobian rank at a random point, so
    around almost every composed kernel all kernels are composed too. That every real kernel is, it does not prove.
    Raises ValueError for what are no whole numbers, and for more than LARGEST weights, which would take hours and gigabytes.
    """
    if not all(isinstance(n, int) and n > 0 for n in (c_in, c_out, k1, k2)):
        raise ValueError(
            f"hidden_width takes whole numbers from 1 up; got {(c_in, c_out, k1, k2)}."
        )
    dimension = c_in * c_out * (k1 + k2 - 1) ** 2
    if dimension > LARGEST:
        raise ValueError(
            f"hidden_width: one kernel has {dimension:,} weights, {LARGEST:,} are the most: give fewer channels."
        )
    return next(
        width
        for width in count(1)
        if composition_rank(*_random_pair(c_in, width, c_out, k1, k2)).rank == dimension
    )


def wide_factors(A, width=None):
    """B (width, in, h, h) and C (out, width, h, h) with compose(B, C) near A (out, in, k, k), where k = 2h - 1 is odd.

    `width` is the smallest sufficient one, `hidden_width`, if not given. Levenberg-Marquardt from up to ten seeded
    random starts, on the dense Jacobian: for tens of channels, not hundreds. Returns the best found as (B, C, residual,
    relative), residual |A - compose(B, C)| and relative to |A|: about 1e-15 where the width is enough, but no proof of
    an optimum where it is not.

    Raises TypeError if A is no floating-point tensor, ValueError for other shapes or weights that are not finite.
    """
    h = _check_layer(A, width, "wide_factors")
    c_out, c_in = A.shape[:2]
    width = hidden_width(c_in, c_out, h, h) if width is None else width
    A = A.detach().double()
    size = A.abs().max()
    a = (A / size.where(size > 0, 1)).flatten()
    norm = a.norm().clamp_min(1)  # at least 1 already, unless A is zero
    tries = []
    for seed in range(10):
        tries.append(_levenberg_marquardt(a, *_random_pair(c_in, width, c_out, h, h, seed)))
        if tries[-1][2] <= 1e-13 * norm:
            break
    B, C, error = min(tries, key=lambda found: found[2])
    return NearestProduct(size.sqrt() * B, size.sqrt() * C, size * error, error / norm)


def alternating_factors(A, width, rounds=60):
    """As `wide_factors`, for any number of channels: B (width, in, h, h) and C (out, width, h, h), A (out, in, k, k).

    With one of the two held, the other is a linear least-squares problem; they are solved in turns, `rounds` times (alternating
    least squares), in the precision of A. Returns (B, C, residual, relative) as `wide_factors`. After 60 rounds random layers
    still come nearer by a few per cent of the distance. Raises as `wide_factors`.
    """
    h = _check_layer(A, width, "alternating_factors")
    require_int("alternating_factors", width=width, rounds=rounds)
    table = multiplication_table((h, h), (h, h)).to(A)  # taps of B, of C, of A
    taps, kernel, (out, inner) = h * h, A.detach().flatten(2), A.shape[:2]
    B = torch.randn(width, inner, taps, generator=torch.Generator().manual_seed(0)).to(A)
    for _ in range(rounds):
        by_C = torch.einsum("miv,vuw->muiw", B, table).reshape(taps * width, -1)
        C = _least_squares(by_C, kernel.reshape(out, -1).mT).mT.reshape(out, width, taps)
        by_B = torch.einsum("omu,vuw->mvow", C, table).reshape(taps * width, -1)
        B = (
            _least_squares(by_B, kernel.transpose(1, 2).reshape(-1, inner))
            .reshape(width, taps, inner)
            .transpose(1, 2)
        )
    residual = (torch.einsum("omu,miv,vuw->oiw", C, B, table) - kernel).norm()
    return NearestProduct(
        B.unflatten(2, (h, h)),
        C.unflatten(2, (h, h)),
        residual,
        residual / kernel.norm().clamp_min(TINY),
    )


def _least_squares(M, target):
    """X with X' M nearest to target'; a millionth of ridge keeps it solvable where M has dependent rows."""
    gram = M @ M.mT
    gram.diagonal().add_(1e-6 * gram.diagonal().mean().clamp_min(TINY))
    return torch.cholesky_solve(M @ target, torch.linalg.cholesky(gram))


def _check_layer(A, width, caller):
    """h of a layer A (out, in, 2h - 1, 2h - 1), else TypeError or ValueError in the caller's name."""
    if check_weights(A, caller).ndim != 4 or A.shape[2] != A.shape[3] or A.shape[2] % 2 == 0:
        raise ValueError(
            f"{caller} takes a square odd kernel (out, in, k, k); got shape {tuple(A.shape)}."
        )
    if width is not None and (not isinstance(width, int) or width < 1):
        raise ValueError(
            f"{caller} takes a whole number of hidden channels from 1 up; got {width!r}."
        )
    return (A.shape[2] + 1) // 2


def _levenberg_marquardt(a, B, C, steps=300):
    """Factors from the start B, C, and the distance |a - compose(B, C)|."""

    r = a - _composed(B, C)
    damping = 1.0
    for _ in range(steps):
        J = _jacobian(B, C)
        # inv(J'J + d) J' = J' inv(JJ' + d): the smaller step of the two systems, since weights outnumber equations
        gram = J @ J.mT
        gram.diagonal().add_(damping)
        dB, dC = (J.mT @ torch.linalg.solve(gram, r)).split([B.numel(), C.numel()])
        moved = (B + dB.view_as(B), C + dC.view_as(C))
        r_moved = a - _composed(*moved)
        if r_moved.norm() < r.norm():
            (B, C), r, damping = moved, r_moved, max(damping / 5, 1e-14)
        else:
            damping *= 4
        if r.norm() <= 1e-15 * a.norm() or damping > 1e12:
            break
    return B, C, r.norm()


def _random_pair(c_in, width, c_out, k1, k2, seed=0):
    random = torch.Generator().manual_seed(seed)
    B, C = (width, c_in, k1, k1), (c_out, width, k2, k2)
    return [
        torch.randn(shape, generator=random, dtype=torch.float64) / shape[1] ** 0.5
        for shape in (B, C)
    ]


def _composed(B, C):
    table = multiplication_table(B.shape[2:], C.shape[2:])
    return torch.einsum("miv,omu,vuw->oiw", B.flatten(2), C.flatten(2), table).flatten()


def _jacobian(B, C):
    """Derivative of A[o, i, w] by B[m, j, v] and C[p, m, u]: composing is linear in each, so a move is composed too."""
    c_in, c_out = B.shape[1], C.shape[0]
    table = multiplication_table(B.shape[2:], C.shape[2:])
    by_B = torch.einsum("omu,vuw,ij->oiwmjv", C.flatten(2), table, torch.eye(c_in, dtype=C.dtype))
    by_C = torch.einsum("miv,vuw,op->oiwpmu", B.flatten(2), table, torch.eye(c_out, dtype=B.dtype))
    return torch.cat([by_B.flatten(3).flatten(0, 2), by_C.flatten(3).flatten(0, 2)], dim=1)
