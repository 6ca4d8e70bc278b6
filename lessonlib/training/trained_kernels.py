"""What training made of the 3x3 kernels: how far they are from products of two 2x2.

    python -m lessonlib.training.trained_kernels

trains the 3x3 network of the first study once more (tier `cpu`, seed 0) and writes what notebook 06
needs of it to `data/trained_kernels.npz`: up to 512 kernels of every layer, and the distances of
whole layers from pairs of layers, which take minutes.
"""

import json
from argparse import RawTextHelpFormatter
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from lessonlib.algebra.hidden_width import alternating_factors
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.arms import ARMS
from lessonlib.cli import Arguments
from lessonlib.configs import TIERS
from lessonlib.paths import DATA

__all__ = ["TrainedLayer", "TrainedKernels", "load_trained_kernels"]
__all__ += ["product_distances", "permute_taps", "pair_distance"]

SAMPLE = 512


class TrainedLayer(NamedTuple):
    """One 3x3 layer. shape: of its weights `(out, in)`; kernels: a sample `(n, 3, 3)`;
    pair, pair_permuted, pair_random: `pair_distance` of its weights, of the same with their taps
    permuted, and of random numbers.
    """

    name: str
    shape: tuple[int, int]
    kernels: torch.Tensor
    pair: float
    pair_permuted: float
    pair_random: float


class TrainedKernels(NamedTuple):
    """The layers of a trained network, from the input on; source: how it was trained."""

    layers: list[TrainedLayer]
    source: str


def product_distances(kernels):
    """Relative distance of each kernel `(n, 3, 3)` from its nearest product of two 2x2: `(n,)`."""
    return nearest_product(kernels).relative


def permute_taps(weights, seed=0):
    """Permute the nine taps alike for all kernels of `(..., 3, 3)`.

    A control that keeps magnitudes and channel mixing and destroys spatial structure.
    ValueError if the kernels are not 3x3.
    """
    if weights.shape[-2:] != (3, 3):
        raise ValueError(f"permute_taps takes kernels (..., 3, 3), not {tuple(weights.shape)}.")
    order = torch.randperm(9, generator=torch.Generator().manual_seed(seed))
    return weights.flatten(-2)[..., order].view_as(weights)


def pair_distance(weights):
    """Relative distance of a layer `(out, in, 3, 3)` from pairs of 2x2 layers, an upper bound.

    The pairs have `out` channels between the two.
    """
    return alternating_factors(weights, len(weights)).relative.item()


def load_trained_kernels():
    """The `TrainedKernels` that came with the course."""
    layers = []
    with np.load(DATA / "trained_kernels.npz") as kept:
        about = json.loads(str(kept["about"]))
        for i, (name, shape, *distances) in enumerate(about["layers"]):
            kernels = torch.from_numpy(kept[f"kernels{i}"].astype(np.float64))
            layers.append(TrainedLayer(name, tuple(shape), kernels, *distances))
    return TrainedKernels(layers, about["source"])


def _save(model, source):
    random = torch.Generator().manual_seed(0)
    rows = []
    samples = {}
    for i, (name, layer) in enumerate(_three_by_three(model)):
        weights = layer.weight.detach().float()
        chosen = torch.randperm(weights[..., 0, 0].numel(), generator=random)[:SAMPLE]
        samples[f"kernels{i}"] = weights.flatten(0, 1)[chosen].half().numpy()
        noise = torch.randn(weights.shape, generator=random)
        distances = map(pair_distance, (weights, permute_taps(weights, i), noise))
        rows.append([name, list(weights.shape[:2]), *(round(d, 5) for d in distances)])
        print(*rows[-1], flush=True)
    about = json.dumps({"source": source, "layers": rows})
    np.savez_compressed(DATA / "trained_kernels.npz", about=about, **samples)


def _three_by_three(model):
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
            yield name, module


def main(words=None):
    """The command line. Takes no arguments; errors are one line."""
    from lessonlib.training.pretrained import train_on_photos
    from lessonlib.training.runs import machine

    Arguments(
        prog="python -m lessonlib.training.trained_kernels",
        description=__doc__,
        formatter_class=RawTextHelpFormatter,
    ).parse_args(words)
    learner, run, photos = train_on_photos(ARMS["3x3"], TIERS["cpu"])
    if run.finished:
        share = f"{100 * run.accuracy:.1f}% right after the last"
        trained = f"one 3x3, seed 0, 64 px, 5 epochs, {share}"
        _save(learner.model, f"{photos.source}; {trained}; {machine()}")


if __name__ == "__main__":
    main()
