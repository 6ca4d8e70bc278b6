"""Costs: counted ones against formulas and against an allocator's log, timings against calls whose length is known."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.profiler import ProfilerActivity, profile

from lessonlib.arms import ARMS, Arm
from lessonlib.configs import XRESNET50, Network
from lessonlib.costs import timing
from lessonlib.costs.composed_pair import composing_pays
from lessonlib.costs.counting import cost, layer_costs, saved_by_photo
from lessonlib.costs.timing import (
    Roofline,
    forward_backward_calls,
    measure_roofline,
    time_interleaved,
)
from lessonlib.figures.costs import roofline
from lessonlib.figures.tables import cost_table, layer_table, timing_table
from lessonlib.networks import residual_network
from lessonlib.playgrounds.costs import CostPlayground

SMALL = Network(width=0.25, blocks=(1, 1, 1, 1))
few = st.integers(1, 5)


@given(
    few,
    few,
    few,
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(3, 9),
    st.integers(3, 9),
    st.integers(1, 2),
)
def test_a_convolution_by_the_formulas(n, c_in, c_out, k, stride, h, w, groups):
    c_in, c_out = groups * c_in, groups * c_out
    conv = nn.Conv2d(c_in, c_out, k, stride, bias=False, groups=groups)
    h_out, w_out = (h - k) // stride + 1, (w - k) // stride + 1
    inputs, outputs, weights = (
        n * c_in * h * w,
        n * c_out * h_out * w_out,
        c_out * c_in // groups * k * k,
    )
    found = cost(conv, (n, c_in, h, w))
    assert (found.weights, found.macs, found.operations) == (
        weights,
        outputs * c_in // groups * k * k,
        1,
    )
    assert (found.moved, found.saved) == (4 * (inputs + outputs + weights), 4 * inputs)
    assert found.intensity == found.macs / found.moved
    assert cost(conv.double(), (n, c_in, h, w)).moved == 2 * found.moved


@pytest.mark.parametrize(
    "module, saved",
    [
        (nn.Conv2d(2, 3, 3, padding=1), ["in"]),
        (nn.ReLU(), ["out"]),
        (nn.Mish(), ["in"]),
        (nn.Identity(), []),
        (nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU()), ["in", "out"]),
        (nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(inplace=True)), ["in", "out"]),
        (nn.Sequential(nn.ReLU(), nn.Conv2d(2, 3, 3, padding=1)), ["in"]),  # what the ReLU gave and the convolution got is one
        (nn.Sequential(nn.Conv2d(2, 3, 1), nn.Conv2d(3, 3, 1)), ["in", "out"]),  # out of the first
        (nn.Sequential(nn.Conv2d(2, 3, 1), nn.Mish()), ["in", "out"]),
        (nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), nn.ReLU()), ["in", "out", "out", "statistics"]),
    ],
)  # fmt: skip
def test_what_small_graphs_keep(module, saved):
    sizes = {"in": 4 * 5 * 2 * 6 * 7, "out": 4 * 5 * 3 * 6 * 7, "statistics": 2 * 3 * 4}
    if not list(module.parameters()):
        sizes["out"] = sizes["in"]
    assert cost(module, (5, 2, 6, 7)).saved == sum(sizes[name] for name in saved)


def bytes_alive_after(module, x):
    """What the allocator gave and did not get back while the module ran: an oracle that knows nothing of hooks."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as log:
        y = module(x)
    return sum(event.self_cpu_memory_usage for event in log.key_averages()), y


@pytest.mark.parametrize(
    "name", ["3x3", "2x2", "pair", "pair-act", "pair-composed", "pair-act-2019"]
)
def test_saved_bytes_are_what_the_allocator_still_holds(name):
    module, x = ARMS[name].build(8, 8, 1), torch.randn(4, 8, 12, 12, requires_grad=True)
    alive, y = bytes_alive_after(module, x)
    outside = {
        "3x3",
        "pair",
        "pair-act",
        "pair-composed",
    }  # these save x itself, which was there before
    assert alive - y.nbytes + (x.nbytes if name in outside else 0) == cost(module, x.shape).saved


