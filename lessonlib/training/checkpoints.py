"""After every epoch a run lies on the disk as it stands, so that whoever is killed goes on from there.

A checkpoint holds tensors and numbers only and is loaded as such: a file from elsewhere can never run code.
"""

import hashlib
import os
from dataclasses import asdict

import torch

from lessonlib.paths import unfinished_folder
from lessonlib.training.runs import run_key

__all__ = ["checkpoint_path", "unfinished_path", "save", "load", "forget"]


def checkpoint_path(learner):
    """Where the run of a learner of `training.learner_for` is kept."""
    return unfinished_path(
        learner.arm.name, learner.tier, learner.seed, learner.photos.source, ".pt"
    )


def unfinished_path(arm_name, tier, seed, source, ending):
    """One file for each arm, recipe, seed and set of photos, as long as that run is not finished."""
    key = hashlib.sha256(run_key(arm_name, asdict(tier), seed, source).encode()).hexdigest()[:16]
    return unfinished_folder() / f"{arm_name}-{seed}-{key}{ending}"


def save(path, learner, recorder):
    """Write the state after a finished epoch, to another file that takes the place of the old: no kill leaves half of one.

    Raises OSError where the disk is full, and leaves the old one.
    """
    optimizer = learner.opt.state_dict()
    state = {
        "model": learner.model.state_dict(),
        "optimizer": optimizer
        | {
            "hypers": [dict(h) for h in optimizer["hypers"]],
            "slow_weights": [list(w) for w in optimizer["slow_weights"]],
        },
        "losses": recorder.losses,
        "epochs": recorder.epochs,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as f:
            torch.save(state, f)
            f.flush()
            os.fsync(f.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as error:  # torch's own writer raises the latter
        part.unlink(missing_ok=True)
        raise OSError(
            f"The checkpoint {path} cannot be written: make room and start again, the one before it is kept."
        ) from error


def load(path, learner, recorder):
    """Bring learner and recorder to where the checkpoint was taken; True if one was there. One that does not fit is named."""
    if not path.exists():
        return False
    fresh = {name: value.clone() for name, value in learner.model.state_dict().items()}
    try:
        state = torch.load(path, map_location=learner.dls.device, weights_only=True)
        learner.model.load_state_dict(state["model"])
        learner.create_opt()
        learner.opt.load_state_dict(state["optimizer"])
        losses, epochs = list(state["losses"]), list(state["epochs"])
        if len(losses) != len(epochs) * len(learner.dls.train):
            raise ValueError(f"{len(losses)} losses of {len(epochs)} epochs")
    except Exception as error:  # whatever a file from elsewhere may hold, the run can start anew
        print(
            f"Left out the checkpoint {path}, this run starts anew: it cannot be read ({type(error).__name__})."
        )
        learner.model.load_state_dict(fresh)  # what did fit has been copied already
        learner.opt = None
        return False
    recorder.losses, recorder.epochs, learner.dls.train.epoch = losses, epochs, len(epochs)
    return True


def forget(path):
    """Remove a checkpoint, if there is one, and what a kill may have left beside it."""
    for leftover in (path, path.with_suffix(".part")):
        leftover.unlink(missing_ok=True)
