"""The thread's own runs, with their errors, and whether ours are compatible with them."""

from itertools import chain

import numpy as np

from lessonlib.study.intervals import Estimate, estimate

__all__ = ["THREAD_RUNS", "THREAD_PHOTOS", "thread_difference", "gap", "compatible"]

# Validation accuracies in percent: lgvaz, imagewoof2x2.ipynb, November 2019, xresnet50 at 128 px
THREAD_RUNS = {
    "3x3": (65.0, 64.0, 66.0),
    "2x2": (59.8, 61.8),
    "pair-act": (59.0, 60.0),
    "pair": (66.0, 63.0, 67.0, 63.0, 67.0),
}
THREAD_PHOTOS = 500  # validation photos of Imagewoof v1


def thread_difference(arm: str) -> Estimate:
    """The thread's difference of an arm from its 3x3, in points, from its runs alone.

    One spread for all four arms, pooled, since two runs have next to none of their own.
    KeyError for an arm that the thread did not train.
    """
    ours = THREAD_RUNS[arm]
    theirs = THREAD_RUNS["3x3"]
    return estimate(np.mean(ours) - np.mean(theirs), [_thread_error(arm)])


def gap(arm, ours, theirs, photos) -> Estimate:
    """Our difference minus the thread's, in points, with the errors of both.

    ours, theirs: accuracies in percent, `(n,)` and `(m,)`, of our arm and of our 3x3; photos: how
    many we validate on. Another draw of validation photos would give other accuracies: counted in
    on both sides as if the two arms of a side had been judged on different photos. They were judged
    on the same ones, so the interval is rather too wide than too narrow.
    """
    ours = np.asarray(ours)
    theirs = np.asarray(theirs)
    there = [np.mean(THREAD_RUNS[name]) for name in (arm, "3x3")]
    terms = [(side.var(ddof=1) / len(side), len(side) - 1) for side in (ours, theirs)]
    terms += [
        _thread_error(arm),
        (_of_photos([ours.mean(), theirs.mean()], photos), np.inf),
        (_of_photos(there, THREAD_PHOTOS), np.inf),
    ]
    difference = (ours.mean() - theirs.mean()) - (there[0] - there[1])
    return estimate(float(difference), terms)


def compatible(gap: Estimate) -> str:
    """`compatible`, or `not compatible` if the interval of the gap leaves out zero."""
    return "compatible" if gap.low <= 0 <= gap.high else "not compatible"


def _thread_error(arm):
    """Variance of the thread's difference, in points squared, and its degrees of freedom."""
    centred = chain.from_iterable(np.array(runs) - np.mean(runs) for runs in THREAD_RUNS.values())
    freedom = sum(len(runs) - 1 for runs in THREAD_RUNS.values())
    pooled = sum(deviation**2 for deviation in centred) / freedom
    return pooled * sum(1 / len(THREAD_RUNS[name]) for name in (arm, "3x3")), freedom


def _of_photos(percents, photos):
    """The binomial variance of the difference of accuracies, in points squared."""
    return sum(p * (100 - p) for p in percents) / photos