@pytest.mark.parametrize("name", ["3x3", "pair-2019", "pair-act-2019"])
def test_a_network_saves_what_the_allocator_still_holds(name):
    model, x = residual_network(ARMS[name], SMALL), torch.randn(4, 3, 32, 32)
    alive, y = bytes_alive_after(model, x)
    assert alive - y.nbytes + (x.nbytes if name == "3x3" else 0) == cost(model, x.shape).saved


# Two 2x2 of 2019 with ReLU where 2019 had Mish: the reference figures were computed with ReLU everywhere.
def _with_relu(channels_in, channels_out, stride):
    layers = ARMS["pair-act-2019"].build(channels_in, channels_out, stride)
    layers[3] = nn.ReLU()
    return layers


OF_2019 = {
    "3x3": ARMS["3x3"],
    "pair-2019": ARMS["pair-2019"],
    "pair-relu-2019": Arm("pair-relu-2019", "", _with_relu),
}


@pytest.mark.parametrize(
    "name, macs", [("3x3", 1.413), ("2x2", 1.012), ("pair-2019", 1.382), ("pair-act-2019", 1.382)]
)
def test_macs_of_xresnet50_at_128_pixels(name, macs):
    assert (
        round(cost(residual_network(ARMS[name], XRESNET50), (1, 3, 128, 128)).macs / 1e9, 3) == macs
    )


@pytest.mark.parametrize(
    "name, saved",
    [("3x3", 30.6), ("pair-2019", 42.7), ("pair-relu-2019", 46.6), ("pair-act-2019", 46.6)],
)
def test_megabytes_saved_by_each_photo_of_xresnet50(name, saved):
    """fp32, 128 pixels, 10 classes, MB = 1e6 bytes; each storage once, no weights; fastai's ReLU, in place."""
    model = residual_network(OF_2019.get(name, ARMS["pair-act-2019"]), XRESNET50)
    assert round(saved_by_photo(model, (3, 128, 128)) / 1e6, 1) == saved


@pytest.mark.parametrize(
    "name, reference", [("3x3", 69.8), ("pair-2019", 77.1), ("pair-relu-2019", 81.0)]
)
def test_where_the_larger_figures_come_from(name, reference):
    """69.8, 77.1 and 81.0 MB: a batch of 4, each tensor counted each time it is saved, weights too, and all divided by 4.

    So the weights count for a quarter of 94 or 89 MB, and what a ReLU gives and a convolution takes counts twice.
    """
    model, saved = residual_network(OF_2019[name], XRESNET50), []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: saved.append(t.nbytes) or t, lambda t: t
    ):
        model.to("meta")(torch.empty(4, 3, 128, 128, device="meta"))
    assert round(sum(saved) / 4 / 1e6, 1) == reference


def test_counting_leaves_the_module_as_it_was():
    model = residual_network(ARMS["pair-composed"], SMALL)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert layer_costs(model, (2, 3, 32, 32)) and cost(model, (2, 3, 32, 32))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model[0][0].composes is None and not any(
        module._forward_hooks for module in model.modules()
    )


@pytest.mark.parametrize("name", ["3x3", "2x2", "pair", "pair-composed", "pair-act-2019"])
def test_layers_are_the_convolutions_and_arms_of_the_network(name):
    model, plain = (residual_network(ARMS[arm], SMALL) for arm in (name, "3x3"))
    found, threes = (layer_costs(m, (4, 3, 32, 32)) for m in (model, plain))
    assert [layer.shape_out for layer in found] == [layer.shape_out for layer in threes]
    assert [layer.shape_in[0] for layer in found] == [
        4
    ] * 14  # stem 3, blocks 2 each, shortcuts of three blocks
    assert (
        sum(layer.cost.macs for layer in found) == cost(model, (4, 3, 32, 32)).macs - 4 * 128 * 10
    )  # the last, linear layer
    one = found[4]
    assert one.name.startswith("4.0.convpath.1") and one.cost == cost(
        model.get_submodule(one.name), one.shape_in
    )
    assert {layer.composes for layer in found} == (
        {True, False, None} if name == "pair-composed" else {None}
    )


