"""One run: an arm, photos, a tier and a seed become a fastai Learner; fitting it gives a `Run`."""

from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime

import torch
from fastai.callback.schedule import ParamScheduler, combined_cos
from fastai.data.core import DataLoaders
from fastai.learner import Learner, TrainEvalCallback
from fastai.losses import LabelSmoothingCrossEntropyFlat

from lessonlib.arms import check_arm
from lessonlib.configs import Tier
from lessonlib.device import (
    check_precision,
    choose_device,
    empty_cache,
    is_device_error,
    is_out_of_memory,
)
from lessonlib.imagewoof.batches import Batches
from lessonlib.imagewoof.photos import Photos
from lessonlib.networks import residual_network
from lessonlib.training import checkpoints
from lessonlib.training.half_precision import HalfPrecision
from lessonlib.training.ranger import DECAY, decayed_and_not, ranger
from lessonlib.training.recorder import Recorder
from lessonlib.training.runs import Run, machine, record, versions

__all__ = ["OutOfMemory", "DeviceLost", "learner_for", "fit"]

FLAT = 0.72  # of the training, before the rate falls along a cosine: as in the thread's notebook


class OutOfMemory(RuntimeError):
    """The device's memory does not hold one batch of this training."""


class DeviceLost(RuntimeError):
    """The GPU that was chosen does not answer."""


def learner_for(arm, photos, tier, seed=0, precision=None):
    """A fastai Learner ready to train `arm` on `photos` in the size of `tier`.

    Everything random is drawn from `seed`. precision: "float32", or the 16 bits that the device
    computes in; None for the best it has.
    Raises TypeError for other things than these, in this order; ValueError for a batch or a seed
    that `Batches` cannot use, and for a precision that the device lacks; DeviceLost.
    """
    _check_ingredients(arm, photos, tier)
    device = choose_device()
    precision = check_precision(precision, device)
    with _device_answers(device):
        train = Batches(*photos.train, tier.px, tier.batch, seed, device)
        valid = Batches(*photos.valid, tier.px, 2 * tier.batch, device=device)
        model = _fresh_network(arm, tier.network, len(photos.classes), seed)
        model = model.to(device, memory_format=torch.channels_last)
    half = [] if precision == "float32" else [HalfPrecision(device, precision)]
    learner = Learner(
        DataLoaders(train, valid, device=device),
        model,
        loss_func=LabelSmoothingCrossEntropyFlat(),
        opt_func=ranger,  # RAdam with Lookahead, as in the thread's notebook
        splitter=decayed_and_not,
        lr=tier.lr,
        wd=DECAY,
        cbs=[TrainEvalCallback(), *half],
        default_cbs=False,
    )
    learner.arm = arm
    learner.photos = photos
    learner.tier = tier
    learner.seed = seed
    learner.precision = precision
    learner.device = device
    return learner


def fit(learner, watch=None, control=None, checkpoint=None, record_as=None):
    """Train a learner of `learner_for` and return the `Run`.

    A `TrainingControl` in another thread's hand, or the kernel's interrupt, ends it after the batch
    at hand: the Run then holds what was finished, its `finished` is False, and `learner.model`
    keeps what it has learnt.
    checkpoint: a file of `checkpoints`. A run found there goes on after its last finished epoch, as
    if it had never been broken off; the file is removed when the run is finished, and the run is
    recorded under `record_as` if a name is given.
    Raises OutOfMemory if one batch is too large for the device, and says what to change;
    DeviceLost if the device does not answer any more; OSError if the disk is full.
    """
    recorder = Recorder(watch, control, checkpoint)
    if checkpoint:
        checkpoints.load(checkpoint, learner, recorder)
    with _device_answers(learner.device):
        too_large = _train(learner, recorder)
    if too_large:
        learner.opt = None
        empty_cache(learner.device)
        raise OutOfMemory(_too_large(learner.tier.batch))
    if recorder.trouble:
        raise recorder.trouble
    run = _run_of(learner, recorder)
    if record_as and run.finished:
        record(run, record_as)
    if checkpoint and run.finished:  # not sooner: whoever is killed here finds either of them
        checkpoints.forget(checkpoint)
    return run


def _fresh_network(arm, network, classes, seed):
    with _in_float32(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return residual_network(arm, network, classes)


def _train(learner, recorder):
    """Train from where the recorder stands; True if the memory was too small.

    The error itself is dropped: its traceback would hold the batch in memory.
    """
    lr = learner.tier.lr
    schedule = ParamScheduler({"lr": combined_cos(FLAT, lr, lr, lr / 1e5)})
    try:
        with suppress(KeyboardInterrupt), _in_float32(), torch.enable_grad():
            start = len(recorder.epochs)
            learner.fit(learner.tier.epochs, lr, cbs=[schedule, recorder], start_epoch=start)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return True
    finally:
        for callback in learner.cbs:
            if isinstance(callback, HalfPrecision):
                callback.leave()
    return False


def _run_of(learner, recorder):
    return Run(
        arm=learner.arm.name,
        seed=learner.seed,
        recipe=asdict(learner.tier),
        data=learner.photos.source,
        copy=learner.photos.copy,
        stand_in=learner.photos.stand_in,
        device=learner.device.type,
        precision=learner.precision,
        epochs=recorder.epochs,
        losses=[round(loss, 4) for loss in recorder.losses],
        parameters=sum(p.numel() for p in learner.model.parameters()),
        finished=len(recorder.epochs) == learner.tier.epochs,
        machine=machine(),
        versions=versions(),
        recorded=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _check_ingredients(arm, photos, tier):
    check_arm(arm)
    wanted = (photos, Photos, "photos.load_photos(tier)"), (tier, Tier, "configs.TIERS[name]")
    for thing, kind, source in wanted:
        if not isinstance(thing, kind):
            raise TypeError(
                f"learner_for takes an Arm, Photos, a Tier; {str(thing)[:60]!r} is no "
                f"{kind.__name__}: use {source}."
            )


def _too_large(batch):
    half = max(1, batch // 2)
    return (
        f"The memory is too small for batches of {batch} photos: try {half}, "
        f"with replace(tier, batch={half})."
    )


@contextmanager
def _in_float32():
    """torch's default dtype for new tensors, whatever a notebook has set it to."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def _device_answers(device):
    """Say in a sentence that a GPU is gone: unplugged, taken back, or crashed by others."""
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error) or not is_device_error(error):
            raise
        lines = str(error).strip().splitlines()  # fastai puts one of its own before a callback's
        why = next((line.strip() for line in lines if " error" in line), lines[0]).rstrip(".")
        raise DeviceLost(
            f"The device {device} does not answer ({why}): restart the kernel, or set "
            "LESSON_DEVICE=cpu. What was trained is kept."
        ) from error
