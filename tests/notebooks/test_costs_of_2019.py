"""The counted figures of notebook 05 and of claim 10, counted anew."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from lessonlib.arms import ARMS
from lessonlib.claims import claims
from lessonlib.configs import TIERS, XRESNET50
from lessonlib.costs.counting import cost
from lessonlib.networks import residual_network

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "05_what_it_costs.ipynb"
PHOTOS = 64
WITH_MISH = replace(XRESNET50, activation="mish", stem_activation="mish")
# In the thread's notebook the stem of the 3x3 network alone kept its ReLU
NETWORKS = {
    "mish": {"3x3": replace(WITH_MISH, stem_activation="relu")},
    "relu": {"3x3": XRESNET50},
}
for name in ("2x2", "pair-2019", "pair-act-2019", "pair"):
    NETWORKS["mish"][name] = WITH_MISH
    NETWORKS["relu"][name] = XRESNET50


@pytest.fixture(scope="module")
def counted():
    """The cost of a batch of 64 at 128 px, by activation and arm."""
    found = {}
    with torch.device("meta"):
        for activation, networks in NETWORKS.items():
            for name, network in networks.items():
                model = residual_network(ARMS[name], network)
                found[activation, name] = cost(model, (PHOTOS, 3, 128, 128))
    return found


@pytest.fixture(scope="module")
def text():
    """All that notebook 05 says and shows."""
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    parts = []
    for cell in cells:
        parts += cell["source"]
        for output in cell.get("outputs", []):
            parts += output.get("text", [])
            parts += output.get("data", {}).get("text/markdown", [])
    return "".join(parts)


def rises(counted, activation):
    """How much more the two pairs of 2019 keep than the 3x3, in per cent."""
    base = counted[activation, "3x3"].saved
    pairs = ("pair-2019", "pair-act-2019")
    return [f"{100 * counted[activation, name].saved / base - 100:.0f}%" for name in pairs]


def test_activation_memory_rises_by_as_much_as_is_said(counted, text):
    assert rises(counted, "mish") == ["25%", "35%"]
    assert rises(counted, "relu") == ["39%", "52%"]
    for per_cent in rises(counted, "mish") + rises(counted, "relu"):
        assert per_cent in text
    for (_, name), found in counted.items():
        if name != "pair":
            assert f"| {found.saved / PHOTOS / 1e6:.1f} |" in text


def test_a_batch_keeps_more_than_the_weights_save(counted, text):
    one = counted["mish", "3x3"]
    two = counted["mish", "pair-2019"]
    saved = 4 * (one.weights - two.weights) / 1e6
    kept = (two.saved - one.saved) / 1e6
    assert f"saves {saved:.0f} MB of weights, once, and keeps {kept:.0f} MB more" in text


def test_weights_and_multiplications_are_those_that_are_said(counted, text):
    one, two = (counted["mish", name].weights for name in ("3x3", "pair-2019"))
    assert (one, two, f"{1 - two / one:.1%}") == (23_547_754, 22_306_826, "5.3%")
    assert f"{one:,}" in text and f"{two:,}" in text and "5.3%" in claims()[9].verdict
    gmacs = [("3x3", "1.413"), ("2x2", "1.012"), ("pair-2019", "1.382"), ("pair", "1.620")]
    for name, figure in gmacs:
        assert f"{counted['mish', name].macs / PHOTOS / 1e9:.3f}" == figure
        assert f"| {figure} |" in text
    assert f"{1 - 1.012 / 1.413:.0%} fewer MACs" in text
    one, two = (cost(ARMS[name].build(64, 64, 1), (1, 64, 32, 32)).macs for name in ("3x3", "pair"))
    assert f"takes {1 - two / one:.0%} less at this size" in text


def widening(model):
    """How many of its 3x3 have more channels out than in, of how many."""
    threes = [m for m in model.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    return sum(m.out_channels > m.in_channels for m in threes), len(threes)


def test_the_small_network_widens_and_the_threads_does_not(text):
    with torch.device("meta"):
        small = {
            name: residual_network(ARMS[name], TIERS["cpu"].network) for name in ("3x3", "pair")
        }
        blocks = nn.Sequential(*residual_network(ARMS["3x3"], XRESNET50)[4:8])
    one, two = (cost(model, (1, 3, 64, 64)) for model in small.values())
    assert (one.weights, two.weights) == (1_235_514, 1_278_538)
    assert widening(small["3x3"]) == (5, 11) and widening(blocks) == (0, 16)
    weights = f"{two.weights / one.weights - 1:+.1%}"
    macs = f"{two.macs / one.macs - 1:+.0%}"
    line = f"5 of 11 convolutions widen. The pair has {weights} weights and {macs} MACs"
    assert line in text


def test_the_seconds_and_winograds_count(text):
    assert f"56 seconds with 3x3 and 71 with the pair: {71 / 56 - 1:.1%} longer" in text
    of_winograd = (2 + 3 - 1) ** 2  # multiplications for 2 x 2 outputs
    direct = 4 * 9
    assert f"with {of_winograd} multiplications instead of {direct}" in text