def test_the_composed_layers_say_how_and_why():
    for layer in layer_costs(residual_network(ARMS["pair-composed"], SMALL), (4, 3, 32, 32)):
        if layer.composes is None:
            continue
        n, c_out, h, w = layer.shape_out
        stride = layer.shape_in[2] // h
        assert layer.share == c_out / (n * h * w)
        assert layer.composes == composing_pays(layer.shape_in, c_out, c_out, stride)
        c_in = layer.shape_in[1]
        macs = 9 * c_out * c_in * n * h * w  # of the 3x3
        points = (
            36 * c_out * (c_in + c_out) + 81 * c_out * c_in
        )  # to nine points with both kernels, and back with one
        if layer.composes:
            assert layer.cost.macs == round(macs * (1 + layer.share)) + points


def test_operations_and_traffic_of_a_pair():
    x, w = 4 * 2 * 8 * 5 * 5, 4 * 8 * 8 * 4
    hidden = 4 * 2 * 8 * 6 * 6
    pair, padded = (
        cost(ARMS["pair"].build(8, 8, 1), (2, 8, 5, 5)),
        cost(ARMS["2x2"].build(8, 8, 1), (2, 8, 5, 5)),
    )
    assert (pair.operations, pair.moved, pair.saved) == (
        2,
        x + w + hidden + hidden + w + x,
        x + hidden,
    )
    assert (padded.operations, padded.moved, padded.saved) == (
        2,
        x + hidden + hidden + w + x,
        hidden,
    )


class Clock:
    """A clock that the calls themselves move, by known amounts."""

    def __init__(self, monkeypatch):
        self.now, self.order = 0.0, []
        monkeypatch.setattr(timing.time, "perf_counter", lambda: self.now)

    def call(self, name, lengths):
        lengths = iter(lengths)

        def run():
            self.order.append(name)
            self.now += next(lengths)

        return run


def test_times_are_medians_quartiles_and_ratios_of_the_same_round(monkeypatch):
    clock = Clock(monkeypatch)
    calls = {
        "a": clock.call("a", [100, 1, 2, 3, 4, 5]),
        "b": clock.call("b", [100, 2, 4, 6, 8, 50]),
    }
    a, b = time_interleaved(calls, rounds=5, warm_up=1).values()
    assert (a.median, a.low, a.high, a.ratio, a.ratio_low, a.ratio_high) == pytest.approx(
        (3, 2, 4, 1, 1, 1)
    )
    assert (b.median, b.low, b.high, b.ratio, b.ratio_low, b.ratio_high) == pytest.approx(
        (6, 4, 8, 2, 2, 2)
    )
    assert clock.order == list("abbaabbaabba")  # in turns, to and fro


def test_the_passes_give_outputs_and_gradients():
    module, x = ARMS["pair"].build(3, 4, 1).double(), torch.randn(2, 3, 6, 6, dtype=torch.float64)
    calls = forward_backward_calls(module, x)
    x = x.requires_grad_()
    expected = torch.autograd.grad(module(x).sum(), [x, *module.parameters()])
    assert torch.equal(calls["forward"](), module(x))
    for name in ("backward", "both", "backward"):
        assert all(torch.allclose(a, b) for a, b in zip(calls[name](), expected))


def test_the_roof_is_the_lower_of_two_ceilings(monkeypatch):
    roof = Roofline(macs=100.0, bytes=10.0)
    assert [roof.attainable(intensity) for intensity in (1, 10, 50)] == [10, 100, 100]
    lengths = iter(
        [9, 0.5, 2, 1, 4, 0.25]
    )  # three products, three copies: the fastest of each counts
    monkeypatch.setattr(timing, "_seconds", lambda call: call() is not None and next(lengths))
    assert measure_roofline(side=8, megabytes=1, rounds=3) == Roofline(
        macs=2 * 8**3, bytes=8 * 2**20
    )


ONE = timing.Timing(1, 1, 1, 1, 1, 1)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (
            lambda: cost(nn.Conv2d(3, 4, 3), (1, 5, 8, 8)),
            "cannot take an input of shape .1, 5, 8, 8.",
        ),
        (
            lambda: layer_costs(nn.Conv2d(3, 4, 3), (1, 3, 2, 2)),
            "cannot take an input of shape .1, 3, 2, 2.",
        ),
        (lambda: time_interleaved({"a": int}, rounds=1), "rounds is 1"),
    ],
)
def test_bad_input_gets_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


