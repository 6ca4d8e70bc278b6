"""Random layers and chains of every kind that merging knows, with random numbers in float64."""

import hypothesis.strategies as st
import torch
from hypothesis import HealthCheck, assume
from torch import nn

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
PADS = (nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d)
SIDES = ((12, 30), (12, 20), (9, 12))  # the smallest and the largest, for one to three axes
MOST = dict(deadline=None, suppress_health_check=list(HealthCheck))


def drawn_anew(model, seed=0):
    """Every number drawn: a BatchNorm that starts with mean 0 and variance 1 hides what it does."""
    random = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict(keep_vars=True).items():
        if tensor.is_floating_point():
            numbers = torch.randn(tensor.shape, generator=random, dtype=torch.float64)
            tensor.data = numbers.abs() + 0.5 if name.endswith("running_var") else numbers
    return model.eval()


@st.composite
def convolutions(draw, axes, channels):
    groups = draw(st.sampled_from([g for g in (1, 1, 2, 3, channels) if channels % g == 0]))
    each = draw(st.integers(1, max(1, 6 // groups)))

    def numbers(*some):
        return tuple(draw(st.sampled_from(some)) for _ in range(axes))

    kernel = numbers(1, 2, 3, 4)
    stride = numbers(1, 1, 2, 3)
    dilation = numbers(1, 1, 2)
    enough = tuple(d * (k - 1) for k, d in zip(kernel, dilation))
    padding = draw(st.sampled_from(["valid", numbers(0, 1, 2), numbers(0, 1, 2), enough]))
    if stride == (1,) * axes and draw(st.booleans()):
        padding = "same"
    bias = draw(st.booleans())
    return CONVOLUTIONS[axes - 1](
        channels, groups * each, kernel, stride, padding, dilation, groups, bias
    )


@st.composite
def layers(draw, axes, channels):
    others = ["norm", "pool", "pad", "dropout", "identity"]
    kind = draw(st.sampled_from(["convolution"] * 5 + others))
    if kind == "convolution":
        return draw(convolutions(axes, channels))
    if kind == "norm":
        return NORMS[axes - 1](channels, affine=draw(st.booleans()))
    if kind == "pool":
        k = draw(st.integers(1, 3))
        return POOLS[axes - 1](k, draw(st.integers(1, 2)), draw(st.integers(0, k // 2)))
    if kind == "pad":
        return PADS[axes - 1](tuple(draw(st.integers(0, 2)) for _ in range(2 * axes)))
    return nn.Dropout() if kind == "dropout" else nn.Identity()


@st.composite
def chains(draw, lengths):
    """A chain with at least one convolution, its channels at the input, and an input for it."""
    axes = draw(st.integers(1, 3))
    first_channels = draw(st.sampled_from([1, 2, 3, 4, 6]))
    convolution_at = draw(st.integers(0, 1))
    channels = first_channels
    chain = []
    for i in range(draw(lengths)):
        kind = convolutions if i == convolution_at else layers
        chain.append(draw(kind(axes, channels)))
        channels = getattr(chain[-1], "out_channels", channels)
    size = [draw(st.integers(*SIDES[axes - 1])) for _ in range(axes)]
    random = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    x = torch.randn(2, first_channels, *size, dtype=torch.float64, generator=random)
    return drawn_anew(nn.Sequential(*chain), draw(st.integers(0, 99))), x


def runs(model, x):
    try:
        with torch.no_grad():
            return model(x)
    except RuntimeError:  # the input is smaller than a kernel
        assume(False)
