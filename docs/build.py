"""Build the site: `python docs/build.py FOLDER` writes FOLDER/html. It runs no notebook.

The pages are the front page (explorable.py), the notebooks, as they are saved, and the reference
in docs/reference.
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
    options = ["-q", "-W", "-c", DOCS, "-d", folder / "doctrees"]
    return main([str(word) for word in (*options, source, folder / "html")])


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1])))
