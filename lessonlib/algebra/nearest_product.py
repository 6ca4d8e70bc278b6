"""The single product B * C nearest to a kernel that may not be one, for thousands of kernels at once."""

from functools import cache
from typing import NamedTuple

import torch


class NearestProduct(NamedTuple):
    """The best single product: B and C (..., fh, fw); `residual` |A - B * C| and `relative` = residual / |A|, (...)."""

    B: torch.Tensor
    C: torch.Tensor
    residual: torch.Tensor
    relative: torch.Tensor


def nearest_product(A):
    """The product B * C nearest to each kernel in the Frobenius norm: the global optimum, for a whole batch at once.

    A is (..., kh, kw) with sides 1, 3 or 5: (..., 3, 3) into 2x2 * 2x2, (..., 5, 5) into 3x3 * 3x3, a row (..., 1, 3)
    into (1, 2) * (1, 2). B and C come in float64, both with the same norm. At 5x5 about 1% are local optima only.

    For a fixed B the best C is a linear projection, so the energy that a direction of B captures from every kernel is
    one matrix product (variable projection: Golub and Pereyra 1973). The peaks of the energy over a fixed cloud of
    directions start a damped Newton method; the worse half of the starts is dropped every few steps.

    Raises TypeError if A is no floating-point tensor, ValueError for other shapes or weights that are not finite.
    """
    kh, kw = check_weights(A, "nearest_product").shape[-2:]
    if not {kh, kw} <= {1, 3, 5}:
        raise ValueError(
            f"nearest_product takes kernels with sides 1, 3 or 5, such as (n, 3, 3); got {tuple(A.shape)}."
        )
    size, A = normalised(A)
    lead, taps = A.shape[:-2], ((kh + 1) // 2, (kw + 1) // 2)
    chunks = [_nearest(a, taps) for a in A.reshape(-1, kh * kw).split(1024)]
    b, c, residual = (torch.cat(part) for part in zip(*chunks, strict=True))
    B, C = (size.sqrt() * f.view(*lead, *taps) for f in _balanced(b, c))
    residual = residual.view(lead)
    norm = A.flatten(-2).norm(dim=-1).clamp_min(1)  # at least 1 already, unless the kernel is zero
    return NearestProduct(B, C, size[..., 0, 0] * residual, residual / norm)


def multiplication_table(B_size, C_size):
    """T (u, v, w), 1 where tap u of B times tap v of C lands on tap w of A, taps counted row by row: A = T(B, C)."""

    def one_axis(m, n):
        u, v, w = torch.arange(m)[:, None, None], torch.arange(n)[:, None], torch.arange(m + n - 1)
        return (u + v == w).double()

    return torch.kron(*(one_axis(m, n) for m, n in zip(B_size, C_size, strict=True)))


@cache
def _directions(taps, count=512, neighbours=6):
    """A cloud of unit b (count, u), the projections onto their products b * c (count, w * w), each one's neighbours."""
    table = multiplication_table(taps, taps)
    b = torch.randn(
        count, table.shape[0], dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    b = b / b.norm(dim=1, keepdim=True)
    span = torch.linalg.qr(torch.einsum("nu,uvw->nwv", b, table)).Q
    nearest = (b @ b.T).abs().topk(neighbours + 1).indices[:, 1:]  # b and -b are the same direction
    return table, b, (span @ span.mT).flatten(1).float(), nearest


def _nearest(a, taps):
    """Best b, c (n, u) and |a - b * c| (n,) for kernels a (n, w)."""
    table, directions, projections, neighbours = (t.to(a.device) for t in _directions(taps))
    u = table.shape[0]
    starts = u * u  # 2x2 factors have a few local optima, 3x3 dozens
    energy = (a[:, :, None] * a[:, None, :]).flatten(
        1
    ).float() @ projections.T  # a'Pa, (n, directions)
    is_peak = energy >= energy[:, neighbours].amax(-1)
    b = directions[energy.where(is_peak, -1).topk(starts).indices]
    c = _best_partner(a[:, None].expand(-1, starts, -1), b, table)
    while starts > 1:
        b, c, error = _newton(
            a.repeat_interleave(starts, 0), b.flatten(0, 1), c.flatten(0, 1), table, steps=u + 1
        )
        keep = (
            error.view(-1, starts)
            .topk(starts // 2, largest=False)
            .indices[..., None]
            .expand(-1, -1, u)
        )
        b, c = (f.view(len(a), starts, u).gather(1, keep) for f in (b, c))
        starts //= 2
    b, c, error = _newton(a, b[:, 0], c[:, 0], table, steps=40)
    return b, c, error.sqrt()


def _best_partner(a, b, table):
    M = torch.einsum("...u,uvw->...wv", b, table)
    return torch.linalg.solve(M.mT @ M, (M.mT @ a[..., None])[..., 0])


def _newton(a, b, c, table, steps):
    """Damped Newton on |b * c - a|^2 / 2, each row by itself; returns b, c and the squared error."""

    def residual(b, c):
        return torch.einsum("nu,nv,uvw->nw", b, c, table) - a

    u = b.shape[1]
    b, c = _balanced(b, c)
    r = residual(b, c)
    error = r.square().sum(1)
    damping = torch.full_like(error, 1e-2)
    for _ in range(steps):
        J = torch.cat(
            [torch.einsum("nv,uvw->nwu", c, table), torch.einsum("nu,uvw->nwv", b, table)], 2
        )
        H = J.mT @ J
        bend = torch.einsum(
            "nw,uvw->nuv", r, table
        )  # the second derivative by b and c, times the residual
        H[:, :u, u:] += bend
        H[:, u:, :u] += bend.mT
        gauge = torch.cat([b, -c], 1)  # b -> sb, c -> c/s changes nothing: hold it still
        H += gauge[:, :, None] * gauge[:, None, :] + torch.diag_embed(
            damping[:, None].expand(-1, 2 * u)
        )
        L, failed = torch.linalg.cholesky_ex(H)
        step = torch.cholesky_solve(J.mT @ r[..., None], L)[..., 0]
        b_new, c_new = b - step[:, :u], c - step[:, u:]
        r_new = residual(b_new, c_new)
        error_new = r_new.square().sum(1)
        better = (failed == 0) & (error_new <= error)
        b, c, r = (
            new.where(better[:, None], old) for new, old in ((b_new, b), (c_new, c), (r_new, r))
        )
        error = error_new.where(better, error)
        damping = torch.where(better, damping / 30, (damping * 10).clamp_min(1e-10))
    return b, c, error


def _balanced(b, c):
    s = (
        (c.norm(dim=1, keepdim=True) / b.norm(dim=1, keepdim=True).clamp_min(1e-30))
        .sqrt()
        .clamp(1e-15, 1e15)
    )
    return b * s, c / s


def check_weights(A, caller):
    """A, if it is a tensor (..., kh, kw) of finite real numbers; else TypeError or ValueError in the caller's name."""
    if not isinstance(A, torch.Tensor) or not A.is_floating_point():
        raise TypeError(
            f"{caller} takes a tensor of real floating-point weights, not {getattr(A, 'dtype', type(A).__name__)}."
        )
    if A.ndim < 2:
        raise ValueError(
            f"{caller} takes kernels (..., kh, kw); got shape {tuple(A.shape)}. Write a row of weights as (1, kw)."
        )
    if not A.isfinite().all():
        at = A.isfinite().logical_not().nonzero()[0].tolist()
        raise ValueError(f"{caller} needs finite weights; there is NaN or infinity at {at}.")
    return A


def normalised(A):
    """(size, A / size) in float64; size (..., 1, 1) is each kernel's largest |weight|, so that no square overflows."""
    A = A.detach().double()
    size = A.abs().amax((-2, -1), keepdim=True)
    return size, A / size.where(size > 0, 1)
