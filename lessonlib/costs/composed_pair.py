"""A linear pair of 2x2 convolutions that goes whichever way is faster on this machine.

Composed first, its two kernels become one 3x3 kernel, which convolves once: the same weights,
outputs and gradients as the pair in series. Composing costs next to nothing in an early layer and
as much as the convolution in a last one. So each layer is measured both ways.
Composing a linear block during training is Online Convolutional Re-parameterization (OREPA, Hu et
al., CVPR 2022).
"""

from torch import fx, nn

from lessonlib.checks import require_int
from lessonlib.costs.choosing import composes_first
from lessonlib.costs.composing import composed_first

__all__ = ["ComposedPair"]


class ComposedPair(nn.Sequential):
    """Two 2x2 convolutions in place of a 3x3 with padding 1, with the weights of the arm "pair".

    Maps `(n, channels_in, h, w)` to `(n, channels_out, ceil(h/stride), ceil(w/stride))`. The first
    call for an input of its kind measures both ways; `choosing.choices` lists what was measured.
    composes: True if the last call composed first, False if it ran in series, None before the
    first call.
    Raises ValueError for an input that is not 4-dimensional.
    """

    def __init__(self, channels_in, channels_out, stride=1):
        require_int("This arm", channels_in=channels_in, channels_out=channels_out, stride=stride)
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 2, padding=1, bias=False),
            nn.Conv2d(channels_out, channels_out, 2, stride, bias=False),
        )
        self.composes = None

    def forward(self, x):
        if isinstance(x, fx.Proxy):  # has no shape to decide by
            return super().forward(x)
        if x.ndim != 4:
            shape = tuple(x.shape)
            raise ValueError(
                f"A ComposedPair takes photos (n, channels, h, w), not {shape}; "
                "for a single photo give x[None]."
            )
        first, second = self
        stride = second.stride[0]
        self.composes = composes_first(x, first.weight, second.weight, stride)
        if not self.composes:
            return super().forward(x)
        return composed_first(x, first.weight, second.weight, stride)

    def extra_repr(self):
        return {None: "", True: "composed first", False: "in series"}[self.composes]
