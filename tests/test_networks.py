"""The network around the arms: fastai's xresnet, with every 3x3 an arm."""

from dataclasses import replace

import pytest
import torch
from fastai.vision.models.xresnet import xresnet18, xresnet50
from torch import nn

from lessonlib.arms import ARMS, Arm
from lessonlib.configs import XRESNET18, XRESNET50, Network
from lessonlib.networks import residual_network

SMALL = Network(width=0.25, blocks=(1, 1, 1, 1))


def weights_of(model):
    return sum(p.numel() for p in model.parameters())


def layer_names(module):
    """Of all layers that have no layers inside, in order."""
    return [type(m).__name__ for m in module.modules() if not list(m.children())]


@pytest.mark.parametrize("theirs, network", [(xresnet18, XRESNET18), (xresnet50, XRESNET50)])
def test_the_baseline_is_fastais_xresnet(theirs, network):
    ours = residual_network(ARMS["3x3"], network)
    theirs = theirs(n_out=10)
    assert [p.shape for p in ours.parameters()] == [p.shape for p in theirs.parameters()]
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values())))
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(ours.eval()(x), theirs.eval()(x))


@pytest.mark.parametrize(
    "name, weights",
    [
        ("3x3", 23_547_754),
        ("2x2", 17_244_554),
        ("pair-act-2019", 22_306_826),
        ("pair-2019", 22_306_826),
    ],
)
def test_the_parameter_counts_of_2019(name, weights):
    network = replace(XRESNET50, activation="mish", stem_activation="mish")
    assert weights_of(residual_network(ARMS[name], network)) == weights


@pytest.mark.parametrize("name", sorted(ARMS))
def test_every_3x3_of_the_network_is_the_arm(name):
    model = residual_network(ARMS[name], SMALL)
    kernels = {m.kernel_size[0] for m in model.modules() if isinstance(m, nn.Conv2d)} - {1}
    assert kernels == {int(ARMS[name].label.split("x")[1][0])}  # "two 2x2, ..." is made of 2x2
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


def layers_of_the_stem(**options):
    model = residual_network(ARMS["3x3"], replace(SMALL, **options))
    stages = [i for i, m in enumerate(model) if isinstance(m, nn.Sequential) and is_stage(m)]
    return layer_names(model[: stages[0]])


def is_stage(module):
    return hasattr(module[0], "convpath")


def test_the_options_of_the_stem():
    conv = "Conv2d"
    norm = "BatchNorm2d"
    pool = "MaxPool2d"
    assert layers_of_the_stem() == [conv, norm, "ReLU"] * 3 + [pool]
    assert layers_of_the_stem(stem="7x7") == [conv, norm, "ReLU", pool]
    assert layers_of_the_stem(stem="7x7", norm_last=True) == [conv, "ReLU", pool, norm]
    assert layers_of_the_stem(norm_first=False) == [conv, "ReLU", norm] * 3 + [pool]
    assert layers_of_the_stem(stem_activation="mish") == [conv, norm, "Mish"] * 3 + [pool]


def test_activation_before_the_norm_changes_the_order_and_no_count():
    usual = residual_network(ARMS["3x3"], Network(width=0.25))
    other = residual_network(ARMS["3x3"], Network(width=0.25, norm_first=False))
    assert weights_of(usual) == weights_of(other)
    assert layer_names(usual) != layer_names(other)
    assert sorted(layer_names(usual)) == sorted(layer_names(other))


def test_a_new_arm_needs_only_its_record():
    arm = Arm("7x7", "one 7x7", lambda i, o, s: nn.Conv2d(i, o, 7, s, padding=3))
    assert residual_network(arm, SMALL)(torch.randn(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"width": 0}, "leave none"),
        ({"blocks": (1, 0, 1, 1)}, "blocks is 0; give a whole number of at least 1"),
        ({"activation": "gelu"}, "no activation 'gelu'; choose one of relu, mish"),
    ],
)
def test_a_network_that_cannot_be_gets_one_sentence(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        Network(**options)
