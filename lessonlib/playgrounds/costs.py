"""Playground: choose a layer, and see what each arm in its place costs; measure its time here."""

import html
import threading

import torch
from ipywidgets import HTML, Button, HBox, Image, SelectionSlider, VBox

from lessonlib.arms import ARMS
from lessonlib.costs.composed_pair import (
    PRICE,
    TRAFFIC,
    composing_pays,
    composing_share,
    series_share,
)
from lessonlib.costs.counting import cost
from lessonlib.costs.timing import forward_backward_calls, time_interleaved
from lessonlib.figures.costs import cost_bars
from lessonlib.playgrounds.base import Playground

__all__ = ["CostPlayground"]

# These have their own place in the lesson; all others are shown, and so is one that you add
ELSEWHERE = {
    "pair-act", "2x2-corners", "pair-act-2019", "pair-2019", "5x5", "two-3x3-act", "two-3x3", "pair-shifted", "pair-early",
}  # fmt: skip
PATIENCE = 2  # seconds that measuring may take, as far as three rounds allow
TOO_LONG = 30


class CostPlayground(Playground):
    """Sliders for a layer with as many channels in as out; a table and bars of what each arm costs, forward.

    costs: the `costs.Cost` of each arm; timings: its `costs.Timing`, forward and backward together, None until measured.
    """

    def __init__(self):
        self._shown = tuple(name for name in ARMS if name not in ELSEWHERE)
        self.channels = _slider("channels", (8, 16, 32, 64, 128, 256, 512), 64)
        self.pixels = _slider("pixels", (4, 7, 8, 14, 16, 28, 32, 56, 64, 112, 128), 32)
        self.batch = _slider("batch", (1, 2, 4, 8, 16, 32, 64), 16)
        self.stride = _slider("stride", (1, 2), 1)
        self._sliders = [self.channels, self.pixels, self.batch, self.stride]
        self.table, self.chart = HTML(), Image(format="png")
        self.timings, self._timed = None, None
        self._measure = Button(description="Measure here", icon="clock-o")
        self._measure.on_click(lambda _: threading.Thread(target=self.measure, daemon=True).start())
        sliders = VBox([HBox(self._sliders[:2]), HBox(self._sliders[2:])])
        super().__init__([sliders, self._measure, self.table, self.chart])
        for slider in self._sliders:
            slider.observe(lambda _: self.update(), "value")
        self.draw()

    @property
    def shape(self):
        return self.batch.value, self.channels.value, self.pixels.value, self.pixels.value

    def inputs(self):
        return [(slider, "value") for slider in self._sliders]

    def draw(self):
        if self._timed != self._state():
            self.timings = None
        with torch.device("meta"):  # no weights are drawn: only shapes matter
            self.costs = {name: cost(self._build(name), self.shape) for name in self._shown}
        seconds = {
            name: self.timings[name].median if self.timings else None for name in self._shown
        }
        picture = cost_bars(
            {
                "weights": {name: found.weights for name, found in self.costs.items()},
                "MACs": {name: found.macs for name, found in self.costs.items()},
                "bytes moved": {name: found.moved for name, found in self.costs.items()},
                "kept for backward": {name: found.saved for name, found in self.costs.items()},
                "time, both ways": seconds,
            }
        )
        self.chart.value, self._alt = picture.png, picture.alt
        self.table.value = self._rows()
        self.say(self._words())

    def measure(self):
        """Time forward and backward of every arm in turns, and show it. Refuses a layer that would take too long."""
        self._freeze(True)
        try:
            n, c, h, w = self.shape
            self.say("Measuring.")
            one = forward_backward_calls(self._build("3x3"), torch.randn(1, c, h, w))["both"]
            round = (
                len(self._shown)
                * 1.5
                * n
                * time_interleaved({"one photo": one}, rounds=2, warm_up=1)["one photo"].low
            )
            if 3 * round > TOO_LONG:
                self.say(
                    f"That would take about {5 * round:.0f} s here. Choose fewer photos, pixels or channels."
                )
                return
            x = torch.randn(self.shape)
            calls = {
                name: forward_backward_calls(self._build(name), x)["both"] for name in self._shown
            }
            self.timings = time_interleaved(
                calls, rounds=max(3, min(20, int(PATIENCE / round))), warm_up=1
            )
            self._timed = self._state()
            self.draw()
        except Exception as error:  # a thread's error would otherwise be seen by nobody
            self.say(f"Measuring broke off: {error}")
            raise
        finally:
            self._freeze(False)

    def code(self):
        return f"""import torch
from lessonlib.arms import ARMS
from lessonlib.costs.timing import forward_backward_calls, time_interleaved
from lessonlib.costs.counting import cost

shape = {self.shape}  # photos, channels, height, width
layers = {{name: ARMS[name].build({self.channels.value}, {self.channels.value}, {self.stride.value}) for name in {self._shown}}}
costs = {{name: cost(layer, shape) for name, layer in layers.items()}}

# seconds for forward and backward, on this machine
x = torch.randn(shape)
timings = time_interleaved({{name: forward_backward_calls(layer, x)["both"] for name, layer in layers.items()}}, rounds=5)"""

    def still(self):
        return self.chart.value

    def alt(self):
        n, c, h, w = self.shape
        return f"Cost explorer, {n} photos, {c} channels, {h} x {w} pixels, stride {self.stride.value}. {self._alt}"

    def _build(self, name):
        return ARMS[name].build(self.channels.value, self.channels.value, self.stride.value)

    def _rows(self):
        head = (
            "",
            "weights",
            "M MACs",
            "operations",
            "MB moved",
            "MB kept",
            "MACs a byte",
            "ms (quartiles)",
        )
        rows = []
        for name, found in self.costs.items():
            cells = [
                f"{found.weights:,}",
                f"{found.macs / 1e6:,.1f}",
                f"{found.operations}",
                f"{found.moved / 1e6:,.2f}",
            ]
            cells += [f"{found.saved / 1e6:,.2f}", f"{found.intensity:,.1f}", self._time(name)]
            rows.append(
                f"<th style='text-align:left;white-space:nowrap'>{html.escape(ARMS[name].label)}</th>"
                + _cells("td", cells)
            )
        lines = "".join(f"<tr>{row}</tr>" for row in [_cells("th", head), *rows])
        # classic Notebook collapses the borders of every table that does not say otherwise
        return f"<table style='border-collapse:separate;border-spacing:12px 1px;line-height:1.4'>{lines}</table>"

    def _time(self, name):
        if not self.timings:
            return "-"
        found = self.timings[name]
        return f"{1e3 * found.median:,.2f} ({1e3 * found.low:,.2f} to {1e3 * found.high:,.2f})"

    def _words(self):
        n, c, *_ = self.shape
        side = -(-self.pixels.value // self.stride.value)
        share = composing_share(self.shape, c, self.stride.value)
        series = series_share(self.shape, c, c, self.stride.value)
        way = (
            "is composed first"
            if composing_pays(self.shape, c, c, self.stride.value)
            else "goes in series"
        )
        return (
            f"Composing costs hidden / (n h w) = {c} / ({n} x {side} x {side}) = {100 * share:.3g}% of the convolution, "
            f"with it {1 + PRICE * share:.2f} at {PRICE} times the price; the series costs {series:.2f}, "
            f"with its traffic {TRAFFIC * series:.2f}. So the composed pair {way}."
        )

    def _freeze(self, disabled):
        for control in (*self._sliders, self._measure):
            control.disabled = disabled


def _slider(name, values, value):
    return SelectionSlider(options=values, value=value, description=name)


def _cells(tag, values):
    return "".join(f"<{tag} style='text-align:right'>{value}</{tag}>" for value in values)
