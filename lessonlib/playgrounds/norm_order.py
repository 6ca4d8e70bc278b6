"""Playground: BatchNorm and ReLU in either order, and what the next convolution gets."""

import torch
from ipywidgets import FloatSlider, HBox, Layout, ToggleButtons, VBox

from lessonlib.algebra.norm_order import norm_and_relu, random_channels
from lessonlib.figures.norm_order import step_histograms
from lessonlib.playgrounds.base import Playground
from lessonlib.playgrounds.panes import Unseen, chart
from lessonlib.sample_photos import SAMPLES, sample_photo

__all__ = ["NormOrderPlayground"]

ORDERS = [("BatchNorm, then ReLU", True), ("ReLU, then BatchNorm", False)]
RANGE = {"min": -2, "max": 2, "step": 0.25, "layout": {"width": "300px"}}
RANGE["style"] = {"description_width": "initial"}  # else "mean before" is cut off


class NormOrderPlayground(Playground):
    """Reverse the order, move the mean that comes in, BatchNorm's gain and its offset.

    handed_on: the numbers that leave, an attribute.
    """

    def __init__(self):
        self._photos = random_channels(torch.stack([sample_photo(name, 64) for name in SAMPLES]))
        self.order = ToggleButtons(
            options=ORDERS, description="order", style={"button_width": "170px"}
        )
        self.mean = FloatSlider(description="mean before", value=0, **RANGE)
        self.gain = FloatSlider(description="gain", value=1, **RANGE)
        self.offset = FloatSlider(description="offset", value=0, **RANGE)
        self.chart = chart()
        self._words = Unseen()
        self._controls = [self.order, self.mean, self.gain, self.offset]
        sliders = HBox([self.mean, self.gain, self.offset], layout=Layout(flex_flow="row wrap"))
        super().__init__([self.order, sliders, VBox([self.chart, self._words])])
        self.update_with(self._controls)
        self.draw()

    def inputs(self):
        return [(control, "value") for control in self._controls]

    def draw(self):
        before = self._photos + self.mean.value
        after = norm_and_relu(before, self.order.value, self.gain.value, self.offset.value)
        *_, self.handed_on = after.values()
        steps = {"convolution": before} | after
        picture = step_histograms({f"after the {name}": y for name, y in steps.items()})
        self.chart.value = picture.png
        self._alt = picture.alt
        self._words.say(picture.alt)
        self.say(self._sentence(before))

    def code(self):
        norm = "y = F.batch_norm(y, None, None, gain, offset, training=True)"
        steps = [norm, "y = y.relu()"]
        lines = [
            "import torch",
            "import torch.nn.functional as F",
            "from lessonlib.algebra.norm_order import random_channels",
            "from lessonlib.sample_photos import sample_photo\n",
            f"photos = torch.stack([sample_photo(name, 64) for name in {tuple(SAMPLES)}])",
            f"y = random_channels(photos) + {self.mean.value}",
            f"gain = torch.full((16,), {self.gain.value}).double()",
            f"offset = torch.full((16,), {self.offset.value}).double()",
            *(steps if self.order.value else reversed(steps)),
        ]
        return "\n".join(lines)

    def still(self):
        return self.chart.value

    def alt(self):
        return f"Norm order playground, {self.order.label}. {self._alt}"

    def _sentence(self, before):
        below = (self.handed_on < 0).double().mean().item()
        padding = (
            f"{below:.0%} of what is handed on lies below 0, the number that the next convolution "
            "pads with."
        )
        if self.order.value:
            return f"BatchNorm takes the mean away again, and the ReLU cuts after it. {padding}"
        cut = (before < 0).double().mean().item()
        return f"The ReLU cuts {cut:.0%} before BatchNorm sees them. {padding}"
