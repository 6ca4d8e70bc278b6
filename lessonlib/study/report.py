"""A study as a table: what was compared, and which verdicts stand in their family."""

from collections.abc import Sequence
from math import isfinite

import numpy as np
from IPython.display import Markdown

from lessonlib.study.comparisons import Comparison, compared, not_compared
from lessonlib.study.intervals import interval, runs_needed
from lessonlib.study.parts import Part
from lessonlib.study.verdicts import stands, verdict
from lessonlib.training.runs import Run

__all__ = ["study_table"]

COLUMNS = (
    "compared",
    "against",
    "pairs of runs",
    "difference, points",
    "95% interval",
    "verdict",
    "stands among all {}",
    "pairs to see 1 point",
)


def study_table(parts: Sequence[Part], runs: Sequence[Run], about: str | None = None) -> Markdown:
    """One row per comparison: pairs of runs, mean difference in points, 95% interval, verdict.

    The family of a verdict is all comparisons of its part; it stands if Holm's correction for the
    whole family leaves it. parts: from `plans.get_plan`; runs: what is recorded of that plan;
    about: a question of `comparisons.comparisons()`, None for all. Runs on different photos are
    never compared. The last column is `intervals.runs_needed` for a difference of one point.
    ValueError for an unknown question.
    """
    tables = []
    for part in parts:
        for data in sorted({run.data for run in runs}):
            tables.append(_part_table(part, [run for run in runs if run.data == data], about))
    nothing = "None of these runs is part of a comparison." if runs else "No run is there yet."
    return Markdown("\n\n".join(filter(None, tables)) or nothing)


def _part_table(part, runs, about):
    rows = compared(part, runs, about)
    missing = [
        f"{c.label} against {c.against}: {why}." for c, why in not_compared(part, runs, about)
    ]
    if not rows:
        return " ".join(missing)
    family = compared(part, runs)
    stand = _standing(family)
    title = f"**{part.label}, {part.base.px} px, {part.base.epochs} epochs**"
    columns = " | ".join(COLUMNS).format(len(stand))
    head = f"| {columns} |\n{'|---' * len(COLUMNS)}|"
    lines = "\n".join(_comparison_row(*row, stand) for row in rows)
    sources = "; ".join(sorted({f"{run.data}, {run.machine}" for run in runs}))
    notes = " ".join([f"Measured on {sources}.", *missing])
    return f"{title}\n\n{head}\n{lines}\n\n{notes}"


def _standing(family):
    """{comparison: whether it stands} of those with enough pairs for an interval."""
    family = [(comparison, d) for comparison, d in family if isfinite(interval(d)[0])]
    verdicts = stands([differences for _, differences in family])
    return {_named(comparison): stand for (comparison, _), stand in zip(family, verdicts)}


def _named(comparison):
    return comparison.label, comparison.against


def _comparison_row(comparison: Comparison, differences: np.ndarray, stand: dict) -> str:
    n = len(differences)
    low, high = interval(differences)
    between = f"{_signed(low)} to {_signed(high)}" if isfinite(low) else "-"
    needed = runs_needed(differences, 1) if isfinite(low) else "-"
    words = verdict(low, high, n)
    alone = words.startswith("not")
    together = "-" if alone else "yes" if stand[_named(comparison)] else "no"
    names = f"| {comparison.label} | {comparison.against}"
    found = f"{differences.mean():+.1f} | {between} | {words} | {together}"
    return f"{names} | {n} | {found} | {needed} |"


def _signed(points):
    """With one digit after the point, with two where only the second shows that it is not 0."""
    text = f"{points:+.1f}"
    return text if float(text) or abs(points) < 0.01 else f"{points:+.2f}"
