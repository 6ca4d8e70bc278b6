"""The product B * C nearest to a kernel, for thousands of kernels at once. Needs torch only."""

from functools import cache
from typing import NamedTuple

import torch

__all__ = [
    "NearestProduct",
    "nearest_product",
    "multiplication_table",
    "check_weights",
    "normalised",
]


class NearestProduct(NamedTuple):
    """The best single product of each kernel.

    B and C (..., fh, fw); residual |A - B * C| and relative = residual / |A|, both (...).
    """

    B: torch.Tensor
    C: torch.Tensor
    residual: torch.Tensor
    relative: torch.Tensor


def nearest_product(A: torch.Tensor) -> NearestProduct:
    """The product B * C nearest to each kernel in the Frobenius norm, for a whole batch at once.

    A is (..., kh, kw) with sides 1, 3 or 5: (..., 3, 3) into 2x2 * 2x2, (..., 5, 5) into
    3x3 * 3x3, a row (..., 1, 3) into (1, 2) * (1, 2). B and C come in float64, both with the same
    norm. They are the global optimum as far as random restarts and symmetries show; for a 5x5, with
    its dozens of local ones, that is a search and no proof.

    For a fixed B the best C is a linear projection, so the energy that a direction of B captures
    from every kernel is one matrix product (variable projection: Golub and Pereyra 1973). The
    peaks of the energy over a fixed cloud of directions start a damped Newton method; the worse
    half of the starts is dropped every few steps.

    Raises TypeError if A is not a floating-point tensor, ValueError for other shapes or weights
    that are not finite.
    """
    kh, kw = check_weights(A, "nearest_product").shape[-2:]
    if not {kh, kw} <= {1, 3, 5}:
        raise ValueError(
            "nearest_product takes kernels with sides 1, 3 or 5, such as (n, 3, 3); "
            f"got {tuple(A.shape)}."
        )
    size, A = normalised(A)
    lead = A.shape[:-2]
    taps = ((kh + 1) // 2, (kw + 1) // 2)
    chunks = [_nearest(a, taps) for a in A.reshape(-1, kh * kw).split(512)]
    b, c, residual = (torch.cat(part) for part in zip(*chunks, strict=True))
    B, C = (size.sqrt() * f.view(*lead, *taps) for f in _balanced(b, c))
    residual = residual.view(lead)
    norm = A.flatten(-2).norm(dim=-1).clamp_min(1)  # at least 1 already, unless the kernel is zero
    return NearestProduct(B, C, size[..., 0, 0] * residual, residual / norm)


def multiplication_table(B_size: tuple[int, int], C_size: tuple[int, int]) -> torch.Tensor:
    """T (u, v, w), 1 where tap u of B times tap v of C lands on tap w of A: A = T(B, C).

    The sizes are (height, width); taps are counted row by row.
    """
    by_rows, by_columns = map(_table_of_an_axis, B_size, C_size)
    return torch.kron(by_rows, by_columns)


def _table_of_an_axis(m, n):
    u = torch.arange(m)[:, None, None]
    v = torch.arange(n)[:, None]
    w = torch.arange(m + n - 1)
    return (u + v == w).double()


@cache
def _directions(taps, count, neighbours=6):
    """The multiplication table, and a fixed cloud of directions of b.

    Of each direction: b (count, u), the projection onto its products b * c (count, w * w), and
    which others are nearest (count, neighbours).
    """
    table = multiplication_table(taps, taps)
    random = torch.Generator().manual_seed(0)
    b = torch.randn(count, table.shape[0], dtype=torch.float64, generator=random)
    b = b / b.norm(dim=1, keepdim=True)
    span = torch.linalg.qr(torch.einsum("nu,uvw->nwv", b, table)).Q
    projections = (span @ span.mT).flatten(1).float()
    closeness = (b @ b.T).abs()  # b and -b are the same direction
    nearest = closeness.topk(neighbours + 1).indices[:, 1:]
    return table, b, projections, nearest


def _nearest(a, taps):
    """Best b, c (n, u) and |a - b * c| (n,) for kernels a (n, w)."""
    u = taps[0] * taps[1]
    large = u > 4  # 2x2 factors have a few local optima, 3x3 dozens, in more dimensions
    starts = 2 * u * u if large else u * u
    table, *cloud = (t.to(a.device) for t in _directions(taps, 2048 if large else 512))
    b = _best_directions(a, *cloud, starts)
    c = _best_partner(a[:, None].expand(-1, starts, -1), b, table)
    while starts > 1:
        repeated = a.repeat_interleave(starts, 0)
        b, c, error = _newton(repeated, b.flatten(0, 1), c.flatten(0, 1), table, steps=u + 1)
        order = error.view(-1, starts).topk(starts // 2, largest=False).indices
        keep = order[..., None].expand(-1, -1, u)
        b = b.view(len(a), starts, u).gather(1, keep)
        c = c.view(len(a), starts, u).gather(1, keep)
        starts //= 2
    b, c, error = _newton(a, b[:, 0], c[:, 0], table, steps=40)
    return b, c, error.sqrt()


def _best_directions(a, directions, projections, neighbours, count):
    """The `count` directions (n, count, u) at which the energy a'Pa has its highest peaks."""
    squares = (a[:, :, None] * a[:, None, :]).flatten(1).float()
    energy = squares @ projections.T  # (n, directions)
    is_peak = energy >= energy[:, neighbours].amax(-1)
    return directions[energy.where(is_peak, -1).topk(count).indices]


def _best_partner(a, b, table):
    M = torch.einsum("...u,uvw->...wv", b, table)
    return torch.linalg.solve(M.mT @ M, (M.mT @ a[..., None])[..., 0])


def _newton(a, b, c, table, steps):
    """Damped Newton on |b * c - a|^2 / 2, row by row; returns b, c and the squared error."""

    def residual(b, c):
        return torch.einsum("nu,nv,uvw->nw", b, c, table) - a

    u = b.shape[1]
    b, c = _balanced(b, c)
    r = residual(b, c)
    error = r.square().sum(1)
    damping = torch.full_like(error, 1e-2)
    for _ in range(steps):
        step, failed = _newton_step(b, c, r, damping, table)
        b_new = b - step[:, :u]
        c_new = c - step[:, u:]
        r_new = residual(b_new, c_new)
        error_new = r_new.square().sum(1)
        better = (failed == 0) & (error_new <= error)
        b = b_new.where(better[:, None], b)
        c = c_new.where(better[:, None], c)
        r = r_new.where(better[:, None], r)
        error = error_new.where(better, error)
        damping = torch.where(better, damping / 30, (damping * 10).clamp_min(1e-10))
    return b, c, error


def _newton_step(b, c, r, damping, table):
    """The step (n, 2u) to subtract from b and c at the residual r, and where it failed (n,)."""
    u = b.shape[1]
    by_b = torch.einsum("nv,uvw->nwu", c, table)
    by_c = torch.einsum("nu,uvw->nwv", b, table)
    J = torch.cat([by_b, by_c], 2)
    H = J.mT @ J
    bend = torch.einsum("nw,uvw->nuv", r, table)  # the second derivative by b and c, times r
    H[:, :u, u:] += bend
    H[:, u:, :u] += bend.mT
    gauge = torch.cat([b, -c], 1)  # b -> sb, c -> c/s changes nothing: hold it still
    held = gauge[:, :, None] * gauge[:, None, :]
    H += held + torch.diag_embed(damping[:, None].expand(-1, 2 * u))
    L, failed = torch.linalg.cholesky_ex(H)
    return torch.cholesky_solve(J.mT @ r[..., None], L)[..., 0], failed


def _balanced(b, c):
    """The same product with both factors (n, u) of the same norm."""
    b_norm = b.norm(dim=1, keepdim=True).clamp_min(1e-30)
    c_norm = c.norm(dim=1, keepdim=True)
    s = (c_norm / b_norm).sqrt().clamp(1e-15, 1e15)
    return b * s, c / s


def check_weights(A: torch.Tensor, caller: str) -> torch.Tensor:
    """A, if it is a tensor (..., kh, kw) of finite real numbers.

    Else raises TypeError or ValueError in the caller's name.
    """
    if not isinstance(A, torch.Tensor) or not A.is_floating_point():
        found = getattr(A, "dtype", type(A).__name__)
        raise TypeError(f"{caller} takes a tensor of real floating-point weights, not {found}.")
    if A.ndim < 2:
        raise ValueError(
            f"{caller} takes kernels (..., kh, kw); got shape {tuple(A.shape)}. "
            "Write a row of weights as (1, kw)."
        )
    if not A.isfinite().all():
        at = A.isfinite().logical_not().nonzero()[0].tolist()
        raise ValueError(f"{caller} needs finite weights; there is NaN or infinity at {at}.")
    return A


def normalised(A: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(size, A / size) in float64, detached, so that no square overflows.

    size (..., 1, 1) is the largest |weight| of each kernel; a kernel of zeros stays as it is.
    """
    A = A.detach().double()
    size = A.abs().amax((-2, -1), keepdim=True)
    return size, A / size.where(size > 0, 1)
