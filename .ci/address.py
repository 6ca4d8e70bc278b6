"""Write the badge and the set-up cell of every notebook anew: `make address`, after a fork has changed its one line.

That line is Repository in pyproject.toml. A notebook on Colab is opened alone, so it has to carry the address as text.
Outputs and execution counts stay: anywhere but on Colab the cell prints nothing.
"""

import re
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
COLAB = "https://colab.research.google.com/github/"
CELL = """\
# On Colab this fetches the lesson, once, and says what is there. Anywhere else it does nothing.
import subprocess
import sys

if "google.colab" in sys.modules:
    address, lesson = "ADDRESS", "/content/lesson"
    clone = f"test -d {lesson} || git clone -q --depth=1 {address} {lesson}"
    subprocess.run(clone, shell=True, check=True)
    sys.path.insert(0, lesson)
    from lessonlib import check

    check()"""


def repository():
    """The one place where the address stands."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]


def address(notebook, name, repository):
    """Give the notebook, a file of that name, the repository's address in its badge and in its first code cell."""
    badge = f"]({COLAB}{repository.removeprefix('https://github.com/')}/blob/main/notebooks/{name})"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(rf"\]\({re.escape(COLAB)}[^)]*\)", badge, cell.source)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source = CELL.replace("ADDRESS", repository)


if __name__ == "__main__":
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        address(notebook, path.name, repository())
        nbformat.write(notebook, path)
