"""The roofline and the tables of costs: their words and numbers."""

import pytest

from lessonlib.arms import ARMS
from lessonlib.configs import Network
from lessonlib.costs.counting import cost, layer_costs
from lessonlib.costs.timing import Roofline, Timing
from lessonlib.figures.costs import roofline
from lessonlib.figures.tables import cost_table, layer_table, timing_table
from lessonlib.networks import residual_network


@pytest.fixture
def layers():
    network = Network(width=0.25, blocks=(1, 1, 1, 1))
    return layer_costs(residual_network(ARMS["pair-composed"], network), (4, 3, 32, 32))


def heads(table):
    return table.splitlines()[0].split("|")[1:-1]


def test_the_roofline_says_its_numbers():
    measured = {"one layer": {"3x3": (20.0, 30e9), "pair": (9.0, 21e9)}}
    picture = roofline(Roofline(50e9, 10e9), measured)
    assert "bends at 5.0 MACs a byte" in picture.alt
    assert "one 3x3 at one layer: 30.0 at 20.0" in picture.alt
    assert picture.png.startswith(b"\x89PNG")


def test_the_table_of_layers(layers):
    text = layer_table(layers).data
    assert text.count("\n") == len(layers) + 1
    assert "| 3 x 32 x 32 | 8 x 16 x 16 | 352 |" in text
    assert all(words in text for words in ("composed first", "in series", "one convolution"))


def test_the_tables_of_costs_and_times(layers):
    costs = cost_table({"3x3": cost(ARMS["3x3"].build(64, 64, 1), (2, 64, 8, 8))}).data
    timings = timing_table({"3x3": Timing(1, 1, 1, 1, 1, 1)}).data
    assert "| one 3x3 | 36,864 |" in costs
    assert "| one 3x3 | 1000.00 (1000.00 to 1000.00) | 1.00 (1.00 to 1.00) |" in timings
    for table in (layer_table(layers).data, costs, timings):
        assert all(head.strip() for head in heads(table))  # a screen reader reads them out
