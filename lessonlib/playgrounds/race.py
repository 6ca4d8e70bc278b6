"""Playground: train arms one after the other in the background and watch the curves grow.

Pause, stop and add as you like.
"""

import threading

from ipywidgets import Button, Dropdown, HBox, Layout

from lessonlib.arms import ARMS
from lessonlib.playgrounds.base import LiveBox, explain, message, message_line
from lessonlib.playgrounds.race_drawing import RaceDrawing
from lessonlib.study.second_study import RATES
from lessonlib.training.race import Race

__all__ = ["RacePlayground"]

EXPLAINED = {
    "Start": "Train the arms, one after the other",
    "Pause": "Hold on after this batch, or go on",
    "Stop": "End the race and keep what is trained",
    "Add": "Let this arm race too",
}


class RacePlayground(LiveBox):
    """A `race.Race` of `arms` on `photos` with buttons, a line that says where it stands, a chart.

    band: runs recorded earlier; a band behind the curves shows where those with the same arm,
    recipe and photos went. rates: `{arm's name: learning rate}`, found by a sweep; the menu offers
    them, and one rate for all.
    """

    def __init__(self, arms, photos, tier, seed=0, record_as="local", band=(), rates=None):
        rates = dict(rates or {})
        self.race = Race(arms, photos, tier, seed, record_as, self._news, rates)
        self.message = message_line()
        self._drawing = RaceDrawing(self.race, list(band))
        self.chart = self._drawing.image
        self._start = _button("Start", "play", self.race.start, self._show)
        self._pause = _button("Pause", "pause", self._pause_or_go_on, self._show)
        self._stop = _button("Stop", "stop", self.race.stop, self._show)
        self._choice = Dropdown(
            description="Add an arm",
            style={"description_width": "initial"},
            layout=Layout(width="380px"),
        )
        found = [("each at its best", rates)] if rates else []
        same = {rate: dict.fromkeys(ARMS, rate) for rate in sorted({tier.lr, *RATES})}
        self._rate = Dropdown(
            description="Learning rate",
            options=[*found, *((f"{rate:g}", of_all) for rate, of_all in same.items())],
            value=rates or same[tier.lr],
            style={"description_width": "initial"},
            layout=Layout(width="230px"),
        )
        self._rate.observe(self._use_rate, "value")
        self._add = _button("Add", "plus", self._add_chosen, self._show, self._drawing.draw)
        self._showing = threading.Lock()
        self._offer()
        self._show()
        buttons = HBox(
            [self._start, self._pause, self._stop, self._rate, self._choice, self._add],
            layout=Layout(flex_flow="row wrap"),
        )
        super().__init__([buttons, self.message, self.chart, self._drawing.words])

    @property
    def runs(self):
        """The `Run` of every arm trained so far; of a stopped one, as far as it came."""
        return self.race.runs

    @property
    def models(self):
        """The trained network of each arm that was trained here, by name."""
        return self.race.models

    def finish(self):
        """Start or go on if need be, wait for the end, and return the runs.

        Interrupting the kernel stops the race and keeps them. Raises the error that broke it off;
        then `runs` has what was trained before.
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
        return self._drawing.alt

    def _news(self):
        """Called by the thread that trains."""
        self._show()
        over = self.race.state in ("ready", "done")
        if over or self._drawing.is_due:
            self._drawing.draw()
        if over:
            self.keep()  # the last chart, not the one from before the start

    def _show(self):
        """Say where the race stands, and enable each button only if it does something."""
        # locked, else of two threads the one that looked first might be the last to speak
        with self._showing:
            state = self.race.state
            paused = state == "paused"
            self.message.value = message(str(self.race))
            self._start.disabled = state != "ready"
            self._stop.disabled = state not in ("running", "paused")
            self._pause.disabled = self._stop.disabled
            self._pause.description = "Go on" if paused else "Pause"
            self._pause.icon = "play" if paused else "pause"
            self._rate.disabled = state not in ("ready", "done")
            self._add.disabled = not self._choice.options
            self._choice.disabled = self._add.disabled

    def _offer(self):
        there = [arm.name for arm in self.race.arms]
        self._choice.options = [(arm.label, arm) for arm in ARMS.values() if arm.name not in there]
        self._choice.index = 0 if self._choice.options else None

    def _pause_or_go_on(self):
        if self.race.state == "paused":
            self.race.go()
        else:
            self.race.pause()

    def _use_rate(self, change):
        self.race.use(change["new"])
        self._show()
        self._drawing.draw()

    def _add_chosen(self):
        self.race.add(self._choice.value)
        self._offer()


def _button(name, icon, *actions):
    """A button that does these actions in turn when it is pressed."""
    button = Button(description=name, icon=icon, layout=Layout(width="100px"))
    explain(button, EXPLAINED[name])
    for action in actions:
        button.on_click(lambda _, action=action: action())
    return button
