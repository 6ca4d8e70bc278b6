"""BatchNorm and ReLU in either order, and what the next convolution receives. Needs torch only."""

from copy import deepcopy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from lessonlib.checks import require_int, require_type

__all__ = ["random_channels", "norm_and_relu", "Summary", "summary", "convolution_inputs"]


def random_channels(photos: torch.Tensor, count: int = 16, seed: int = 0) -> torch.Tensor:
    """What `count` random 3x3 kernels make of photos `(n, 3, h, w)`: `(n, count, h-2, w-2)`.

    Each channel has mean 0 and standard deviation 1 over the whole batch; the shape of its
    distribution stays that of the photos.
    Raises TypeError if photos is not a floating-point tensor, ValueError if its shape does not
    fit or count is below 1.
    """
    _check_photos(photos, count)
    random = torch.Generator().manual_seed(seed)
    kernels = torch.randn(count, 3, 3, 3, dtype=photos.dtype, generator=random)
    y = F.conv2d(photos, kernels)
    deviation, mean = torch.std_mean(y, (0, 2, 3), correction=0, keepdim=True)
    return (y - mean) / deviation


def norm_and_relu(
    y: torch.Tensor, norm_first: bool, gain: float = 1.0, offset: float = 0.0
) -> dict[str, torch.Tensor]:
    """BatchNorm, as in training, and ReLU on the output `(n, c, h, w)` of a convolution.

    norm_first: whether BatchNorm comes before the ReLU.
    gain, offset: BatchNorm's gamma and beta, the same for all channels.
    Returns `{"BatchNorm": numbers after it, "ReLU": numbers after it}`, in the order of use.
    Raises TypeError if y is not a floating-point tensor, ValueError if its shape does not fit or
    it has fewer than two numbers per channel.
    """
    _check_channels(y)
    channels = y.shape[1:2]
    gains = y.new_full(channels, gain)
    offsets = y.new_full(channels, offset)

    def norm(y):
        return F.batch_norm(y, None, None, gains, offsets, training=True)

    steps = {"BatchNorm": norm, "ReLU": F.relu}
    after = {}
    for name in steps if norm_first else reversed(steps):
        y = steps[name](y)
        after[name] = y
    return after


class Summary(NamedTuple):
    """Mean and standard deviation of some numbers, and the share of exact zeros, from 0 to 1."""

    mean: float
    deviation: float
    zeros: float

    def __str__(self):
        return f"mean {self.mean:+z.2f}, deviation {self.deviation:.2f}, zeros {self.zeros:.0%}"


def summary(y: torch.Tensor) -> Summary:
    """The `Summary` of all numbers of a tensor.

    Raises TypeError if y is not a tensor, ValueError if it is empty.
    """
    _check_numbers(y)
    y = y if y.is_floating_point() else y.double()
    mean = y.mean().item()
    deviation = y.std(correction=0).item()
    zeros = (y == 0).double().mean().item()
    return Summary(mean, deviation, zeros)


def convolution_inputs(model: nn.Module, x: torch.Tensor) -> dict[str, Summary]:
    """What each Conv2d of `model` receives in training from a batch x, in the order of use.

    Returns `{path of the layer: Summary}`. The model itself is not changed, not even its running
    statistics. Raises TypeError if model is not a Module.
    """
    require_type("convolution_inputs", nn.Module, model=model)
    model = deepcopy(model).train()
    found = {}

    def note(name):
        return lambda _, given: found.update({name: summary(given[0])})

    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_pre_hook(note(name))
    with torch.no_grad():
        model(x)
    return found


def _check_photos(photos, count):
    _check_batch("random_channels", photos)
    require_int("random_channels", count=count)
    if photos.shape[1] != 3 or min(photos.shape) < 1 or min(photos.shape[2:]) < 3:
        raise ValueError(
            "random_channels takes photos (n, 3, h, w) of at least 3x3 pixels, "
            f"not {tuple(photos.shape)}."
        )


def _check_channels(y):
    _check_batch("norm_and_relu", y)
    if y.numel() < 2 * y.shape[1]:
        raise ValueError(
            "norm_and_relu: BatchNorm needs two numbers per channel, "
            f"{tuple(y.shape)} has fewer: give more photos."
        )


def _check_numbers(y):
    require_type("summary", torch.Tensor, y=y)
    if not y.numel():
        raise ValueError(
            f"summary: a tensor of shape {tuple(y.shape)} holds no number; give one that does."
        )


def _check_batch(caller, y):
    if not isinstance(y, torch.Tensor) or not y.is_floating_point():
        found = getattr(y, "dtype", type(y).__name__)
        raise TypeError(
            f"{caller} takes a floating-point tensor, not {found}: convert it with .double()."
        )
    if y.ndim != 4:
        raise ValueError(f"{caller} takes a batch (n, channels, h, w), not {tuple(y.shape)}.")
