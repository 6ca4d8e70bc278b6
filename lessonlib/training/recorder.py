"""What a run writes down while it trains, and the control by which another thread holds it."""

import threading
import time

import torch
from fastai.learner import Callback, CancelFitException

from lessonlib.training import checkpoints

__all__ = ["TrainingControl", "Recorder"]


class TrainingControl:
    """Pause, go on and stop a training from another thread, each between two batches."""

    def __init__(self):
        self.stopped = False
        self._going = threading.Event()
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
        """Wait while paused; returns the seconds that took."""
        began = time.perf_counter()
        self._going.wait()
        return time.perf_counter() - began


class Recorder(Callback):
    """Writes down what a run learns, calls `watch(recorder)` after every batch and epoch.

    losses: training loss of each batch; epochs: as in `runs.Run`; done, total: training batches.
    control: a `TrainingControl`, obeyed; checkpoint: a file, written after each epoch.
    trouble: the OSError of a checkpoint that could not be written, which ends the training.
    """

    def __init__(self, watch=None, control=None, checkpoint=None):
        self.watch = watch
        self.control = control or TrainingControl()
        self.checkpoint = checkpoint
        self.epochs = []
        self.trouble = None
        self.losses = []

    @property
    def losses(self):
        # one transfer for many batches: a GPU that is asked for each loss waits each time
        if self._fresh:
            self._losses += torch.stack(self._fresh).tolist()
            self._fresh = []
        return self._losses

    @losses.setter
    def losses(self, values):
        self._losses = list(values)
        self._fresh = []

    @property
    def done(self):
        return len(self._losses) + len(self._fresh)

    @property
    def pace(self):
        """Seconds per batch so far, with validation and without pauses, None before the first."""
        here = self.done - self.done_before
        return (time.perf_counter() - self.began - self.waited) / here if here else None

    def before_fit(self):
        self.total = self.n_epoch * len(self.dls.train)
        self.began = time.perf_counter()
        self.done_before = self.done
        self.waited = 0.0

    def before_batch(self):
        self.waited += self.control.wait()
        if self.control.stopped:
            raise CancelFitException

    def before_train(self):
        self.epoch_began = time.perf_counter()
        self.waited_before = self.waited

    def after_train(self):
        if self.epoch >= len(self.epochs):
            _ = self.losses  # wait for the last batch
            paused = self.waited - self.waited_before
            self.seconds = time.perf_counter() - self.epoch_began - paused

    def before_validate(self):
        self.correct = 0
        self.seen = 0
        self.valid_loss = 0

    def after_batch(self):
        if self.training:
            self._fresh.append(self.loss.detach())
            self._tell()
        else:
            self.correct += (self.pred.argmax(1) == self.y).sum()
            self.valid_loss += self.loss.detach() * len(self.y)
            self.seen += len(self.y)

    def after_epoch(self):
        if self.epoch < len(self.epochs):
            return  # skipped, a checkpoint has it
        self.epochs.append(self._epoch())
        if self.checkpoint:
            try:
                checkpoints.save(self.checkpoint, self.learn, self)
            except OSError as error:  # fastai would put its own words first: `fit` raises it
                self.trouble = error
                raise CancelFitException from error
        self._tell()

    def _epoch(self):
        batches = len(self.dls.train)
        return {
            "loss": sum(self.losses[-batches:]) / batches,
            "valid_loss": float(self.valid_loss) / self.seen,
            "accuracy": int(self.correct) / self.seen,
            "seconds": self.seconds,
            "images_per_second": batches * self.dls.train.batch / self.seconds,
        }

    def _tell(self):
        if self.watch:
            self.watch(self)
