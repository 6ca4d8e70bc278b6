"""After every epoch a run lies on the disk as it stands, so that whoever is killed goes on there.

A checkpoint holds tensors and numbers only and is loaded as such: a file from elsewhere never runs
code.
"""

import hashlib
import os
from dataclasses import asdict

import torch

from lessonlib.paths import unfinished_folder
from lessonlib.training.runs import arithmetic_here, run_key

__all__ = ["checkpoint_path", "unfinished_path", "save", "load", "forget"]


def checkpoint_path(learner):
    """Where the run of a learner of `fit.learner_for` is kept."""
    here = arithmetic_here(learner.precision)
    key = run_key(learner.arm.name, asdict(learner.tier), learner.seed, learner.photos.source, here)
    return unfinished_path(learner.arm.name, learner.seed, key, ".pt")


def unfinished_path(arm_name, seed, key, ending):
    """One file for each `run_key`, as long as that run is not finished."""
    short = hashlib.sha256(key.encode()).hexdigest()[:16]
    return unfinished_folder() / f"{arm_name}-{seed}-{short}{ending}"


def save(path, learner, recorder):
    """Write the state after a finished epoch to a new file, which then replaces the old one.

    A kill never leaves half a checkpoint. Raises OSError if the disk is full; the old one stays.
    """
    state = {
        "model": learner.model.state_dict(),
        "optimizer": learner.opt.state_dict(),
        "losses": recorder.losses,
        "epochs": recorder.epochs,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as error:  # torch's own writer raises the latter
        part.unlink(missing_ok=True)
        raise OSError(
            f"The checkpoint {path} cannot be written: make room and start again, "
            "the one before it is kept."
        ) from error


def load(path, learner, recorder):
    """Bring learner and recorder to where the checkpoint was taken; True if there was one.

    A checkpoint that does not fit is named, and the run starts anew.
    """
    if not path.exists():
        return False
    fresh = {name: value.clone() for name, value in learner.model.state_dict().items()}
    try:
        state = torch.load(path, map_location=learner.device, weights_only=True)
        learner.model.load_state_dict(state["model"])
        learner.create_opt()
        learner.opt.load_state_dict(state["optimizer"])
        losses = list(state["losses"])
        epochs = list(state["epochs"])
        if len(losses) != len(epochs) * len(learner.dls.train):
            raise ValueError(f"{len(losses)} losses of {len(epochs)} epochs")
    except Exception as error:  # whatever a file from elsewhere may hold, the run can start anew
        why = type(error).__name__
        print(f"Left out the checkpoint {path}, this run starts anew: it cannot be read ({why}).")
        learner.model.load_state_dict(fresh)  # what did fit has been copied already
        learner.opt = None
        return False
    recorder.losses = losses
    recorder.epochs = epochs
    learner.dls.train.epoch = len(epochs)
    return True


def forget(path):
    """Remove a checkpoint, if there is one, and what a kill may have left beside it."""
    for leftover in (path, path.with_suffix(".part")):
        leftover.unlink(missing_ok=True)
