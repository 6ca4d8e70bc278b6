"""Models whose forward does more than run a chain: what else it does stays as it was."""

from math import inf

import pytest
import torch
from torch import nn

from helpers.merged_models import difference
from helpers.random_layers import drawn_anew
from lessonlib.merging import merge_chains, plan


def chain():
    return nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.norm = chain()


class Twice(Pair):
    def forward(self, x):
        return self.a(self.norm(self.a(x)))


class ReadingWeights(Pair):
    def forward(self, x):
        return self.norm(self.a(x)) + self.a.weight.sum()


class ReadingSettings(Pair):
    def __init__(self):
        super().__init__()
        self.a.register_parameter("bias", None)

    def forward(self, x):
        y = self.norm(self.a(x))
        return y if self.a.bias is None else 2 * y  # as one with BatchNorm it would have a bias


class Tied(Pair):
    def __init__(self):
        super().__init__()
        self.b = nn.Conv2d(2, 2, 1)
        self.b.weight = self.a.weight

    def forward(self, x):
        return self.norm(self.b(torch.relu(self.a(x)))) + self.b.weight.sum()


LEFT = {
    "used twice": (Twice, "used more than once"),
    "its weights read elsewhere": (ReadingWeights, "read elsewhere too"),
    "its settings read elsewhere": (ReadingSettings, "read elsewhere too"),
    "its shared weights read elsewhere": (
        Tied,
        "b is left as it is: its weights or settings are read elsewhere too",
    ),
}


@pytest.mark.parametrize("build, why", LEFT.values(), ids=LEFT)
def test_what_is_used_elsewhere_is_left(build, why):
    model = drawn_anew(build())
    x = torch.randn(2, 2, 7, 7, dtype=torch.float64)
    shown = plan(model, at_most=inf)
    assert why in str(shown)
    assert shown.merged == []
    assert torch.equal(merge_chains(model, at_most=inf)(x), model(x))


class Optional(Pair):
    def forward(self, x, more=None):
        y = self.a(x)
        return self.norm(y.relu() if more is None else y)


class Alias(Pair):
    """What idle gives is x itself, which is changed before it is read."""

    def __init__(self):
        super().__init__()
        self.idle = nn.Identity()

    def forward(self, x):
        x = x + 0
        y = self.idle(x)
        x.add_(1)
        return self.norm(self.a(y))


class Replaced(Pair):
    def __init__(self):
        super().__init__()
        self.forward = lambda x: self.norm(self.a(x).relu())


class Branching(nn.Module):
    """Looks at the numbers, which torch.fx cannot follow."""

    def __init__(self):
        super().__init__()
        self.chain = nn.Sequential(nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2))
        self.signs = nn.ModuleList([nn.Dropout(), nn.Dropout()])

    def forward(self, x):
        if x.sum() > 0:
            return self.signs[0](self.chain(x))
        return -self.signs[1](self.chain(x))


class Within(nn.Module):
    """Calls a part of a part that cannot be traced, and that part as a whole too."""

    def __init__(self):
        super().__init__()
        self.part = Branching()

    def forward(self, x):
        return self.part(x) + self.part.chain[0](x)


def watched():
    model = nn.Sequential(nn.Sequential(nn.Conv2d(2, 2, 1)), nn.BatchNorm2d(2))
    model[0].register_forward_hook(lambda part, given, y: part.__dict__.update(seen=y.detach()))
    return model


@pytest.mark.parametrize("build", [Optional, Alias, Replaced, Within, watched])
def test_what_the_forward_does_besides_stays(build):
    model = drawn_anew(build())
    x = torch.randn(2, 2, 7, 7, dtype=torch.float64)
    merged = merge_chains(model, at_most=inf)
    assert difference(merged, model, x) < 1e-12
    if build is watched:
        assert torch.equal(merged[0].seen, model[0].seen)


class Own(nn.Conv2d):
    def forward(self, x):
        return super().forward(x.abs())


def test_parts_of_a_model_that_cannot_be_traced():
    model = drawn_anew(nn.Sequential(Branching(), Own(2, 2, 1), nn.BatchNorm2d(2)))
    x = torch.randn(2, 2, 7, 7, dtype=torch.float64)
    assert plan(model).merged == []
    assert "torch.fx cannot trace it" in plan(model).left["0"]
    assert [step.names for step in plan(model, x).merged] == [["0.chain.0", "0.chain.1"]]
    assert difference(merge_chains(model, x), model, x) < 1e-12


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.chain = chain()
        self.seen = []
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        self.last = x
        self.seen.append(x)
        return self.chain(x) * self.calls


def test_a_plan_changes_nothing():
    model = drawn_anew(Counting())
    attributes = set(vars(model))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert len(plan(model).merged) == 1
    assert model.seen == []
    assert set(vars(model)) == attributes
    after = model.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    for layer in model.modules():
        assert type(layer).__getattribute__ is nn.Module.__getattribute__


