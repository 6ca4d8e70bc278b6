"""The first two code cells of the notebooks, in a Python in which lessonlib is not installed."""

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from helpers.project import copy_of_the_project

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ADDRESS = runpy.run_path(str(ROOT / "scripts" / "address.py"))
REPOSITORY = "https://github.com/somebody/lesson"
FIRST = NOTEBOOKS[0].name
DRIVER = f"""
import json, sys, types
# but not the .pth files there, which lead to this clone
sys.path.append({str(Path(nbformat.__file__).parents[1])!r})
where, count, *names = sys.argv[1:]
if where == "colab":
    sys.modules["google.colab"] = types.ModuleType("google.colab")
before = list(sys.path)
for name in names:
    with open(name) as file:
        cells = [cell for cell in json.load(file)["cells"] if cell["cell_type"] == "code"]
    for module in [module for module in sys.modules if module.split(".")[0] == "lessonlib"]:
        del sys.modules[module]
    sys.path[:] = before
    for cell in cells[: int(count)]:
        exec("".join(cell["source"]), {{"__name__": "__main__"}})
print("lessonlib is in", sys.modules["lessonlib"].__path__[0])
"""


def run(folder, *names, where="anywhere", count=1, **environment):
    """(status, output) of the first `count` code cells of notebooks, one after the other."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", DRIVER, where, str(count), *names],
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


@pytest.fixture
def alone(tmp_path):
    """A folder with one notebook and nothing else, as on Colab, with an address."""
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    ADDRESS["address"](notebook, FIRST, REPOSITORY)
    folder = tmp_path / "alone"
    folder.mkdir()
    nbformat.write(notebook, folder / FIRST)
    return folder


def hosted(folder):
    """The environment in which git finds what is in `folder` at the address of the lesson."""
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "The lesson"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{folder}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }


def sketch_of_the_lesson(folder):
    """`folder` with what the set-up cell imports, but empty: it loads no torch."""
    (folder / "lessonlib").mkdir(parents=True)
    for name in ("__init__.py", "on_colab.py"):
        (folder / "lessonlib" / name).touch()
    return folder


def test_all_notebooks_have_one_set_up_cell():
    notebooks = [nbformat.read(path, as_version=4) for path in NOTEBOOKS]
    assert len({ADDRESS["set_up_cell"](notebook).source for notebook in notebooks}) == 1


def test_with_an_address_it_is_as_short(alone):
    cell = ADDRESS["set_up_cell"](nbformat.read(alone / FIRST, as_version=4))
    lines = cell.source.splitlines()
    assert len(lines) <= 12 and max(map(len, lines)) <= 100


def test_in_a_clone_every_notebook_finds_it():
    status, said = run(ROOT / "notebooks", *[path.name for path in NOTEBOOKS], count=2)
    assert status == 0 and said.endswith(f"lessonlib is in {ROOT}/lessonlib\n"), said


def test_colab_fetches_the_lesson_and_says_what_is_there(alone, tmp_path):
    origin = hosted(copy_of_the_project(tmp_path / "origin"))
    status, said = run(alone, FIRST, where="colab", count=2, **origin)
    assert status == 0, said
    assert said.startswith("ok       Python 3") and "Recorded runs: cpu 156" in said
    assert said.endswith(f"lessonlib is in {alone}/.lesson/lessonlib\n")
    assert sorted(os.listdir(alone)) == [".lesson", FIRST]


@pytest.mark.parametrize("stump", [".part/.git", ".lesson/.git"])
def test_an_interrupted_clone_is_replaced(stump, alone, tmp_path):
    (alone / stump).mkdir(parents=True)
    origin = hosted(sketch_of_the_lesson(tmp_path / "origin"))
    status, said = run(alone, FIRST, where="colab", **origin)
    assert (status, said) == (0, f"lessonlib is in {alone}/.lesson/lessonlib\n")
    assert sorted(os.listdir(alone)) == [".lesson", FIRST]


def test_a_whole_clone_is_not_fetched_again(alone):
    kept = sketch_of_the_lesson(alone / ".lesson")
    status, said = run(alone, FIRST, where="colab", PATH="")
    assert (status, said) == (0, f"lessonlib is in {kept}/lessonlib\n")


def test_colab_without_git(alone, tmp_path):
    rm = tmp_path / "bin" / "rm"
    rm.parent.mkdir()
    rm.symlink_to(shutil.which("rm"))
    status, said = run(alone, FIRST, where="colab", PATH=str(rm.parent))
    shell, sentence = said.splitlines()
    assert status == 1 and "git" in shell and "not found" in shell
    assert sentence.startswith("lessonlib is missing: open this in a clone, or run %pip install")


def test_colab_with_an_address_that_leads_nowhere(alone, tmp_path):
    origin = hosted(sketch_of_the_lesson(tmp_path / "origin"))
    (tmp_path / "origin").rename(tmp_path / "gone")
    status, said = run(alone, FIRST, where="colab", **origin)
    assert status == 1 and said.splitlines()[-1].startswith("lessonlib is missing: ")
    assert os.listdir(alone) == [FIRST]


def test_colab_with_the_placeholder(alone):
    notebook = nbformat.read(alone / FIRST, as_version=4)
    ADDRESS["address"](notebook, FIRST, "https://github.com/OWNER/lesson")
    nbformat.write(notebook, alone / FIRST)
    asked = "This notebook lacks its address: in a clone run make address, commit, push.\n"
    assert run(alone, FIRST, where="colab") == (1, asked)
    status, said = run(alone, FIRST)
    assert status == 1
    assert (
        said == "lessonlib is missing: open this notebook inside a whole clone of its repository.\n"
    )


def test_alone_in_an_empty_folder(alone):
    status, said = run(alone, FIRST)
    assert status == 1 and said == (
        f"lessonlib is missing: open this in a clone, or run %pip install git+{REPOSITORY}\n"
    )
