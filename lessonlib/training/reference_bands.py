"""Where earlier runs of the same arm went: a band behind a live curve."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Band", "bands_of", "describe"]

ENOUGH = 5  # runs from which on the band leaves out the outermost tenths


@dataclass(frozen=True)
class Band:
    """low, high: accuracy by epoch, two arrays `(epochs,)`; runs: how many it is made of;
    sources: what recorded them, on what.
    """

    arm: str
    low: np.ndarray
    high: np.ndarray
    runs: int
    sources: frozenset


def bands_of(earlier, arms, recipe, photos):
    """A `Band` for every arm with two or more among the `earlier` runs that match, and no other.

    A run matches if its recipe is the tier `recipe(arm)` and its data set that of `photos`. All
    bands are of one `runs.Arithmetic`, the one with the most of these runs. The middle 80% by epoch
    if each of these arms has five runs or more, else from the least to the most.
    """
    recipes = {arm.name: recipe(arm) for arm in arms}
    matching = [
        run for run in earlier if run.arm in recipes and run.matches(recipes[run.arm], photos)
    ]
    alike = _most_common(matching)
    by_arm = {name: [] for name in recipes}
    for run in alike:
        by_arm[run.arm].append(run)
    chosen = [runs for runs in by_arm.values() if len(runs) > 1]
    if not chosen:
        return []
    shares = (0.1, 0.9) if min(map(len, chosen)) >= ENOUGH else (0, 1)
    return [_band(runs, shares) for runs in chosen]


def describe(bands):
    """The caption of some bands: what they span, how many runs per arm, what recorded them.

    Without any, that there are none.
    """
    if not bands:
        return "No bands: no two earlier runs of one arm are recorded with this recipe and photos."
    counts = sorted({band.runs for band in bands})
    span = "middle 80%" if counts[0] >= ENOUGH else "least to most"
    number = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    sources = sorted(frozenset().union(*(band.sources for band in bands)))
    return (
        f"Pale bands: {span} of {number} earlier runs per arm, same recipe and photos, "
        f"recorded on {'; '.join(sources)}."
    )


def _most_common(runs):
    """The runs of the arithmetic that most of them have."""
    kinds = [run.arithmetic for run in runs]
    return [run for run in runs if run.arithmetic == max(kinds, key=kinds.count)]


def _band(runs, shares):
    accuracies = np.array([_accuracies(run) for run in runs])
    low, high = np.quantile(accuracies, shares, axis=0)
    sources = frozenset(f"{run.machine}, {run.precision}" for run in runs)
    return Band(runs[0].arm, low, high, len(runs), sources)


def _accuracies(run):
    return [epoch["accuracy"] for epoch in run.epochs]
