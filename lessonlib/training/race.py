"""A race without its buttons: arms in a queue, a thread that trains one after the other, and a sentence on where it stands."""

import threading
import time
from dataclasses import dataclass

from lessonlib.arms import check_arm
from lessonlib.training.checkpoints import checkpoint_path
from lessonlib.training.fit import OutOfMemory, TrainingControl, fit, learner_for
from lessonlib.training.runs import own_runs

__all__ = ["Race", "Live", "duration_in_words"]

PACE = 1  # seconds between two reports of the run at hand: reading its losses makes a GPU wait


@dataclass(frozen=True)
class Live:
    """The run at hand, as it was at its last report: `done` of `total` batches, `length` of them in an epoch."""

    arm: str
    losses: list
    epochs: list
    done: int
    total: int
    length: int
    pace: float  # seconds a batch

    @classmethod
    def of(cls, recorder):
        """What a `training.Recorder` says after a batch. To be read in the thread that trains: elsewhere it changes meanwhile."""
        arm, length = recorder.learn.arm.name, len(recorder.dls.train)
        return cls(
            arm,
            list(recorder.losses),
            list(recorder.epochs),
            recorder.done,
            recorder.total,
            length,
            recorder.pace,
        )

    @property
    def place(self):
        epoch, batch = divmod(self.done - 1, self.length)
        return (
            f"epoch {epoch + 1} of {self.total // self.length}, batch {batch + 1} of {self.length}"
        )

    def seconds_left(self, more=0):
        """Estimated from the pace so far, for this run and for so many `more` of its length."""
        return self.pace * (self.total - self.done + more * self.total)


