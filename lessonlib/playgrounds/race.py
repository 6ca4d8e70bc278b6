"""Playground: train arms one after the other in the background and watch the curves grow; stop whenever you like."""

import threading
import time

from ipywidgets import Button, HBox, Image

from lessonlib.figures.race import race_chart
from lessonlib.playgrounds.base import LiveBox, message, message_line
from lessonlib.runs import record
from lessonlib.training import Diary, Lever, fit, learner_for

__all__ = ["Race"]

REDRAW = 2  # seconds between two drawings of the chart, so that drawing takes a small share of the training's time


class Race(LiveBox):
    """A race of `arms` on `photos`: buttons to start and stop, a live chart, a line with the time left.

    runs: the `Run` of every arm that has been trained, a stopped one too, as far as it came; each finished run is
    recorded under `record_as` in `data/runs/`. models: what each arm has learnt, by name.
    """

    def __init__(self, arms, photos, tier, seed=0, record_as="local"):
        self.arms, self.photos, self.tier, self.seed, self.record_as = list(arms), photos, tier, seed, record_as
        self.runs, self.models = [], {}
        self._thread, self._lever, self._drawn = None, Lever(), 0.0
        self.chart, self.message = Image(format="png"), message_line()
        self._start, self._stop_button = Button(description="Start", icon="play"), Button(description="Stop", icon="stop")
        self._start.on_click(lambda _: self.start())
        self._stop_button.on_click(lambda _: self.stop())
        super().__init__([HBox([self._start, self._stop_button]), self.message, self.chart])
        self._draw(self.runs)
        self._say(f"{len(self.arms)} arms, {tier.epochs} epochs each, on {photos.source}. Press Start.")

    @property
    def running(self):
        return self._thread is not None and self._thread.is_alive()

    def start(self):
        """Train, in the background, every arm that is not in `runs` yet as a finished one."""
        if self.running:
            return
        self._lever = Lever()
        self._thread = threading.Thread(target=self._train_all, daemon=True)
        self._thread.start()

    def stop(self):
        """End after the batch at hand; what was learnt is kept."""
        self._lever.stop()

    def finish(self):
        """Start if need be, wait for the end, and return the runs. Interrupting the kernel stops the race and keeps them."""
        self.start()
        try:
            self._thread.join()
        except KeyboardInterrupt:
            self.stop()
            self._thread.join()
        return self.runs

    def still(self):
        return self.chart.value

    def alt(self):
        return self._alt

    def _train_all(self):
        try:
            for arm in self.arms:
                if self._lever.stopped:
                    break
                if not any(run.arm == arm.name and run.finished for run in self.runs):
                    self._train(arm)
            self._draw(self.runs)
            done = sum(run.finished for run in self.runs)
            self._say(
                f"{'Stopped' if self._lever.stopped else 'Finished'}: {done} of {len(self.arms)} arms trained to the end."
            )
        except Exception as error:  # a thread's error would otherwise be seen by nobody
            self._say(f"The race broke off: {error} What was trained before is kept; Start tries this arm again.")
            raise

    def _train(self, arm):
        self._say(f"Making the network of {arm.label} ready.")
        self.runs = [run for run in self.runs if run.arm != arm.name]
        learner = learner_for(arm, self.photos, self.tier, self.seed)
        run = fit(learner, watch=self._watch, lever=self._lever)
        self.runs, self.models[arm.name] = [*self.runs, run], learner.model
        if run.finished:
            record(run, self.record_as)

    def _watch(self, diary: Diary):
        if time.monotonic() - self._drawn < REDRAW and diary.done < diary.total:
            return
        arm = diary.learn.arm
        self._say(f"{arm.label}: batch {diary.done} of {diary.total}, about {diary.seconds_left:.0f} s left for this arm.")
        self._draw([*self.runs, _Live(arm.name, diary.losses, diary.epochs)])

    def _draw(self, runs):
        chance = 1 / len(self.photos.classes)
        picture = race_chart(runs, self.tier.epochs, chance, self.photos.source, len(self.photos.valid[1]))
        self.chart.value, self._alt, self._drawn = picture.png, picture.alt, time.monotonic()

    def _say(self, text):
        self.message.value = message(text)


class _Live:
    """The run at hand, as far as a chart needs it."""

    def __init__(self, arm, losses, epochs):
        self.arm, self.losses, self.epochs = arm, losses, epochs
