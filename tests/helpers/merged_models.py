"""Models to merge, and how far the merged ones are from them."""

import torch
from torch import nn

from lessonlib.arms import ARMS
from lessonlib.configs import Network
from lessonlib.networks import residual_network

TINY = Network(width=0.125, blocks=(1, 1, 1, 1))


def relative(given, expected):
    return ((given - expected).abs().max() / expected.abs().max()).item()


def difference(merged, model, x):
    with torch.no_grad():
        return relative(merged(x), model(x))


def close(given, expected):
    """In float64, up to rounding."""
    atol = 1e-9 * expected.abs().max().item()
    return torch.allclose(given, expected, rtol=1e-9, atol=atol)


def settled(model, x):
    """`model` in float64, its BatchNorms with random weights and the statistics of the input x.

    So a deep network neither dies nor explodes.
    """
    random = torch.Generator().manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.weight.data = torch.rand(layer.weight.shape, generator=random) + 0.5
            layer.bias.data = torch.randn(layer.bias.shape, generator=random) / 4
    with torch.no_grad():
        model.train()(x.float())
    return model.double().eval()


def pair_network():
    """`(model, x)`: the network of pairs, in single precision, and an input for it."""
    x = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    return settled(residual_network(ARMS["pair"], TINY), x).float(), x


def ended_in(*layers):
    """A convolution of two channels, then the layers."""
    return nn.Sequential(nn.Conv2d(2, 2, 1), *layers)


def exported(path, model, *args):
    """The path, where a model in `torch.export`'s format now is."""
    torch.export.save(torch.export.export(model, args), path)
    return path
