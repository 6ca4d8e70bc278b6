"""Playground: train arms one after the other in the background and watch the curves grow; pause, stop and add as you like."""

import threading
import time

from IPython.display import display
from ipywidgets import Button, Dropdown, HBox, Image, Layout

from lessonlib.arms import ARMS
from lessonlib.figures.race import race_chart
from lessonlib.playgrounds.base import LiveBox, Unseen, message, message_line
from lessonlib.training.race import Race
from lessonlib.training.reference_bands import bands_of

__all__ = ["RacePlayground"]

SHARE = 0.05  # of the time may go into drawing the chart while a network trains


class RacePlayground(LiveBox):
    """A race of `arms` on `photos`, as in `race.Race`, with buttons, a line that says where it stands, and a live chart.

    band: runs recorded earlier. Behind the curves stands where those went that have the same arm, recipe and photos.
    """

    def __init__(self, arms, photos, tier, seed=0, record_as="local", band=()):
        self.race, self.band = Race(arms, photos, tier, seed, record_as, self._news), list(band)
        self.message, self.chart, self._words = message_line(), Image(format="png"), Unseen()
        self._start = _button("Start", "play", self.race.start, self._show)
        self._pause = _button("Pause", "pause", self._pause_or_go_on, self._show)
        self._stop = _button("Stop", "stop", self.race.stop, self._show)
        self._choice = Dropdown(
            description="Add an arm",
            style={"description_width": "initial"},
            layout=Layout(width="380px"),
        )
        self._add = _button("Add", "plus", self._add_chosen, self._show, self._draw)
        self._showing, self._drawing, self._handle = threading.Lock(), threading.Lock(), None
        self._offer()
        self._show()
        self._draw()
        self._next_drawing = 0.0  # the first drawing took long, but nothing was training
        buttons = HBox(
            [self._start, self._pause, self._stop, self._choice, self._add],
            layout=Layout(flex_flow="row wrap"),
        )
        super().__init__([buttons, self.message, self.chart, self._words])

    @property
    def runs(self):
        """The `Run` of every arm that has been trained, a stopped one too, as far as it came."""
        return self.race.runs

    @property
    def models(self):
        """What each arm that was trained here has learnt, by name."""
        return self.race.models

    def finish(self):
        """Start or go on if need be, wait for the end, and return the runs.

        Interrupting the kernel stops the race and keeps them. Raises what broke it off; `runs` has what was trained before.
        """
        self.race.start()
        self.race.go()
        self._show()
        try:
            self.race.wait()
        except KeyboardInterrupt:
            self.race.stop()
            self._show()
            self.race.wait()
        self._news()
        if self.race.error:
            raise self.race.error
        return self.runs

    def still(self):
        return self.chart.value

    def alt(self):
        return self._alt

    def _ipython_display_(self, **kwargs):
        data, metadata = self._repr_mimebundle_()
        self._handle = display(data, metadata=metadata, raw=True, display_id=True)

    def _news(self):
        """Called by the thread that trains."""
        self._show()
        over = self.race.state in ("ready", "done")
        if over or time.monotonic() > self._next_drawing:
            self._draw()
        if (
            over and self._handle
        ):  # so that the saved notebook keeps the last chart, not the one there was before the start
            data, metadata = self._repr_mimebundle_()
            self._handle.update(data, metadata=metadata, raw=True)

    def _show(self):
        """Say where the race stands, and let each button be pressed only where it does something."""
        with (
            self._showing
        ):  # else of two threads the one that looked first might be the last to speak
            state = self.race.state
            self.message.value = message(str(self.race))
            self._start.disabled = state != "ready"
            self._pause.disabled = self._stop.disabled = state not in ("running", "paused")
            self._pause.description, self._pause.icon = (
                ("Go on", "play") if state == "paused" else ("Pause", "pause")
            )
            self._choice.disabled = self._add.disabled = not self._choice.options

    def _draw(self):
        with self._drawing:
            began, race = time.monotonic(), self.race
            photos, tier = race.photos, race.tier
            bands = bands_of(self.band, race.arms, tier, photos)
            picture = race_chart(
                race.curves,
                tier.epochs,
                1 / len(photos.classes),
                photos.source,
                len(photos.valid.labels),
                bands,
            )
            self.chart.value, self._alt = picture.png, picture.alt
            self._words.say(picture.alt)
            self._next_drawing = time.monotonic() + (time.monotonic() - began) / SHARE

    def _offer(self):
        there = [arm.name for arm in self.race.arms]
        self._choice.options = [(arm.label, arm) for arm in ARMS.values() if arm.name not in there]
        self._choice.index = 0 if self._choice.options else None

    def _pause_or_go_on(self):
        (self.race.go if self.race.state == "paused" else self.race.pause)()

    def _add_chosen(self):
        self.race.add(self._choice.value)
        self._offer()


def _button(name, icon, *actions):
    """A button that does all of that when it is pressed."""
    button = Button(description=name, icon=icon, layout=Layout(width="100px"))
    for action in actions:
        button.on_click(lambda _, action=action: action())
    return button
