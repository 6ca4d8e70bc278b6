"""Write the address of this repository into every notebook: `make address`, in any clone or fork.

A notebook on Colab is opened alone, so its badge and its set-up cell carry the address as text.
Outputs and execution counts stay: anywhere but on Colab the cell prints nothing.
"""

import re
import subprocess
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
GITHUB = "https://github.com/"
COLAB = "https://colab.research.google.com/github/"
PLACEHOLDER = "/OWNER/"
# https, ssh and git's own short form, with or without a user, a password and a port
ORIGIN = (
    r"(?:(?:https?|ssh|git)://)?(?:[^/@]*@)?(?:www\.|ssh\.)?github\.com(?::\d+/|[:/])"
    r"(?P<owner>[\w-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)
CELL = """\
# Finds the lesson: the clone around this notebook, or on Colab one that it fetches, once.
import os
import sys

address = "{address}"
if "google.colab" in sys.modules and not os.path.exists(".lesson/lessonlib"):
    {fetch}
sys.path[:0] = [os.path.abspath(p) for p in ("..", ".lesson") if os.path.exists(p + "/lessonlib")]
try:
    import lessonlib.on_colab  # noqa: F401 (there it says what this machine has)
except ModuleNotFoundError:
    {missing}"""
# The clone gets its name once it is whole, so an interrupted one is never taken for the lesson
FETCH = (
    'os.system(f"rm -rf .lesson .part; '
    'git clone -q --depth=1 {address} .part && mv .part .lesson")',
    'sys.exit(f"lessonlib is missing: open this in a clone, or run %pip install git+{address}")',
)
NO_ADDRESS = (
    'sys.exit("This notebook lacks its address: in a clone run make address, commit, push.")',
    'sys.exit("lessonlib is missing: open this notebook inside a whole clone of its repository.")',
)


def repository():
    """The address to write: Repository in pyproject.toml, or git's origin if that is a placeholder.

    ValueError if git's origin is needed and does not lead to GitHub.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = project["urls"]["Repository"]
    return github_address(origin()) if PLACEHOLDER in named else named


def origin():
    """The address of git's remote `origin`. ValueError without git, a clone or that remote."""
    if not (ROOT / ".git").exists():  # git itself would ask the repositories around this folder
        raise ValueError("this folder is not a clone")
    command = ["git", f"--git-dir={ROOT / '.git'}", "remote", "get-url", "origin"]
    try:
        found = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise ValueError("git is not installed") from None
    if found.returncode:
        raise ValueError("this clone has no remote named origin")
    return found.stdout.strip()


def github_address(origin):
    """`origin` as https://github.com/OWNER/NAME, without credentials.

    ValueError if it does not lead to GitHub.
    """
    found = re.fullmatch(ORIGIN, origin)
    if not found:
        shown = re.sub(r"//[^/]*@", "//", origin)
        raise ValueError(f"origin is {shown}, which is not on GitHub")
    return f"{GITHUB}{found['owner']}/{found['name']}"


def carried(notebook):
    """The address that a notebook carries in its set-up cell."""
    return re.search(rf'"({GITHUB}[^"]+)"', set_up_cell(notebook).source)[1]


def set_up_cell(notebook):
    """The first code cell."""
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


def address(notebook, name, repository):
    """Write the address `repository` into the badge and the set-up cell of the notebook `name`."""
    badge = f"]({COLAB}{repository.removeprefix(GITHUB)}/blob/main/notebooks/{name})"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(rf"\]\({re.escape(COLAB)}[^)]*\)", badge, cell.source)
    fetch, missing = NO_ADDRESS if PLACEHOLDER in repository else FETCH
    set_up_cell(notebook).source = CELL.format(address=repository, fetch=fetch, missing=missing)


def main():
    """Write all notebooks; if no address is found, with the one they carry, and say why."""
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    notebooks = {path: nbformat.read(path, as_version=4) for path in paths}
    try:
        found = repository()
    except ValueError as error:
        found = carried(notebooks[paths[0]])
        print(f"The notebooks keep the address {found}: {error}.")
    for path, notebook in notebooks.items():
        address(notebook, path.name, found)
        nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
