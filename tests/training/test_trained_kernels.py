"""What is said of trained kernels holds for kernels whose answer is known."""

import pytest
import torch

from lessonlib.algebra.hidden_width import alternating_factors
from lessonlib.arms import ARMS
from lessonlib.configs import TIERS
from lessonlib.kernels import compose
from lessonlib.networks import residual_network
from lessonlib.paths import DATA
from lessonlib.training.trained_kernels import (
    TrainedLayer,
    _save,
    constant_share,
    exchange_places,
    layer_change,
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


def test_each_kernel_keeps_its_numbers_in_an_order_of_its_own():
    kernels = gaussian(50, 3, 3)
    exchanged = exchange_places(kernels)
    assert torch.equal(exchanged.flatten(1).sort(1).values, kernels.flatten(1).sort(1).values)
    same = exchanged.flatten(1)[:, :, None] == kernels.flatten(1)[:, None]
    assert len(same.int().argmax(2).unique(dim=0)) > 45
    assert constant_share(exchanged) == pytest.approx(constant_share(kernels))


def test_the_constant_share_is_that_of_a_projection():
    kernels = gaussian(7, 5, 3, 3).double()
    constant = torch.full((9,), 1 / 3, dtype=torch.float64)
    along = kernels.flatten(-2) @ constant
    expected = along.square().sum() / kernels.square().sum()
    assert constant_share(kernels) == pytest.approx(expected.item())
    assert constant_share(torch.full((2, 3, 3), -4.0)) == pytest.approx(1)
    assert constant_share(gaussian(5000, 3, 3)) == pytest.approx(1 / 9, abs=0.01)


def layer_of(initial, change):
    return TrainedLayer("a layer", (1, len(initial)), initial + change, initial, {})


def test_a_change_is_told_from_the_noise_that_it_was_added_to():
    """Small products added to large noise: the kernels hide them, the change does not."""
    noise = gaussian(80, 3, 3).double()
    factors = gaussian(80, 2, 2, 2, seed=1).double()
    products = torch.stack([compose(*both) for both in factors])
    found = layer_change(layer_of(noise, 0.05 * products))
    assert found.cosine > 0.98 and found.change < 1e-5
    assert found.errors > 10 and found.exchanged > 0.2
    assert found.trained == pytest.approx(found.initial, abs=0.01)


def test_noise_added_to_noise_is_no_change_to_speak_of():
    noise = gaussian(2, 100, 3, 3).double()
    found = layer_change(layer_of(*noise))
    assert abs(found.errors) < 3 and found.cosine == pytest.approx(0.7, abs=0.06)
    assert found.constant == pytest.approx(1 / 9, abs=0.04)


def test_what_is_kept_is_what_the_models_have(tmp_path, monkeypatch):
    monkeypatch.setattr("lessonlib.training.trained_kernels.DATA", tmp_path)
    before, after = small_network(0), small_network(1)
    _save(after, before, "nothing at all")
    layers, source = load_trained_kernels()
    assert source == "nothing at all" and [layer.shape for layer in layers] == [(4, 3), (2, 4)]
    for layer, place in zip(layers, (0, 3)):
        weights = [model[place].weight.detach() for model in (before, after)]
        theirs = torch.cat([each.flatten(0, 1).flatten(1) for each in weights], 1).double()
        kept = torch.cat([layer.initial.flatten(1), layer.kernels.flatten(1)], 1)
        assert kept.shape == theirs.shape
        nearest = torch.cdist(kept, theirs)
        assert nearest.amin(1).max() < 1e-3
        assert sorted(nearest.argmin(1).tolist()) == list(range(len(theirs)))
        assert layer.pairs["trained"] == pytest.approx(pair_distance(weights[1]), abs=1e-4)
        change = pair_distance(weights[1] - weights[0])
        assert layer.pairs["change"] == pytest.approx(change, abs=1e-4)


def small_network(seed):
    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3),
        torch.nn.ReLU(),
        torch.nn.Conv2d(4, 4, 1),
        torch.nn.Conv2d(4, 2, 3),
    )


def test_what_came_with_the_course_is_small_and_whole():
    layers, source = load_trained_kernels()
    assert (DATA / "trained_kernels.npz").stat().st_size < 2_000_000
    assert "Imagewoof v2" in source and "seed 0" in source
    assert len(layers) == 11 and all(isinstance(layer, TrainedLayer) for layer in layers)
    for layer in layers:
        count = min(512, layer.shape[0] * layer.shape[1])
        assert layer.kernels.shape == layer.initial.shape == (count, 3, 3)
        assert all(0 <= found < 0.3 for found in layer.pairs.values())


def test_the_initial_kernels_are_those_of_the_seed():
    layers, _ = load_trained_kernels()
    torch.manual_seed(0)
    network = residual_network(ARMS["3x3"], TIERS["cpu"].network)
    for layer in layers:
        theirs = network.get_submodule(layer.name).weight.detach().flatten(0, 1).flatten(1)
        distances = torch.cdist(layer.initial.flatten(1), theirs.double())
        assert distances.amin(1).max() < 1e-2 * theirs.norm(dim=1).mean()
