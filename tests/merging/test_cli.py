"""python -m lessonlib.merging: what it writes, what it says, and what it does not run."""

import io
import os
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from helpers.merged_models import difference, exported
from helpers.random_layers import drawn_anew
from lessonlib.merging.cli import main


@pytest.fixture
def path(tmp_path):
    """A model of one convolution, exported."""
    return exported(tmp_path / "model.pt2", nn.Conv2d(2, 2, 1).eval(), torch.randn(1, 2, 4, 4))


class Several(nn.Module):
    """Gives a dict of what has numbers and what has none. As one 5x5 its chain costs more."""

    def __init__(self):
        super().__init__()
        self.chain = nn.Sequential(nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2), nn.Conv2d(2, 3, 3))

    def forward(self, x, times=2):
        y = self.chain(x)
        return {"mask": y > 0, "none": None, "empty": y[:0], "times": times, "y": y}


def test_a_model_is_merged_in_its_own_place(tmp_path, capsys):
    model = drawn_anew(Several()).float()
    x = torch.randn(2, 2, 8, 9)
    path = exported(tmp_path / "model.pt2", model, x)
    main([str(path), "-o", str(path), "--at-most", "inf"])
    said = capsys.readouterr().out
    assert said.startswith("3 layers become 1.")
    assert "Largest difference of the outputs on the model's own example: " in said
    assert said.endswith(f"Written to {path}.\n")
    again = torch.export.load(path).module()
    assert difference(lambda x: again(x)["y"], lambda x: model(x)["y"], x) < 1e-5


def test_without_output_it_only_shows_the_plan(tmp_path, capsys):
    model = drawn_anew(Several()).float()
    path = exported(tmp_path / "model.pt2", model, torch.randn(2, 2, 8, 9))
    before = path.read_bytes()
    main([str(path)])
    assert capsys.readouterr().out.startswith("2 layers become 1.")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_a_model_exported_in_training_is_refused(tmp_path):
    model = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
    path = exported(tmp_path / "model.pt2", model, torch.randn(2, 2, 4, 4))
    with pytest.raises(SystemExit, match="exported in training mode"):
        main([str(path)])


class Hostile:
    def __reduce__(self):
        return Path.touch, (Path("ran"),)


def hostile_bytes():
    bad = io.BytesIO()
    torch.save(Hostile(), bad)
    return bad.getvalue()


def rewritten(path, name, change=lambda name, content: content, more=()):
    """A copy of an archive with its files changed, and with more, empty, files."""
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(name, "w") as archive:
        for file in good.namelist():
            archive.writestr(file, change(file, good.read(file)))
        for file in more:
            archive.writestr(file, b"")


def test_only_weights_are_read(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bad = hostile_bytes()
    rewritten(path, "hostile.pt2", lambda name, old: bad if "sample_inputs" in name else old)
    rewritten(path, "compiled.pt2", more=["model/data/aotinductor/model/code.so"])
    for name in ("hostile.pt2", "compiled.pt2"):
        with pytest.raises(SystemExit, match="holds more than weights and inputs"):
            main([name])
    assert not Path("ran").exists()
    assert os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] == "0"
    torch.load(io.BytesIO(bad), weights_only=False)
    assert Path("ran").exists()  # had it been loaded, it would have run


@pytest.mark.parametrize("place", ["missing/merged.pt2", ".", "/dev/full"])
def test_where_nothing_can_be_written(place, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if place.startswith("/") and not Path(place).exists():
        pytest.skip("only Linux has a device that is always full")
    with pytest.raises(SystemExit, match=r"cannot be written \(.*\): choose another place"):
        main([str(path), "-o", place])
