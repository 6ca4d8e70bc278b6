"""A study as a table: what was compared, and which verdicts hold for all comparisons together."""

from collections.abc import Sequence
from math import isfinite

import numpy as np
from IPython.display import Markdown

from lessonlib.study.comparisons import Comparison, compared, not_compared
from lessonlib.study.parts import Part
from lessonlib.study.verdicts import FEWEST, interval, runs_needed, verdict, verdicts_together
from lessonlib.training.runs import Run

__all__ = ["study_table"]

COLUMNS = (
    "compared",
    "against",
    "pairs of runs",
    "difference, points",
    "95% interval",
    "verdict",
    "pairs to see 1 point",
)


def study_table(parts: Sequence[Part], runs: Sequence[Run], about: str | None = None) -> Markdown:
    """One row per comparison: pairs of runs, mean difference in points, 95% interval, verdict.

    parts: from `plans.get_plan`; runs: what is recorded of that plan; about: a question of
    `comparisons.comparisons()`, None for all. Runs on different photos are never compared.
    The last column is `verdicts.runs_needed` for a difference of one point.
    ValueError for an unknown question.
    """
    tables = []
    for part in parts:
        for data in sorted({run.data for run in runs}):
            tables.append(_part_table(part, [run for run in runs if run.data == data], about))
    return Markdown("\n\n".join(filter(None, tables)) or "No run is there yet.")


def _part_table(part, runs, about):
    rows = compared(part, runs, about)
    missing = [
        f"{c.label} against {c.against}: {why}." for c, why in not_compared(part, runs, about)
    ]
    if not rows:
        return " ".join(missing)
    title = f"**{part.label}, {part.base.px} px, {part.base.epochs} epochs**"
    head = f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|"
    lines = "\n".join(_comparison_row(*row) for row in rows)
    sources = "; ".join(sorted({f"{run.data}, {run.machine}" for run in runs}))
    together = _together(compared(part, runs))
    notes = " ".join([together, f"Measured on {sources}.", *missing])
    return f"{title}\n\n{head}\n{lines}\n\n{notes}"


def _comparison_row(comparison: Comparison, differences: np.ndarray) -> str:
    n = len(differences)
    low, high = interval(differences)
    between = f"{_signed(low)} to {_signed(high)}" if isfinite(low) else "-"
    needed = runs_needed(differences, 1) if isfinite(low) else "-"
    names = f"| {comparison.label} | {comparison.against}"
    found = f"{differences.mean():+.1f} | {between} | {verdict(low, high, n)}"
    return f"{names} | {n} | {found} | {needed} |"


def _signed(points):
    """With one digit after the point, with two where only the second shows that it is not 0."""
    text = f"{points:+.1f}"
    return text if float(text) or abs(points) < 0.01 else f"{points:+.2f}"


def _together(rows):
    """How many comparisons there are, and which verdicts hold for all of them together."""
    rows = [(comparison, d) for comparison, d in rows if len(d) >= FEWEST]
    if not rows:
        return f"No comparison has the {FEWEST} pairs that an interval needs."
    verdicts = verdicts_together([differences for _, differences in rows])
    stand = [
        f"{comparison.label} against {comparison.against}: {words}"
        for (comparison, _), words in zip(rows, verdicts)
        if not words.startswith("not")
    ]
    return (
        f"Comparisons with an interval in the whole study: {len(rows)}. "
        "Of those without any true difference one in twenty is called better or worse by chance. "
        "With 95% for all of them together (Bonferroni) there stand: "
        f"{'; '.join(stand) or 'none'}."
    )
