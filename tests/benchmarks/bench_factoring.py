"""Factoring kernels, against alternating least squares; ratios, all in one run.

    python tests/benchmarks/bench_factoring.py [kernels for the slow baseline, default 256]
The baseline takes one kernel at a time from 40 random starts, until no start gains more than 1e-13
of the kernel's energy in a sweep: with the 40 starts as one batch, and start by start.
"""

import sys
import time

import torch

from lessonlib.algebra.hidden_width import two_channel_factors
from lessonlib.algebra.nearest_product import multiplication_table, nearest_product

TABLE = multiplication_table((2, 2), (2, 2))
KERNELS = 4096
STARTS = 40


def best_partner(a, b):
    """The c for which b * c is nearest to a, for each b, and the squared errors."""
    M = torch.einsum("ru,uvw->rwv", b, TABLE)
    c = torch.linalg.solve(M.mT @ M, M.mT @ a)
    product = (M @ c[..., None])[..., 0]
    return c, (product - a).square().sum(1)


def als(a, starts, sweeps=1000):
    """Smallest |a - b * c| over the starts, alternately solving for c and b."""
    b = starts
    before = torch.full((len(starts),), torch.inf, dtype=a.dtype)
    for _ in range(sweeps):
        c, _ = best_partner(a, b)
        b, error = best_partner(a, c)
        if (before - error).max() <= 1e-13 * a.square().sum():
            break
        before = error
    return error.min().sqrt()


def timed(work):
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def bench_nearest(A):
    nearest_product(A[:1])  # the cloud of directions is built once
    near, seconds = timed(lambda: nearest_product(A))
    print(
        f"nearest_product, {len(A)} Gaussian 3x3 kernels: {seconds:.2f} s, "
        f"mean relative error {near.relative.mean():.4f}"
    )
    return near, seconds


def bench_als_in_batches(A, starts, subset, near, fast):
    flat = A[:subset].flatten(1)
    batch, seconds = timed(lambda: torch.stack([als(a, s) for a, s in zip(flat, starts)]))
    seconds *= len(A) / subset
    print(
        f"ALS, {STARTS} starts as one batch: {seconds:.0f} s (from {subset} kernels); "
        f"{seconds / fast:.0f} times slower"
    )
    gap = (near.residual[:subset] - batch) / flat.norm(dim=1)
    print(
        f"  same optimum or better: {(gap <= 1e-6).double().mean():.2%}; "
        f"better by over 1e-6: {(gap < -1e-6).sum()}"
    )


def bench_als_by_starts(A, starts, few, fast):
    def work():
        for a, of_this in zip(A[:few].flatten(1), starts):
            for start in of_this:
                als(a, start[None])

    _, seconds = timed(work)
    seconds *= len(A) / few
    print(
        f"ALS, start by start: {seconds:.0f} s (from {few} kernels); "
        f"{seconds / fast:.0f} times slower"
    )


def bench_two_channels(kernels):
    (B, C), seconds = timed(lambda: two_channel_factors(kernels))
    composed = torch.einsum("nmv,nmu,vuw->nw", B.flatten(2), C[:, 0].flatten(2), TABLE)
    error = (composed - kernels.flatten(1)).norm(dim=1) / kernels.flatten(1).norm(dim=1)
    print(
        f"two_channel_factors, {len(kernels):,} kernels: {seconds:.2f} s, "
        f"largest relative error {error.max():.1e}"
    )


def main(subset=256):
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(2019)
    A = torch.randn(KERNELS, 3, 3, dtype=torch.float64, generator=random)
    starts = torch.randn(KERNELS, STARTS, 4, dtype=torch.float64, generator=random)
    near, fast = bench_nearest(A)
    bench_als_in_batches(A, starts, subset, near, fast)
    bench_als_by_starts(A, starts, min(subset, 8), fast)
    bench_two_channels(torch.randn(100_000, 3, 3, dtype=torch.float64, generator=random))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
