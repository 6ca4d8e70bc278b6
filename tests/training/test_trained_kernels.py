"""What is said of trained kernels holds for kernels whose answer is known."""

import pytest
import torch

from lessonlib.algebra.hidden_width import alternating_factors
from lessonlib.kernels import compose
from lessonlib.paths import DATA
from lessonlib.training.trained_kernels import (
    TrainedLayer,
    _save,
    load_trained_kernels,
    pair_distance,
    permute_taps,
    product_distances,
)


def gaussian(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_a_product_is_at_distance_0_and_keeps_it_at_no_other_places():
    products = torch.stack(
        [compose(gaussian(2, 2, seed=2 * i), gaussian(2, 2, seed=2 * i + 1)) for i in range(50)]
    )
    assert product_distances(products).max() < 1e-6
    assert product_distances(permute_taps(products)).median() > 0.05


def test_the_taps_are_the_same_numbers_in_one_order():
    weights = gaussian(4, 3, 3, 3)
    other = permute_taps(weights, seed=1).flatten(2)
    order = [int((weights.flatten(2)[0, 0] == tap).nonzero()) for tap in other[0, 0]]
    assert sorted(order) == list(range(9)) != order
    assert torch.equal(weights.flatten(2)[..., order], other)


def test_a_pair_of_layers_is_found_and_a_random_layer_is_none():
    pair = compose(gaussian(6, 5, 2, 2).double(), gaussian(6, 6, 2, 2, seed=1).double())
    assert alternating_factors(pair, 6, rounds=100).relative < 1e-4
    assert 0.05 < alternating_factors(gaussian(6, 5, 3, 3).double(), 6, rounds=500).relative < 0.3


@pytest.mark.parametrize("rounds", [1, 10])
def test_the_distance_of_a_layer_is_a_real_pairs(rounds):
    """Never below what the dimensions allow: for one channel it is at least that of the nearest
    product."""
    for seed in range(20):
        kernel = gaussian(1, 1, 3, 3, seed=seed).double()
        assert (
            alternating_factors(kernel, 1, rounds).relative
            >= product_distances(kernel[0]).item() - 1e-6
        )


def test_what_is_kept_is_what_the_model_has(tmp_path, monkeypatch):
    monkeypatch.setattr("lessonlib.training.trained_kernels.DATA", tmp_path)
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3),
        torch.nn.ReLU(),
        torch.nn.Conv2d(4, 4, 1),
        torch.nn.Conv2d(4, 2, 3),
    )
    _save(model, "nothing at all")
    layers, source = load_trained_kernels()
    assert source == "nothing at all" and [layer.shape for layer in layers] == [(4, 3), (2, 4)]
    for layer, convolution in zip(layers, (model[0], model[3])):
        theirs = convolution.weight.detach().flatten(0, 1)
        assert layer.kernels.shape == theirs.shape
        nearest = torch.cdist(layer.kernels.flatten(1), theirs.double().flatten(1))
        assert nearest.amin(1).max() < 1e-3 and sorted(nearest.argmin(1).tolist()) == list(
            range(len(theirs))
        )
        assert layer.pair == pytest.approx(pair_distance(convolution.weight.detach()), abs=1e-4)


def test_what_came_with_the_course_is_small_and_whole():
    layers, source = load_trained_kernels()
    assert (DATA / "trained_kernels.npz").stat().st_size < 2_000_000
    assert "Imagewoof v2" in source and "seed 0" in source
    assert len(layers) == 11 and all(isinstance(layer, TrainedLayer) for layer in layers)
    for layer in layers:
        assert layer.kernels.shape == (min(512, layer.shape[0] * layer.shape[1]), 3, 3)
        assert all(0 <= found < 0.3 for found in layer[3:])
