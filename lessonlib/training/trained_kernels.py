"""What training changed in the 3x3 kernels, and how far that is from products of two 2x2.

    python -m lessonlib.training.trained_kernels

trains the 3x3 network of the first study once more (tier `cpu`, seed 0) and writes what notebook 06
needs of it to `data/trained_kernels.npz`: up to 512 kernels of every layer before and after, and
the distances of whole layers from pairs of layers, which take minutes.

After five epochs the kernels still are, for the most part, the random numbers that they began
with. So what training did is seen in the change, trained less initial, and not in the kernels.
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

__all__ = ["TrainedLayer", "TrainedKernels", "LayerChange", "load_trained_kernels", "layer_change"]
__all__ += ["product_distances", "exchange_places", "constant_share"]
__all__ += ["permute_taps", "pair_distance"]

SAMPLE = 512


class TrainedLayer(NamedTuple):
    """One 3x3 layer. shape: of its weights `(out, in)`; kernels, initial: a sample `(n, 3, 3)` of
    its kernels after training, and the same ones before; pairs: `pair_distance` of the whole layer,
    `{"initial", "trained", "change", "change, places exchanged": distance}`.
    """

    name: str
    shape: tuple[int, int]
    kernels: torch.Tensor
    initial: torch.Tensor
    pairs: dict[str, float]


class TrainedKernels(NamedTuple):
    """The layers of a trained network, from the input on; source: how it was trained."""

    layers: list[TrainedLayer]
    source: str


class LayerChange(NamedTuple):
    """What training changed in the kernels of one layer.

    cosine: of the trained kernels with the initial ones, all taken as one vector; initial, trained,
    change, exchanged: mean `product_distances`, the last of the change after `exchange_places`;
    errors: by how many standard errors the change is nearer than that; constant: `constant_share`
    of the change.
    """

    cosine: float
    initial: float
    trained: float
    change: float
    exchanged: float
    errors: float
    constant: float


def layer_change(layer):
    """The `LayerChange` of a `TrainedLayer`."""
    change = layer.kernels - layer.initial
    near = product_distances(change)
    far = product_distances(exchange_places(change))
    gap = far - near
    return LayerChange(
        cosine=torch.cosine_similarity(layer.kernels.flatten(), layer.initial.flatten(), 0).item(),
        initial=product_distances(layer.initial).mean().item(),
        trained=product_distances(layer.kernels).mean().item(),
        change=near.mean().item(),
        exchanged=far.mean().item(),
        errors=(gap.mean() / gap.std() * len(gap) ** 0.5).item(),
        constant=constant_share(change),
    )


def product_distances(kernels):
    """Relative distance of each kernel `(n, 3, 3)` from its nearest product of two 2x2: `(n,)`."""
    return nearest_product(kernels).relative


def constant_share(kernels):
    """The share, 0 to 1, of the kernels' energy, their squares, in the kernel of equal entries.

    kernels: `(..., kh, kw)`. Of random numbers it is about one in kh * kw.
    """
    constant = kernels.mean((-2, -1), keepdim=True).expand_as(kernels)
    return (constant.square().sum() / kernels.square().sum()).item()


def exchange_places(kernels, seed=0):
    """Each of the kernels `(n, kh, kw)` with its numbers in an order of its own.

    A control that keeps the numbers of a kernel, its constant part among them, and destroys which
    of them are neighbours.
    """
    random = torch.Generator().manual_seed(seed)
    orders = torch.rand(kernels.flatten(1).shape, generator=random).argsort(1)
    return kernels.flatten(1).gather(1, orders).view_as(kernels)


def permute_taps(weights, seed=0):
    """Permute the nine taps alike for all kernels of `(..., 3, 3)`.

    The control for a whole layer: it keeps how the channels are mixed at each tap.
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
        for i, (name, shape, pairs) in enumerate(about["layers"]):
            trained = torch.from_numpy(kept[f"kernels{i}"].astype(np.float64))
            initial = torch.from_numpy(kept[f"initial{i}"].astype(np.float64))
            layers.append(TrainedLayer(name, tuple(shape), trained, initial, pairs))
    return TrainedKernels(layers, about["source"])


def _save(model, before, source):
    """Keep a sample of the model's kernels and of those of `before`, the untrained model."""
    random = torch.Generator().manual_seed(0)
    rows = []
    samples = {}
    both = zip(_three_by_three(model), _three_by_three(before))
    for i, ((name, trained), (_, initial)) in enumerate(both):
        chosen = torch.randperm(trained[..., 0, 0].numel(), generator=random)[:SAMPLE]
        samples[f"kernels{i}"] = trained.flatten(0, 1)[chosen].half().numpy()
        samples[f"initial{i}"] = initial.flatten(0, 1)[chosen].half().numpy()
        rows.append([name, list(trained.shape[:2]), _pair_distances(initial, trained, i)])
        print(*rows[-1], flush=True)
    about = json.dumps({"source": source, "layers": rows})
    np.savez_compressed(DATA / "trained_kernels.npz", about=about, **samples)


def _pair_distances(initial, trained, seed):
    change = trained - initial
    weights = {
        "initial": initial,
        "trained": trained,
        "change": change,
        "change, places exchanged": permute_taps(change, seed),
    }
    return {kind: round(pair_distance(layer), 5) for kind, layer in weights.items()}


def _three_by_three(model):
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
            yield name, module.weight.detach().float().contiguous()


def main(words=None):
    """The command line. Takes no arguments; errors are one line."""
    from lessonlib.networks import residual_network
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
        torch.manual_seed(0)  # as `learner_for` does: the network before its first step
        before = residual_network(ARMS["3x3"], TIERS["cpu"].network)
        _save(learner.model, before, f"{photos.source}; {trained}; {machine()}")


if __name__ == "__main__":
    main()
