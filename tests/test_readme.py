"""README.md: short, complete, and true to the repository."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WORDS = 700
PICTURE_BYTES = 600_000
LINK = re.compile(r"\]\(([^)#]+)\)")


def test_it_is_short():
    assert len(README.split()) < WORDS


def test_it_names_every_folder_and_root_module_of_the_package():
    inside = (ROOT / "lessonlib").iterdir()
    folders = {f"{path.name}/" for path in inside if (path / "__init__.py").exists()}
    modules = {path.name for path in (ROOT / "lessonlib").glob("*.py")} - {"__init__.py"}
    lines = re.findall(r"^- (`.*)", README.partition("## The package")[2], flags=re.M)
    named = re.findall(r"`([\w.]+/?)`", "\n".join(line.partition(":")[0] for line in lines))
    assert sorted(named) == sorted(folders | modules)


def test_it_lists_every_notebook():
    listed = re.findall(r"^- \[.*?\]\(notebooks/(.*?)\)", README, flags=re.M)
    assert listed == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_what_it_links_to_and_runs_exists(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    links = [link for link in LINK.findall(text) if not link.startswith("../../")]  # GitHub's pages
    assert [link for link in links if not (ROOT / link).exists()] == []
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M)
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, flags=re.M)) <= set(targets)
    files = re.findall(r"`(?:python )?((?:tests|scripts|lessonlib)/[\w/.]+)", text)
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_its_picture_moves_is_small_and_has_an_alt_text():
    from PIL import Image

    [(alt, picture)] = re.findall(r"^!\[(.*?)\]\((.*?)\)", README, flags=re.M)
    assert len(alt) > 100
    assert (ROOT / picture).stat().st_size < PICTURE_BYTES
    assert Image.open(ROOT / picture).n_frames > 4
