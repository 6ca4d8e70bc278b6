"""Every model of timm that is small enough, merged, against itself in float64.

    python tests/benchmarks/bench_timm.py [name, with * for any, default *] [millions, default 40]

For each: layers that compute before and after, BatchNorms left, the largest relative difference of
the outputs, and whether the original stayed as it was. Weights and statistics are random, so a
BatchNorm that is dropped or counted twice shows. Needs timm.
"""

import sys
import time

import timm
import torch
from torch import nn

from lessonlib.merging import merge_chains

MOST = 1e-9
SIZE = 96
LAYERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Linear)
NORMS = (nn.modules.batchnorm._BatchNorm,)


def ready(name):
    """`(model, x)`: in float64 and eval, its BatchNorms with random numbers, and an input."""
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False)
    for layer in model.modules():
        if isinstance(layer, NORMS) and layer.affine:
            layer.weight.data.uniform_(0.5, 1.5)
            layer.bias.data.normal_(0, 0.25)
    channels, *size = model.default_cfg["input_size"]
    fixed = model.default_cfg.get("fixed_input_size")
    x = torch.randn(2, channels, *(size if fixed else [min(SIZE, n) for n in size]))
    settle(model, x)
    return model.double().eval(), x[:1].double()


def settle(model, x):
    """Give the BatchNorms the statistics of x, so that a deep network neither dies nor explodes."""
    for layer in model.modules():
        if isinstance(layer, NORMS):
            layer.train()
            layer.momentum = 0.9
    with torch.no_grad():
        model(x)
    model.eval()


def count(model, kinds):
    return sum(isinstance(layer, kinds) for layer in model.modules())


def state(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def compare(name):
    """`{column: value}` of one model."""
    model, x = ready(name)
    before = state(model)
    with torch.no_grad():
        expected = model(x)
        began = time.process_time()
        merged = merge_chains(model)
        took = time.process_time() - began
        found = merged(x)
    largest = (found - expected).abs().max() / expected.abs().max()
    after = state(model)
    same = before.keys() == after.keys() and all(map(torch.equal, before.values(), after.values()))
    return {
        "model": name,
        "layers": count(model, LAYERS),
        "after": count(merged, LAYERS),
        "norms": count(model, NORMS),
        "left": count(merged, NORMS),
        "difference": largest.item(),
        "unchanged": same,
        "seconds": took,
    }


def small(name, millions):
    with torch.device("meta"):
        try:
            model = timm.create_model(name, pretrained=False)
        except Exception:  # it needs numbers to be built, so its size is not known beforehand
            return True
    return sum(weight.numel() for weight in model.parameters()) < millions * 1e6


def main(pattern="*", millions=40):
    rows = []
    print("| model | layers | after | norms | left | difference | unchanged | merging, s |")
    print("|---" * 8 + "|")
    for name in timm.list_models(pattern):
        if not small(name, float(millions)):
            continue
        try:
            row = compare(name)
        except Exception as error:  # whatever a model of someone else's raises
            print(f"| {name} | {type(error).__name__}: {str(error).splitlines()[:1]} |", flush=True)
            continue
        rows.append(row)
        shown = [f"{v:.2g}" if isinstance(v, float) else str(v) for v in row.values()]
        print(f"| {' | '.join(shown)} |", flush=True)
    wrong = [row["model"] for row in rows if not row["difference"] < MOST]
    changed = [row["model"] for row in rows if not row["unchanged"]]
    print(f"\n{len(rows)} models; wrong: {wrong or 'none'}; original changed: {changed or 'none'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
