"""Many runs: a plan of arms, recipes and seeds, worked off by as many workers as there are, until each is recorded once.

    python -m lessonlib.study cpu [--workers N] [--only 3x3,pair]
    python -m lessonlib.study table cpu

It can be killed at any moment: the same command goes on, and a run that was in the middle goes on after its last epoch.
Runs go through joblib, so a cluster takes them over. Its workers need this package, the photos (IMAGEWOOF), and one folder
for what they record (LESSON_RUNS) on a file system that passes locks on, as NFS does:

    with distributed.Client("scheduler:8786"), joblib.parallel_config("dask"):
        run_study("gpu")
"""

import argparse
import sys
import time
from concurrent.futures import BrokenExecutor

import joblib
import torch

from lessonlib.arms import get_arm
from lessonlib.cli import Arguments
from lessonlib.configs import current_tier
from lessonlib.figures.tables import study_table
from lessonlib.study.plans import get_plan
from lessonlib.training.fit import OutOfMemory
from lessonlib.training.runs import load_runs
from lessonlib.training.worker import missing_trials, photos_for, train_trial

__all__ = ["run_study"]


def run_study(name, workers=None, only=()):
    """Train what the plan `name` still lacks, and record it under that name; print a line for each run.

    workers: how many at once on this machine, None for what `joblib.parallel_config` says, else one; only: names of arms.
    Raises ValueError for a plan, an arm or a number of workers that there is not, DataError where a worker has other photos.
    """
    if isinstance(only, str):
        raise TypeError(f"study: only is a list of arms' names, such as [{only!r}], not {only!r}.")
    trials = _chosen(name, only)
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise ValueError(f"A study needs a worker: --workers {workers} leaves none.")
    source = photos_for(trials[0].recipe).source
    left, began, trained = missing_trials(trials, name, source), time.monotonic(), 0
    print(f"{len(trials) - len(left)} of {len(trials)} runs are recorded, on {source}.", flush=True)
    for patient in (
        False,
        True,
    ):  # what others were training in the first pass is waited for in the second
        calls = [joblib.delayed(train_trial)(trial, name, source, patient) for trial in left]
        for trial, accuracy, seconds in filter(None, _as_they_come(calls, workers)):
            trained += 1
            left = missing_trials(trials, name, source)
            said = f"{trial}: {100 * accuracy:.1f}% after {_in_words(seconds)}"
            pace = (time.monotonic() - began) / trained
            print(
                f"{len(trials) - len(left)} of {len(trials)}: {said}. About {_in_words(pace * len(left))} left.",
                flush=True,
            )
        left = missing_trials(trials, name, source)


def _chosen(name, only):
    trials = [trial for part in get_plan(name) for trial in part.trials]
    for wanted in only:
        if get_arm(wanted).name not in {trial.arm for trial in trials}:
            arms = dict.fromkeys(trial.arm for trial in trials)
            raise ValueError(
                f"The plan {name} has no run of {wanted}; choose among {', '.join(arms)}."
            )
    return [trial for trial in trials if not only or trial.arm in only]


def _as_they_come(calls, workers):
    try:
        parallel = joblib.Parallel(workers, batch_size=1, return_as="generator_unordered")
    except ValueError:  # Ray's backend gives all results at the end
        parallel = joblib.Parallel(workers, batch_size=1)
    return parallel(calls)


def _in_words(seconds):
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def main(words=None):
    """The command line of a study: `words`, or the program's own arguments. Whatever is wrong is one sentence."""
    arguments = Arguments(
        prog="python -m lessonlib.study",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    arguments.add_argument(
        "words",
        nargs="*",
        metavar="[table] [plan]",
        help="test, cpu or gpu; without one, this machine's",
    )
    default = 1 if torch.cuda.is_available() else joblib.cpu_count()
    arguments.add_argument(
        "--workers",
        type=int,
        default=default,
        help="runs at once; without it one a core, on a GPU one",
    )
    arguments.add_argument(
        "--only",
        type=lambda names: names.split(","),
        default=[],
        metavar="ARM,...",
        help="names of arms",
    )
    given = arguments.parse_args(words)
    table = given.words[:1] == ["table"]
    try:
        name, *more = given.words[table:] or [current_tier().name]
        if more:
            raise ValueError(f"One plan at a time: {name} or {more[0]}.")
        if table:
            print(study_table(get_plan(name), load_runs(name)).data)
        else:
            run_study(name, given.workers, given.only)
    except (ValueError, OutOfMemory, OSError) as error:
        sys.exit(str(error))
    except BrokenExecutor:
        sys.exit(
            "A worker was killed, perhaps for want of memory: start again, with fewer --workers."
        )
    except KeyboardInterrupt:
        sys.exit("Stopped. The same command goes on.")
