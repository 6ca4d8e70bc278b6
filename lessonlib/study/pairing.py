"""Which runs may be compared: alike in photos, device, precision and torch; seed by seed."""

from collections import Counter
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import numpy as np

__all__ = ["of_one_kind", "paired", "unpaired", "why_not_paired"]

# What two runs must have in common to be compared
KINDS: dict[str, Callable[[Any], str]] = {
    "data": attrgetter("data"),
    "device": attrgetter("device"),
    "precision": attrgetter("precision"),
    "torch": attrgetter("arithmetic.torch"),
}


def of_one_kind(runs: Iterable[Any]) -> list[Any]:
    """The finished runs of the kind (data, device, precision, torch) of which there are most.

    Of equal ones the first that was recorded: the course's own come before a learner's.
    """
    finished = [run for run in runs if run.finished]
    kinds = Counter(_kind(run) for run in finished)
    most = max(kinds, key=lambda kind: kinds[kind], default=None)
    return [run for run in finished if _kind(run) == most]


def paired(runs: Iterable[Any], others: Iterable[Any]) -> np.ndarray:
    """Accuracy of `runs` minus that of `others`, in points, `(n,)`, ordered by seed.

    runs, others: `training.runs.Run`s, each of one arm and recipe. One number per seed that both
    have finished on the same data set, by the same `training.runs.Arithmetic`: runs that differ in
    device, precision or torch are not compared, and `why_not_paired` says so.
    ValueError if a seed is there twice.
    """
    ours = _by_seed(runs)
    theirs = _by_seed(others)
    shared = sorted(ours.keys() & theirs.keys())
    return np.array([100 * (ours[key] - theirs[key]) for key in shared])


def unpaired(runs: Iterable[Any], others: Iterable[Any]) -> tuple[np.ndarray, np.ndarray]:
    """The accuracies of both in percent, `(n,)` and `(m,)`, all seeds, for `intervals.welch`.

    Of several kinds of runs (data, device, precision, torch) the one that both have most of.
    Empty arrays if they have none in common. ValueError if a seed is there twice.
    """
    ours = _by_kind(runs)
    theirs = _by_kind(others)
    shared = sorted(ours.keys() & theirs.keys())
    if not shared:
        return np.array([]), np.array([])
    most = max(shared, key=lambda kind: min(len(ours[kind]), len(theirs[kind])))
    return np.array(ours[most]), np.array(theirs[most])


def why_not_paired(runs: Iterable[Any], others: Iterable[Any]) -> str:
    """Why finished runs on both sides give no pair, in a sentence; empty if they do, or if none."""
    ours = [run for run in runs if run.finished]
    theirs = [run for run in others if run.finished]
    if not ours or not theirs or len(paired(ours, theirs)):
        return ""
    for what, of in KINDS.items():
        here = {of(run) for run in ours}
        there = {of(run) for run in theirs}
        if not here & there:
            sides = " against ".join(", ".join(sorted(side)) for side in (here, there))
            return f"not compared: {what} {sides}"
    return "not compared: no seed that both have"


def _kind(run):
    return run.data, run.arithmetic


def _by_seed(runs):
    found = {}
    for run in runs:
        if run.finished:
            key = (run.seed, *_kind(run))
            if key in found:
                raise ValueError(
                    f"Seed {run.seed} of {run.arm} is there twice on {run.data}: keep one run."
                )
            found[key] = run.accuracy
    return found


def _by_kind(runs):
    found = {}
    for (_, data, arithmetic), accuracy in sorted(_by_seed(runs).items()):
        found.setdefault((data, arithmetic), []).append(100 * accuracy)
    return found
