"""Which folders are written to: in a clone, and for an installed package on each system."""

import sys
from pathlib import Path

import pytest

from helpers.other_user import mode_of, other_user
from helpers.runs import a_run
from lessonlib import paths
from lessonlib.training import runs

HOME = Path("/home/reader")


@pytest.fixture
def person(monkeypatch):
    """Somebody who has set nothing."""
    for name in ("LESSON_CACHE", "LESSON_RUNS", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(HOME))
    return monkeypatch


def test_a_clone_keeps_everything_in_its_data(person):
    clone = Path(paths.__file__).parents[1]
    assert paths.DATA == clone / "data"
    assert paths.cache_folder() == clone / "data" / "cache"
    assert paths.runs_folder() == clone / "data" / "runs"


@pytest.mark.parametrize("system, variable, folder", [
    ("linux", None, HOME / ".cache"),
    ("linux", "XDG_CACHE_HOME", Path("/scratch")),
    ("darwin", None, HOME / "Library" / "Caches"),
    ("win32", None, HOME / "AppData" / "Local"),
    ("win32", "LOCALAPPDATA", Path("/scratch")),
])  # fmt: skip
def test_an_installed_package_writes_to_the_cache_of_the_user(system, variable, folder, person):
    person.setattr(paths, "DATA", paths.PACKAGE / "data")
    person.setattr(sys, "platform", system)
    if variable:
        person.setenv(variable, str(folder))
    assert paths.cache_folder() == folder / "lessonlib" / "cache"
    assert paths.runs_folder() == folder / "lessonlib" / "runs"


@pytest.mark.parametrize("has_a_home", [True, False])
def test_in_a_clone_that_cannot_be_written_runs_go_elsewhere_and_it_is_said(
    has_a_home, person, tmp_path, capsys
):
    """As in a course folder that a hub or Kaggle shares."""
    shared = tmp_path / "shared" / "data"
    (shared / "runs").mkdir(parents=True)
    home = tmp_path / "home"
    home.mkdir()
    person.setenv("HOME", str(home if has_a_home else "/nonexistent"))
    person.setattr(paths.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    for folder in (home, tmp_path / "temporary"):
        folder.chmod(0o777)
    for module in (paths, runs):
        person.setattr(module, "DATA", shared)
    paths._elsewhere.cache_clear()
    with mode_of(shared, 0o555), mode_of(shared / "runs", 0o555), other_user(shared):
        runs.record(a_run(seed=4))
        runs.record(a_run(seed=5))
        assert [run.seed for run in runs.load_runs()] == [4, 5]
        where = paths.runs_folder()
    place = home / ".cache" if has_a_home else tmp_path / "temporary"
    assert place in where.parents and not list((shared / "runs").iterdir())
    said = capsys.readouterr().out
    assert f"{shared} cannot be written: what comes new goes to {where.parent}, or set" in said
    assert said.count("\n") == 1
    paths._elsewhere.cache_clear()


def test_the_variables_of_the_lesson_come_first(person):
    person.setattr(paths, "DATA", paths.PACKAGE / "data")
    person.setenv("LESSON_CACHE", "~/photos")
    person.setenv("LESSON_RUNS", "/scratch/runs")
    assert paths.cache_folder() == HOME / "photos"
    assert paths.runs_folder() == Path("/scratch/runs")


@pytest.mark.parametrize("variable, folder", [
    ("LESSON_CACHE", paths.cache_folder),
    ("LESSON_RUNS", paths.runs_folder),
])  # fmt: skip
def test_the_folder_of_an_unknown_user_is_no_place(variable, folder, person):
    person.setenv(variable, "~nosuchuser/photos")
    with pytest.raises(ValueError, match=f"~nosuchuser/photos .*: set {variable} to another"):
        folder()
