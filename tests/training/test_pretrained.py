"""The trained pair that came with the course is small, whole, and says the same once it is merged."""

import pytest
import torch

from lessonlib.arms import ARMS
from lessonlib.merging import merge_chains
from lessonlib.networks import residual_network
from lessonlib.paths import DATA
from lessonlib.training.pretrained import SIZE, _save, count_correct, pretrained_pair


def test_what_came_with_the_course_is_small_and_whole():
    model, correct, source = pretrained_pair()
    assert (
        sum((DATA / name).stat().st_size for name in ("pair.pt", "trained_kernels.npz")) < 2_000_000
    )
    assert "Imagewoof v2" in source and "seed 0" in source and 0.3 < correct / 3929 < 0.6
    assert not any(module.training for module in model.modules())
    assert all(
        tensor.isfinite().all() and tensor.dtype != torch.float16
        for tensor in model.state_dict().values()
    )
    assert (
        max(
            tensor.std()
            for name, tensor in model.state_dict().items()
            if name.endswith("running_mean")
        )
        > 0.1
    )  # trained


def test_merged_it_says_the_same():
    model, _, _ = pretrained_pair()
    x = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)).double()
    merged = merge_chains(model.double(), at_most=1.2)
    assert [
        layer.kernel_size for layer in merged.modules() if isinstance(layer, torch.nn.Conv2d)
    ].count((2, 2)) == 0
    assert (model(x) - merged(x)).abs().max() < 1e-11


def test_what_is_kept_is_what_was_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("lessonlib.training.pretrained.DATA", tmp_path)
    torch.manual_seed(0)
    model = residual_network(ARMS["pair"], SIZE.network)
    x = torch.randn(8, 3, 32, 32)
    model(x)  # in training: BatchNorm's running numbers move
    y = model.eval()(x).argmax(1)
    y[:3] = (y[:3] + 1) % 10
    _save(model, [(x[:5], y[:5]), (x[5:], y[5:])], "nothing at all")
    again = pretrained_pair()
    assert (again.correct, again.source) == (5, "nothing at all") and count_correct(
        again.model, [(x, y)]
    ) == 5
    kept = again.model.state_dict()
    assert all(torch.equal(kept[name], tensor) for name, tensor in model.state_dict().items())


def test_nothing_but_numbers_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("lessonlib.training.pretrained.DATA", tmp_path)
    torch.save({"model": print}, tmp_path / "pair.pt")
    with pytest.raises(Exception, match="[Ww]eights"):
        pretrained_pair()
