"""Which of torch's layers are known: those that slide over their input as a convolution does."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.nn.modules.lazy import LazyModuleMixin

from lessonlib.costs.composed_pair import ComposedPair

__all__ = [
    "CONVOLUTIONS",
    "TRANSPOSED",
    "POOLS",
    "PADS",
    "IDLE",
    "PadWith",
    "Fit",
    "fit_of",
    "is_hooked",
    "is_norm",
    "rest_of",
    "why_unknown",
]

# For one, two and three axes; of any type, as torch declares their options differently
CONVOLUTIONS: tuple[Any, ...] = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED: tuple[Any, ...] = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
POOLS: tuple[Any, ...] = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
PADS: tuple[Any, ...] = (nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d)
IDLE = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)  # in eval
FROZEN = ("torchvision.ops.misc", "detectron2.layers.batch_norm")  # modules of FrozenBatchNorm2d
CALLED = ("__call__", "_call_impl", "forward", "_conv_forward")  # what runs when a layer is called


class PadWith(nn.Module):
    """Pad each channel with a value of its own.

    So a padding can continue what a convolution with a bias gives beyond its edge.
    values: `(channels,)`; padding: before and after along each axis, the last axis first, as torch
    counts it. `(n, channels, h, w)` becomes `(n, channels, top + h + bottom, left + w + right)`;
    likewise with one or three axes, and without n.
    Raises ValueError unless the padding is 2, 4 or 6 numbers.
    """

    values: torch.Tensor

    def __init__(self, values: torch.Tensor | Sequence[float], padding: Sequence[int]) -> None:
        super().__init__()
        if len(padding) not in (2, 4, 6):
            raise ValueError(
                f"PadWith: padding is {padding}; give 2, 4 or 6 numbers, "
                "before and after along each axis, the last axis first."
            )
        values = torch.as_tensor(values)
        self.register_buffer("values", values if values.is_floating_point() else values.float())
        self.padding = tuple(padding)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = self.values.to(x.dtype)
        for _ in range(len(self.padding) // 2):  # so that torch.jit.script can read it
            values = values.unsqueeze(-1)
        border = F.pad(torch.zeros_like(x[:1]), self.padding, value=1.0)
        return F.pad(x, self.padding) + values * border

    def extra_repr(self) -> str:
        return f"{len(self.values)} channels, padding={self.padding}"


class Fit(NamedTuple):
    """The number of axes and channels that a layer reads, and of channels that it gives.

    A Linear layer slides along no axis: it is a convolution of each position by itself.
    None stands for any number; then it gives as many channels as it reads.
    """

    axes: int | None
    reads: int | None
    gives: int | None


def fit_of(layer):
    """The `Fit` of a layer that `as_convolutions` knows; None for all others, and for own code."""
    if not (_runs_torchs_code(layer) or _frozen(layer) or _also_activates(layer)):
        return None
    if isinstance(layer, CONVOLUTIONS + TRANSPOSED):
        return Fit(len(layer.kernel_size), layer.in_channels, layer.out_channels)
    if isinstance(layer, POOLS):
        return Fit(1 + [isinstance(layer, pool) for pool in POOLS].index(True), None, None)
    if isinstance(layer, PadWith):
        return Fit(len(layer.padding) // 2, len(layer.values), len(layer.values))
    if is_norm(layer):
        channels = layer.num_features if isinstance(layer, _BatchNorm) else len(layer.running_mean)
        return Fit(None, channels, channels)
    if isinstance(layer, nn.Linear):  # the last axis of its input is that of the channels
        return Fit(0, layer.in_features, layer.out_features)
    if isinstance(layer, ComposedPair):
        first, last = layer
        return Fit(2, first.in_channels, last.out_channels)  # type: ignore[arg-type]
    return Fit(None, None, None)  # constant padding too: torch may pad only the last axes


def _runs_torchs_code(layer):
    if "forward" in vars(layer) or isinstance(layer, LazyModuleMixin):
        return False
    norms = (_BatchNorm, nn.SyncBatchNorm)
    kinds = (
        *CONVOLUTIONS,
        *TRANSPOSED,
        *POOLS,
        *PADS,
        *IDLE,
        *norms,
        nn.Linear,
        PadWith,
        ComposedPair,
    )
    return any(isinstance(layer, kind) and _calls_as(type(layer), kind) for kind in kinds)


def _calls_as(own, kind):
    return all(getattr(own, name, None) is getattr(kind, name, None) for name in CALLED)


def is_hooked(layer):
    """Whether something is called before or after its forward."""
    return bool(layer._forward_hooks or layer._forward_pre_hooks)


def is_norm(layer):
    """Whether it is a BatchNorm of any kind."""
    return isinstance(layer, _BatchNorm) or _frozen(layer) or _also_activates(layer)


def rest_of(layer):
    """What a layer does after that of which it has a `Fit`, as a module; None if that is nothing.

    timm's BatchNorm applies dropout and an activation itself.
    """
    if not _also_activates(layer):
        return None
    rest = {name: part for name, part in layer.named_children() if name in ("drop", "act")}
    if all(isinstance(part, IDLE) for part in rest.values()):
        return None
    return nn.Sequential(OrderedDict(rest)).eval()


def _also_activates(layer):
    """Whether it is a BatchNorm of timm, which is not imported here."""
    kind = type(layer)
    return (
        kind.__name__ in ("BatchNormAct2d", "SyncBatchNormAct", "FrozenBatchNormAct2d")
        and getattr(kind, "__module__", "") == "timm.layers.norm_act"
        and "forward" not in vars(layer)
    )


def _frozen(layer):
    """Whether it is the BatchNorm of constants of torchvision or Detectron2, not imported here.

    Others have one of that name too, which may compute something else.
    """
    kind = type(layer)
    return (
        kind.__name__ == "FrozenBatchNorm2d"
        and getattr(kind, "__module__", "") in FROZEN
        and "forward" not in vars(layer)
    )


def why_unknown(layer):
    """Why a convolution or a BatchNorm has no `Fit`; empty if it has one, and for other layers."""
    if type(layer).__name__ == "FrozenBatchNorm2d" and not _frozen(layer):
        return "only torchvision's and Detectron2's FrozenBatchNorm2d are known"
    if isinstance(layer, _InstanceNorm) and layer.track_running_stats:
        return "with its running statistics it is a BatchNorm, so put one in its place"
    if not isinstance(layer, (*CONVOLUTIONS, *TRANSPOSED, _BatchNorm)) or fit_of(layer):
        return ""
    if isinstance(layer, LazyModuleMixin):
        return "it has no weights before its first input: run the model once"
    return f"a {type(layer).__name__} overrides how torch's layer computes"
