"""`make address`: the repository's address, from git where pyproject.toml has the placeholder."""

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ADDRESS = runpy.run_path(str(ROOT / "scripts" / "address.py"))
NOTEBOOK = "00_start_here.ipynb"
FORK = "https://github.com/some-body/a.fork"


@pytest.fixture
def clone(tmp_path):
    """A folder with the script, one notebook and the placeholder, and an empty git repository."""
    clone = tmp_path / "clone"
    for name in ("scripts/address.py", f"notebooks/{NOTEBOOK}", "pyproject.toml"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    project = (clone / "pyproject.toml").read_text()
    assert 'Repository = "https://github.com/' in project
    git(clone, "init", "-q")
    return clone


def git(folder, *words):
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True)


def make_address(clone, **environment):
    done = subprocess.run(
        [sys.executable, "scripts/address.py"],
        cwd=clone,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def names_the_fork(clone):
    return FORK in (clone / "notebooks" / NOTEBOOK).read_text()


@pytest.mark.parametrize("origin", [
    "https://github.com/some-body/a.fork",
    "https://github.com/some-body/a.fork.git",
    "https://github.com/some-body/a.fork/",
    "http://www.github.com/some-body/a.fork",
    "https://somebody@github.com/some-body/a.fork.git",
    "https://somebody:secret@github.com/some-body/a.fork.git",
    "https://x-access-token:secret@github.com/some-body/a.fork",
    "git@github.com:some-body/a.fork.git",
    "github.com:some-body/a.fork",
    "ssh://git@github.com/some-body/a.fork.git",
    "ssh://git@ssh.github.com:443/some-body/a.fork.git",
    "git://github.com/some-body/a.fork.git",
])  # fmt: skip
def test_every_form_of_a_github_address(origin):
    assert ADDRESS["github_address"](origin) == FORK


@pytest.mark.parametrize("origin", [
    "https://gitlab.com/some-body/a.fork.git",
    "https://example.com/github.com/some-body/a.fork",
    "https://notgithub.com/some-body/a.fork",
    "https://github.com.example.com/some-body/a.fork",
    "https://github.com/some-body",
    "/srv/git/lesson.git",
    "../lesson",
    "",
])  # fmt: skip
def test_no_github_address(origin):
    with pytest.raises(ValueError, match="^origin is .*, which is not on GitHub$"):
        ADDRESS["github_address"](origin)


def test_a_refused_address_is_shown_without_its_password():
    with pytest.raises(ValueError, match="^origin is https://gitlab.com/a/b, which"):
        ADDRESS["github_address"]("https://somebody:secret@gitlab.com/a/b")


def test_git_gives_the_address_and_no_file_has_to_be_edited(clone):
    git(clone, "remote", "add", "origin", "git@github.com:some-body/a.fork.git")
    assert make_address(clone) == ""
    assert names_the_fork(clone)
    git(clone, "remote", "set-url", "origin", "../elsewhere")
    assert make_address(clone) == (
        f"The notebooks keep the address {FORK}: origin is ../elsewhere, which is not on GitHub.\n"
    )
    assert names_the_fork(clone)


def test_an_address_in_pyproject_comes_first(clone):
    project = clone / "pyproject.toml"
    placeholder = "https://github.com/OWNER/one-3x3-or-two-2x2"
    project.write_text(project.read_text().replace(placeholder, FORK))
    git(clone, "remote", "add", "origin", "git@github.com:another/lesson.git")
    assert make_address(clone) == "" and names_the_fork(clone)


def test_a_detached_clone_and_a_worktree_of_a_bare_one(clone, tmp_path):
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "The lesson")
    git(tmp_path, "clone", "-q", "--bare", "clone", "bare")
    git(tmp_path / "bare", "worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    git(tmp_path / "bare", "remote", "set-url", "origin", f"{FORK}.git")
    assert make_address(tmp_path / "tree") == "" and names_the_fork(tmp_path / "tree")


@pytest.mark.parametrize("lacking, why", [
    ("remote", "this clone has no remote named origin"),
    ("repository", "this folder is not a clone"),
    ("git", "git is not installed"),
])  # fmt: skip
def test_what_is_missing_is_one_sentence(lacking, why, clone, tmp_path):
    git(tmp_path, "init", "-q")  # a repository around the folder has nothing to say
    git(tmp_path, "remote", "add", "origin", f"{FORK}.git")
    if lacking == "repository":
        shutil.rmtree(clone / ".git")
    said = make_address(clone, **({"PATH": ""} if lacking == "git" else {}))
    (sentence,) = said.splitlines()
    assert sentence.startswith("The notebooks keep the address https://github.com/")
    assert sentence.endswith(f": {why}.") and not names_the_fork(clone)
