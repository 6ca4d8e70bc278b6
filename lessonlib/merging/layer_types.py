"""Which layers of torch are known: those that slide over their input in the way of a convolution."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.lazy import LazyModuleMixin

from lessonlib.costs.composed_pair import ComposedPair

__all__ = [
    "CONVOLUTIONS",
    "POOLS",
    "PADS",
    "IDLE",
    "PadWith",
    "Fit",
    "fit_of",
    "is_norm",
    "why_unknown",
]

CONVOLUTIONS = nn.Conv1d, nn.Conv2d, nn.Conv3d
POOLS = nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d
PADS = nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d
IDLE = nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d  # which do nothing in eval
CALLED = "__call__", "forward", "_conv_forward"  # what runs when a layer is called


class PadWith(nn.Module):
    """Pads every channel with a number of its own: what a convolution with a bias gives beyond the edge, say.

    values: `(channels,)`; padding: before and after along each axis, the last axis first, as torch counts it.
    `(n, channels, h, w)` becomes `(n, channels, top + h + bottom, left + w + right)`; with one or three axes alike, or without
    n. Raises ValueError for a padding that is no such numbers.
    """

    def __init__(self, values, padding):
        super().__init__()
        if len(padding) not in (2, 4, 6):
            raise ValueError(
                f"PadWith pads before and after along each axis, so by 2, 4 or 6 numbers, and these are {padding}."
            )
        values = torch.as_tensor(values)
        self.register_buffer("values", values if values.is_floating_point() else values.float())
        self.padding = tuple(padding)

    def forward(self, x):
        values = self.values.to(x.dtype).view(-1, *(1,) * (len(self.padding) // 2))
        return F.pad(x, self.padding) + values * F.pad(
            torch.zeros_like(x[:1]), self.padding, value=1
        )

    def extra_repr(self):
        return f"{len(self.values)} channels, padding={self.padding}"


class Fit(NamedTuple):
    """What a layer reads, how many axes and channels, and how many channels it gives; None is any, then it gives as many."""

    axes: int | None
    reads: int | None
    gives: int | None


def fit_of(layer):
    """The `Fit` of a layer that `as_convolutions` knows, else None: one that runs code of its own is not known."""
    if not (_runs_torchs_code(layer) or _frozen(layer)):
        return None
    if isinstance(layer, CONVOLUTIONS):
        return Fit(len(layer.kernel_size), layer.in_channels, layer.out_channels)
    if isinstance(layer, POOLS):
        return Fit(1 + [isinstance(layer, pool) for pool in POOLS].index(True), None, None)
    if isinstance(layer, PadWith):
        return Fit(len(layer.padding) // 2, len(layer.values), len(layer.values))
    if is_norm(layer):
        channels = layer.num_features if isinstance(layer, _BatchNorm) else len(layer.running_mean)
        return Fit(None, channels, channels)
    if isinstance(layer, ComposedPair):
        return Fit(2, layer[0].in_channels, layer[-1].out_channels)
    return Fit(None, None, None)  # a padding too, as torch also pads the last axes alone


def _runs_torchs_code(layer):
    kinds = (
        *CONVOLUTIONS,
        *POOLS,
        *PADS,
        *IDLE,
        _BatchNorm,
        nn.SyncBatchNorm,
        PadWith,
        ComposedPair,
    )
    own = "forward" in vars(layer) or isinstance(layer, LazyModuleMixin)
    return not own and any(
        isinstance(layer, kind)
        and all(getattr(type(layer), name, None) is getattr(kind, name, None) for name in CALLED)
        for kind in kinds
    )


def is_norm(layer):
    """Whether it is a BatchNorm, of whatever kind."""
    return isinstance(layer, _BatchNorm) or _frozen(layer)


def _frozen(layer):
    """Whether it is the BatchNorm of constants of torchvision or Detectron2, neither of which is needed here."""
    numbers = {"weight", "bias", "running_mean", "running_var"}
    return (
        type(layer).__name__ == "FrozenBatchNorm2d"
        and numbers <= layer._buffers.keys()
        and hasattr(layer, "eps")
    )


def why_unknown(layer):
    """Why a convolution or a BatchNorm has no `Fit`; empty for those that have one, and for all other layers."""
    if not isinstance(layer, (*CONVOLUTIONS, _BatchNorm)) or fit_of(layer):
        return ""
    if isinstance(layer, LazyModuleMixin):
        return "it has no weights before its first input: run the model once"
    return f"a {type(layer).__name__} computes in its own way, not in that of torch's layer"
