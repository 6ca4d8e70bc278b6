"""BatchNorm and ReLU in either order, and what the next convolution gets from them. Needs torch only."""

from copy import deepcopy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from lessonlib.checks import require_int, require_type

__all__ = ["random_channels", "norm_and_relu", "Summary", "summary", "convolution_inputs"]


def random_channels(photos, count=16, seed=0):
    """What `count` random 3x3 kernels make of photos `(n, 3, h, w)`: `(n, count, h-2, w-2)`.

    Each channel has the mean 0 and the standard deviation 1 over the whole batch; its shape stays that of the photos.
    Raises TypeError for what are no floating-point numbers, ValueError for another shape or no channels.
    """
    _check("channels", photos)
    require_int("channels", count=count)
    if photos.shape[1] != 3 or min(photos.shape) < 1 or min(photos.shape[2:]) < 3:
        raise ValueError(
            f"channels takes photos (n, 3, h, w) of at least 3x3 pixels, not {tuple(photos.shape)}."
        )
    random = torch.Generator().manual_seed(seed)
    y = F.conv2d(photos, torch.randn(count, 3, 3, 3, dtype=photos.dtype, generator=random))
    deviation, mean = torch.std_mean(y, (0, 2, 3), correction=0, keepdim=True)
    return (y - mean) / deviation


def norm_and_relu(y, norm_first, gain=1.0, offset=0.0):
    """ReLU and BatchNorm, as in training, on what a convolution gives, `(n, c, h, w)`: `{step: numbers after it}`, in order.

    gain, offset: BatchNorm's gamma and beta, the same for all channels.
    Raises TypeError for what are no floating-point numbers, ValueError for another shape or less than two numbers a channel.
    """
    _check("block", y)
    if y.numel() < 2 * y.shape[1]:
        raise ValueError(
            f"block: BatchNorm needs two numbers a channel, {tuple(y.shape)} has fewer: give more photos."
        )

    def norm(y):
        return F.batch_norm(
            y,
            None,
            None,
            y.new_full(y.shape[1:2], gain),
            y.new_full(y.shape[1:2], offset),
            training=True,
        )

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
    """The `Summary` of all numbers of a tensor. TypeError for what is none, ValueError where there is no number in it."""
    require_type("summary", torch.Tensor, y=y)
    if not y.numel():
        raise ValueError(
            f"summary: a tensor of shape {tuple(y.shape)} holds no number; give one that does."
        )
    y = y if y.is_floating_point() else y.double()
    return Summary(y.mean().item(), y.std(correction=0).item(), (y == 0).double().mean().item())


def convolution_inputs(model, x):
    """What each convolution of `model` gets in training from a batch x: `{its path: Summary}`, in the order of use.

    The model itself is left as it is, its running statistics too. TypeError for what is no model.
    """
    require_type("convolution_inputs", nn.Module, model=model)
    model, found = deepcopy(model).train(), {}

    def note(name):
        return lambda _, given: found.update({name: summary(given[0])})

    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_pre_hook(note(name))
    with torch.no_grad():
        model(x)
    return found


def _check(caller, y):
    if not isinstance(y, torch.Tensor) or not y.is_floating_point():
        found = getattr(y, "dtype", type(y).__name__)
        raise TypeError(
            f"{caller} takes a floating-point tensor, not {found}: .double() makes one."
        )
    if y.ndim != 4:
        raise ValueError(f"{caller} takes a batch (n, channels, h, w), not {tuple(y.shape)}.")
