"""One run: an arm, photos, a tier and a seed become a fastai Learner; fitting it gives a `Run`, and can pause."""

import threading
import time
from contextlib import suppress
from dataclasses import asdict

import torch
from fastai.callback.fp16 import MixedPrecision
from fastai.callback.schedule import ParamScheduler, combined_cos
from fastai.data.core import DataLoaders
from fastai.learner import Callback, CancelFitException, Learner, TrainEvalCallback
from fastai.losses import LabelSmoothingCrossEntropyFlat
from fastai.optimizer import ranger

from lessonlib.arms import check_arm
from lessonlib.configs import Tier
from lessonlib.imagewoof.batches import Batches
from lessonlib.imagewoof.photos import Photos
from lessonlib.networks import residual_network
from lessonlib.training import checkpoints
from lessonlib.training.runs import Run, machine, record, versions

__all__ = ["TrainingControl", "Recorder", "OutOfMemory", "learner_for", "fit"]

FLAT = 0.72  # share of the training before the learning rate falls along a cosine, as in the thread's notebook


class OutOfMemory(RuntimeError):
    """The GPU's memory does not hold one batch of this training."""


class TrainingControl:
    """What another thread holds while a run trains: `pause`, `go` on, `stop`. Each takes effect between two batches."""

    def __init__(self):
        self._going, self.stopped = threading.Event(), False
        self._going.set()

    @property
    def paused(self):
        return not self._going.is_set()

    def pause(self):
        self._going.clear()

    def go(self):
        self._going.set()

    def stop(self):
        self.stopped = True
        self._going.set()

    def wait(self):
        """Wait while paused; the seconds that took."""
        began = time.perf_counter()
        self._going.wait()
        return time.perf_counter() - began


class Recorder(Callback):
    """Writes down what a run learns, tells `watch(recorder)` after every batch and epoch, and obeys a `TrainingControl`.

    losses: training loss of each batch; epochs: as in `runs.Run`; done, total: training batches.
    """

    def __init__(self, watch=None, control=None, checkpoint=None):
        self.watch, self.control, self.checkpoint = watch, control or TrainingControl(), checkpoint
        self.epochs, self._losses, self._fresh, self.trouble = [], [], [], None

    @property
    def losses(self):
        if (
            self._fresh
        ):  # one transfer for many batches: asking a GPU for each loss would make it wait each time
            self._losses += torch.stack(self._fresh).tolist()
            self._fresh = []
        return self._losses

    @losses.setter
    def losses(self, values):
        self._losses, self._fresh = list(values), []

    @property
    def done(self):
        return len(self._losses) + len(self._fresh)

    def before_fit(self):
        self.total = self.n_epoch * len(self.dls.train)
        self.began, self.done_before, self.waited = time.perf_counter(), self.done, 0.0

    def before_batch(self):
        self.waited += self.control.wait()
        if self.control.stopped:
            raise CancelFitException

    def before_train(self):
        self.epoch_began, self.waited_before = time.perf_counter(), self.waited

    def after_train(self):
        if self.epoch >= len(self.epochs):
            _ = self.losses  # wait for the last batch
            self.seconds = (
                time.perf_counter() - self.epoch_began - (self.waited - self.waited_before)
            )

    def before_validate(self):
        self.right, self.seen, self.valid_loss = 0, 0, 0

    def after_batch(self):
        if self.training:
            self._fresh.append(self.loss.detach())
            self._tell()
        else:
            self.right += (self.pred.argmax(1) == self.y).sum()
            self.valid_loss += self.loss.detach() * len(self.y)
            self.seen += len(self.y)

    def after_epoch(self):
        if self.epoch < len(self.epochs):
            return  # skipped, a checkpoint has it
        batches = len(self.dls.train)
        self.epochs.append(
            {
                "loss": sum(self.losses[-batches:]) / batches,
                "valid_loss": float(self.valid_loss) / self.seen,
                "accuracy": int(self.right) / self.seen,
                "seconds": self.seconds,
                "images_per_second": batches * self.dls.train.batch / self.seconds,
            }
        )
        if self.checkpoint:
            try:
                checkpoints.save(self.checkpoint, self.learn, self)
            except (
                OSError
            ) as error:  # fastai would put words of its own before the sentence: `fit` raises it
                self.trouble = error
                raise CancelFitException from error
        self._tell()

    @property
    def pace(self):
        """Seconds a batch so far, validation included and pauses left out, None before the first batch."""
        here = self.done - self.done_before
        return (time.perf_counter() - self.began - self.waited) / here if here else None

    def _tell(self):
        if self.watch:
            self.watch(self)


