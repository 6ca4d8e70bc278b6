"""python -m lessonlib.merging: what it writes, what it says, and what it does not run."""

import io
import json
import os
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from helpers.merged_models import difference, exported
from helpers.random_layers import drawn_anew
from lessonlib.merging import Plan, cli, merge_chains
from lessonlib.merging.archives import _check_expression, load_program
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


RUN = "__import__('pathlib').Path('ran').touch()"
SYMBOL = "Symbol('s0', positive=True, integer=True)"


def in_json(change):
    """Rewrites the JSON of the model by `change`, a function of its text."""
    return lambda name, old: change(old.decode()).encode() if name.endswith("model.json") else old


def changed(*keys, value):
    """Sets what lies at these keys in the JSON of the model."""

    def change(text):
        content = json.loads(text)
        place = content
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        return json.dumps(content)

    return in_json(change)


GRAPH = ("graph_module", "graph")
SIZE = (*GRAPH, "tensor_values", "x", "sizes", 0)
NODE = (*GRAPH, "nodes", 0)
SHAPES = [
    RUN,
    f"Add('{RUN}', Integer(1))",
    f'Symbol("{RUN}")',
    f"Symbol(f'{RUN}')",
    "Integer(1).__class__",
    "sympify('1')",
    "[s0 for s0 in (1, 2)]",
    "(lambda: 1)()",
    "s0 if s0 else s1",
    "1" * 10**4 + "(",
]
HOSTILE = {shape[:40]: changed(*SIZE, value={"as_expr": {"expr_str": shape}}) for shape in SHAPES}
for target in (
    "torch.load",
    "torch.hub.load",
    "torch.ops.load_library",
    "torch.ops.aten.from_file.default",
    "torch.ops.aten.conv2d.__class__",
    "_operator.methodcaller",
    "math.__loader__",
    "os.system",
):
    HOSTILE[target] = changed(*NODE, "target", value=target)
HOSTILE["a name"] = changed(*NODE, "name", value=f"x={RUN}")
HOSTILE["an argument"] = in_json(lambda text: text.replace('"x"', f'"x={RUN}"'))
HOSTILE["a pickle"] = lambda name, old: (
    old.replace(b'"config": {}', b'"config": {"c": {"path_name": "opaque_obj_0"}}')
    if name.endswith("constants_config.json")
    else old
)


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 1)

    def forward(self, x):
        return self.conv(x)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The path of a model with the number of photos left open."""
    path = tmp_path_factory.mktemp("opened") / "model.pt2"
    sizes = ({0: torch.export.Dim.AUTO},)
    inputs = (torch.randn(2, 2, 4, 4),)
    torch.export.save(torch.export.export(Named().eval(), inputs, dynamic_shapes=sizes), path)
    return path


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_what_torch_would_evaluate_is_refused_first(change, opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rewritten(opened, "hostile.pt2", change)
    loaded = []
    monkeypatch.setattr(torch.export, "load", loaded.append)
    with pytest.raises(SystemExit, match="holds more than weights and inputs [(]it "):
        main(["hostile.pt2"])
    assert loaded == []
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    "shape", [SYMBOL, f"Mul(Integer(48), {SYMBOL})", f"FloorDiv({SYMBOL}, Integer(2))", "s0 + 2*s1"]
)
def test_shapes_of_torch_are_arithmetic(shape):
    _check_expression(shape)


def test_guards_and_other_peoples_files_are_not_passed_on(opened, tmp_path):
    def guarded(text):
        return json.dumps(json.loads(text) | {"guards_code": [RUN]})

    path = tmp_path / "guarded.pt2"
    rewritten(opened, path, in_json(guarded), more=["model/extra/code.py"])
    assert load_program(path)._guards_code == load_program(opened)._guards_code


def test_sizes_left_open_stay_open(opened, tmp_path):
    main([str(opened), "-o", str(tmp_path / "merged.pt2")])
    again = torch.export.load(tmp_path / "merged.pt2").module()
    assert again(torch.randn(5, 2, 4, 4)).shape == (5, 2, 4, 4)


def test_help_says_what_is_checked(capsys):
    with pytest.raises(SystemExit):
        main(["-h"])
    said = " ".join(capsys.readouterr().out.split())
    assert "may come from a stranger" in said
    assert "is not written" in said


def test_one_json_object(tmp_path, capsys):
    model = drawn_anew(Several()).float()
    path = exported(tmp_path / "model.pt2", model, torch.randn(2, 2, 8, 9))
    output = tmp_path / "merged.pt2"
    main([str(path), "--json", "--time", "-o", str(output)])
    report = json.loads(capsys.readouterr().out)
    assert report["difference"] < 1e-5
    assert report["output"] == str(output)
    assert report["seconds"].keys() == {"before", "after"}
    assert len(Plan.from_json(json.dumps(report["plan"])).merged) == 1


def test_a_wrong_model_is_not_written(path, tmp_path, monkeypatch):
    def wrong(model, **options):
        merged = merge_chains(model, **options)
        for weight in merged.parameters():
            weight.data *= 1.1
        return merged

    monkeypatch.setattr(cli, "merge_chains", wrong)
    with pytest.raises(SystemExit, match="the outputs of the merged model differ by"):
        main([str(path), "-o", str(tmp_path / "merged.pt2")])
    assert not (tmp_path / "merged.pt2").exists()


def test_other_files_of_torch(tmp_path):
    model = nn.Conv2d(2, 2, 1).eval()
    torch.save(model.state_dict(), tmp_path / "state.pt")
    torch.jit.save(torch.jit.trace(model, torch.randn(1, 2, 4, 4)), tmp_path / "script.pt")
    with pytest.raises(SystemExit, match="state.pt is from torch.save: load it in Python"):
        main([str(tmp_path / "state.pt")])
    with pytest.raises(SystemExit, match="script.pt is TorchScript: export the model"):
        main([str(tmp_path / "script.pt")])


@pytest.mark.parametrize("place", ["missing/merged.pt2", ".", "/dev/full"])
def test_where_nothing_can_be_written(place, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if place.startswith("/") and not Path(place).exists():
        pytest.skip("only Linux has a device that is always full")
    with pytest.raises(SystemExit, match=r"cannot be written \(.*\): choose another place"):
        main([str(path), "-o", place])
