"""One worker of a study: it claims a run, trains it, records it. Any number of them share one folder, none trains in vain."""

import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from functools import cache

import torch
from filelock import FileLock, Timeout

from lessonlib.arms import get_arm
from lessonlib.configs import Network
from lessonlib.imagewoof.photos import load_photos
from lessonlib.imagewoof.sources import DataError
from lessonlib.training.checkpoints import checkpoint_path, unfinished_path
from lessonlib.training.fit import fit, learner_for
from lessonlib.training.runs import recorded, run_key

__all__ = ["train_trial", "missing_trials", "photos_for"]

_working = threading.Lock()


def train_trial(trial, name, source, patient):
    """Train a `plans.Trial` and record it under `name`: `(trial, accuracy, seconds)`, or None where others have it.

    source: the photos it is to see; patient: wait for another worker that is training it, in case that one dies.
    A lock of the system's own guards the run. It ends with the process that holds it, however that ends.
    Raises DataError where this worker finds other photos, KeyboardInterrupt where the run was interrupted.
    """
    path = unfinished_path(trial.arm, trial.recipe, trial.seed, source, ".lock")
    try:
        lock = FileLock(path).acquire(timeout=-1 if patient else 0, poll_interval=0.5)
    except Timeout:
        return None
    with lock, _one_at_a_time():
        report = None
        if missing_trials([trial], name, source):
            began, run = time.monotonic(), _trained(trial, source, name)
            report = trial, run.accuracy, time.monotonic() - began
    with suppress(OSError):  # whoever still waits for it will find the run recorded
        path.unlink()
    return report


def _trained(trial, source, name):
    photos = photos_for(trial.recipe)
    if photos.source != source:
        raise DataError(
            f"A worker has other photos, {photos.source}, not {source}: set IMAGEWOOF there to the same copy."
        )
    learner = learner_for(get_arm(trial.arm), photos, trial.recipe, trial.seed)
    run = fit(learner, checkpoint=checkpoint_path(learner), record_as=name)
    if not run.finished:
        raise KeyboardInterrupt  # fit has swallowed it
    return run


@contextmanager
def _one_at_a_time():
    """One run at a time in a process, on one thread of the CPU: seeds and threads belong to the process, not to the run."""
    with _working:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def missing_trials(trials, name, source):
    """Those of `trials` that are not recorded under `name`, on the photos of that source."""
    there = recorded(name)
    return [t for t in trials if run_key(t.arm, asdict(t.recipe), t.seed, source) not in there]


def photos_for(recipe):
    """The photos of a recipe, loaded once in a process."""
    return _loaded(replace(recipe, network=Network(), epochs=1))  # on which they do not depend


_loaded = cache(load_photos)
