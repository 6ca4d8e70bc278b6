"""What training made of the 3x3 kernels: how far each is from a product of two 2x2, and each layer from a pair of layers.

    python -m lessonlib.training.trained_kernels

trains the 3x3 network of the recorded study once more (tier `cpu`, seed 0) and writes what notebook 06 needs of it to
`data/trained_kernels.npz`: up to 512 kernels of every layer, and the distances of whole layers, which take minutes.
"""

import json
from argparse import RawTextHelpFormatter
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from lessonlib.algebra.hidden_width import alternating_factors
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.cli import Arguments
from lessonlib.paths import DATA

__all__ = [
    "TrainedLayer",
    "TrainedKernels",
    "load_trained_kernels",
    "product_distances",
    "permute_taps",
    "pair_distance",
]

SAMPLE = 512


class TrainedLayer(NamedTuple):
    """One 3x3 layer. shape: of its weights `(out, in)`; kernels: a sample `(n, 3, 3)`; `pair`, `pair_permuted`, `pair_random`:
    `pair_distance` of its weights, of the same with their taps permuted, and of random numbers."""

    name: str
    shape: tuple[int, int]
    kernels: torch.Tensor
    pair: float
    pair_permuted: float
    pair_random: float


class TrainedKernels(NamedTuple):
    """The layers of a trained network from the input on, and in words how and on what it was trained."""

    layers: list[TrainedLayer]
    source: str


def product_distances(kernels):
    """Relative distance of every kernel `(n, 3, 3)` from the nearest product of two 2x2: `(n,)`, 0 for a product."""
    return nearest_product(kernels).relative


def permute_taps(weights, seed=0):
    """The same numbers at other places: the nine taps permuted, alike for all kernels of `(..., 3, 3)`.

    How large each kernel is, and how the channels mix, stay as they were; what training made of neighbourhood is gone.
    ValueError for kernels that are no 3x3.
    """
    if weights.shape[-2:] != (3, 3):
        raise ValueError(f"permute_taps takes kernels (..., 3, 3), not {tuple(weights.shape)}.")
    order = torch.randperm(9, generator=torch.Generator().manual_seed(seed))
    return weights.flatten(-2)[..., order].view_as(weights)


def pair_distance(weights):
    """Relative distance of a layer `(out, in, 3, 3)` from pairs of 2x2 layers with `out` channels between: an upper bound."""
    return alternating_factors(weights, len(weights)).relative.item()


def load_trained_kernels():
    """The `Learnt` that came with the course."""
    with np.load(DATA / "trained_kernels.npz") as kept:
        about = json.loads(str(kept["about"]))
        kernels = [
            torch.from_numpy(kept[f"kernels{i}"].astype(np.float64))
            for i in range(len(about["layers"]))
        ]
    layers = [
        TrainedLayer(row[0], tuple(row[1]), some, *row[2:])
        for row, some in zip(about["layers"], kernels)
    ]
    return TrainedKernels(layers, about["source"])


def _keep(model, source):
    random, rows, samples = torch.Generator().manual_seed(0), [], {}
    convolutions = {
        name: m
        for name, m in model.named_modules()
        if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)
    }
    for i, (name, layer) in enumerate(convolutions.items()):
        weights = layer.weight.detach().float()
        chosen = torch.randperm(weights[..., 0, 0].numel(), generator=random)[:SAMPLE]
        samples[f"kernels{i}"] = weights.flatten(0, 1)[chosen].half().numpy()
        others = weights, permute_taps(weights, i), torch.randn(weights.shape, generator=random)
        rows.append(
            [name, list(weights.shape[:2]), *(round(pair_distance(some), 5) for some in others)]
        )
        print(*rows[-1], flush=True)
    np.savez_compressed(
        DATA / "trained_kernels.npz",
        about=json.dumps({"source": source, "layers": rows}),
        **samples,
    )


def main(words=None):
    """The command line: it takes no words. Whatever is wrong is one sentence."""
    from lessonlib.arms import ARMS
    from lessonlib.configs import TIERS
    from lessonlib.training.pretrained import train_on_photos
    from lessonlib.training.runs import machine

    Arguments(
        prog="python -m lessonlib.training.trained_kernels",
        description=__doc__,
        formatter_class=RawTextHelpFormatter,
    ).parse_args(words)
    learner, run, photos = train_on_photos(ARMS["3x3"], TIERS["cpu"])
    if run.finished:
        trained = (
            f"one 3x3, seed 0, 64 px, 5 epochs, {100 * run.accuracy:.1f}% right after the last"
        )
        _keep(learner.model, f"{photos.source}; {trained}; {machine()}")


if __name__ == "__main__":
    main()
