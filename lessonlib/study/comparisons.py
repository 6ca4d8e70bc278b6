"""What a study compares, by the question it answers, and the pairs of runs it has for that."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from lessonlib.arms import ARMS
from lessonlib.checks import require_type
from lessonlib.study.pairing import paired, why_not_paired
from lessonlib.study.parts import Part, Variant
from lessonlib.study.plans import VARIANTS, added_variants
from lessonlib.training.runs import Run

__all__ = ["Comparison", "comparisons", "compared", "not_compared", "runs_of"]


class Comparison(NamedTuple):
    """A variant and the reference it is compared with, each with a label for people."""

    label: str
    variant: Variant
    against: str
    reference: Variant


# References: a label and a name in VARIANTS
PLAIN = ("3x3", "3x3")
PLAIN_2019 = ("3x3 of 2019", "3x3, 2019")
ONE_STEM = ("3x3, Mish in its stem too", "3x3, all Mish")
SECOND_ONLY = "after the second only"

# {question: rows of (label, name in VARIANTS, label of the reference, its name)}
QUESTIONS = {
    "the thread, clean": [
        ("one 2x2", "2x2", *PLAIN),
        ("two 2x2, activation after each", "pair-act", *PLAIN),
        ("two 2x2, activation after the second", "pair", *PLAIN),
        ("two 2x2: activation after each", "pair-act", SECOND_ONLY, "pair"),
    ],
    "as in 2019": [
        ("one 2x2 of 2019", "2x2, 2019", *PLAIN_2019),
        ("two 2x2 of 2019, activation after each", "pair-act, 2019", *PLAIN_2019),
        ("two 2x2 of 2019, activation after the second", "pair, 2019", *PLAIN_2019),
        ("two 2x2 of 2019: activation after each", "pair-act, 2019", SECOND_ONLY, "pair, 2019"),
    ],
    "2019, one stem for all": [
        ("one 2x2 of 2019", "2x2, 2019", *ONE_STEM),
        ("two 2x2 of 2019, activation after each", "pair-act, 2019", *ONE_STEM),
        ("two 2x2 of 2019, activation after the second", "pair, 2019", *ONE_STEM),
    ],
    "one change at a time": [
        ("two 2x2: shifted by a pixel", "pair, shifted", "in place", "pair"),
        ("two 2x2, shifted: stride first", "pair, stride first", "stride last", "pair, shifted"),
        (
            "two 2x2, shifted, stride first: BatchNorm between",
            "pair, BatchNorm between",
            "nothing between",
            "pair, stride first",
        ),
        ("two 2x2 of 2019: Mish", "pair, 2019", "ReLU", "pair, BatchNorm between"),
        ("3x3 of 2019: Mish in the stem", "3x3, all Mish", "ReLU in the stem", "3x3, 2019"),
        ("3x3: Mish, in the stem too", "3x3, all Mish", "ReLU", "3x3"),
    ],
    "other pairs, other 2x2": [
        ("two 2x2: composed first", "pair-composed", "in series", "pair"),
        ("two 2x2, wider between", "pair-wide", *PLAIN),
        ("one 2x2, padded at four corners", "2x2-corners", *PLAIN),
        ("one 2x2: padded at four corners", "2x2-corners", "left and top", "2x2"),
    ],
    "order and stem": [
        ("3x3: activation before BatchNorm", "3x3, activation first", "after it", "3x3"),
        ("3x3: BatchNorm after the maxpool", "3x3, BatchNorm last", "before it", "3x3"),
        ("3x3: stem of one 7x7", "3x3, 7x7 stem", "of three 3x3", "3x3"),
    ],
    "two 3x3 for a 5x5": [
        ("one 5x5", "5x5", *PLAIN),
        ("two 3x3, activation after each", "two-3x3-act", "5x5", "5x5"),
        ("two 3x3, activation after the second", "two-3x3", "5x5", "5x5"),
        ("two 3x3: activation after each", "two-3x3-act", SECOND_ONLY, "two-3x3"),
        ("two 3x3, activation after each", "two-3x3-act", *PLAIN),
        ("two 3x3, activation after the second", "two-3x3", *PLAIN),
    ],
}


def comparisons() -> dict[str, list[Comparison]]:
    """The comparisons by question. An arm added to ARMS is compared with the 3x3."""
    found = {question: _resolved(rows) for question, rows in QUESTIONS.items()}
    for arm, variant in added_variants().items():
        added = Comparison(ARMS[arm].label, variant, "3x3", VARIANTS["3x3"])
        found["other pairs, other 2x2"].append(added)
    return found


def _resolved(rows):
    return [
        Comparison(label, VARIANTS[name], against, VARIANTS[reference])
        for label, name, against, reference in rows
    ]


def compared(
    part: Part, runs: Sequence[Run], about: str | None = None
) -> list[tuple[Comparison, np.ndarray]]:
    """(comparison, differences in points) per comparison that `part` plans and has pairs of.

    part: of a plan, from `plans.get_plan`; about: a question of `comparisons()`, None for all.
    Differences are those of `pairing.paired`; a comparison without a pair of runs is left out.
    Raises TypeError if part is not a Part, ValueError for an unknown question.
    """
    rows = [(c, paired(ours, theirs)) for c, ours, theirs in _both_sides(part, runs, about)]
    return [(comparison, differences) for comparison, differences in rows if len(differences)]


def not_compared(
    part: Part, runs: Sequence[Run], about: str | None = None
) -> list[tuple[Comparison, str]]:
    """(comparison, why) per comparison that has runs on both sides and no pair. As `compared`."""
    rows = [(c, why_not_paired(ours, theirs)) for c, ours, theirs in _both_sides(part, runs, about)]
    return [(comparison, why) for comparison, why in rows if why]


def _both_sides(part, runs, about):
    """(comparison, its runs, the reference's) per comparison that `part` plans."""
    require_type("compared", Part, part=part)
    questions = comparisons()
    if about not in (None, *questions):
        raise ValueError(f"There is no question {about!r}; choose one of {'; '.join(questions)}.")
    asked = questions[about] if about else chain.from_iterable(questions.values())
    for comparison in asked:
        if part.has(comparison.variant) and part.has(comparison.reference):
            ours = runs_of(comparison.variant, part, runs)
            yield comparison, ours, runs_of(comparison.reference, part, runs)


def runs_of(variant: Variant, part: Part, runs: Sequence[Run]) -> list[Run]:
    """Those of `runs` that train the variant as the part of a plan has it."""
    recipe = variant.recipe(part.base)
    return [run for run in runs if run.arm == variant.arm and run.follows(recipe)]
