"""One source of dependencies: pyproject.toml; the others must say the same."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKED = [Requirement(r) for r in PROJECT["dependencies"] + EXTRAS["lab"] + EXTRAS["test"]]
NOT_FOR_EVERYBODY = [
    Requirement(r) for r in EXTRAS["cluster"] + EXTRAS["site"] + EXTRAS["ci"] + EXTRAS["onnx"]
]
EVERYTHING = [r for r in LOCKED + NOT_FOR_EVERYBODY if r.name != PROJECT["name"]]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
CONDA = [entry for entry in ENVIRONMENT if isinstance(entry, str)]
PIP = next(entry["pip"] for entry in ENVIRONMENT if isinstance(entry, dict))
LOCK = (ROOT / "requirements.txt").read_text()


def test_the_lock_satisfies_every_floor():
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", LOCK, flags=re.M))
    for requirement in LOCKED:
        assert locked[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_lock_has_a_hash_for_everything_and_names_no_address():
    packages = re.split(r"^(?=\w)", LOCK, flags=re.M)[1:]
    assert len(packages) > 100 and all("--hash=sha256:" in package for package in packages)
    assert "://" not in LOCK and "index" not in LOCK.splitlines()[0]


def test_the_conda_environment_installs_the_project_itself():
    assert PIP == ["-e .[lab,test]"]
    assert f"python{PROJECT['requires-python']}" in [spec.replace(" ", "") for spec in CONDA]


def test_what_pip_is_told_by_conda_can_be_resolved():
    """Against what is installed here, so without a network: nothing lacks or contradicts."""
    options = "--dry-run --no-index --no-build-isolation --report - --quiet"
    asked = shlex.split(" ".join([*PIP, options]))
    found = subprocess.run(
        [sys.executable, "-m", "pip", "install", *asked], cwd=ROOT, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    (installed,) = json.loads(found.stdout)["install"]
    assert installed["metadata"]["name"] == PROJECT["name"]


def test_conda_understands_its_specs():
    rattler = pytest.importorskip(
        "rattler", reason="py-rattler is not installed, which reads specs as conda does"
    )
    specs = {spec.name.normalized: spec for spec in map(rattler.MatchSpec, CONDA)}
    assert set(specs) == {"python", "pip"}
    for version, fits in (("3.10.14", False), ("3.11.0", True), ("3.13.5", True)):
        allowed = rattler.VersionSpec(specs["python"].version)
        assert allowed.matches(rattler.Version(version)) == fits


def test_every_dependency_has_its_reason():
    text = (ROOT / "environment.yml").read_text()
    for requirement in EVERYTHING:
        assert re.search(rf"^#\s+{re.escape(requirement.name)}: \w+.*$", text, flags=re.M), (
            requirement.name
        )


def test_colab_satisfies_the_floors():
    """The versions of a Colab runtime of August 2026: it must not have to install anything."""
    colab = {
        "torch": "2.11.0", "torchvision": "0.26.0", "fastai": "2.8.8", "numpy": "2.1.3",
        "matplotlib": "3.10.0", "pillow": "11.3.0", "sympy": "1.14.0", "ipywidgets": "7.7.1",
    }  # fmt: skip
    for requirement in (Requirement(r) for r in PROJECT["dependencies"]):
        if requirement.name in colab:
            assert colab[requirement.name] in requirement.specifier


def test_the_code_and_the_notebooks_are_in_one_style():
    for check in (["check"], ["format", "--check"]):
        found = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "."], cwd=ROOT, capture_output=True, text=True
        )
        assert found.returncode == 0, found.stdout
