"""Counted costs, against formulas and against the log of torch's allocator."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.profiler import ProfilerActivity, profile

from lessonlib.arms import ARMS, Arm
from lessonlib.configs import XRESNET50, Network
from lessonlib.costs.choosing import composing_pays
from lessonlib.costs.counting import cost, layer_costs, saved_by_photo
from lessonlib.networks import residual_network

SMALL = Network(width=0.25, blocks=(1, 1, 1, 1))
few = st.integers(1, 5)
small = st.integers(1, 3)
side = st.integers(3, 9)


@given(few, few, few, small, small, side, side, st.integers(1, 2))
def test_a_convolution_by_the_formulas(n, c_in, c_out, k, stride, h, w, groups):
    c_in *= groups
    c_out *= groups
    h_out = (h - k) // stride + 1
    w_out = (w - k) // stride + 1
    inputs = n * c_in * h * w
    outputs = n * c_out * h_out * w_out
    weights = c_out * c_in // groups * k * k
    conv = nn.Conv2d(c_in, c_out, k, stride, bias=False, groups=groups)
    found = cost(conv, (n, c_in, h, w))
    assert found.weights == weights
    assert found.macs == outputs * c_in // groups * k * k
    assert found.operations == 1
    assert found.moved == 4 * (inputs + outputs + weights)
    assert found.saved == 4 * inputs
    assert found.intensity == found.macs / found.moved
    assert cost(conv.double(), (n, c_in, h, w)).moved == 2 * found.moved


def padded():
    return nn.Conv2d(2, 3, 3, padding=1)


@pytest.mark.parametrize(
    "layers, saved",
    [
        ([padded()], ["in"]),
        ([nn.ReLU()], ["out"]),
        ([nn.Mish()], ["in"]),
        ([nn.Identity()], []),
        ([padded(), nn.ReLU()], ["in", "out"]),
        ([padded(), nn.ReLU(inplace=True)], ["in", "out"]),
        ([nn.ReLU(), padded()], ["in"]),  # the output of one is the input of the other
        ([nn.Conv2d(2, 3, 1), nn.Conv2d(3, 3, 1)], ["in", "out"]),  # the output of the first
        ([nn.Conv2d(2, 3, 1), nn.Mish()], ["in", "out"]),
        ([nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), nn.ReLU()], ["in", "out", "out", "statistics"]),
    ],
)
def test_what_small_graphs_save(layers, saved):
    module = nn.Sequential(*layers)
    pixels = 5 * 6 * 7
    sizes = {"in": 4 * 2 * pixels, "out": 4 * 3 * pixels, "statistics": 4 * 2 * 3}
    if not list(module.parameters()):
        sizes["out"] = sizes["in"]
    assert cost(module, (5, 2, 6, 7)).saved == sum(sizes[name] for name in saved)


def allocated_by(module, x):
    """Bytes that the allocator gave and did not get back while the module ran, but for its output.

    An oracle that knows nothing of hooks.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as log:
        y = module(x)
    return sum(event.self_cpu_memory_usage for event in log.key_averages()) - y.nbytes


SAVE_THEIR_INPUT = ["3x3", "pair", "pair-act", "pair-composed"]  # others save a padded copy of it


@pytest.mark.parametrize("name", [*SAVE_THEIR_INPUT, "2x2", "pair-act-2019"])
def test_saved_bytes_are_what_the_allocator_still_holds(name, monkeypatch):
    monkeypatch.setattr("lessonlib.costs.composed_pair.composes_first", lambda *_: True)
    module = ARMS[name].build(8, 8, 1)
    x = torch.randn(4, 8, 12, 12, requires_grad=True)
    there_before = x.nbytes if name in SAVE_THEIR_INPUT else 0
    assert allocated_by(module, x) + there_before == cost(module, x.shape).saved


@pytest.mark.parametrize("name", ["3x3", "pair-2019", "pair-act-2019"])
def test_a_network_saves_what_the_allocator_still_holds(name):
    model = residual_network(ARMS[name], SMALL)
    x = torch.randn(4, 3, 32, 32)
    there_before = x.nbytes if name in SAVE_THEIR_INPUT else 0
    assert allocated_by(model, x) + there_before == cost(model, x.shape).saved


# Two 2x2 of 2019, ReLU for Mish: the reference figures were computed with ReLU everywhere.
def _with_relu(channels_in, channels_out, stride):
    layers = ARMS["pair-act-2019"].build(channels_in, channels_out, stride)
    layers[3] = nn.ReLU()
    return layers


