"""One run: an arm, photos, a tier and a seed become a fastai Learner; fitting it gives a `Run` and can be stopped."""

import threading
import time
from contextlib import suppress
from dataclasses import asdict

import torch
from fastai.callback.schedule import Learner  # fit_flat_cos comes with this import
from fastai.data.core import DataLoaders
from fastai.learner import Callback, CancelFitException, TrainEvalCallback
from fastai.losses import LabelSmoothingCrossEntropyFlat
from fastai.optimizer import ranger

from lessonlib.batches import Batches
from lessonlib.networks import residual_network
from lessonlib.runs import Run, machine, versions

__all__ = ["Diary", "learner_for", "fit"]


class Diary(Callback):
    """Writes down what a run learns, tells `watch(diary)` after every batch and epoch, and stops when `stop` is set.

    losses: training loss of each batch; epochs: as in `runs.Run`; done, total: training batches.
    """

    def __init__(self, watch=None, stop=None):
        self.watch, self.stop = watch, stop or threading.Event()
        self.losses, self.epochs, self.done, self.total, self.started = [], [], 0, 0, None

    def before_fit(self):
        self.total, self.started = self.n_epoch * len(self.dls.train), time.perf_counter()

    def before_batch(self):
        if self.stop.is_set():
            raise CancelFitException

    def before_train(self):
        self.epoch_started = time.perf_counter()

    def after_train(self):
        self.seconds = time.perf_counter() - self.epoch_started

    def before_validate(self):
        self.right = self.seen = self.valid_loss = 0

    def after_batch(self):
        if self.training:
            self.losses.append(self.loss.item())
            self.done += 1
            self._tell()
        else:
            self.right += (self.pred.argmax(1) == self.y).sum().item()
            self.valid_loss += self.loss.item() * len(self.y)
            self.seen += len(self.y)

    def after_epoch(self):
        batches = len(self.dls.train)
        self.epochs.append(
            {
                "loss": sum(self.losses[-batches:]) / batches,
                "valid_loss": self.valid_loss / self.seen,
                "accuracy": self.right / self.seen,
                "seconds": self.seconds,
                "images_per_second": batches * self.dls.train.batch / self.seconds,
            }
        )
        self._tell()

    @property
    def seconds_left(self):
        """Estimated from the pace so far, None before the first batch."""
        return (time.perf_counter() - self.started) * (self.total / self.done - 1) if self.done else None

    def _tell(self):
        if self.watch:
            self.watch(self)


def learner_for(arm, photos, tier, seed=0):
    """A fastai Learner ready to train `arm` on `photos` in the size of `tier`, everything random drawn from `seed`."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = residual_network(arm, tier.width, tier.depth, len(photos.classes))
    dls = DataLoaders(
        Batches(*photos.train, tier.px, tier.batch, seed, device),
        Batches(*photos.valid, tier.px, 2 * tier.batch, device=device),
    )
    learner = Learner(
        dls,
        model.to(device, memory_format=torch.channels_last),
        loss_func=LabelSmoothingCrossEntropyFlat(),
        opt_func=ranger,  # RAdam with Lookahead, as in the thread's notebook
        lr=tier.lr,
        wd=1e-2,
        cbs=TrainEvalCallback(),
        default_cbs=False,
    )
    learner.arm, learner.photos, learner.tier, learner.seed = arm, photos, tier, seed
    return learner


def fit(learner, watch=None, stop=None):
    """Train a learner of `learner_for` and return the `Run`.

    `stop`, a threading.Event, or the kernel's interrupt ends it after the batch at hand: the Run then holds what was
    finished, its `finished` is False, and `learner.model` keeps what it has learnt.
    """
    diary, tier = Diary(watch, stop), learner.tier
    with suppress(KeyboardInterrupt):
        learner.fit_flat_cos(tier.epochs, tier.lr, pct_start=0.72, cbs=diary)
    return Run(
        arm=learner.arm.name,
        seed=learner.seed,
        recipe=asdict(tier),
        data=learner.photos.source,
        stand_in=learner.photos.stand_in,
        epochs=diary.epochs,
        losses=[round(loss, 4) for loss in diary.losses],
        parameters=sum(p.numel() for p in learner.model.parameters()),
        finished=len(diary.epochs) == tier.epochs,
        machine=machine(),
        versions=versions(),
    )
