"""Exported models: as layers, merged and exported again, and in ONNX by another runtime."""

import pytest
import torch
from torch import nn

from helpers.merged_models import difference, pair_network, relative
from helpers.random_layers import drawn_anew
from lessonlib.merging import merge_chains, plan
from lessonlib.merging.torch_export import export_again, with_layers


@pytest.fixture(scope="module")
def exported_pair():
    """`(model, x, program)`: the network of pairs, exported with the number of photos left open."""
    model, x = pair_network()
    open_size = ({0: torch.export.Dim.AUTO},)
    return model, x, torch.export.export(model, (x,), dynamic_shapes=open_size)


@pytest.mark.parametrize("decomposed", [False, True])
def test_an_exported_model_is_merged_as_the_model_itself(exported_pair, decomposed):
    model, x, program = exported_pair
    merged = merge_chains(model, at_most=1.2)
    program = program.run_decompositions() if decomposed else program
    again = export_again(merge_chains(with_layers(program), at_most=1.2), program)
    called = [str(node.target) for node in again.graph.nodes if node.op == "call_function"]
    convolutions = [name for name in called if "conv" in name]
    assert len(convolutions) == sum(isinstance(m, nn.Conv2d) for m in merged.modules())
    assert not any("norm" in name for name in called)
    longer = torch.cat([x, x])  # the number of photos is still open
    assert difference(again.module(), model, longer) < 1e-5


class Several(nn.Module):
    """Gives a dict with numbers and without, and blurs with a fixed kernel."""

    def __init__(self):
        super().__init__()
        self.chain = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Dropout2d(), nn.BatchNorm2d(3))
        self.register_buffer("blur", torch.rand(3, 1, 2, 2))

    def forward(self, x, times=2):
        y = nn.functional.pad(self.chain(x), (1, 1))
        y = nn.functional.conv2d(y, self.blur, groups=3)
        return {"y": y, "mask": y > 0, "none": None, "empty": y[:0], "times": times}


def test_operators_become_layers_and_outputs_of_any_kind_stay():
    model = drawn_anew(Several()).float()
    x = torch.randn(2, 2, 8, 9)
    program = torch.export.export(model, (x,))
    module = with_layers(program)
    assert str(plan(module, at_most=float("inf"))).startswith("5 layers become 2.")
    again = export_again(merge_chains(module, at_most=float("inf")), program).module()(x)
    expected = model(x)
    assert again.keys() == expected.keys()
    assert relative(again["y"], expected["y"]) < 1e-5
    assert again["none"] is None
    assert again["times"] == 2


@pytest.mark.parametrize("layer", [nn.BatchNorm2d(2), nn.Dropout()])
def test_a_model_exported_in_training_is_refused(layer):
    model = nn.Sequential(nn.Conv2d(2, 2, 1), layer)
    program = torch.export.export(model, (torch.randn(2, 2, 4, 4),))
    with pytest.raises(ValueError, match="exported in training mode"):
        with_layers(program)