class Race:
    """Trains `arms` on `photos` in the size of `tier`, in the background; `tell()` is called whenever there is news.

    An arm that this machine has recorded under `record_as`, with the same seed, recipe and photos, is not trained again. One
    that was stopped or killed goes on after its last finished epoch.

    arms: those in the race, in their order; more may be added at any time. runs: the `Run` of each that has been trained, a
    stopped one too, as far as it came. models: what each has learnt, by name, where it was trained here.
    taken_up: the arms whose runs were recorded before. live: the run at hand, None until its first batch is done.
    error: what broke the race off, or None.
    """

    def __init__(self, arms, photos, tier, seed=0, record_as="local", tell=lambda: None):
        self.photos, self.tier, self.seed, self.record_as, self.tell = (
            photos,
            tier,
            seed,
            record_as,
            tell,
        )
        self.arms, self.runs, self.models, self.taken_up = [], [], {}, []
        self.training, self.live, self.error = None, None, None
        self._lock, self._control, self._thread, self._told = (
            threading.RLock(),
            TrainingControl(),
            None,
            0.0,
        )
        self._over = threading.Event()
        self._over.set()
        for arm in arms:
            self.add(arm)

    def add(self, arm):
        """Put `arm` at the end of the queue. ValueError if it is in the race already, TypeError if it is none."""
        check_arm(arm)
        if arm in self.arms:
            raise ValueError(f"{arm.label} is in the race already: add another arm.")
        known = [
            run for run in own_runs(self.record_as) if run.arm == arm.name and run.seed == self.seed
        ]
        known = [run for run in known if run.matches(self.tier, self.photos)]
        with self._lock:
            if known:
                self.runs = [*self.runs, known[-1]]
                self.taken_up.append(arm)
            self.arms.append(arm)

    @property
    def left(self):
        """The arms that are not trained to the end, the one at hand included."""
        done = {run.arm for run in self.runs if run.finished}
        return [arm for arm in self.arms if arm.name not in done]

    @property
    def state(self):
        """`ready` to start, `running`, `paused`, `stopping` after the batch at hand, or `done` with every arm."""
        if self._thread is None:
            return "ready" if self.left else "done"
        if self._control.stopped:
            return "stopping"
        return "paused" if self._control.paused else "running"

    @property
    def curves(self):
        """What a chart shows: the runs, and the one at hand in place of an earlier part of it."""
        live = self.live
        return [*(run for run in self.runs if run.arm != live.arm), live] if live else self.runs

    def start(self):
        """Train what is left."""
        with self._lock:
            if self.state != "ready":
                return
            self._control, self.error, self.training = TrainingControl(), None, self.left[0]
            self._over = threading.Event()
            self._thread = threading.Thread(target=self._race, args=[self._over], daemon=True)
            self._thread.start()

    def pause(self):
        """Wait after the batch at hand, until `go`."""
        if self.state == "running":  # a control that was stopped must not wait
            self._control.pause()

    def go(self):
        self._control.go()

    def stop(self):
        """End after the batch at hand; what was learnt is kept."""
        self._control.stop()

    def wait(self):
        """Wait for the end. The kernel's interrupt comes through, and one can wait again.

        An event, since a thread's `join` that is interrupted takes the thread for ended (Python 3.11 and 3.12); and again and
        again for a moment, since on Windows nothing interrupts a wait without an end.
        """
        while not self._over.wait(0.2):
            pass

    def _race(self, over):
        try:
            while self._next():
                self._train(self.training)
        except (
            Exception
        ) as error:  # it would end this thread unseen: `error` and the sentence say it
            self._end(error)
        try:
            self.tell()
        finally:
            over.set()

    def _next(self):
        """Choose the arm to train; False where none is left or the race was stopped, and it is over."""
        with self._lock:  # so that an arm added meanwhile is either seen here or finds the race ready to start again
            if self._control.stopped or not self.left:
                self._end()
                return False
            self.training = self.left[0]
            return True

    def _end(self, error=None):
        with self._lock:
            self.training, self.live, self.error, self._thread = None, None, error, None

    def _train(self, arm):
        self.tell()
        learner = learner_for(arm, self.photos, self.tier, self.seed)
        run = fit(learner, self._watch, self._control, checkpoint_path(learner), self.record_as)
        with self._lock:
            others = [other for other in self.runs if other.arm != arm.name]
            self.runs, self.live = ([*others, run] if run.losses else others), None
            self.models[arm.name] = learner.model

    def _watch(self, recorder):
        if time.monotonic() - self._told > PACE or self._control.paused:
            self.live, self._told = Live.of(recorder), time.monotonic()
            self.tell()

    def __str__(self):
        """Where the race stands, in a few words for the learner."""
        with self._lock:
            return (
                self._under_way() if self._thread else " ".join([self._outcome(), *self._records()])
            )

    def _under_way(self):
        state, live = self.state, self.live
        if state == "stopping":
            return "Stopping after the batch at hand."
        if state == "paused":
            return f"Paused: {self.training.label}, {live.place if live else 'before its first batch'}."
        if live:
            more = len(self.left) - 1
            for_all = (
                f", {duration_in_words(live.seconds_left(more))} for the race, with {more} more to come"
                if more
                else ""
            )
            return f"{self.training.label}: {live.place}; {duration_in_words(live.seconds_left())} left for this arm{for_all}."
        return f"Making the network of {self.training.label} ready."

    def _outcome(self):
        trained = f"{len(self.arms) - len(self.left)} of {len(self.arms)} arms trained to the end."
        if self.error:
            return f"The race broke off: {_sentence(self.error)} What was trained is kept; Start tries again."
        if self.state == "done":
            return f"Finished: {trained}"
        if self._control.stopped:
            return f"Stopped: {trained} Start goes on after the last finished epoch."
        return (
            f"{trained} Each has {self.tier.epochs} epochs, on {self.photos.source}. Press Start."
        )

    def _records(self):
        if self.taken_up:
            names = ", ".join(arm.label for arm in self.taken_up)
            yield f"Recorded on this machine before, so not trained again: {names}. Another seed trains anew."


def duration_in_words(seconds):
    """A duration with as many digits as an estimate deserves."""
    if seconds < 90:
        return f"about {max(1, seconds):.0f} s"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min"
    return f"about {seconds / 3600:.1f} h"


def _sentence(error):
    said = (
        str(error)
        if isinstance(error, OutOfMemory | ValueError | OSError)
        else f"{type(error).__name__}: {error}"
    )
    return said if said.endswith(".") else f"{said}."
