"""What a study compares, by the question it answers, and the pairs of runs it has for that."""

import json
from dataclasses import asdict
from typing import NamedTuple

from lessonlib.arms import ARMS
from lessonlib.checks import require_type
from lessonlib.study.plans import (
    ACTIVATION_FIRST,
    ADDED,
    CLEAN,
    COMPOSED,
    CORNERS,
    FIVE,
    MISH_STEM,
    NORM_BETWEEN,
    NORM_LAST,
    PLAIN,
    PLAIN_2019,
    SHIFTED,
    STEM_7X7,
    STRIDE_FIRST,
    THREAD,
    TWO_THREES,
    TWO_THREES_ACT,
    WIDE,
    Part,
    Variant,
)  # fmt: skip
from lessonlib.study.verdicts import paired

__all__ = ["Comparison", "COMPARISONS", "compared", "runs_of"]


class Comparison(NamedTuple):
    """A variant in words, and what it is compared with; both of a `plans` study."""

    label: str
    variant: Variant
    against: str
    reference: Variant


COMPARISONS = {
    "the thread, clean": [
        Comparison("one 2x2", CLEAN[1], "3x3", PLAIN),
        Comparison("two 2x2, activation after each", CLEAN[2], "3x3", PLAIN),
        Comparison("two 2x2, activation after the second", CLEAN[3], "3x3", PLAIN),
        Comparison("two 2x2: activation after each", CLEAN[2], "after the second only", CLEAN[3]),
    ],
    "as in 2019": [
        Comparison("one 2x2 of 2019", THREAD[1], "3x3 of 2019", PLAIN_2019),
        Comparison("two 2x2 of 2019, activation after each", THREAD[2], "3x3 of 2019", PLAIN_2019),
        Comparison(
            "two 2x2 of 2019, activation after the second", THREAD[3], "3x3 of 2019", PLAIN_2019
        ),
        Comparison(
            "two 2x2 of 2019: activation after each", THREAD[2], "after the second only", THREAD[3]
        ),
    ],
    "2019, one stem for all": [
        Comparison("one 2x2 of 2019", THREAD[1], "3x3, Mish in its stem too", MISH_STEM),
        Comparison(
            "two 2x2 of 2019, activation after each",
            THREAD[2],
            "3x3, Mish in its stem too",
            MISH_STEM,
        ),
        Comparison(
            "two 2x2 of 2019, activation after the second",
            THREAD[3],
            "3x3, Mish in its stem too",
            MISH_STEM,
        ),
    ],
    "one change at a time": [
        Comparison("two 2x2: shifted by a pixel", SHIFTED, "in place", CLEAN[3]),
        Comparison("two 2x2, shifted: stride first", STRIDE_FIRST, "stride last", SHIFTED),
        Comparison(
            "two 2x2, shifted, stride first: BatchNorm between",
            NORM_BETWEEN,
            "nothing between",
            STRIDE_FIRST,
        ),
        Comparison("two 2x2 of 2019: Mish", THREAD[3], "ReLU", NORM_BETWEEN),
        Comparison("3x3 of 2019: Mish in the stem", MISH_STEM, "ReLU in the stem", PLAIN_2019),
        Comparison("3x3: Mish, in the stem too", MISH_STEM, "ReLU", PLAIN),
    ],
    "other pairs, other 2x2": [
        Comparison("two 2x2: composed first", COMPOSED, "in series", CLEAN[3]),
        Comparison("two 2x2, wider between", WIDE, "3x3", PLAIN),
        Comparison("one 2x2, padded at four corners", CORNERS, "3x3", PLAIN),
        Comparison("one 2x2: padded at four corners", CORNERS, "left and top", CLEAN[1]),
        *(Comparison(ARMS[v.arm].label, v, "3x3", PLAIN) for v in ADDED),
    ],
    "order and stem": [
        Comparison("3x3: activation before BatchNorm", ACTIVATION_FIRST, "after it", PLAIN),
        Comparison("3x3: BatchNorm after the maxpool", NORM_LAST, "before it", PLAIN),
        Comparison("3x3: stem of one 7x7", STEM_7X7, "of three 3x3", PLAIN),
    ],
    "two 3x3 for a 5x5": [
        Comparison("one 5x5", FIVE, "3x3", PLAIN),
        Comparison("two 3x3, activation after each", TWO_THREES_ACT, "5x5", FIVE),
        Comparison("two 3x3, activation after the second", TWO_THREES, "5x5", FIVE),
        Comparison(
            "two 3x3: activation after each", TWO_THREES_ACT, "after the second only", TWO_THREES
        ),
        Comparison("two 3x3, activation after each", TWO_THREES_ACT, "3x3", PLAIN),
        Comparison("two 3x3, activation after the second", TWO_THREES, "3x3", PLAIN),
    ],
}


def compared(part, runs, about=None):
    """(comparison, differences in points) for each comparison that the part plans both sides of, and has a pair of runs for.

    part: of a plan, as `plans.get_plan` lists them; about: a question of `COMPARISONS`, None for all of them.
    Raises TypeError for what is no part, ValueError for a question that there is not.
    """
    require_type("compared", Part, part=part)
    if about not in (None, *COMPARISONS):
        raise ValueError(f"There is no question {about!r}; choose one of {'; '.join(COMPARISONS)}.")
    asked = [c for question, some in COMPARISONS.items() if about in (None, question) for c in some]
    both = [c for c in asked if part.has(c.variant) and part.has(c.reference)]
    pairs = [
        (c, paired(runs_of(c.variant, part, runs), runs_of(c.reference, part, runs))) for c in both
    ]
    return [(c, differences) for c, differences in pairs if len(differences)]


def runs_of(variant, part, runs):
    """Those of `runs` that are of a `plans.Variant` in a part of a plan."""
    wanted = json.dumps([variant.arm, asdict(variant.recipe(part.base))])
    return [run for run in runs if json.dumps([run.arm, run.recipe]) == wanted]
