"""Studies that might have been: a few runs drawn again and again from those recorded, and what each would have concluded."""

import numpy as np

from lessonlib.checks import require_int, require_type

__all__ = ["resample_studies", "conclusions"]

STUDIES = 4000


def resample_studies(accuracies, n, studies=STUDIES):
    """Mean accuracy of `n` runs an arm in each of many studies, `{label: (studies,)}`.

    accuracies: `{label: accuracies of recorded runs}`; each study draws its runs from them with replacement, each arm for
    itself, as the thread's runs were not paired. The same numbers always give the same studies.
    TypeError for what is no dictionary, ValueError for an arm without runs, or fewer than one run.
    """
    require_type("resample_studies", dict, accuracies=accuracies)
    require_int("resample_studies", n=n, studies=studies)
    if missing := [label for label, some in accuracies.items() if not len(some)]:
        raise ValueError(
            f"resample_studies needs recorded runs of every arm; of {', '.join(missing)} there are none: leave it out."
        )
    random = np.random.default_rng(0)
    return {
        label: np.asarray(some)[random.integers(len(some), size=(studies, n))].mean(1)
        for label, some in accuracies.items()
    }


def conclusions(means, reference, margin):
    """What each study would have said of each arm, `{label: (studies,)}`: -1 worse than the reference, 0 the same, 1 better.

    means: from `resample_studies`; a difference counts from `margin` on, in the units of the means.
    ValueError for a reference that is not among the means, and for a negative margin.
    """
    if reference not in means:
        raise ValueError(
            f"conclusions: there is no {reference!r} to compare with; choose one of {', '.join(means)}."
        )
    if not margin >= 0:
        raise ValueError(f"conclusions: margin is {margin}; give 0 or more.")
    against = {
        label: mean - means[reference] for label, mean in means.items() if label != reference
    }
    return {label: np.sign(d) * (abs(d) >= margin) for label, d in against.items()}
