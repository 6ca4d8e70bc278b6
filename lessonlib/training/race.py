"""A race without its buttons: arms in a queue, and a thread that trains one after the other."""

import threading
import time
from dataclasses import replace

from lessonlib.arms import check_arm
from lessonlib.training.checkpoints import checkpoint_path
from lessonlib.training.fit import fit, learner_for
from lessonlib.training.progress import Live, race_status
from lessonlib.training.recorder import TrainingControl
from lessonlib.training.runs import arithmetic_here, own_runs

__all__ = ["Race"]

PACE = 1  # seconds between two reports of the run at hand: reading its losses makes a GPU wait


class Race:
    """Trains `arms` on `photos` in the size of `tier`, in the background.

    `tell()` is called whenever there is news. An arm that this machine has recorded under
    `record_as`, with the same seed, recipe, data set and arithmetic, is not trained again. One that
    was stopped or killed goes on after its last finished epoch.

    rates: `{arm's name: learning rate}`; an arm without one has the tier's.
    arms: those in the race, in their order; more may be added at any time. runs: the `Run` of each
    that has been trained, a stopped one too, as far as it came. models: what each has learnt, by
    name, if it was trained here. taken_up: the arms whose runs were recorded before. live: the run
    at hand, None until its first batch is done. error: what broke the race off, or None.
    """

    def __init__(self, arms, photos, tier, seed=0, record_as="local", tell=None, rates=None):
        self.photos = photos
        self.tier = tier
        self.seed = seed
        self.record_as = record_as
        self.tell = tell or (lambda: None)
        self.rates = dict(rates or {})
        self.arms = []
        self.runs = []
        self.models = {}
        self.taken_up = []
        self.training = None
        self.live = None
        self.error = None
        self._lock = threading.RLock()
        self._control = TrainingControl()
        self._thread = None
        self._told = 0.0
        self._over = threading.Event()
        self._over.set()
        for arm in arms:
            self.add(arm)

    def add(self, arm):
        """Put `arm` at the end of the queue.

        ValueError if it is in the race already, TypeError if it is not an arm.
        """
        check_arm(arm)
        if arm in self.arms:
            raise ValueError(f"{arm.label} is in the race already: add another arm.")
        with self._lock:
            self._take_up(arm)
            self.arms.append(arm)

    def recipe(self, arm):
        """The tier that `arm` is trained by: its own learning rate, if it has one."""
        return replace(self.tier, lr=self.rates.get(arm.name, self.tier.lr))

    def use(self, rates):
        """Race by other learning rates, `{arm's name: rate}`; runs recorded by them are taken up.

        ValueError while it runs: stop it first.
        """
        with self._lock:
            if self._thread is not None:
                raise ValueError("The race is running: stop it, then choose another learning rate.")
            self.rates = dict(rates)
            self.runs = []
            self.models = {}
            self.taken_up = []
            for arm in self.arms:
                self._take_up(arm)

    def _take_up(self, arm):
        known = [run for run in own_runs(self.record_as) if self._is_of(arm, run)]
        if known:
            self.runs = [*self.runs, known[-1]]
            self.taken_up.append(arm)

    def _is_of(self, arm, run):
        same = (run.arm, run.seed, run.arithmetic) == (arm.name, self.seed, arithmetic_here())
        return same and run.matches(self.recipe(arm), self.photos)

    @property
    def left(self):
        """The arms that are not trained to the end, the one at hand included."""
        done = {run.arm for run in self.runs if run.finished}
        return [arm for arm in self.arms if arm.name not in done]

    @property
    def state(self):
        """`ready` to start, `running`, `paused`, `stopping` after the batch at hand, or `done`."""
        if self._thread is None:
            return "ready" if self.left else "done"
        if self._control.stopped:
            return "stopping"
        return "paused" if self._control.paused else "running"

    @property
    def stopped(self):
        """Whether it was stopped and not started again."""
        return self._control.stopped

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
            self._control = TrainingControl()
            self.error = None
            self.training = self.left[0]
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

        An event, since an interrupted `join` takes the thread for ended (Python 3.11
        and 3.12); and again and again for a moment, since on Windows nothing interrupts a wait
        without an end.
        """
        while not self._over.wait(0.2):
            pass

    def _race(self, over):
        try:
            while self._next():
                self._train(self.training)
        except Exception as error:  # else it ends this thread unseen
            self._end(error)
        try:
            self.tell()
        finally:
            over.set()

    def _next(self):
        """Choose the arm to train; False, and the race is over, if none is left or it stopped."""
        # locked: an arm added meanwhile is either seen here or finds the race ready to start again
        with self._lock:
            if self._control.stopped or not self.left:
                self._end()
                return False
            self.training = self.left[0]
            return True

    def _end(self, error=None):
        with self._lock:
            self.training = None
            self.live = None
            self.error = error
            self._thread = None

    def _train(self, arm):
        self.tell()
        learner = learner_for(arm, self.photos, self.recipe(arm), self.seed)
        run = fit(learner, self._watch, self._control, checkpoint_path(learner), self.record_as)
        with self._lock:
            others = [other for other in self.runs if other.arm != arm.name]
            self.runs = [*others, run] if run.losses else others
            self.live = None
            self.models[arm.name] = learner.model

    def _watch(self, recorder):
        if time.monotonic() - self._told > PACE or self._control.paused:
            self.live = Live.of(recorder)
            self._told = time.monotonic()
            self.tell()

    def __str__(self):
        with self._lock:
            return race_status(self)
