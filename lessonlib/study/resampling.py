"""Resample small studies from the recorded runs, with replacement, and see what each concludes."""

import numpy as np

from lessonlib.checks import require_int, require_type

__all__ = ["resample_studies", "conclusions"]

STUDIES = 4000


def resample_studies(accuracies, n, studies=STUDIES):
    """Mean accuracy of `n` runs per arm in each of many studies, `{label: (studies,)}`.

    accuracies: `{label: accuracies of recorded runs}`; each study draws its runs from them with
    replacement, independently per arm, as the thread's runs were not paired. The means have the
    unit of the accuracies. The same arguments always give the same studies.
    TypeError if accuracies is not a dictionary, ValueError for an arm without runs or n below 1.
    """
    require_type("resample_studies", dict, accuracies=accuracies)
    require_int("resample_studies", n=n, studies=studies)
    _check_recorded(accuracies)
    random = np.random.default_rng(0)
    means = {}
    for label, recorded in accuracies.items():
        drawn = random.integers(len(recorded), size=(studies, n))
        means[label] = np.asarray(recorded)[drawn].mean(1)
    return means


def _check_recorded(accuracies):
    missing = [label for label, recorded in accuracies.items() if not len(recorded)]
    if missing:
        raise ValueError(
            "resample_studies needs recorded runs of every arm; "
            f"of {', '.join(missing)} there are none: leave it out."
        )


def conclusions(means, reference, margin):
    """What each study concludes about each arm, `{label: (studies,)}`, against the reference.

    -1 is worse, 0 the same, 1 better. means: from `resample_studies`; margin: the least difference
    that counts, in the unit of the means.
    ValueError if reference is not a label of the means or margin is negative.
    """
    if reference not in means:
        raise ValueError(
            f"conclusions: there is no {reference!r} to compare with; "
            f"choose one of {', '.join(means)}."
        )
    if not margin >= 0:
        raise ValueError(f"conclusions: margin is {margin}; give 0 or more.")
    found = {}
    for label, mean in means.items():
        if label != reference:
            difference = mean - means[reference]
            found[label] = np.sign(difference) * (abs(difference) >= margin)
    return found
