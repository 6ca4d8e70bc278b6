"""Plans: made before any product, written as JSON, read again and carried out on other weights."""

from math import inf
from unittest.mock import patch

import pytest
import torch
import torchvision
from torch import nn

from helpers.merged_models import difference
from helpers.random_layers import drawn_anew
from lessonlib.merging import (
    CannotMerge,
    PadWith,
    Plan,
    merge,
    merge_chains,
    merge_exported,
    plan,
    series,
)
from lessonlib.merging.chains import one_of
from lessonlib.merging.outlines import outline_in_series


def network():
    """Its BatchNorm adds nothing as long as it is fresh, so the border fits only then."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=2, bias=False),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 4, 3, padding=1),
        nn.BatchNorm2d(4),
    )


X = torch.randn(1, 3, 9, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_a_plan_is_read_as_it_was_written():
    found = plan(drawn_anew(network()))
    again = Plan.from_json(found.to_json())
    assert str(again) == str(found)
    assert again.to_json() == found.to_json()


def test_a_merged_state_is_loaded_into_a_fresh_model_merged_by_the_same_plan():
    trained = drawn_anew(network())
    found = plan(trained, at_most=inf)
    merged = merge_chains(trained, at_most=inf)
    fresh = network().double().eval()
    assert len(plan(fresh, at_most=inf).merged) != len(found.merged)
    skeleton = Plan.from_json(found.to_json()).apply(fresh)
    skeleton.load_state_dict(merged.state_dict())
    assert difference(skeleton, trained, X) < 1e-12


def test_a_plan_carried_out_on_weights_it_is_wrong_for_is_refused():
    found = plan(network().double().eval(), at_most=inf)
    with pytest.raises(ValueError, match="does not fit this model: 0 [+] 1 [+] 2 .* pads 4 rows"):
        found.apply(drawn_anew(network()))
    with pytest.raises(ValueError, match="does not fit this model: 0 [+] 1 .* no chain in it"):
        found.apply(nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU()).eval())


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": "another"}', '{"format": 1', "null"])
def test_any_other_text_is_no_plan(text):
    with pytest.raises(ValueError, match="not a plan .*: give what Plan.to_json wrote"):
        Plan.from_json(text)


def test_a_long_chain_is_planned_without_a_product():
    chain = nn.Sequential(*[nn.Conv2d(8, 8, 3, bias=False) for _ in range(16)]).eval()
    with patch.object(series, "_copies") as multiplied:  # what any product is made of
        assert plan(chain).merged == []
    assert not multiplied.called


def test_an_outline_has_the_size_of_the_product_and_takes_no_memory():
    parts = plan(drawn_anew(network()), X, at_most=inf, interior=True).merged[0].parts
    outline = one_of(parts, True, outline_in_series)
    one = one_of(parts, interior=True)
    assert outline.weight.shape == one.weight.shape
    assert outline.macs == one.macs
    assert outline.padding == one.padding
    assert torch.equal(outline.bias, one.bias)
    assert torch.allclose(outline.outside, one.flat(one.fill))
    assert outline.weight.untyped_storage().nbytes() == 8


def test_three_layers_are_merged_in_one_call():
    layers = [nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 4, 1)]
    for layer in layers:
        drawn_anew(layer)
    x = torch.randn(1, 3, 9, 9, dtype=torch.float64)
    assert difference(merge(*layers), nn.Sequential(*layers), x) < 1e-12
    with pytest.raises(CannotMerge, match="These layers are not one convolution at the border"):
        pads = dict(padding=1, bias=False)
        merge(*[nn.Conv2d(3, 3, 3, **pads), nn.Conv2d(3, 3, 3, **pads), nn.Conv2d(3, 3, 1)])


def test_chains_within_chains_are_merged_in_one_call():
    inner = drawn_anew(nn.Sequential(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))))
    x = torch.randn(1, 3, 9, 9, dtype=torch.float64)
    last = drawn_anew(nn.Conv2d(8, 2, 1))
    assert difference(merge(inner, last), nn.Sequential(inner, last), x) < 1e-12


def test_an_export_is_shown_the_way():
    program = torch.export.export(network().eval(), (X.float(),))
    for model in (program, program.module()):
        with pytest.raises(TypeError, match="to merge_exported, or the saved file to python -m"):
            plan(model)
    again = merge_exported(program, at_most=inf)
    assert difference(again.module(), program.module(), X.float()) < 1e-5
    with pytest.raises(TypeError, match="what torch.export.export returns, not a Sequential"):
        merge_exported(network())


def test_x_may_be_all_arguments_and_has_to_fit():
    model = network().eval()
    assert merge_chains(model, (X.float(),))(X.float()).shape == (1, 4, 11, 11)
    for x in (X, (X.float(), X), [X.float()]):
        with pytest.raises(ValueError, match="does not accept this x .*: give one .* It says"):
            merge_chains(model, x)


def test_the_time_before_and_after():
    model = network().eval()
    assert plan(model).timed(model, X.float()).keys() == {"before", "after"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_padding_of_its_own_can_be_scripted():
    pad = PadWith([1.0, 2.0, 3.0], (1, 0, 0, 2))
    assert torch.equal(torch.jit.script(pad)(X), pad(X))


def too_large():
    model = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)).eval()
    model[0].weight.data.fill_(300)
    model[1].running_var.fill_(1e-7)
    return model.half()


def test_what_half_precision_cannot_hold_is_left():
    model = too_large()
    x = torch.full((1, 2, 4, 4), 1e-4, dtype=torch.half)
    shown = plan(model)
    assert shown.merged == []
    assert "too large for the type of their weights" in str(shown)
    assert torch.equal(merge_chains(model, x)(x), model(x))
    with pytest.raises(CannotMerge, match="too large for torch.float16"):
        merge(model[0], model[1])
    assert len(plan(model.float()).merged) == 1


class FrozenBatchNorm2d(torchvision.ops.FrozenBatchNorm2d):
    """Another one of that name."""

    def forward(self, x):
        return super().forward(x).relu()


def test_a_stranger_of_the_same_name_is_left():
    model = drawn_anew(nn.Sequential(nn.Conv2d(3, 2, 1), FrozenBatchNorm2d(2)))
    assert plan(model).merged == []
    assert "only torchvision's and Detectron2's" in plan(model).left["1"]
    assert torch.equal(merge_chains(model)(X), model(X))
