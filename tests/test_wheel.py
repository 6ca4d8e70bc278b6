"""The wheel carries the lesson's data, and works away from any clone."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import filelock
import pytest
from setuptools import find_packages

from helpers.project import copy_of_the_project
from lessonlib.claims import claims

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
OFFLINE = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
NOT_SHIPPED = ["cache/photos.bin", "imagewoof2-160.tgz", "runs/local.jsonl", "runs/unfinished/a.pt"]


def pip(*words):
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, *OFFLINE], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def clone(tmp_path_factory):
    """A copy of the project in which somebody has worked."""
    clone = copy_of_the_project(tmp_path_factory.mktemp("clone"))
    for name in NOT_SHIPPED:
        own = clone / "data" / name
        own.parent.mkdir(exist_ok=True)
        own.touch()
    return clone


@pytest.fixture(scope="session")
def wheel(clone):
    folder = clone / "wheels"
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(clone))
    (wheel,) = folder.glob("lessonlib-*.whl")
    return wheel


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """A folder like site-packages with the wheel, and the pyproject.toml of a careless project."""
    folder = tmp_path_factory.mktemp("site")
    pip("install", "--target", str(folder), str(wheel))
    (folder / "pyproject.toml").write_text('[project]\nname = "careless"\n')
    return folder


@pytest.fixture
def run(installed, tmp_path):
    """Run Python in an empty folder of an empty home, with the installed wheel first."""

    def run(*words):
        ours = {name for name in os.environ if name.startswith(("LESSON_", "XDG_"))}
        environment = {name: os.environ[name] for name in os.environ if name not in ours}
        environment |= {"PYTHONPATH": str(installed), "HOME": str(tmp_path)}
        return subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    return run


def files(folder):
    every = (path for path in folder.rglob("*") if path.is_file())
    return {path for path in every if "__pycache__" not in path.parts}


def test_every_package_is_listed():
    found = find_packages(str(ROOT), include=["lessonlib", "lessonlib.*"])
    assert sorted(SETUPTOOLS["packages"]) == sorted([*found, "lessonlib.data"])


def test_the_wheel_holds_the_data_and_nothing_that_this_machine_added(clone, wheel):
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {name.removeprefix("lessonlib/data/") for name in names if "/data/" in name}
    tracked = {str(path.relative_to(clone / "data")) for path in files(clone / "data")}
    assert shipped == tracked - {*NOT_SHIPPED, "composition.png"}  # a picture of the README
    assert not [name for name in names if not name.startswith("lessonlib")]


WORKS = """
import lessonlib
from lessonlib import paths
from lessonlib.claims import ledger
from lessonlib.exercises.quiz import Quiz
from lessonlib.imagewoof.sources import official_names
from lessonlib.playgrounds.kernel import KernelPlayground
from lessonlib.training.runs import load_runs

lessonlib.check()
print(lessonlib.__file__)
print(len(ledger().data.splitlines()), len(load_runs("cpu")), len(official_names()))
print(len(Quiz("01").questions) > 4, KernelPlayground()._repr_mimebundle_()[0].keys())
print(paths.cache_folder())
print(paths.runs_folder())
"""


def test_the_lesson_works_from_the_wheel(run, installed, tmp_path):
    before = files(installed)
    done = run("-c", WORKS)
    assert done.returncode == 0, done.stderr
    *checked, where, counts, shown, cache, runs = done.stdout.splitlines()
    assert where == str(installed / "lessonlib" / "__init__.py")
    assert any(line.startswith("ok       torch 2") for line in checked)
    assert any(line.startswith("ok       Recorded runs: cpu 156") for line in checked)
    assert counts == f"{len(claims()) + 2} 156 12954"  # two lines of head
    assert shown.startswith("True dict_keys(['text/html', 'image/png'")
    assert [cache, runs] == [f"{tmp_path}/.cache/lessonlib/{name}" for name in ("cache", "runs")]
    assert files(installed) == before


def test_a_command_line_works_from_the_wheel(run):
    done = run("-m", "lessonlib.merging", "--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: python -m lessonlib.merging")


def test_an_editable_installation_uses_the_data_of_its_clone(clone, tmp_path):
    site = tmp_path / "site"
    pip("install", "--no-build-isolation", "--target", str(site), "--editable", str(clone))
    packages = str(Path(filelock.__file__).parents[1])
    code = f"""
import site, sys
site.addsitedir({str(site)!r})
sys.path.append({packages!r})  # but not its .pth files: one may lead to another clone
from lessonlib.paths import DATA
print(DATA)
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == f"{clone}/data\n", done.stderr


def test_a_wheel_without_its_data_says_so_in_one_sentence(run, installed, tmp_path):
    incomplete = tmp_path / "incomplete"
    shutil.copytree(installed, incomplete, ignore=shutil.ignore_patterns("data"))
    code = f"import sys; sys.path.insert(0, {str(incomplete)!r}); import lessonlib"
    done = run("-c", f"{code}; lessonlib.check()")
    assert done.returncode == 0, done.stderr
    *_, last = done.stdout.splitlines()
    assert last == (
        f"missing  lessonlib in {incomplete}/lessonlib has come without its data/: "
        "install it again from a whole clone."
    )
