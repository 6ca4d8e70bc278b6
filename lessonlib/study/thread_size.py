"""The thread's size, as near as two cores come: each arm's accuracy beside the thread's own."""

from collections.abc import Iterable, Sequence

import numpy as np
from IPython.display import Markdown

from lessonlib.arms import ARMS
from lessonlib.markdown import markdown_table
from lessonlib.study.evaluation import Answer
from lessonlib.study.intervals import estimate, welch
from lessonlib.study.pairing import of_one_kind, unpaired
from lessonlib.study.second_study import FOUR, THREAD_SEEDS
from lessonlib.study.thread import THREAD_RUNS, compatible, gap
from lessonlib.training.runs import Run

__all__ = ["thread_size_table", "both_sizes_table"]

BASE = FOUR[0]
HEAD = ("arm", "runs", "best rate", "accuracy, %", "the thread's, %")
SIZES = ("against one 3x3, points", "at 64 px", "at 128 px", "what size changed", "with the thread")


def thread_size_table(runs: Iterable[Run]) -> Markdown:
    """A row per arm of the plan `thread-size`, in percent, beside the mean of the thread's runs.

    Other seeds than the five are left out.
    ValueError if an arm's runs are of several learning rates.
    """
    of_arm = _by_arm(runs)
    if not any(of_arm.values()):
        return Markdown("None of the five seeds is recorded yet: the sweep of rates comes first.")
    return Markdown(markdown_table(HEAD, [_row(arm, of_arm) for arm in FOUR]))


def both_sizes_table(runs: Iterable[Run], rows: Sequence[Answer], photos: int) -> Markdown:
    """Each arm's difference at 64 px, at 128 px, and between the two, with 95% intervals.

    runs: of the plan `thread-size`; rows: the primary family; photos: on how many both were
    validated. The last column: is the difference at 128 px compatible with the thread's?
    """
    of_arm = _by_arm(runs)
    if not rows or min(map(len, of_arm.values())) < len(THREAD_SEEDS):
        return Markdown("The two sizes are compared once all runs are there.")
    return Markdown(markdown_table(SIZES, [_sizes_row(row, of_arm, photos) for row in rows]))


def _by_arm(runs):
    of_arm = {arm: [] for arm in FOUR}
    for run in of_one_kind(runs):
        if run.arm in of_arm and run.seed in THREAD_SEEDS:
            of_arm[run.arm].append(run)
    return of_arm


def _sizes_row(row, of_arm, photos):
    ours, theirs = unpaired(of_arm[row.arm], of_arm[BASE])
    large = welch(ours, theirs)
    sides = (ours, theirs, row.ours, row.theirs)
    terms = [(side.var(ddof=1) / len(side), len(side) - 1) for side in sides]
    change = estimate(large.difference - row.unpaired.difference, terms)
    seen = "not distinguishable" if change.low <= 0 <= change.high else "distinguishable"
    return (
        ARMS[row.arm].label,
        row.unpaired.told,
        large.told,
        f"{change.told}: {seen}",
        compatible(gap(row.arm, ours, theirs, photos)),
    )


def _row(arm, of_arm):
    runs = of_arm[arm]
    accuracies = [100 * run.accuracy for run in runs]
    return (
        ARMS[arm].label,
        f"{len(runs)} of {len(THREAD_SEEDS)}",
        _rate(arm, runs),
        f"{np.mean(accuracies):.1f}" if runs else "",
        f"{np.mean(THREAD_RUNS[arm]):.1f}",
    )


def _rate(arm, runs):
    rates = sorted({run.recipe["lr"] for run in runs})
    if len(rates) > 1:
        shown = ", ".join(f"{rate:g}" for rate in rates)
        raise ValueError(f"The runs of {arm} have learning rates {shown}: give those of one.")
    return f"{rates[0]:g}" if rates else ""
