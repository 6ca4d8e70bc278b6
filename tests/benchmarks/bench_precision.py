"""Accuracy in bfloat16 less that in float32, seed by seed, from recorded runs; trains nothing.

    python tests/benchmarks/bench_precision.py

The runs in bfloat16 are those of the plan "precision" (make study PLAN=precision), the runs in
float32 those of the first study: the same tier, seeds, photos and torch.
"""

import numpy as np

from lessonlib.arms import ARMS
from lessonlib.study.intervals import FEWEST, interval
from lessonlib.study.plans import get_plan
from lessonlib.study.verdicts import verdict
from lessonlib.training.runs import load_runs


def accuracies(runs, arm, recipe):
    of = {run.seed: run for run in runs if run.arm == arm and run.recipe == recipe}
    return {seed: 100 * run.accuracy for seed, run in of.items()}


def main():
    [part] = get_plan("precision")
    half = load_runs("precision")
    full = load_runs("cpu")
    for arm in sorted({trial.arm for trial in part.trials}):
        recipe = next((run.recipe for run in half if run.arm == arm), None)
        low_bits = accuracies(half, arm, recipe)
        all_bits = accuracies(full, arm, recipe)
        seeds = sorted(low_bits.keys() & all_bits.keys())
        differences = np.array([low_bits[seed] - all_bits[seed] for seed in seeds])
        if len(differences) < FEWEST:
            print(f"{ARMS[arm].label}: {len(differences)} pairs, too few for an interval")
            continue
        low, high = interval(differences)
        found = verdict(low, high, len(differences))
        print(
            f"{ARMS[arm].label}: {len(differences)} pairs, {differences.mean():+.2f} points, "
            f"95% {low:+.2f} to {high:+.2f}: {found}"
        )


if __name__ == "__main__":
    main()
