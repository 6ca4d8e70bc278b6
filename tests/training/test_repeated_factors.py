"""Factors that repeat are found, and those that only share a common kernel are not taken for such."""

import pytest
import torch

from lessonlib.training.repeated_factors import Pair, factor_likeness, pairs_before_and_after


def gaussian(*shape, seed=0):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=random, dtype=torch.float64)


def by_hand(pair):
    """The mean squared cosines `(middle, middle)` of kernels into one channel and out of another."""
    into, out_of = pair.first.flatten(2), pair.second.transpose(0, 1).flatten(2)
    alike = torch.cosine_similarity(into[:, None, :, None], out_of[None, :, None], dim=-1)
    return alike.square().mean((2, 3))


def test_the_likeness_is_the_mean_squared_cosine():
    pair = Pair(gaussian(5, 3, 2, 2), gaussian(4, 5, 2, 2, seed=1))
    table = by_hand(pair)
    found = factor_likeness(pair)
    assert torch.allclose(found.own, table.diagonal())
    others = [torch.cat([row[:m], row[m + 1 :]]).mean() for m, row in enumerate(table)]
    assert torch.allclose(found.other, torch.stack(others))


def test_random_factors_are_alike_by_chance():
    found = factor_likeness(Pair(gaussian(40, 30, 2, 2), gaussian(30, 40, 2, 2, seed=1)))
    assert found.own.mean() == pytest.approx(0.25, abs=0.01)
    assert found.other.mean() == pytest.approx(0.25, abs=0.01)


def test_factors_that_repeat_up_to_scale_are_found():
    kernels, scales = gaussian(40, 1, 2, 2), gaussian(40, 3, 1, 1, seed=1)
    pair = Pair(kernels * scales, (kernels * scales).transpose(0, 1))
    found = factor_likeness(pair)
    assert found.own.min() == pytest.approx(1)
    assert found.other.mean() == pytest.approx(0.25, abs=0.06)


def test_a_kernel_that_all_share_is_no_repetition():
    first, second = gaussian(40, 30, 2, 2), gaussian(30, 40, 2, 2, seed=1)
    found = factor_likeness(Pair(first + 2, second + 2))
    assert found.other.mean() > 0.6
    assert found.own.mean() == pytest.approx(found.other.mean().item(), abs=0.01)


def test_factors_that_do_not_meet_are_refused():
    with pytest.raises(ValueError, match=r"\(5, 3, 2, 2\) and \(4, 6, 2, 2\)"):
        factor_likeness(Pair(gaussian(5, 3, 2, 2), gaussian(4, 6, 2, 2)))


def test_the_pairs_of_the_course_and_their_first_weights():
    """Another seed's first weights would stand at a right angle to the trained ones."""
    pairs = pairs_before_and_after()
    assert len(pairs) == 11
    for name, before, after in pairs:
        for one, other in zip(before, after):
            cosine = torch.cosine_similarity(one.flatten(), other.flatten(), dim=0)
            assert cosine > 0.7, name