def learner_for(arm, photos, tier, seed=0):
    """A fastai Learner ready to train `arm` on `photos` in the size of `tier`, everything random drawn from `seed`.

    Raises TypeError for other things than these, in this order; ValueError as `Batches`, for a batch or a seed it cannot use.
    """
    check_arm(arm)
    for thing, kind, source in (
        (photos, Photos, "imagewoof.load_photos(tier)"),
        (tier, Tier, "configs.TIERS[name]"),
    ):
        if not isinstance(thing, kind):
            raise TypeError(
                f"learner_for takes an Arm, Photos, a Tier; {str(thing)[:60]!r} is no {kind.__name__}: use {source}."
            )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    train = Batches(*photos.train, tier.px, tier.batch, seed, device)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = residual_network(arm, tier.network, len(photos.classes))
    dls = DataLoaders(
        train,
        Batches(*photos.valid, tier.px, 2 * tier.batch, device=device),
        device=torch.device(device),
    )
    learner = Learner(
        dls,
        model.to(device, memory_format=torch.channels_last),
        loss_func=LabelSmoothingCrossEntropyFlat(),
        opt_func=ranger,  # RAdam with Lookahead, as in the thread's notebook
        lr=tier.lr,
        wd=1e-2,
        cbs=[TrainEvalCallback(), *_half_precision(device)],
        default_cbs=False,
    )
    learner.arm, learner.photos, learner.tier, learner.seed = arm, photos, tier, seed
    return learner


def _half_precision(device):
    """Where the GPU computes with 16 bits: bfloat16 if it has it in hardware, else float16 with scaled losses."""
    if device == "cpu":
        return []
    return [
        MixedPrecision(
            "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
        )
    ]


def fit(learner, watch=None, control=None, checkpoint=None, record_as=None):
    """Train a learner of `learner_for` and return the `Run`.

    A `TrainingControl` in another thread's hand, or the kernel's interrupt, ends it after the batch at hand: the Run then holds what
    was finished, its `finished` is False, and `learner.model` keeps what it has learnt.
    checkpoint: a file of `checkpoints`. A run found there goes on after its last finished epoch, as if it had never been broken off;
    it is removed when the run is finished, and recorded under `record_as` if a name is given.
    Raises OutOfMemory, which says what to change, where the GPU's memory is too small; OSError where the disk is full.
    """
    recorder, tier = Recorder(watch, control, checkpoint), learner.tier
    if checkpoint:
        checkpoints.load(checkpoint, learner, recorder)
    schedule = ParamScheduler({"lr": combined_cos(FLAT, tier.lr, tier.lr, tier.lr / 1e5)})
    try:
        with suppress(KeyboardInterrupt):
            learner.fit(
                tier.epochs, tier.lr, cbs=[schedule, recorder], start_epoch=len(recorder.epochs)
            )
    except torch.OutOfMemoryError:
        too_large = (
            True  # raised below, where the error's traceback no longer holds the batch in memory
        )
    else:
        too_large = False
    if too_large:
        learner.opt = None
        torch.cuda.empty_cache()
        raise OutOfMemory(
            f"The GPU's memory is too small for batches of {tier.batch} photos: try {max(1, tier.batch // 2)}, "
            f"with replace(tier, batch={max(1, tier.batch // 2)})."
        )
    if recorder.trouble:
        raise recorder.trouble
    run = Run(
        arm=learner.arm.name,
        seed=learner.seed,
        recipe=asdict(tier),
        data=learner.photos.source,
        stand_in=learner.photos.stand_in,
        epochs=recorder.epochs,
        losses=[round(loss, 4) for loss in recorder.losses],
        parameters=sum(p.numel() for p in learner.model.parameters()),
        finished=len(recorder.epochs) == tier.epochs,
        machine=machine(),
        versions=versions(),
    )
    if record_as and run.finished:
        record(run, record_as)
    if checkpoint and run.finished:  # not sooner: whoever is killed here finds either of them
        checkpoints.forget(checkpoint)
    return run
