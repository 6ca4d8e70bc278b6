"""Do the two factors of a trained pair repeat each other?

Kohn, Merkh, Montúfar and Trager (2108.01538) predict that the optimised kernels of a linear
convolutional network often repeat across layers. Their networks have one channel. Here every middle
channel has many kernels on either side, so the question becomes: are those that lead into a channel
more like those that lead out of it than like those that lead out of any other?
"""

from typing import NamedTuple

import torch
from torch import nn

from lessonlib.arms import ARMS
from lessonlib.networks import residual_network
from lessonlib.training.pretrained import SIZE, pretrained_pair

__all__ = ["Pair", "Likeness", "pairs_before_and_after", "factor_likeness"]


class Pair(NamedTuple):
    """Weights of two 2x2 in series: first `(middle, in, 2, 2)`, second `(out, middle, 2, 2)`."""

    first: torch.Tensor
    second: torch.Tensor

    def less(self, other):
        """The `Pair` of the differences."""
        return Pair(self.first - other.first, self.second - other.second)


class Likeness(NamedTuple):
    """Mean squared cosine of the kernels on both sides of each middle channel, `(middle,)`.

    own: of those that share the channel; other: of those of two different middle channels.
    """

    own: torch.Tensor
    other: torch.Tensor


def factor_likeness(pair):
    """The `Likeness` of a `Pair`'s factors: 1 if they repeat up to scale, 1/4 by chance.

    ValueError unless both factors have the same two or more middle channels.
    """
    middle = len(pair.first)
    if middle < 2 or pair.second.shape[1] != middle:
        shapes = f"{tuple(pair.first.shape)} and {tuple(pair.second.shape)}"
        raise ValueError(
            f"factor_likeness takes (middle, in, k, k) and (out, middle, k, k), middle 2 or more, "
            f"not {shapes}."
        )
    into = _mean_projector(pair.first)
    out_of = _mean_projector(pair.second.transpose(0, 1))
    alike = torch.einsum("mab,nab->mn", into, out_of)
    own = alike.diagonal()
    return Likeness(own, (alike.sum(1) - own) / (middle - 1))


def _mean_projector(kernels):
    """Mean of vv' over the directions v of each channel's kernels `(channels, n, k, k)`.

    The inner product of two of these is the mean squared cosine.
    """
    directions = nn.functional.normalize(kernels.flatten(2), dim=2)
    return directions.mT @ directions / directions.shape[1]


def pairs_before_and_after():
    """`[(name, Pair, Pair)]` of the pair network that came with the course, from the input on.

    The first `Pair` is from before training: the network's seed makes it anew.
    """
    trained = _pairs(pretrained_pair().model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        initial = _pairs(residual_network(ARMS["pair"], SIZE.network))
    return [(name, initial[name], after) for name, after in trained.items()]


def _pairs(model):
    layers = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Sequential) and list(map(_is_2x2, module)) == [True, True]:
            first, second = (layer.weight.detach().double().contiguous() for layer in module)
            layers[name] = Pair(first, second)
    return layers


def _is_2x2(layer):
    return isinstance(layer, nn.Conv2d) and layer.kernel_size == (2, 2)
