"""One worker of a study: it claims a run, trains it, records it.

Any number of workers share one folder, and none trains in vain.
"""

import os
import platform
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from functools import cache

import torch
from filelock import FileLock, Timeout

from lessonlib.arms import get_arm
from lessonlib.configs import Network
from lessonlib.device import device_count
from lessonlib.imagewoof.photos import load_photos
from lessonlib.imagewoof.sources import DataError
from lessonlib.paths import unfinished_folder
from lessonlib.training.checkpoints import checkpoint_path, unfinished_path
from lessonlib.training.fit import fit, learner_for
from lessonlib.training.runs import arithmetic_here, recorded, run_key

__all__ = ["train_trial", "trial_key", "missing_trials", "photos_for"]

_working = threading.Lock()


def trial_key(trial, source):
    """The `run_key` of a `plans.Trial` on this machine, on the data set `source`."""
    here = arithmetic_here(trial.precision)
    return run_key(trial.arm, asdict(trial.recipe), trial.seed, source, here)


def missing_trials(trials, name, source):
    """Those of `trials` that are not recorded under `name`, on that data set, by such a machine."""
    there = recorded(name)
    return [trial for trial in trials if trial_key(trial, source) not in there]


def train_trial(trial, name, source, arithmetic, patient):
    """Train a `plans.Trial` and record it: `(trial, accuracy, seconds)`, or None if others have it.

    source, arithmetic: the data set and the `runs.Arithmetic` that the study is of; patient: wait
    for another worker that is training it, in case that one dies. The system's own lock guards the
    run, and ends with the process that holds it.
    Raises DataError if this worker has other photos or computes in another way, KeyboardInterrupt
    if the run was interrupted.
    """
    path = unfinished_path(trial.arm, trial.seed, trial_key(trial, source), ".lock")
    _check_worker(trial, source, arithmetic)
    try:
        lock = FileLock(path).acquire(timeout=-1 if patient else 0, poll_interval=0.5)
    except Timeout:
        return None
    report = None
    with lock, _one_at_a_time(), _own_device():
        if missing_trials([trial], name, source):
            began = time.monotonic()
            run = _trained(trial, name)
            report = trial, run.accuracy, time.monotonic() - began
    with suppress(OSError):  # whoever still waits for it will find the run recorded
        path.unlink()
    return report


def photos_for(recipe):
    """The photos of a recipe, loaded once in a process."""
    # they depend on neither of these
    return _loaded(replace(recipe, network=Network(), epochs=1, lr=1.0))


_loaded = cache(load_photos)


def _trained(trial, name):
    photos = photos_for(trial.recipe)
    arm = get_arm(trial.arm)
    learner = learner_for(arm, photos, trial.recipe, trial.seed, trial.precision)
    run = fit(learner, checkpoint=checkpoint_path(learner), record_as=name)
    if not run.finished:
        raise KeyboardInterrupt  # fit has swallowed it
    return run


def _check_worker(trial, source, arithmetic):
    photos = photos_for(trial.recipe)
    if photos.source != source:
        raise DataError(
            f"A worker has other photos, {photos.source}, not {source}: set IMAGEWOOF there to a "
            "copy of the same data set."
        )
    here = arithmetic_here(trial.precision)
    if here != arithmetic:
        raise DataError(
            f"A worker computes on {' '.join(here)}, the study on {' '.join(arithmetic)}: "
            "give it the same kind of machine and the same torch."
        )


@contextmanager
def _one_at_a_time():
    """One run at a time per process, on one CPU thread: seeds and threads are the process's."""
    with _working:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


@contextmanager
def _own_device():
    """Where there are several GPUs, one that no other worker has, or the next in turn."""
    count = device_count()
    if count == 1:
        yield
        return
    with _claimed(count) as index:
        torch.accelerator.set_device_index(index)
        yield


@contextmanager
def _claimed(count):
    for index in range(count):
        lock = FileLock(unfinished_folder() / f"gpu-{platform.node()}-{index}.lock")
        try:
            with lock.acquire(timeout=0):
                yield index
                return
        except Timeout:
            continue
    yield os.getpid() % count
