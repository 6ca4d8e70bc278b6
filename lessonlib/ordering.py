"""BatchNorm and ReLU in either order, and what the next convolution gets from them. Needs torch only."""

from copy import deepcopy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["channels", "block", "Summary", "summary", "convolution_inputs"]


def channels(photos, count=16, seed=0):
    """What `count` random 3x3 kernels make of photos `(n, 3, h, w)`: `(n, count, h-2, w-2)`.

    Each channel has the mean 0 and the standard deviation 1 over the whole batch; its shape stays that of the photos.
    """
    random = torch.Generator().manual_seed(seed)
    y = F.conv2d(photos, torch.randn(count, 3, 3, 3, dtype=photos.dtype, generator=random))
    deviation, mean = torch.std_mean(y, (0, 2, 3), correction=0, keepdim=True)
    return (y - mean) / deviation


def block(y, norm_first, gain=1.0, offset=0.0):
    """ReLU and BatchNorm, as in training, on what a convolution gives, `(n, c, h, w)`: `{step: numbers after it}`, in order.

    gain, offset: BatchNorm's gamma and beta, the same for all channels.
    """

    def norm(y):
        return F.batch_norm(y, None, None, y.new_full(y.shape[1:2], gain), y.new_full(y.shape[1:2], offset), training=True)

    steps, after = {"BatchNorm": norm, "ReLU": F.relu}, {}
    for name in steps if norm_first else reversed(steps):
        after[name] = y = steps[name](y)
    return after


class Summary(NamedTuple):
    """Mean and standard deviation of numbers, and the share that is exactly 0."""

    mean: float
    deviation: float
    zeros: float

    def __str__(self):
        return f"mean {self.mean:+z.2f}, deviation {self.deviation:.2f}, zeros {self.zeros:.0%}"


def summary(y):
    """The `Summary` of all numbers of a tensor."""
    return Summary(y.mean().item(), y.std(correction=0).item(), (y == 0).double().mean().item())


def convolution_inputs(model, x):
    """What each convolution of `model` gets in training from a batch x: `{its path: Summary}`, in the order of use.

    The model itself is left as it is, its running statistics too.
    """
    model, found = deepcopy(model).train(), {}

    def note(name):
        return lambda _, given: found.update({name: summary(given[0])})

    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_pre_hook(note(name))
    with torch.no_grad():
        model(x)
    return found
