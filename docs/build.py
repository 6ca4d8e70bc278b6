"""Build the site: `python docs/build.py FOLDER` writes FOLDER/html. It runs no notebook.

The pages are the front page (explorable.py), the notebooks, as they are saved, the notes for
teachers, and the reference in docs/reference.
"""

import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import main

DOCS = Path(__file__).parent
ROOT = DOCS.parent


def build(folder):
    """Sphinx's exit status; a warning is an error. What has not changed is not read again."""
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    saved = shutil.ignore_patterns(".*")
    shutil.copytree(ROOT / "notebooks", source, ignore=saved)
    shutil.copytree(DOCS / "reference", source / "reference")
    notes = (DOCS / "teaching.md").read_text(encoding="utf-8")
    beside = notes.replace("../notebooks/", "")  # where the notebooks are on the site
    (source / "teaching.md").write_text(beside, encoding="utf-8")
    options = ["-q", "-W", "-c", DOCS, "-d", folder / "doctrees"]
    return main([str(word) for word in (*options, source, folder / "html")])


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1])))
