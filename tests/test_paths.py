"""Which folders are written to: in a clone, and for an installed package on each system."""

import sys
from pathlib import Path

import pytest

from lessonlib import paths

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
