"""Whole models, merged, against themselves: the lesson's networks, other people's blocks."""

import copy
import re
from math import inf
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from helpers.merged_models import TINY, difference, pair_network, settled
from helpers.random_layers import drawn_anew
from lessonlib.arms import ARMS
from lessonlib.configs import Network
from lessonlib.merging import merge_chains, plan
from lessonlib.networks import residual_network

README = Path(__file__).parents[2] / "README.md"
SMALL = Network(width=0.125)


@pytest.mark.parametrize("name", ARMS)
def test_the_network_of_every_arm(name):
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    model = settled(residual_network(ARMS[name], SMALL), x)
    merged = merge_chains(model, at_most=inf)
    assert type(merged) is type(model)
    assert difference(merged, model, x) < 1e-9
    norms = [m for m in merged.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms == []  # every BatchNorm of an arm or of its block follows a convolution


def test_the_clean_pair_becomes_the_plain_network_and_that_of_2019_only_in_part():
    def kernels(name):
        model = settled(residual_network(ARMS[name], SMALL), torch.randn(2, 3, 32, 32))
        merged = merge_chains(model, at_most=inf)
        return [m.weight.shape for m in merged.modules() if isinstance(m, nn.Conv2d)]

    plain = kernels("3x3")
    assert kernels("pair") == kernels("pair-composed") == kernels("pair-wide") == plain
    assert kernels("two-3x3") == kernels("5x5")
    # padded twice with a BatchNorm between: no two are one
    assert {shape[-1] for shape in kernels("pair-2019")} == {1, 2}
    # padded twice without, at the left and the top, where a 2x2 has nothing left over: shifted
    assert kernels("pair-shifted") == plain


def expanded(channels, out, stride=1, bias=False):
    """ExpandNet's linear chain in place of a 3x3 (Guo et al., 1811.10495), wide in the middle."""
    wide = 4 * channels
    return nn.Sequential(
        nn.Conv2d(channels, wide, 1, bias=bias),
        nn.Conv2d(wide, wide, 3, stride, 1, bias=bias),
        nn.Conv2d(wide, out, 1, bias=bias),
    )


def test_the_chain_of_expandnet_becomes_one_3x3():
    chain = drawn_anew(expanded(4, 6, 2))
    x = torch.randn(2, 4, 11, 12, dtype=torch.float64)
    merged = merge_chains(chain)
    assert [type(layer) for layer in merged] == [nn.Conv2d, nn.Identity, nn.Identity]
    assert merged[0].weight.shape == (6, 4, 3, 3)
    assert difference(merged, chain, x) < 1e-12


def test_a_bias_before_padding_keeps_the_chain_of_expandnet_in_two():
    shown = plan(drawn_anew(expanded(4, 6, 2, bias=True)))
    assert "adds a number (a bias or a BatchNorm)" in shown.steps[0].why_not
    assert [len(step.names) for step in shown.steps] == [1, 2]


@pytest.mark.parametrize("name, became", [("resnet18", 20), ("resnet50", 53), ("mobilenet_v2", 50)])
def test_models_of_torchvision(name, became):
    """Every BatchNorm goes into its convolution; of MobileNet two go into the next one instead."""
    x = torch.randn(2, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    model = settled(torchvision.models.get_model(name, weights=None, num_classes=10), x)
    merged = merge_chains(model)
    assert len(plan(model).merged) == became
    assert difference(merged, model, x) < 1e-9
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in merged.modules())


def test_a_merged_model_is_saved_and_loaded(tmp_path):
    model, x = pair_network()
    merged = merge_chains(model, at_most=1.2)
    torch.save(merged.state_dict(), tmp_path / "merged.pt")
    again = merge_chains(residual_network(ARMS["pair"], TINY).eval(), at_most=1.2)
    again.load_state_dict(torch.load(tmp_path / "merged.pt", weights_only=True))
    assert torch.equal(again(x), merged(x))
    assert torch.equal(copy.deepcopy(merged)(x), merged(x))
    assert difference(merged, model, x) < 1e-5


def test_the_example_of_the_readme_runs(capsys):
    examples = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.S)
    [example] = [block for block in examples if "merge_chains" in block]
    exec(example, {})
    said = capsys.readouterr().out
    assert "4 layers become 1" in said
    assert float(said.splitlines()[-1]) > 0