class Alone(Pair):
    """Its BatchNorm reads a sum, and another one nothing but the input."""

    def __init__(self):
        super().__init__()
        self.first = nn.BatchNorm2d(2)
        self.named = nn.BatchNorm2d(2)
        self.second = nn.BatchNorm2d(2)

    def forward(self, x):
        y = self.a(self.first(x))
        z = self.norm(y + x)
        return self.named(input=self.second(y)) + z


def test_a_batchnorm_that_stays_has_a_reason():
    left = plan(drawn_anew(Alone())).left
    assert left["norm"] == "it reads what add gives"
    assert left["second"] == "others read what a gives too"
    assert left["named"] == "it is not called with its input alone"


class Functional(Pair):
    def forward(self, x):
        y = self.a(x)
        return nn.functional.batch_norm(y, self.norm.running_mean, self.norm.running_var)


FEW = {
    "batch_norm is left as it is: only a BatchNorm layer is known": Functional,
    "1 is left as it is: it follows a GroupNorm": lambda: nn.Sequential(
        nn.GroupNorm(1, 2), nn.BatchNorm2d(2)
    ),
    "1 is left as it is: with its running statistics": lambda: nn.Sequential(
        nn.Conv2d(2, 2, 1), nn.InstanceNorm2d(2, track_running_stats=True)
    ),
}


@pytest.mark.parametrize("said, build", FEW.items())
def test_what_is_not_known_is_said(said, build):
    assert said in str(plan(drawn_anew(build())))


class Keeping(Pair):
    def forward(self, x):
        self.last = self.norm(self.a(x))
        return self.last


def kept():
    model = nn.Sequential(Keeping()).eval()
    model(torch.randn(1, 2, 3, 3))
    return model


def weight_normed():
    model = nn.Sequential(torch.nn.utils.weight_norm(nn.Conv2d(2, 2, 1))).eval()
    model(torch.randn(1, 2, 3, 3))
    return model


UNCOPIED = {
    "0.last was kept from a call outside of torch.no_grad.., so delete it": kept,
    "0.weight is from torch's old weight_norm, so call torch.nn.utils.remove": weight_normed,
}


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("said, build", UNCOPIED.items())
def test_what_keeps_a_model_from_being_copied_is_named(said, build):
    with pytest.raises(ValueError, match=said):
        plan(build())


class Table(nn.Module):
    """Computes a table in its first call and keeps it, as attention with a learned bias does."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)
        self.bias = nn.Parameter(torch.ones(4, 1, 1))
        self.tables = {}

    def forward(self, x):
        y = self.norm(self.conv(x))
        if "table" not in self.tables:
            self.tables["table"] = 2 * self.bias
        return y + self.tables["table"]


class AsksToo(Table):
    def forward(self, x):
        if x.mean() > 100:
            return x
        return super().forward(x)


@pytest.mark.filterwarnings("ignore:Not compared on an input")
@pytest.mark.parametrize("kind, norms", [(Table, 0), (AsksToo, 1)])
def test_a_module_that_keeps_a_table_is_merged_where_it_can_be_traced(kind, norms):
    model = drawn_anew(kind())
    merged = merge_chains(model)
    assert len([m for m in merged.modules() if isinstance(m, nn.BatchNorm2d)]) == norms
    assert model.tables == {} and merged.tables == {}
    x = torch.randn(2, 4, 5, 5, dtype=torch.float64)
    for _ in range(2):
        assert difference(merged, model, x) < 1e-12


class KeepsItsOutput(nn.Module):
    """Gives in each later call what it kept in the first."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)
        self.kept = None

    def forward(self, x):
        if self.kept is not None:
            return self.kept
        self.kept = self.conv(x)
        return self.norm(self.kept)


def test_a_module_that_goes_another_way_in_its_second_call_stays_right():
    model = drawn_anew(KeepsItsOutput())
    merged = merge_chains(model)
    x = torch.randn(2, 4, 5, 5, dtype=torch.float64)
    for _ in range(2):
        assert difference(merged, model, x) < 1e-12


class InPieces(nn.Module):
    """Cannot be traced, and holds its layers in a list, which nothing calls."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2)])

    def forward(self, x):
        y = self.layers[0](x)
        return self.layers[1](y) if x.sum() > 0 else y


def test_a_list_with_a_forward_of_its_own_can_be_called():
    layers = InPieces().layers.eval()
    layers.forward = lambda x: layers[1](layers[0](x))
    assert "its forward was replaced" in plan(layers).left["the model"]


def test_a_list_of_modules_is_no_reason_of_its_own():
    assert [*plan(InPieces().eval()).left] == ["the model"]
    assert [*plan(InPieces().layers.eval()).left] == ["the model"]
