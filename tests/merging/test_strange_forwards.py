"""Forwards such as strangers write, each right when merged, or left, or named by a warning.

With x what is wrong is refused; without it nothing is merged, or the model is right without a word,
or the assumption is warned of.
"""

import random
import warnings
from math import inf, sqrt

import pytest
import torch
from torch import nn

from helpers.random_layers import drawn_anew
from lessonlib.merging import merge_chains, plan


def of(*layers, do=None, **held):
    """The kind of a module that holds `a` and `b`, made anew for each model, and does `do`."""

    class Strange(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = (layer() for layer in layers)
            for name, make in held.items():
                setattr(self, name, make())

        def forward(self, x):
            return do(self, x)

    return Strange


def conv():
    return nn.Conv2d(4, 4, 3, padding=1)


def norm():
    return nn.BatchNorm2d(4)


def chain(do, **held):
    return of(conv, norm, do=do, **held)


def branches(do, **held):
    return of(conv, lambda: nn.Conv2d(4, 4, 1), do=do, **held)


def on_relu(question):
    """A chain with a ReLU between where the question of the input is answered with yes."""
    return chain(lambda m, x: m.b(m.a(x).relu() if question(x) else m.a(x)))


def doubled(model, x):
    weights = {name: 2 * weight for name, weight in model.named_parameters()}
    block = nn.Sequential(model.a, model.b)
    renamed = {"0" + k[1:] if k[0] == "a" else "1" + k[1:]: w for k, w in weights.items()}
    return torch.func.functional_call(block, renamed, (x,))


def randomly_dropping(model, x):
    model.drop.train()
    y = model.a(model.drop(model.b(x)))
    model.drop.eval()
    return y


def training(model, x):
    model.b.training = True
    return model.b(model.a(x))


def counting(model, x):
    model.calls += 1
    y = model.a(x)
    return model.b(y.relu() if model.calls > 2 else y)


def averaging(model, x):
    y = model.a(x) + model.b(x)
    model.mean.mul_(0.9).add_(0.1 * y.detach().mean())
    return y - model.mean


def setting_data(model, x):
    x = x + 0
    y = model.a(x)
    x.data = x.data * 2
    return y + model.b(x)


class Inner(nn.Module):
    """Its caller asks what is in it."""

    def __init__(self):
        super().__init__()
        self.inner = branches(lambda m, x: m.a(x) + m.b(x))()


class CountsLayers(Inner):
    def forward(self, x):
        return self.inner(x) * sum(isinstance(part, nn.Conv2d) for part in self.modules())


class CountsWeights(Inner):
    def forward(self, x):
        return self.inner(x) / len(list(self.parameters()))


class OwnCall(nn.Conv2d):
    def _call_impl(self, *args, **options):
        return super()._call_impl(*args, **options).relu()


class ModelsOwnCall(Inner):
    def _call_impl(self, *args, **options):
        return super()._call_impl(*args, **options) + 1

    def forward(self, x):
        return self.inner.a(x) + self.inner.b(x)


def circular_before():
    layer = nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular")
    layer.padding = (0, 0)  # which torch does not look at then
    return layer


def with_numbers():
    layer = nn.Conv2d(4, 4, 3)
    layer.stride, layer.padding, layer.dilation = 2, 1, 1
    return layer


def of_one_pixel():
    layer = conv()
    layer.weight = nn.Parameter(torch.randn(2, 4, 1, 1))
    layer.bias = nn.Parameter(torch.randn(2))
    return layer


def of_a_list(model, x):
    y = model.act(model.b(model.a(x)))
    return y[0].relu() if isinstance(y, list) else y + 1


def hooked():
    layer = nn.ReLU()
    layer.register_forward_hook(lambda layer, given, y: [-y])
    return layer


def replaced():
    layer = nn.ReLU()
    layer.forward = lambda x: [-x]
    return layer


def zero():
    return nn.Buffer(torch.zeros(()))


STRANGE = {
    "sum of the weights": chain(lambda m, x: m.b(m.a(x)) * sum(p.sum() for p in m.parameters())),
    "number of weights": chain(lambda m, x: m.b(m.a(x)) / sum(p.numel() for p in m.parameters())),
    "sum of the buffers": chain(lambda m, x: m.b(m.a(x)) + sum(b.sum() for b in m.buffers())),
    "its state": chain(lambda m, x: m.b(m.a(x)) * m.state_dict()["a.weight"].sum()),
    "a layer's dict of weights": chain(lambda m, x: m.b(m.a(x)) * m.a._parameters["bias"].sum()),
    "called with other weights": chain(doubled),
    "the caller counts layers": CountsLayers,
    "the caller counts weights": CountsWeights,
    "torch.is_tensor": on_relu(torch.is_tensor),
    "a set": on_relu(lambda x: x.ndim in {3, 4}),
    "a table": on_relu(lambda x: {6: True}.get(x.shape[-1], False)),
    "a table of pairs": on_relu(lambda x: (x.shape[-1], x.shape[-2]) in {(6, 6): 1}),
    "text": on_relu(lambda x: str(x.dtype) == "torch.float64"),
    "formatted text": on_relu(lambda x: "cpu" in f"{x.device}"),
    "a type's identity": chain(
        lambda m, x: m.b(m.a(x).relu() if x.dtype is torch.float64 else m.a(x))
    ),
    "callable": chain(lambda m, x: m.b(m.a(x) if callable(x) else m.a(x).relu())),
    "drawing its way": chain(lambda m, x: m.b(m.a(x).relu() if random.random() < 0 else m.a(x))),
    "dropping at random": of(conv, conv, do=randomly_dropping, drop=nn.Dropout),
    "training a layer": chain(training),
    "counting calls": chain(counting, calls=int),
    "a moving average": branches(averaging, mean=zero),
    "setting data": branches(setting_data),
    "a layer's own call": of(lambda: OwnCall(4, 4, 3), norm, do=lambda m, x: m.b(m.a(x))),
    "the model's own call": ModelsOwnCall,
    "padding noted before": of(circular_before, norm, do=lambda m, x: m.b(m.a(x))),
    "numbers for both axes": of(with_numbers, norm, do=lambda m, x: m.b(m.a(x))),
    "other weights than made": of(
        of_one_pixel, lambda: nn.BatchNorm2d(2), do=lambda m, x: m.b(m.a(x))
    ),
    "the type of the first": chain(lambda m, x: m.b(m.a(x.to(next(m.parameters()).dtype)))),
    "a type behind an activation": chain(of_a_list, act=nn.ReLU),
    "a type behind one with hooks": chain(of_a_list, act=hooked),
    "a type behind one with its own forward": chain(of_a_list, act=replaced),
    "a type behind one of the input": chain(
        lambda m, x: m.b(m.a(x) if isinstance(m.act(x), list) else m.a(x).relu()), act=nn.ReLU
    ),
    "scaled by its size": chain(lambda m, x: m.b(m.a(x)) / torch.sqrt(x.abs().sum())),
    "scaled by its width": chain(lambda m, x: m.b(m.a(x)) / sqrt(len(m.a.weight))),
}
MERGED = {"numbers for both axes", "the type of the first", "a type behind an activation"}
X = torch.randn(2, 4, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def calls(model):
    torch.manual_seed(0)
    return [model(X.clone()) for _ in range(4)]


@pytest.mark.parametrize("with_x", [False, True])
@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_forward(name, with_x):
    model = drawn_anew(STRANGE[name]())
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            merged = merge_chains(model, X if with_x else None, at_most=inf)
        except ValueError as refused:
            assert with_x and "outputs of the merged model differ" in str(refused)
            return
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in before.items())
    if name in MERGED:
        assert plan(model, at_most=inf).merged
    if not said:
        with torch.no_grad():
            for after, own in zip(calls(merged), calls(model)):
                assert after.dtype == own.dtype
                assert torch.allclose(after, own, rtol=1e-9)


def in_half(model, x):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return model.a(x) + model.b(x)


def test_a_sum_in_a_mode_of_torch_stays():
    model = branches(in_half)().eval()
    assert merge_chains(model)(X.float()).dtype == torch.bfloat16
    assert "sets a mode of torch, such as autocast" in str(plan(model))


class WithMask(nn.Module):
    """A required argument that may be None."""

    def __init__(self):
        super().__init__()
        self.a, self.b = conv(), norm()

    def forward(self, x, mask):
        y = self.a(x)
        return self.b(y.relu() if mask is None else y)


@pytest.mark.parametrize("given", [(X, None), (X, X), None])
def test_a_required_argument_that_may_be_none(given):
    model = drawn_anew(WithMask())
    merged = merge_chains(model, given, at_most=inf)
    for mask in (None, X):
        assert torch.allclose(merged(X, mask), model(X, mask), rtol=1e-9)


def test_torchscript_is_refused_in_words():
    scripted = torch.jit.script(nn.Sequential(conv(), norm()).eval())
    with pytest.raises(TypeError, match="TorchScript .* give the model that it was made from"):
        plan(scripted)


def test_a_scripted_layer_within_is_left():
    model = drawn_anew(nn.Sequential(conv(), norm()))
    model[1] = torch.jit.script(model[1])
    assert torch.equal(merge_chains(model)(X), model(X))
