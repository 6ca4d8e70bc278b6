"""`make update` on clones: what was answered is kept, what is new comes, and a failure undoes all."""

import runpy
import subprocess
from pathlib import Path

import pytest

update = runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "update.py"))["update"]
NAME = "01_kernels.ipynb"


def git(folder, *words):
    who = ["-c", "user.name=reader", "-c", "user.email=reader@example.org"]
    subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True)


@pytest.fixture
def clones(tmp_path):
    """(what is published, a learner's clone of it)"""
    published = tmp_path / "published"
    (published / "notebooks").mkdir(parents=True)
    (published / "notebooks" / NAME).write_text("as it came")
    (published / ".gitignore").write_text("mine/\n")
    git(published, "init", "--initial-branch=main")
    commit(published)
    git(tmp_path, "clone", published, tmp_path / "my lessön")
    return published, tmp_path / "my lessön"


def commit(folder):
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "a version")


def test_an_answered_notebook_is_kept_and_the_new_one_comes(clones, capsys):
    published, mine = clones
    for number, copy in enumerate((NAME, "01_kernels-2.ipynb"), 1):
        (mine / "notebooks" / NAME).write_text(f"answer {number}")
        (published / "notebooks" / NAME).write_text(f"version {number}")
        commit(published)
        update(mine)
        assert (mine / "notebooks" / NAME).read_text() == f"version {number}"
        assert (mine / "mine" / copy).read_text() == f"answer {number}"
        assert f"Your {NAME} is now mine/{copy}." in capsys.readouterr().out


def test_without_answers_nothing_is_copied(clones, capsys):
    published, mine = clones
    (published / "notebooks" / "02.ipynb").write_text("new")
    commit(published)
    update(mine)
    assert (mine / "notebooks" / "02.ipynb").exists() and not (mine / "mine").exists()
    update(mine)
    assert "up to date" in capsys.readouterr().out


def test_a_failure_leaves_the_answers_where_they_were(clones):
    published, mine = clones
    (published / "notebooks" / NAME).write_text("version 2")
    commit(published)
    (mine / "other.txt").write_text("a commit of the learner's own")
    commit(mine)
    (mine / "notebooks" / NAME).write_text("answer")
    with pytest.raises(SystemExit, match="The lesson is as it was, git could not update it: "):
        update(mine)
    assert (mine / "notebooks" / NAME).read_text() == "answer"
    assert (mine / "mine" / NAME).read_text() == "answer"