@pytest.fixture
def explorer():
    return CostPlayground()


def test_the_explorer_shows_what_is_counted_for_every_setting(explorer):
    for slider, value in (
        (explorer.channels, 32),
        (explorer.pixels, 14),
        (explorer.batch, 4),
        (explorer.stride, 2),
    ):
        before = explorer.still()
        slider.value = value
        assert explorer.still() != before
    assert explorer.costs == {
        name: cost(ARMS[name].build(32, 32, 2), (4, 32, 14, 14)) for name in explorer.costs
    }
    for found in explorer.costs.values():
        assert (
            f"{found.weights:,}" in explorer.table.value
            and f"{found.macs / 1e6:,.1f}" in explorer.table.value
        )
    assert (
        "32 / (4 x 7 x 7) = 16.3% " in explorer.message.value
        and "composed first" in explorer.message.value
    )
    explorer.batch.value = 1
    assert (
        "32 / (1 x 7 x 7) = 65.3% " in explorer.message.value
        and "goes in series" in explorer.message.value
    )
    assert explorer.costs["pair-composed"] == explorer.costs["pair"]


def test_the_explorer_measures_forgets_and_undoes(explorer):
    for slider, value in ((explorer.channels, 8), (explorer.pixels, 8), (explorer.batch, 2)):
        slider.value = value
    assert explorer.timings is None and "not measured" not in explorer.alt()
    explorer.measure()
    assert (
        set(explorer.timings) == set(explorer.costs)
        and "time, both ways 3x3 1.00" in explorer.alt()
    )
    assert not explorer.channels.disabled
    explorer.batch.value = 4
    assert explorer.timings is None
    explorer.undo()
    assert explorer.batch.value == 2 and explorer.timings is None


def test_the_explorer_refuses_what_would_take_too_long(explorer, monkeypatch):
    monkeypatch.setattr(
        "lessonlib.playgrounds.costs.time_interleaved",
        lambda *_, **__: {"one photo": replace(ONE, low=1.0)},
    )
    explorer.measure()
    assert (
        "Choose fewer photos, pixels or channels" in explorer.message.value
        and explorer.timings is None
    )


def test_the_explorer_leaves_a_picture_with_words_and_code(explorer):
    data, metadata = explorer.fallback()
    assert (
        data["image/png"]
        and "16 photos, 64 channels, 32 x 32 pixels" in metadata["image/png"]["alt"]
    )
    explorer.channels.value, explorer.pixels.value, explorer.batch.value = 8, 8, 1
    names = {}
    exec(explorer.code(), names)
    assert names["costs"] == explorer.costs and names["timings"].keys() == explorer.costs.keys()


def test_the_roofline_says_its_numbers():
    picture = roofline(
        Roofline(50e9, 10e9), {"one layer": {"3x3": (20.0, 30e9), "pair": (9.0, 21e9)}}
    )
    assert (
        "bends at 5.0 MACs a byte" in picture.alt
        and "one 3x3 at one layer: 30.0 at 20.0" in picture.alt
    )
    assert picture.png.startswith(b"\x89PNG")


def test_tables():
    found = layer_costs(residual_network(ARMS["pair-composed"], SMALL), (4, 3, 32, 32))
    text = layer_table(found).data
    assert text.count("\n") == len(found) + 1 and "| 3 x 32 x 32 | 8 x 16 x 16 | 352 |" in text
    assert all(words in text for words in ("composed first", "in series", "one convolution"))
    costs = cost_table({"3x3": cost(ARMS["3x3"].build(64, 64, 1), (2, 64, 8, 8))}).data
    timings = timing_table({"3x3": ONE}).data
    assert "| one 3x3 | 36,864 |" in costs
    assert "| one 3x3 | 1000.00 (1000.00 to 1000.00) | 1.00 (1.00 to 1.00) |" in timings
    for table in (text, costs, timings):
        assert all(
            cell.strip() for cell in table.splitlines()[0].split("|")[1:-1]
        )  # a screen reader says a column's head
