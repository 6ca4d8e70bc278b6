"""Inference of the pair network merged, against the pair and against the plain 3x3: goals 0.60 of the pair, 1.00 of the 3x3.

In turns within one process, medians of the ratios with their quartiles:
    python tests/benchmarks/bench_merging.py [rounds, default 15]
The plain 3x3 stands there twice, as it is and with its BatchNorm merged: layer by layer, that is what the merged pair is.
Then the time that merging an xresnet50 of pairs takes, goal 2 s, and where it goes.
"""

import cProfile
import io
import pstats
import sys
import time
from dataclasses import replace
from statistics import median

import torch

from lessonlib.arms import ARMS
from lessonlib.configs import TIERS, XRESNET18, XRESNET50
from lessonlib.costs.timing import time_interleaved
from lessonlib.merging import merge_chains
from lessonlib.networks import residual_network
from lessonlib.training.pretrained import SIZE, pretrained_pair
from lessonlib.training.runs import machine

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SIZES = {  # network, px
    "trained, a quarter as wide": (SIZE.network, 64),
    "tier cpu": (TIERS["cpu"].network, 64),
    "xresnet18": (XRESNET18, 128),
    "xresnet18, half as wide": (replace(XRESNET18, width=0.5), 128),
}
BATCHES = 1, 64
AT_MOST = 1.2


def ready(model):
    return model.to(DEVICE, memory_format=torch.channels_last).eval()


def inference(name, rounds):
    network, px = SIZES[name]
    pair = (
        pretrained_pair().model
        if network is SIZE.network
        else residual_network(ARMS["pair"], network).eval()
    )
    three = residual_network(ARMS["3x3"], network).eval()
    models = {
        "merged": merge_chains(pair, at_most=AT_MOST),
        "pair": pair,
        "3x3": three,
        "3x3 merged": merge_chains(three),
    }
    models = {way: ready(model) for way, model in models.items()}
    for batch in BATCHES:
        x = torch.randn(batch, 3, px, px, device=DEVICE).contiguous(
            memory_format=torch.channels_last
        )
        calls = {way: lambda model=model, x=x: model(x) for way, model in models.items()}
        ratios, merged_ms = [], 0.0
        with torch.inference_mode():
            for base in (
                "pair",
                "3x3",
                "3x3 merged",
            ):  # the base first: ratios are taken round by round
                found = time_interleaved({base: calls[base], "merged": calls["merged"]}, rounds)[
                    "merged"
                ]
                ratios.append(
                    f"{found.ratio:.2f} ({found.ratio_low:.2f} to {found.ratio_high:.2f})"
                )
                merged_ms = found.median * 1e3
        print(f"| {name} | {px} | {batch} | {merged_ms:.2f} | {' | '.join(ratios)} |", flush=True)


def merging(rounds):
    model, taken = residual_network(ARMS["pair"], XRESNET50).eval(), []
    for _ in range(rounds):
        began = time.perf_counter()
        merge_chains(model, at_most=AT_MOST)
        taken.append(time.perf_counter() - began)
    print(
        f"\nMerging an xresnet50 of pairs: {median(taken):.2f} s, median of {rounds}; the fastest {min(taken):.2f} s\n"
    )
    profile, out = cProfile.Profile(), io.StringIO()
    profile.runcall(merge_chains, model, at_most=AT_MOST)
    pstats.Stats(profile, stream=out).sort_stats("cumulative").print_stats(
        "lessonlib|einsum|deepcopy|_tensor", 14
    )
    print("\n".join(line for line in out.getvalue().splitlines()[4:] if line.strip()))


def main(rounds=15):
    print(
        f"{machine()}; the merged pair's time over that of the others, medians of {rounds} rounds in turns (quartiles)\n"
    )
    print(
        "| network | px | batch | merged, ms | of the pair | of the 3x3 | of the 3x3, BatchNorm merged |\n"
        + "|---" * 7
        + "|"
    )
    for name in SIZES:
        inference(name, rounds)
    merging(max(2, rounds // 3))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
