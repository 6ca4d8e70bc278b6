"""One 3x3 convolution that starts where two 2x2 in series start, and is then trained as a 3x3."""

import torch
from torch import nn

from lessonlib.kernels import compose

__all__ = ["StartsComposed", "compose_starts"]


class StartsComposed(nn.Sequential):
    """Two 2x2 in series, with all padding on the first, until `compose_starts` makes one 3x3.

    So the two draw the same first weights as the arm "pair" in the same network and seed.
    """

    def composed(self) -> nn.Conv2d:
        """The 3x3 with padding 1 that gives what the two give now."""
        first, second = self
        single = nn.Conv2d(
            first.in_channels, second.out_channels, 3, second.stride, padding=1, bias=False
        )
        with torch.no_grad():
            single.weight.copy_(compose(first.weight, second.weight))
        return single


def compose_starts(model: nn.Module) -> None:
    """Replace every `StartsComposed` inside `model` by its 3x3, in place."""
    for name, child in model.named_children():
        if isinstance(child, StartsComposed):
            setattr(model, name, child.composed())
        else:
            compose_starts(child)