OF_2019 = {
    "3x3": ARMS["3x3"],
    "pair-2019": ARMS["pair-2019"],
    "pair-relu-2019": Arm("pair-relu-2019", "", _with_relu),
    "pair-act-2019": ARMS["pair-act-2019"],
}


@pytest.mark.parametrize(
    "name, macs", [("3x3", 1.413), ("2x2", 1.012), ("pair-2019", 1.382), ("pair-act-2019", 1.382)]
)
def test_macs_of_xresnet50_at_128_pixels(name, macs):
    counted = cost(residual_network(ARMS[name], XRESNET50), (1, 3, 128, 128))
    assert round(counted.macs / 1e9, 3) == macs


@pytest.mark.parametrize(
    "name, saved",
    [("3x3", 30.6), ("pair-2019", 42.7), ("pair-relu-2019", 46.6), ("pair-act-2019", 46.6)],
)
def test_megabytes_saved_by_each_photo_of_xresnet50(name, saved):
    """fp32, 128 pixels, MB = 1e6 bytes; each storage once, no weights; fastai's in-place ReLU."""
    model = residual_network(OF_2019[name], XRESNET50)
    assert round(saved_by_photo(model, (3, 128, 128)) / 1e6, 1) == saved


@pytest.mark.parametrize(
    "name, reference", [("3x3", 69.8), ("pair-2019", 77.1), ("pair-relu-2019", 81.0)]
)
def test_where_the_larger_figures_come_from(name, reference):
    """69.8, 77.1 and 81.0 MB: of a batch of 4, each tensor each time it is saved, weights too, / 4.

    So a quarter of the weights' 94 or 89 MB counts, and what a ReLU gives and a convolution takes
    counts twice.
    """
    model = residual_network(OF_2019[name], XRESNET50).to("meta")
    saved = []

    def save(tensor):
        saved.append(tensor.nbytes)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        model(torch.empty(4, 3, 128, 128, device="meta"))
    assert round(sum(saved) / 4 / 1e6, 1) == reference


def test_counting_leaves_the_module_as_it_was():
    model = residual_network(ARMS["pair-composed"], SMALL)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert layer_costs(model, (2, 3, 32, 32)) and cost(model, (2, 3, 32, 32))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model[0][0].composes is None
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("name", ["3x3", "2x2", "pair", "pair-composed", "pair-act-2019"])
def test_layers_are_the_convolutions_and_arms_of_the_network(name):
    shape = (4, 3, 32, 32)
    model = residual_network(ARMS[name], SMALL)
    found = layer_costs(model, shape)
    threes = layer_costs(residual_network(ARMS["3x3"], SMALL), shape)
    assert [layer.shape_out for layer in found] == [layer.shape_out for layer in threes]
    assert len(found) == 3 + 2 * 4 + 3  # stem, blocks, shortcuts of three blocks
    assert {layer.shape_in[0] for layer in found} == {4}
    last_linear = 4 * 128 * 10
    assert sum(layer.cost.macs for layer in found) == cost(model, shape).macs - last_linear
    one = found[4]
    assert one.name.startswith("4.0.convpath.1")
    assert one.cost == cost(model.get_submodule(one.name), one.shape_in)
    ways = {True, False, None} if name == "pair-composed" else {None}
    assert {layer.composes for layer in found} == ways


def test_the_composed_layers_say_how_and_why():
    found = layer_costs(residual_network(ARMS["pair-composed"], SMALL), (4, 3, 32, 32))
    for layer in found:
        if layer.composes is None:
            continue
        n, c_out, h, w = layer.shape_out
        c_in = layer.shape_in[1]
        stride = layer.shape_in[2] // h
        assert layer.share == c_out / (n * h * w)
        assert layer.composes == composing_pays(layer.shape_in, c_out, stride)
        if layer.composes:
            one_3x3 = 9 * c_out * c_in * n * h * w
            assert layer.cost.macs == round(one_3x3 * (1 + layer.share))


def test_operations_and_traffic_of_a_pair():
    x = 4 * 2 * 8 * 5 * 5
    weights = 4 * 8 * 8 * 4
    hidden = 4 * 2 * 8 * 6 * 6
    pair = cost(ARMS["pair"].build(8, 8, 1), (2, 8, 5, 5))
    one_2x2 = cost(ARMS["2x2"].build(8, 8, 1), (2, 8, 5, 5))
    assert (pair.operations, pair.saved) == (2, x + hidden)
    assert pair.moved == (x + weights + hidden) + (hidden + weights + x)
    assert (one_2x2.operations, one_2x2.saved) == (2, hidden)
    assert one_2x2.moved == (x + hidden) + (hidden + weights + x)
