"""The primary family's answers: each arm against the 3x3, at its best rate, beside the thread."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from IPython.display import Markdown

from lessonlib.arms import ARMS
from lessonlib.markdown import markdown_table
from lessonlib.study.intervals import Estimate, holm, student, welch
from lessonlib.study.pairing import paired, unpaired
from lessonlib.study.second_study import FOUR, SEEDS
from lessonlib.study.thread import compatible, gap, thread_difference
from lessonlib.study.verdicts import verdict
from lessonlib.training.runs import Run

__all__ = ["Answer", "answers", "answers_table"]

BASE, *OTHERS = FOUR
FAMILY_LEVEL = 0.05


class Answer(NamedTuple):
    """One comparison of the primary family, arm minus 3x3, in points.

    ours, theirs: accuracies in percent of the arm's and of the 3x3's runs; unpaired: by Welch, from
    all runs; adjusted: its p-value by Holm within the family; paired: by Student, seed by seed;
    thread: the thread's own difference; gap: ours minus the thread's, both errors counted in.
    """

    arm: str
    ours: np.ndarray
    theirs: np.ndarray
    unpaired: Estimate
    adjusted: float
    paired: Estimate
    thread: Estimate
    gap: Estimate

    @property
    def stands(self) -> bool:
        """Whether the difference survives Holm's correction for the family."""
        return self.adjusted < FAMILY_LEVEL

    @property
    def verdict(self) -> str:
        """In words never stronger than the unpaired interval."""
        return verdict(self.unpaired.low, self.unpaired.high, min(len(self.ours), len(self.theirs)))


def answers(runs: Iterable[Run], photos: int) -> list[Answer]:
    """The three comparisons of the protocol, from the runs of the plan `primary`.

    photos: on how many the runs were validated. Other seeds than the protocol's are left out. Empty
    as long as a comparison has fewer runs than an interval needs: the family is judged together.
    ValueError if an arm's runs are of several learning rates, or a seed is there twice.
    """
    of_arm = {arm: [] for arm in FOUR}
    for run in runs:
        if run.arm in of_arm and run.seed in SEEDS and run.finished:
            of_arm[run.arm].append(run)
    _check_rates(of_arm)
    sides = [unpaired(of_arm[arm], of_arm[BASE]) for arm in OTHERS]
    found = [welch(*side) for side in sides]
    if not np.isfinite([estimate.p for estimate in found]).all():
        return []
    adjusted = holm([estimate.p for estimate in found])
    rows = []
    for arm, side, estimate, p in zip(OTHERS, sides, found, adjusted):
        pairs = student(paired(of_arm[arm], of_arm[BASE]))
        between = gap(arm, *side, photos)
        rows.append(Answer(arm, *side, estimate, p, pairs, thread_difference(arm), between))
    return rows


def answers_table(rows: Sequence[Answer]) -> Markdown:
    """Two tables, narrow enough for half a screen: what we found, and how it lies to the thread.

    A row per comparison: runs, difference with its interval, whether it stands, the same seed by
    seed; then the thread's difference, and the gap between ours and it.
    """
    if not rows:
        return Markdown("The runs of the primary family are not all there yet.")
    found = ["against one 3x3, points", "runs", "difference", "stands among three", "seed by seed"]
    beside = ["against one 3x3, points", "the thread's", "ours minus the thread's", "so they are"]
    tables = [
        markdown_table(found, map(_found_row, rows)),
        markdown_table(beside, map(_beside_row, rows)),
    ]
    fewest = min(min(len(row.ours), len(row.theirs)) for row in rows)
    if fewest < len(SEEDS):
        tables.append(f"Not complete: the protocol asks for {len(SEEDS)} runs of each arm.")
    return Markdown("\n\n".join(tables))


def _found_row(row):
    together = "yes" if row.stands else "no"
    return [
        ARMS[row.arm].label,
        f"{len(row.ours)} and {len(row.theirs)}",
        row.unpaired.told,
        f"{together}, p = {row.adjusted:.2g}",
        row.paired.told,
    ]


def _beside_row(row):
    return [ARMS[row.arm].label, row.thread.told, row.gap.told, compatible(row.gap)]


def _check_rates(of_arm):
    for arm, runs in of_arm.items():
        rates = sorted({run.recipe["lr"] for run in runs})
        if len(rates) > 1:
            shown = ", ".join(f"{rate:g}" for rate in rates)
            raise ValueError(f"The runs of {arm} have learning rates {shown}: give those of one.")
