"""A training step with each arm against the 3x3: the composed pair's goal is at most 1.05, the serial pair stands beside it.

In turns within one process, medians of the ratios with their quartiles:
    python tests/benchmarks/bench_composed.py [rounds, default 9]
First single layers, to see where composing first and the series cross (`composed_pair.PRICE`), then whole training steps as
image size, batch and width grow, then the bytes kept for the backward pass.
"""

import sys
from dataclasses import replace

import torch
import torch.nn.functional as F

from lessonlib.arms import ARMS
from lessonlib.configs import XRESNET18
from lessonlib.costs import composed_pair
from lessonlib.costs.composed_pair import ComposedPair, composing_share
from lessonlib.costs.counting import cost
from lessonlib.costs.timing import time_interleaved
from lessonlib.networks import residual_network
from lessonlib.training.runs import machine

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
LAYERS = [  # photos, channels, pixels
    (64, 32, 16), (64, 64, 8), (64, 128, 16), (64, 128, 8), (64, 128, 4), (64, 256, 8), (64, 256, 4), (64, 256, 2), (64, 512, 4)
]  # fmt: skip
NETWORKS = [
    (0.5, 64, 64),
    (0.5, 64, 128),
    (0.5, 64, 192),
    (0.5, 16, 128),
    (1.0, 64, 64),
    (1.0, 64, 128),
]  # width, batch, px
STEP_ARMS = ("3x3", "pair-composed", "pair", "pair-act", "2x2")


def shown(timing):
    return f"{timing.ratio:.2f} ({timing.ratio_low:.2f} to {timing.ratio_high:.2f})"


def channels_last(module):
    return module.to(DEVICE, memory_format=torch.channels_last)


def photos(*shape):
    return torch.randn(*shape, device=DEVICE).contiguous(memory_format=torch.channels_last)


def at_price(price, pair, x):
    composed_pair.PRICE = price
    return pair(x)


def layer(n, c, h, stride, rounds):
    """Forward and backward of one layer: the 3x3, the series, and composing first, whatever the rule says."""
    x, usual = photos(n, c, h, h).requires_grad_(), composed_pair.PRICE
    three, pair = (
        channels_last(ARMS["3x3"].build(c, c, stride)),
        channels_last(ComposedPair(c, c, stride)),
    )
    ways = {
        "3x3": three,
        "series": lambda x: at_price(float("inf"), pair, x),
        "composed": lambda x: at_price(0, pair, x),
    }

    def there_and_back(name):
        weights = (three if name == "3x3" else pair).parameters()
        sources = [x, *weights]
        return lambda: torch.autograd.grad(ways[name](x).sum(), sources)

    found = time_interleaved({name: there_and_back(name) for name in ways}, rounds)
    composed_pair.PRICE = usual
    share = composing_share(x.shape, c, stride)
    print(
        f"| {n} | {c} | {h} | {stride} | {share:.3f} | {shown(found['series'])} | {shown(found['composed'])} |",
        flush=True,
    )


def whole(width, batch, px, rounds):
    """A training step: forward, backward, optimiser."""
    network, x = replace(XRESNET18, width=width), photos(batch, 3, px, px)
    y = torch.randint(10, (batch,), device=DEVICE)
    models = {name: channels_last(residual_network(ARMS[name], network)) for name in STEP_ARMS}

    def step(model):
        optimiser = torch.optim.SGD(model.parameters(), 1e-3)

        def run():
            with torch.autocast("cuda", torch.bfloat16, enabled=DEVICE == "cuda"):
                F.cross_entropy(model(x), y).backward()
            optimiser.step()
            optimiser.zero_grad()

        return run

    found = time_interleaved({name: step(model) for name, model in models.items()}, rounds)
    pairs = [m for m in models["pair-composed"].modules() if isinstance(m, ComposedPair)]
    ratios = " | ".join(shown(found[name]) for name in STEP_ARMS[1:])
    print(
        f"| {width} | {batch} | {px} | {sum(p.composes for p in pairs)} of {len(pairs)} | {ratios} |",
        flush=True,
    )


def memory(width, batch, px):
    network = replace(XRESNET18, width=width)
    kept = {
        name: cost(residual_network(ARMS[name], network), (batch, 3, px, px)).saved / batch
        for name in STEP_ARMS
    }
    ratios = " | ".join(f"{kept[name] / kept['3x3']:.3f}" for name in STEP_ARMS[1:])
    print(f"| {width} | {batch} | {px} | {kept['3x3'] / 1e6:.2f} | {ratios} |")


def main(rounds=9):
    print(f"{machine()}; medians of {rounds} rounds in turns (quartiles)")
    print(
        "\n| photos | channels | px | stride | share | series / 3x3 | composed / 3x3 |\n|---|---|---|---|---|---|---|"
    )
    for n, c, h in LAYERS:
        for stride in (1, 2):
            layer(n, c, h, stride, rounds)
    arms = " | ".join(STEP_ARMS[1:])
    print(
        f"\nA training step of an xresnet18 against the one with 3x3:\n\n| width | batch | px | composed | {arms} |"
    )
    print("|" + "---|" * (3 + len(STEP_ARMS)))
    for size in NETWORKS:
        whole(*size, rounds)
    print(f"\nKept for the backward pass:\n\n| width | batch | px | 3x3, MB an image | {arms} |")
    print("|" + "---|" * (3 + len(STEP_ARMS)))
    for size in NETWORKS:
        memory(*size)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
