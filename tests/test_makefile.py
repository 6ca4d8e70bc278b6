"""Which Python `make` sets up .venv with, tried with fake interpreters on PATH."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = ("make", "sh", "mkdir", "touch", "chmod", "sed", "awk")
# A fake of the version given: code sees it, and venv makes a Python that only says what it does
FAKE = """#!/bin/sh
case "$1" in
  -c) case "$2" in *venv*) exit {lacks_venv} ;; esac
      exec '{real}' -c "import sys; sys.version_info = ({version}, 0); $2" ;;
  -m) mkdir -p .venv/bin
      printf '#!/bin/sh\\necho "$PIP_USER $*"\\n' > .venv/bin/python
      chmod +x .venv/bin/python ;;
  *) echo "Python {version}" ;;
esac
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


def set_up(folder, pythons, lacks_venv=(), variables=()):
    """What `make .venv/ready` says in `folder` with only these `{name: version}` on PATH."""
    path = folder / "bin"
    path.mkdir()
    for tool in TOOLS:
        (path / tool).symlink_to(shutil.which(tool))
    for name, version in pythons.items():
        fake = path / name
        version = version.replace(".", ", ")
        fake.write_text(
            FAKE.format(version=version, real=sys.executable, lacks_venv=int(name in lacks_venv))
        )
        fake.chmod(0o755)
    for file in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / file, folder)
    ended = subprocess.run(
        ["make", ".venv/ready", *variables],
        cwd=folder,
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
    )
    return ended.stdout


def test_the_newest_python_that_the_lock_knows(tmp_path):
    said = set_up(tmp_path, {"python3": "3.15", "python3.11": "3.11", "python3.13": "3.13"})
    assert said.startswith("Setting up .venv with Python 3, 13, once.")
    assert (tmp_path / ".venv" / "ready").exists()


def test_python3_where_it_has_no_other_name(tmp_path):
    assert "Python 3, 12" in set_up(tmp_path, {"python3": "3.12"})


@pytest.mark.parametrize("version", ["3.10", "3.15"])
def test_none_that_the_lock_knows(version, tmp_path):
    said = set_up(tmp_path, {"python3": version})
    assert (
        said == "The lesson needs Python 3.11 to 3.14: install one (python.org), then try again.\n"
    )
    assert not (tmp_path / ".venv").exists()


def test_one_without_venv_is_passed_over(tmp_path):
    pythons = {"python3.13": "3.13", "python3.12": "3.12"}
    assert "Python 3, 12" in set_up(tmp_path, pythons, lacks_venv={"python3.13"})


def test_the_package_that_brings_venv_is_named(tmp_path):
    said = set_up(tmp_path, {"python3": "3.12"}, lacks_venv={"python3"})
    assert said.startswith("python3 lacks its module venv: on Debian or Ubuntu install")
    assert "python3-venv" in said


def test_pip_installs_into_the_environment_whatever_pip_conf_says(tmp_path):
    said = set_up(tmp_path, {"python3.12": "3.12"}).splitlines()
    installs = [line for line in said if " -m pip install " in line and not line.startswith("PIP")]
    assert len(installs) == 2
    assert all(line.startswith("0 -m pip install") for line in installs)


def test_without_cuda_torch_comes_from_its_own_index_and_all_else_from_the_lock(tmp_path):
    said = set_up(tmp_path, {"python3.12": "3.12"}, variables=["TORCH=cpu"]).splitlines()
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^(torch(?:vision)?==\S+)", lock, flags=re.M)
    first, second, _ = [line for line in said if line.startswith("0 -m pip install")]
    assert first.endswith(f"--index-url https://download.pytorch.org/whl/cpu {' '.join(pins)}")
    assert second.endswith("--no-deps --require-hashes -r .venv/without-cuda.txt")
    assert "GB" not in said[0]

    def names(text):
        return set(re.findall(r"^([\w.-]+)==", text, flags=re.M))

    left = (tmp_path / ".venv" / "without-cuda.txt").read_text(encoding="utf-8")
    gone = names(lock) - names(left)
    assert {"torch", "torchvision", "triton"} < gone
    assert all(re.match("torch|triton|nvidia-|cuda-", name) for name in gone)
    pinned = re.findall(r"^[\w.-]+==.*\\\n(    --hash.*\n)+", left, flags=re.M)
    assert len(pinned) == len(re.findall(r"^[\w.-]+==", left, flags=re.M)) > 100
