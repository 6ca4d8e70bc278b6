"""Ratios, all in one run: python tests/benchmarks/bench_factoring.py [kernels for the slow baseline, default 256]

Baselines: alternating least squares from 40 random starts, one kernel at a time, until no start gains more than 1e-13
of the kernel's energy in a sweep; as plain loops over the starts, and with the 40 starts of a kernel as one batch.
"""

import sys
import time

import torch

from lessonlib.algebra.hidden_width import two_channel_factors
from lessonlib.algebra.nearest_product import multiplication_table, nearest_product

TABLE = multiplication_table((2, 2), (2, 2))


def best_partner(a, b):
    M = torch.einsum("ru,uvw->rwv", b, TABLE)
    c = torch.linalg.solve(M.mT @ M, M.mT @ a)
    return c, (M @ c[..., None])[..., 0].sub(a).square().sum(1)


def als(a, starts, sweeps=1000):
    """Smallest |a - b * c| over the starts, alternately solving for c and b."""
    b, before = starts, torch.full((len(starts),), torch.inf, dtype=a.dtype)
    for _ in range(sweeps):
        c, _ = best_partner(a, b)
        b, error = best_partner(a, c)
        if (before - error).max() <= 1e-13 * a.square().sum():
            break
        before = error
    return error.min().sqrt()


def timed(work):
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin


def main():
    torch.set_num_threads(1)
    subset = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    random = torch.Generator().manual_seed(2019)
    A = torch.randn(4096, 3, 3, dtype=torch.float64, generator=random)
    starts = torch.randn(4096, 40, 4, dtype=torch.float64, generator=random)

    nearest_product(A[:1])  # the cloud of directions is built once
    near, fast = timed(lambda: nearest_product(A))
    print(
        f"nearest_product, 4096 Gaussian 3x3 kernels: {fast:.2f} s, mean relative error {near.relative.mean():.4f}"
    )

    batch, seconds = timed(
        lambda: torch.stack([als(A[i].flatten(), starts[i]) for i in range(subset)])
    )
    seconds *= 4096 / subset
    print(
        f"ALS, 40 starts as one batch: {seconds:.0f} s (from {subset} kernels); {seconds / fast:.0f} times slower"
    )
    gap = (near.residual[:subset] - batch) / A[:subset].flatten(1).norm(dim=1)
    print(
        f"  same optimum or better: {(gap <= 1e-6).double().mean():.2%}; better by over 1e-6: {(gap < -1e-6).sum()}"
    )

    few = min(subset, 8)
    loops, seconds = timed(
        lambda: [als(A[i].flatten(), starts[i, r : r + 1]) for i in range(few) for r in range(40)]
    )
    seconds *= 4096 / few
    print(
        f"ALS, start by start: {seconds:.0f} s (from {few} kernels); {seconds / fast:.0f} times slower"
    )

    kernels = torch.randn(100_000, 3, 3, dtype=torch.float64, generator=random)
    (B, C), seconds = timed(lambda: two_channel_factors(kernels))
    composed = torch.einsum("nmv,nmu,vuw->nw", B.flatten(2), C[:, 0].flatten(2), TABLE)
    error = (composed - kernels.flatten(1)).norm(dim=1) / kernels.flatten(1).norm(dim=1)
    print(
        f"two_channel_factors, 100,000 kernels: {seconds:.2f} s, largest relative error {error.max():.1e}"
    )


if __name__ == "__main__":
    main()
