"""What the runs say so far to each secondary comparison of data/protocol.md."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from IPython.display import Markdown

from lessonlib.arms import arm_label
from lessonlib.markdown import markdown_table
from lessonlib.study.intervals import Estimate, welch
from lessonlib.study.pairing import unpaired, why_not_paired
from lessonlib.study.second_study import BOTTLENECK
from lessonlib.study.secondary_items import ITEMS, VARIANTS, Item
from lessonlib.training.runs import Run

__all__ = ["SecondaryAnswer", "secondary_answers", "secondary_table"]

COLUMNS = ("secondary, exploratory", "against", "accuracies, %", "difference, points")
NOTE = (
    "Each 95% interval, Welch's, stands alone: one in twenty leaves out zero by chance. "
    "Wu et al. (1903.08385) report that 2x2 padded at four corners outperform 3x3."
)


class SecondaryAnswer(NamedTuple):
    """One secondary comparison, variant minus reference.

    item: of the protocol, and its number from 1; name, reference: in `secondary_items.VARIANTS`;
    ours, theirs: accuracies in percent of what is recorded at their best rates; apart: why runs
    that are on both sides are not compared, else empty.
    """

    number: int
    item: Item
    name: str
    reference: str
    ours: np.ndarray
    theirs: np.ndarray
    apart: str

    @property
    def estimate(self) -> Estimate | None:
        """The difference in points by Welch; None until every planned run is there."""
        complete = len(self.ours) == len(self.theirs) == self.item.seeds
        return welch(self.ours, self.theirs) if complete else None

    @property
    def found(self) -> str:
        """The difference with its 95% interval, or what is missing, in words."""
        found = self.estimate
        if found:
            return found.told
        if self.apart:
            return self.apart
        there = len(self.ours) + len(self.theirs)
        planned = 2 * self.item.seeds
        return f"{there} of {planned} runs" if self.begun else "not run yet"

    @property
    def label(self) -> str:
        """What is compared, with the item's number, and its epochs if they are not five."""
        longer = f", {self.item.epochs} epochs" if self.item.epochs != BOTTLENECK.epochs else ""
        return f"{self.number}. {arm_label(self.name)}{longer}"

    @property
    def begun(self) -> bool:
        """Whether both sides have a run."""
        return bool(self.apart or (len(self.ours) and len(self.theirs)))


def secondary_answers(best: Mapping[str, float], runs: Iterable[Run]) -> list[SecondaryAnswer]:
    """Every secondary comparison, in the protocol's order, from the runs at each side's best rate.

    best: from `secondary.secondary_rates`; runs: of the plans `primary` and `secondary`. Other
    seeds than the protocol's are left out. ValueError if a seed is there twice.
    """
    runs = list(runs)
    rows = []
    for number, item in enumerate(ITEMS, 1):
        for name, reference in item.compared:
            sides = [_runs(item, side, best, runs) for side in (name, reference)]
            numbers = unpaired(*sides)
            apart = "" if len(numbers[0]) else why_not_paired(*sides)
            rows.append(SecondaryAnswer(number, item, name, reference, *numbers, apart))
    return rows


def secondary_table(rows: Sequence[SecondaryAnswer]) -> Markdown:
    """A row per comparison, and one for each item that has none with runs on both sides.

    rows: of some items or of all, in the protocol's order. Accuracies stand only where all runs do.
    """
    lines = []
    for number, found in groupby(rows, lambda row: row.number):
        begun = [row for row in found if row.begun]
        lines += map(_row, begun)
        if not begun:
            lines.append([f"{number}. {ITEMS[number - 1].words}", "", "", "not run yet"])
    return Markdown(f"{markdown_table(COLUMNS, lines)}\n\n{NOTE}")


def _row(row):
    accuracies = ""
    if row.estimate:
        means = f"{row.ours.mean():.1f} and {row.theirs.mean():.1f}"
        accuracies = f"{means}, {row.item.seeds} runs each"
    return [row.label, arm_label(row.reference), accuracies, row.found]


def _runs(item, name, best, runs):
    if name not in best:
        return []
    recipe = item.recipe(name, best[name])
    arm = VARIANTS[name].arm
    asked = [run for run in runs if run.arm == arm and run.seed in range(item.seeds)]
    return [run for run in asked if run.follows(recipe)]
