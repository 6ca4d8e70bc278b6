"""Fit two convolutions in series to a single one, for hidden_width. Needs torch only.

The first kernel is B (mid, in, k1, k1), the second C (out, mid, k2, k2); together they should
compose to a given A (out, in, k1 + k2 - 1, k1 + k2 - 1).
"""

import torch

from lessonlib.algebra.nearest_product import multiplication_table

__all__ = ["TINY", "random_layers", "jacobian", "levenberg_marquardt", "alternate"]

TINY = 1e-30  # for kernels of zeros, which would otherwise be divided by 0


def random_layers(
    c_in: int, width: int, c_out: int, k1: int, k2: int, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """B and C of random float64 weights, scaled by the number of channels that each reads."""
    random = torch.Generator().manual_seed(seed)
    B = torch.randn(width, c_in, k1, k1, generator=random, dtype=torch.float64)
    C = torch.randn(c_out, width, k2, k2, generator=random, dtype=torch.float64)
    return B / c_in**0.5, C / width**0.5


def jacobian(B: torch.Tensor, C: torch.Tensor) -> torch.Tensor:
    """Derivative of A[o, i, w] by B[m, j, v] and C[p, m, u], (out * in * taps of A, weights).

    Composing is linear in B and in C, so a move of one is composed with the other.
    """
    c_in = B.shape[1]
    c_out = C.shape[0]
    table = multiplication_table(B.shape[2:], C.shape[2:])
    by_B = torch.einsum("omu,vuw,ij->oiwmjv", C.flatten(2), table, torch.eye(c_in, dtype=C.dtype))
    by_C = torch.einsum("miv,vuw,op->oiwpmu", B.flatten(2), table, torch.eye(c_out, dtype=B.dtype))
    by_both = torch.cat([by_B.flatten(3), by_C.flatten(3)], dim=3)
    return by_both.flatten(0, 2)


def levenberg_marquardt(
    a: torch.Tensor, B: torch.Tensor, C: torch.Tensor, steps: int = 300
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """B, C nearer to the flattened kernel a than the B, C given, and |a - compose(B, C)|."""
    r = a - _composed(B, C)
    damping = 1.0
    for _ in range(steps):
        dB, dC = _damped_step(B, C, r, damping)
        B_new = B + dB
        C_new = C + dC
        r_new = a - _composed(B_new, C_new)
        if r_new.norm() < r.norm():
            B = B_new
            C = C_new
            r = r_new
            damping = max(damping / 5, 1e-14)
        else:
            damping *= 4
        if r.norm() <= 1e-15 * a.norm() or damping > 1e12:
            break
    return B, C, r.norm()


def _damped_step(B, C, r, damping):
    """Moves (dB, dC) that take away the residual r, the shorter the larger the damping."""
    J = jacobian(B, C)
    # inv(J'J + d) J' = J' inv(JJ' + d), the smaller system: weights outnumber equations
    gram = J @ J.mT
    gram.diagonal().add_(damping)
    dB, dC = (J.mT @ torch.linalg.solve(gram, r)).split([B.numel(), C.numel()])
    return dB.view_as(B), dC.view_as(C)


def _composed(B, C):
    table = multiplication_table(B.shape[2:], C.shape[2:])
    return torch.einsum("miv,omu,vuw->oiw", B.flatten(2), C.flatten(2), table).flatten()


def alternate(
    A: torch.Tensor, width: int, size: tuple[int, int], rounds: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """B (width, in, taps), C (out, width, taps) and |A - compose(B, C)|, by least squares in turn.

    A is (out, in, taps of A), size the (height, width) of B and of C.
    """
    table = multiplication_table(size, size).to(A)  # taps of B, of C, of A
    random = torch.Generator().manual_seed(0)
    B = torch.randn(width, A.shape[1], len(table), generator=random).to(A)
    for _ in range(rounds):
        C = _best_second(A, B, table)
        B = _best_first(A, C, table)
    residual = (torch.einsum("omu,miv,vuw->oiw", C, B, table) - A).norm()
    return B, C, residual


def _best_second(A, B, table):
    """C (out, width, taps) with compose(B, C) nearest to A (out, in, taps of A), for this B."""
    width, _, taps = B.shape
    by_C = torch.einsum("miv,vuw->muiw", B, table).reshape(width * taps, -1)
    C = _least_squares(by_C, A.flatten(1).mT)
    return C.mT.reshape(len(A), width, taps)


def _best_first(A, C, table):
    """B (width, in, taps) with compose(B, C) nearest to A (out, in, taps of A), for this C."""
    _, width, taps = C.shape
    by_B = torch.einsum("omu,vuw->mvow", C, table).reshape(width * taps, -1)
    B = _least_squares(by_B, A.transpose(1, 2).flatten(0, 1))
    return B.reshape(width, taps, -1).transpose(1, 2)


def _least_squares(M, target):
    """X with X' M nearest to target'; a millionth of ridge keeps M of dependent rows solvable."""
    gram = M @ M.mT
    gram.diagonal().add_(1e-6 * gram.diagonal().mean().clamp_min(TINY))
    return torch.cholesky_solve(M @ target, torch.linalg.cholesky(gram))
