"""A training step with each arm against the 3x3: the composed pair's goal is at most 1.05, the serial pair stands beside it.

In turns within one process, medians of the ratios with their quartiles:
    python tests/benchmarks/bench_composed.py [steps, default 9]
First single layers, to see where composing first and the series cross (`composed.LIMIT`), then whole training steps as
image size, batch and width grow, then the bytes kept for the backward pass.
"""

import sys
import time
from dataclasses import replace
from statistics import quantiles

import torch
import torch.nn.functional as F
from lessonlib.costs import saved_bytes

from lessonlib import composed
from lessonlib.arms import ARMS
from lessonlib.composed import ComposedPair, compose_by_nine, composing_share
from lessonlib.networks import residual_network
from lessonlib.runs import machine
from lessonlib.tiers import XRESNET18

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
LAYERS = [
    (64, 32, 16),
    (64, 64, 8),
    (64, 128, 16),
    (64, 128, 8),
    (64, 128, 4),
    (64, 256, 8),
    (64, 256, 4),
    (64, 256, 2),
    (64, 512, 4),
]
NETWORKS = [(0.5, 64, 64), (0.5, 64, 128), (0.5, 16, 128), (1.0, 64, 64), (1.0, 64, 128), (0.5, 64, 192)]  # width, batch, px
STEP_ARMS = ("3x3", "pair", "pair-composed", "2x2", "pair-act")


def seconds(ways, rounds):
    """For each way, the seconds of every round; the ways take turns, the first round is a warm-up."""
    found = {name: [] for name in ways}
    for round in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if DEVICE == "cuda":
                torch.cuda.synchronize()
            if round:
                found[name].append(time.perf_counter() - began)
    return found


def ratio(found, name, base):
    low, middle, high = quantiles([a / b for a, b in zip(found[name], found[base])], n=4)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def channels_last(module):
    return module.to(DEVICE, memory_format=torch.channels_last)


def layer(n, c, h, stride, rounds):
    x = torch.randn(n, c, h, h, device=DEVICE).contiguous(memory_format=torch.channels_last).requires_grad_()
    three, pair = channels_last(ARMS["3x3"].build(c, c, stride)), channels_last(ComposedPair(c, c, stride))
    first, second = pair

    def backward(way):
        return lambda: torch.autograd.grad(way(x).sum(), [x, *(three if way is three else pair).parameters()])

    ways = {
        "3x3": three,
        "series": lambda x: second(first(x)),
        "composed": lambda x: F.conv2d(x, compose_by_nine(first.weight, second.weight), stride=stride, padding=1),
    }
    found = seconds({name: backward(way) for name, way in ways.items()}, rounds)
    share = composing_share(x.shape, c, stride)
    print(
        f"| {n} | {c} | {h} | {stride} | {share:.3f} | {ratio(found, 'series', '3x3')} | {ratio(found, 'composed', '3x3')} |",
        flush=True,
    )


def step(name, network, x, y):
    model = channels_last(residual_network(ARMS[name], network))
    optimiser = torch.optim.SGD(model.parameters(), 1e-3)

    def run():
        with torch.autocast("cuda", torch.bfloat16, enabled=DEVICE == "cuda"):
            F.cross_entropy(model(x), y).backward()
        optimiser.step()
        optimiser.zero_grad()

    return run, model


def whole(width, batch, px, rounds):
    network = replace(XRESNET18, width=width)
    x = torch.randn(batch, 3, px, px, device=DEVICE).contiguous(memory_format=torch.channels_last)
    y = torch.randint(10, (batch,), device=DEVICE)
    steps = {name: step(name, network, x, y) for name in STEP_ARMS}
    found = seconds({name: run for name, (run, _) in steps.items()}, rounds)
    pairs = [m for m in steps["pair-composed"][1].modules() if isinstance(m, ComposedPair)]
    ratios = " | ".join(ratio(found, name, "3x3") for name in STEP_ARMS[1:])
    print(f"| {width} | {batch} | {px} | {sum(p.composes for p in pairs)} of {len(pairs)} | {ratios} |", flush=True)


def memory(px=128):
    x = torch.randn(2, 3, px, px)
    kept = {name: saved_bytes(residual_network(ARMS[name], XRESNET18), x) / 2 for name in STEP_ARMS}
    for name, bytes in kept.items():
        print(f"| {name} | {bytes / 1e6:.1f} MB an image | {bytes / kept['3x3']:.3f} |")


def main(rounds=9):
    print(
        f"{machine()}; medians of {rounds} rounds in turns, quartiles in brackets; composed up to a share of {composed.LIMIT}"
    )
    print("\n| photos | channels | px | stride | share | series / 3x3 | composed / 3x3 |\n|---|---|---|---|---|---|---|")
    for n, c, h in LAYERS:
        for stride in (1, 2):
            layer(n, c, h, stride, rounds)
    print("\nA training step of an xresnet18, against the one with 3x3:\n")
    print("| width | batch | px | layers composed | " + " | ".join(STEP_ARMS[1:]) + " |\n|" + "---|" * (3 + len(STEP_ARMS)))
    for width, batch, px in NETWORKS:
        whole(width, batch, px, rounds)
    print("\nKept for the backward pass, xresnet18, 128 px:\n\n| arm | | / 3x3 |\n|---|---|---|")
    memory()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
