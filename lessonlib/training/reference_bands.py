"""Where earlier runs of the same arm went: a band behind a live curve, from runs that are alike in everything but the seed."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Band", "bands_of", "describe"]

ENOUGH = 5  # runs from which on the band leaves out the outermost tenths


@dataclass(frozen=True)
class Band:
    """low, high: accuracy by epoch, two arrays `(epochs,)`; runs: how many it is made of; machines: what recorded them."""

    arm: str
    low: np.ndarray
    high: np.ndarray
    runs: int
    machines: frozenset


def bands_of(earlier, arms, tier, photos):
    """A `Band` for every arm with two or more among the `earlier` runs that match `tier` and `photos`, and no other.

    The middle 80% by epoch where each of these arms has five runs or more, else from the least to the most.
    """
    chosen = [
        [run for run in earlier if run.arm == arm.name and run.matches(tier, photos)]
        for arm in arms
    ]
    chosen = [runs for runs in chosen if len(runs) > 1]
    shares = (0.1, 0.9) if chosen and min(map(len, chosen)) >= ENOUGH else (0, 1)
    bands = []
    for runs in chosen:
        low, high = np.quantile(
            [[epoch["accuracy"] for epoch in run.epochs] for run in runs], shares, axis=0
        )
        bands.append(
            Band(runs[0].arm, low, high, len(runs), frozenset(run.machine for run in runs))
        )
    return bands


def describe(bands):
    """The caption of some bands: what they span, how many runs an arm, what recorded them; nothing where there is no band."""
    if not bands:
        return ""
    counts = sorted({band.runs for band in bands})
    span = "middle 80%" if counts[0] >= ENOUGH else "least to most"
    number = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    machines = "; ".join(sorted(frozenset().union(*(band.machines for band in bands))))
    return f"Pale bands: {span} of {number} earlier runs an arm, same recipe and photos, recorded on {machines}."
