"""Playground: choose a layer, see what each arm in its place costs, and measure its time here."""

import threading

import torch
from ipywidgets import HTML, Button, HBox, Image, SelectionSlider, VBox

from lessonlib.arms import ARMS
from lessonlib.costs.counting import cost
from lessonlib.costs.timing import forward_backward_calls, time_interleaved
from lessonlib.device import choose_device
from lessonlib.figures.costs import cost_bars
from lessonlib.playgrounds.base import Playground, explain
from lessonlib.playgrounds.cost_report import composing_in_words, cost_html

__all__ = ["CostPlayground"]

# These have their own place in the lesson; all others are shown, and so is one that you add
ELSEWHERE = {
    "2x2-corners",
    "5x5",
    "pair-2019",
    "pair-act",
    "pair-act-2019",
    "pair-early",
    "pair-shifted",
    "two-3x3",
    "two-3x3-act",
}
CHANNELS = (8, 16, 32, 64, 128, 256, 512)
PIXELS = (4, 7, 8, 14, 16, 28, 32, 56, 64, 112, 128)
BATCHES = (1, 2, 4, 8, 16, 32, 64)
PATIENCE = 2  # seconds that measuring may take, as far as three rounds allow
TOO_LONG = 30


class CostPlayground(Playground):
    """Sliders for a layer with as many channels in as out; what each arm costs in its place.

    costs: `{arm name: counting.Cost}`, forward; timings: `{arm name: timing.Timing}`, forward and
    backward together, None until measured.
    """

    def __init__(self):
        self._shown = tuple(name for name in ARMS if name not in ELSEWHERE)
        self.channels = SelectionSlider(description="channels", options=CHANNELS, value=64)
        self.pixels = SelectionSlider(description="pixels", options=PIXELS, value=32)
        self.batch = SelectionSlider(description="batch", options=BATCHES, value=16)
        self.stride = SelectionSlider(description="stride", options=(1, 2), value=1)
        self._sliders = [self.channels, self.pixels, self.batch, self.stride]
        self.table = HTML()
        self.chart = Image(format="png")
        self.timings = None
        self._timed = None  # the state in which the timings were measured
        self._measure = Button(description="Measure here", icon="clock-o")
        explain(self._measure, "Time forward and backward of every arm on this machine")
        self._measure.on_click(lambda _: threading.Thread(target=self.measure, daemon=True).start())
        sliders = VBox([HBox(self._sliders[:2]), HBox(self._sliders[2:])])
        super().__init__([sliders, self._measure, self.table, self.chart])
        self.update_with(self._sliders)
        self.draw()

    @property
    def shape(self):
        """Of the layer's input: photos, channels, height, width."""
        return self.batch.value, self.channels.value, self.pixels.value, self.pixels.value

    def inputs(self):
        return [(slider, "value") for slider in self._sliders]

    def draw(self):
        if self._timed != self._state():
            self.timings = None
        with torch.device("meta"):  # no weights are drawn: only shapes matter
            self.costs = {name: cost(layer, self.shape) for name, layer in self._layers().items()}
        picture = cost_bars(_quantities(self.costs, self.timings or {}))
        self.chart.value = picture.png
        self._alt = picture.alt
        self.table.value = cost_html(self.costs, self.timings)
        self.say(composing_in_words(self.shape, self.stride.value))

    def measure(self):
        """Time forward and backward of every arm in turns, and show it.

        Refuses a layer that would take too long.
        """
        self._freeze(True)
        try:
            self.say("Measuring.")
            layers = self._layers()
            seconds = _seconds_per_round(layers, self.shape)
            if 3 * seconds > TOO_LONG:
                self.say(
                    f"That would take about {5 * seconds:.0f} s here. "
                    "Choose fewer photos, pixels or channels."
                )
                return
            rounds = max(3, min(20, int(PATIENCE / seconds)))
            self.timings = _timings(layers, self.shape, rounds)
            self._timed = self._state()
            self.draw()
        except Exception as error:  # a thread's error would otherwise be seen by nobody
            self.say(f"Measuring broke off: {error}")
            raise
        finally:
            self._freeze(False)

    def code(self):
        channels = self.channels.value
        return f"""import torch
from lessonlib.arms import ARMS
from lessonlib.costs.counting import cost
from lessonlib.costs.timing import forward_backward_calls, time_interleaved
from lessonlib.device import choose_device

shape = {self.shape}  # photos, channels, height, width
names = {self._shown}
layers = {{name: ARMS[name].build({channels}, {channels}, {self.stride.value}) for name in names}}
costs = {{name: cost(layer, shape) for name, layer in layers.items()}}

# seconds for forward and backward, on this machine, in the layout that networks train in
placed = {{"device": choose_device(), "memory_format": torch.channels_last}}
x = torch.randn(shape).to(**placed)
calls = {{}}
for name, layer in layers.items():
    calls[name] = forward_backward_calls(layer.to(**placed), x)["both"]
timings = time_interleaved(calls, rounds=5)"""

    def still(self):
        return self.chart.value

    def alt(self):
        n, c, h, w = self.shape
        layer = f"{n} photos, {c} channels, {h} x {w} pixels, stride {self.stride.value}"
        return f"Cost playground, {layer}. {self._alt}"

    def _layers(self):
        channels = self.channels.value
        stride = self.stride.value
        return {name: ARMS[name].build(channels, channels, stride) for name in self._shown}

    def _freeze(self, disabled):
        for control in (*self._sliders, self._measure):
            control.disabled = disabled


def _quantities(costs, timings):
    """What the chart shows, `{title: {arm name: number}}`."""
    seconds = {name: timing.median for name, timing in timings.items()}
    return {
        "weights": {name: found.weights for name, found in costs.items()},
        "MACs": {name: found.macs for name, found in costs.items()},
        "bytes moved": {name: found.moved for name, found in costs.items()},
        "kept for backward": {name: found.saved for name, found in costs.items()},
        "time, both ways": {name: seconds.get(name) for name in costs},
    }


def _seconds_per_round(layers, shape):
    """Estimated from one photo through the 3x3: the seconds that timing each layer once takes."""
    n, *photo = shape
    call = _forward_backward(layers["3x3"], (1, *photo))
    found = time_interleaved({"one photo": call}, rounds=2, warm_up=1)["one photo"]
    return 1.5 * len(layers) * n * found.low


def _timings(layers, shape, rounds):
    calls = {name: _forward_backward(layer, shape) for name, layer in layers.items()}
    return time_interleaved(calls, rounds=rounds, warm_up=1)


def _forward_backward(layer, shape):
    """A call that does both, as in training: on this machine's device, channels last."""
    placed = {"device": choose_device(), "memory_format": torch.channels_last}
    return forward_backward_calls(layer.to(**placed), torch.randn(shape).to(**placed))["both"]
