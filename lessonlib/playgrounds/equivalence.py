"""Playground: put a ReLU, a BatchNorm, a bias, padding or a stride between two 2x2, and see where one 3x3 goes wrong."""

import torch
from ipywidgets import Checkbox, HBox, ToggleButtons

from lessonlib.algebra import equivalence
from lessonlib.algebra.equivalence import (
    Switches,
    compare,
    one_step,
    random_pair,
    reasons,
    two_steps,
)
from lessonlib.playgrounds.base import Pane, Playground, message, message_line, still_of
from lessonlib.playgrounds.photo_picker import PhotoPicker
from lessonlib.sample_photos import SAMPLES, sample_photo

__all__ = ["EquivalencePlayground", "error_map"]

SIZE = 32
NORMS = [("none", "none"), ("eval", "eval"), ("train", "train")]
PADDINGS = [
    ("all on the first", "first"),
    ("all on the second", "second"),
    ("some on each", "each"),
    ("as in 2019", "2019"),
]
STRIDES = [("none", "none"), ("on the second", "second"), ("on the first", "first")]
RIGHT = 0.93  # a grey that stands out from a white page
WRONG = torch.tensor([0.835, 0.369, 0.0], dtype=torch.float64)[
    :, None, None
]  # Okabe and Ito's vermilion


class EquivalencePlayground(Playground):
    """Switches for what stands between two 2x2. `comparison` is that of the pair with the 3x3 merged from it."""

    def __init__(self):
        self.pair = random_pair()
        self.seen = torch.stack(
            [sample_photo(name, SIZE) for name in SAMPLES]
        )  # what BatchNorm has averaged over
        self.answer = message_line()
        self.picker = PhotoPicker(self.update, self.say, size=SIZE)
        self.relu = Checkbox(description="ReLU between", indent=False)
        self.bias = Checkbox(description="bias on the first", indent=False)
        self.norm = _toggle("BatchNorm", NORMS)
        self.padding = _toggle("padding", PADDINGS)
        self.stride = _toggle("stride 2", STRIDES)
        self.panes = [
            Pane(
                "two 2x2, one channel", "One channel of what the two 2x2 make of the photo.", zoom=7
            ),
            Pane(
                "one 3x3, one channel",
                "The same channel of what the merged 3x3 makes of it.",
                zoom=7,
            ),
            Pane(
                "wrong where orange",
                "Light grey where both agree in all channels, orange where they do not.",
                zoom=7,
            ),
        ]
        self._controls = [self.relu, self.bias, self.norm, self.padding, self.stride]
        super().__init__([self.picker, *self._controls, self.answer, HBox(self.panes)])
        for control in self._controls:
            control.observe(lambda _: self.update(), "value")
        self.draw()

    @property
    def switches(self):
        return Switches(
            self.relu.value, self.norm.value, self.bias.value, self.padding.value, self.stride.value
        )

    def inputs(self):
        return [(self.picker, "photo"), *((control, "value") for control in self._controls)]

    def draw(self):
        photo, switches = self.picker.photo[None], self.switches
        two, one = (step(self.pair, photo, switches, self.seen) for step in (two_steps, one_step))
        self.comparison = compare(two, one)
        grey = [0.5 + y[0, 0] / (5 * self.comparison.size) for y in (two, one)]
        for pane, values in zip(self.panes, (*grey, error_map(self.comparison))):
            pane.show(_full_size(values, 1 if switches.stride == "none" else 2))
        self.answer.value = message(_summary(self.comparison, two.shape[-2:], one.shape[-2:]))
        self.say(
            " ".join(reasons(switches))
            or "Two are one, up to rounding, on this photo and on every other."
        )

    def code(self):
        s = self.switches
        paddings, strides, bias = (
            equivalence.PADDINGS[s.padding],
            equivalence.STRIDES[s.stride],
            "pair.bias" if s.bias else None,
        )
        lines = [
            "import torch\nimport torch.nn.functional as F\nfrom lessonlib.algebra.equivalence import Switches, merged, random_pair",
            f"from lessonlib.sample_photos import sample_photo\n\npair = random_pair()\n{self.picker.code()}",
            f"seen = torch.stack([sample_photo(name, {SIZE}) for name in {tuple(SAMPLES)}])",
            f"y = F.conv2d(F.pad(x[None], {paddings[0]}), pair.B, {bias}, {strides[0]})",
        ]
        if s.norm == "eval":
            lines.append(f"y_seen = F.conv2d(seen, pair.B, {bias})")
            lines.append(
                "y = F.batch_norm(y, y_seen.mean((0, 2, 3)), y_seen.var((0, 2, 3)), pair.gain, pair.offset)"
            )
        if s.norm == "train":
            lines.append("y = F.batch_norm(y, None, None, pair.gain, pair.offset, training=True)")
        if s.relu:
            lines.append("y = y.relu()")
        both = tuple(map(sum, zip(*paddings)))
        lines.append(f"two_steps = F.conv2d(F.pad(y, {paddings[1]}), pair.C, None, {strides[1]})")
        lines.append(f"A, a = merged(pair, {s}, seen)")
        lines.append(
            f"one_step = F.conv2d(F.pad(x[None], {both}), A, a, {strides[0] * strides[1]})"
        )
        return "\n".join(lines)

    def still(self):
        return still_of(self.panes)

    def alt(self):
        return "Switchboard: one channel after two 2x2 in series, after the merged 3x3, and a map of where they differ."


def error_map(comparison):
    """Colours (3, h, w): grey where the two agree, a light to full orange where they do not."""
    share = comparison.where / max(comparison.largest, 1e-12)
    strength = torch.where(comparison.where > 1e-10 * comparison.size, 0.25 + 0.75 * share, 0)
    return RIGHT + strength * (WRONG - RIGHT)


def _summary(comparison, two, one):
    """The errors in words; two, one: the sizes (h, w) of the two outputs."""
    sizes = (
        ""
        if two == one
        else f" The pair gives {two[0]}x{two[1]} numbers, the 3x3 {one[0]}x{one[1]}."
    )
    return (
        f"{100 * comparison.wrong:.1f}% of the positions are wrong.{sizes} Largest error {comparison.largest:.2g}, "
        f"median error {comparison.typical:.2g}; the outputs themselves are about {comparison.size:.2g}."
    )


def _full_size(values, stride):
    """Each value `stride` times across and down, so that the picture keeps its size."""
    return values.repeat_interleave(stride, -1).repeat_interleave(stride, -2)[..., :SIZE, :SIZE]


def _toggle(name, options):
    return ToggleButtons(
        options=options,
        description=name,
        style={"button_width": "150px", "description_width": "90px"},
    )
