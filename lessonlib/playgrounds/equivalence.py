"""Playground: put something between two 2x2 convolutions, and see where one 3x3 goes wrong.

A ReLU, a BatchNorm, a bias, padding or a stride.
"""

import torch
from ipywidgets import Checkbox, ToggleButtons

from lessonlib.algebra import equivalence
from lessonlib.algebra.equivalence import (
    Switches,
    compare,
    one_step,
    random_pair,
    reasons,
    two_steps,
)
from lessonlib.figures.style import error_strength
from lessonlib.playgrounds.base import Playground, message, message_line
from lessonlib.playgrounds.colors import error_colors
from lessonlib.playgrounds.panes import Pane, in_a_row, still_of
from lessonlib.playgrounds.photo_picker import PhotoPicker
from lessonlib.sample_photos import SAMPLES, sample_photo

__all__ = ["EquivalencePlayground"]

SIZE = 32
NORMS = [("none", "none"), ("eval", "eval"), ("train", "train")]
PADDINGS = [
    ("all on the first", "first"),
    ("all on the second", "second"),
    ("some on each", "each"),
    ("as in 2019", "2019"),
]
STRIDES = [("none", "none"), ("on the second", "second"), ("on the first", "first")]
TOGGLE_STYLE = {"button_width": "150px", "description_width": "90px"}
PANES = {
    "two 2x2, one channel": "One channel of what the two 2x2 make of the photo.",
    "one 3x3, one channel": "The same channel of what the merged 3x3 makes of it.",
    "wrong where orange": "Light grey where both agree in all channels, orange where they do not.",
}


class EquivalencePlayground(Playground):
    """Switches for what stands between two 2x2.

    comparison: how the pair differs from the 3x3 merged from it, an `OutputDifference`.
    """

    def __init__(self):
        self.pair = random_pair()
        # what BatchNorm has averaged over
        self.seen = torch.stack([sample_photo(name, SIZE) for name in SAMPLES])
        self.answer = message_line()
        self.picker = PhotoPicker(self.update, self.say, size=SIZE)
        self.relu = Checkbox(description="ReLU between", indent=False)
        self.bias = Checkbox(description="bias on the first", indent=False)
        self.norm = ToggleButtons(options=NORMS, description="BatchNorm", style=TOGGLE_STYLE)
        self.padding = ToggleButtons(options=PADDINGS, description="padding", style=TOGGLE_STYLE)
        self.stride = ToggleButtons(options=STRIDES, description="stride 2", style=TOGGLE_STYLE)
        self.panes = [Pane(title, alt, zoom=7) for title, alt in PANES.items()]
        self._controls = [self.relu, self.bias, self.norm, self.padding, self.stride]
        super().__init__([self.picker, *self._controls, self.answer, in_a_row(self.panes)])
        self.update_with(self._controls)
        self.draw()

    @property
    def switches(self):
        return Switches(
            relu=self.relu.value,
            norm=self.norm.value,
            bias=self.bias.value,
            padding=self.padding.value,
            stride=self.stride.value,
        )

    def inputs(self):
        return [(self.picker, "photo"), *((control, "value") for control in self._controls)]

    def draw(self):
        switches = self.switches
        photo = self.picker.photo[None]
        two = two_steps(self.pair, photo, switches, self.seen)
        one = one_step(self.pair, photo, switches, self.seen)
        self.comparison = compare(two, one)
        self._draw_panes(two[0, 0], one[0, 0], 1 if switches.stride == "none" else 2)
        self.answer.value = message(_summary(self.comparison, two.shape[-2:], one.shape[-2:]))
        self.say(
            " ".join(reasons(switches))
            or "Two are one, up to rounding, on this photo and on every other."
        )

    def code(self):
        s = self.switches
        first, second = equivalence.PADDINGS[s.padding]
        first_stride, second_stride = equivalence.STRIDES[s.stride]
        both = tuple(map(sum, zip(first, second)))
        bias = "pair.bias" if s.bias else None
        lines = [
            "import torch",
            "import torch.nn.functional as F",
            "from lessonlib.algebra.equivalence import Switches, merged, random_pair",
            f"{self.picker.code()}\npair = random_pair()",
            f"seen = torch.stack([sample_photo(name, {SIZE}) for name in {tuple(SAMPLES)}])",
            f"y = F.conv2d(F.pad(x[None], {first}), pair.B, {bias}, {first_stride})",
            *_code_between(s, bias),
            f"two_steps = F.conv2d(F.pad(y, {second}), pair.C, None, {second_stride})",
            f"A, a = merged(pair, {s}, seen)",
            f"one_step = F.conv2d(F.pad(x[None], {both}), A, a, {first_stride * second_stride})",
        ]
        return "\n".join(lines)

    def still(self):
        return still_of(self.panes)

    def alt(self):
        return (
            "Equivalence playground: one channel after two 2x2 in series, after the merged 3x3, "
            "and a map of where they differ."
        )

    def _draw_panes(self, two, one, stride):
        found = self.comparison
        strength = error_strength(found.where, 1e-10 * found.size)
        pictures = [_as_grey(two, found.size), _as_grey(one, found.size), error_colors(strength)]
        for pane, picture in zip(self.panes, pictures):
            pane.show(_full_size(picture, stride))


def _code_between(switches, bias):
    """The lines of torch for what stands between the two convolutions."""
    lines = []
    if switches.norm == "eval":
        lines += [
            f"y_seen = F.conv2d(seen, pair.B, {bias})",
            "mean, variance = y_seen.mean((0, 2, 3)), y_seen.var((0, 2, 3))",
            "y = F.batch_norm(y, mean, variance, pair.gain, pair.offset)",
        ]
    if switches.norm == "train":
        lines.append("y = F.batch_norm(y, None, None, pair.gain, pair.offset, training=True)")
    if switches.relu:
        lines.append("y = y.relu()")
    return lines


def _summary(comparison, two, one):
    """The errors in words; two, one: the sizes (h, w) of the two outputs."""
    sizes = f" The pair gives {two[0]}x{two[1]} numbers, the 3x3 {one[0]}x{one[1]}."
    return (
        f"{100 * comparison.wrong:.1f}% of the positions are wrong.{'' if two == one else sizes} "
        f"Largest error {comparison.largest:.2g}, median error {comparison.typical:.2g}; "
        f"the outputs themselves are about {comparison.size:.2g}."
    )


def _as_grey(output, size):
    """An output `(h, w)` around middle grey; size: the root mean square of all outputs."""
    return 0.5 + output / (5 * size)


def _full_size(values, stride):
    """Each value `stride` times across and down, so that the picture keeps its size."""
    return values.repeat_interleave(stride, -1).repeat_interleave(stride, -2)[..., :SIZE, :SIZE]
