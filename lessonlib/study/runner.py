"""Many runs: the trials of a plan, trained by any number of workers until each is recorded once.

    python -m lessonlib.study cpu [--workers N] [--only 3x3,pair]
    python -m lessonlib.study table cpu

It can be killed at any moment: the same command continues, and an interrupted run continues after
its last epoch. Runs go through joblib, so a cluster can take them over. Its workers need this
package, the photos (IMAGEWOOF), and one folder for what they record (LESSON_RUNS) on a file system
that supports locks, as NFS does:

    with distributed.Client("scheduler:8786"), joblib.parallel_config("dask"):
        run_study("gpu")
"""

import argparse
import sys
import time
from concurrent.futures import BrokenExecutor

import joblib

from lessonlib.arms import get_arm
from lessonlib.cli import Arguments
from lessonlib.configs import current_tier
from lessonlib.device import choose_device, device_count
from lessonlib.study.plan_tables import plan_table
from lessonlib.study.plans import get_plan
from lessonlib.training.fit import DeviceLost, OutOfMemory
from lessonlib.training.runs import arithmetic_here
from lessonlib.training.worker import missing_trials, photos_for, train_trial

__all__ = ["run_study"]


def run_study(name, workers=None, only=()):
    """Train what the plan `name` still lacks and record it under that name, a printed line per run.

    workers: runs at once on this machine, None for those of `joblib.parallel_config`, else one;
    only: names of arms, () for all.
    TypeError if only is a string; ValueError for an unknown plan or arm, or fewer than one worker;
    DataError if a worker has other photos.
    """
    trials = _chosen(name, only)
    _check_workers(workers)
    source = photos_for(trials[0].recipe).source
    missing = missing_trials(trials, name, source)
    recorded = len(trials) - len(missing)
    print(f"{recorded} of {len(trials)} runs are recorded, on {source}.", flush=True)
    began = time.monotonic()
    trained = 0
    # The second pass waits for what others were training during the first
    for patient in (False, True):
        calls = [_call(trial, name, source, patient) for trial in missing]
        for report in filter(None, _as_they_come(calls, workers)):
            trained += 1
            missing = missing_trials(trials, name, source)
            pace = (time.monotonic() - began) / trained
            print(_progress(report, len(trials), len(missing), pace), flush=True)
        missing = missing_trials(trials, name, source)


def _call(trial, name, source, patient):
    arithmetic = arithmetic_here(trial.precision)
    return joblib.delayed(train_trial)(trial, name, source, arithmetic, patient)


def _progress(report, planned, missing, pace):
    """A line for a run that has just ended; pace: seconds per run."""
    trial, accuracy, seconds = report
    said = f"{trial}: {100 * accuracy:.1f}% after {_in_words(seconds)}"
    left = f"About {_in_words(pace * missing)} left."
    return f"{planned - missing} of {planned}: {said}. {left}"


def _chosen(name, only):
    if isinstance(only, str):
        raise TypeError(f"study: only is a list of arms' names, such as [{only!r}], not {only!r}.")
    trials = [trial for part in get_plan(name) for trial in part.trials]
    planned = dict.fromkeys(trial.arm for trial in trials)
    for wanted in only:
        if get_arm(wanted).name not in planned:
            raise ValueError(
                f"The plan {name} has no run of {wanted}; choose among {', '.join(planned)}."
            )
    return [trial for trial in trials if not only or trial.arm in only]


def _check_workers(workers):
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise ValueError(f"A study needs a worker: --workers {workers} leaves none.")


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
    """The command line of a study: `words`, or the program's own arguments; errors are one line."""
    given = _arguments().parse_args(words)
    try:
        _obey(given)
    except (ValueError, OutOfMemory, DeviceLost, OSError) as error:
        sys.exit(str(error))
    except BrokenExecutor:
        sys.exit("A worker was killed, perhaps out of memory: start again with fewer --workers.")
    except KeyboardInterrupt:
        sys.exit("Stopped. The same command continues.")


def _obey(given):
    table = given.words[:1] == ["table"]
    name, *more = given.words[table:] or [current_tier().name]
    if more:
        raise ValueError(f"One plan at a time: {name} or {more[0]}.")
    if table:
        print(plan_table(name).data)
    else:
        run_study(name, given.workers, given.only)


def _arguments():
    arguments = Arguments(
        prog="python -m lessonlib.study",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    arguments.add_argument(
        "words",
        nargs="*",
        metavar="[table] [plan]",
        help="one of the plans; by default the one for this machine",
    )
    arguments.add_argument(
        "--workers",
        type=int,
        default=device_count() if choose_device().type != "cpu" else joblib.cpu_count(),
        help="runs at once; by default one per GPU, without one per core",
    )
    arguments.add_argument(
        "--only",
        type=lambda names: names.split(","),
        default=[],
        metavar="ARM,...",
        help="names of arms; by default all",
    )
    return arguments
