"""Leave only the still pictures of playgrounds in saved notebooks: `keep_stills.py NOTEBOOK...`

A playground that computes in the page carries its photos and its script in each output; the site
puts them in again, and so does the kernel. `make notebooks` and pre-commit call this.
"""

import json
import sys
from pathlib import Path


def keep_still(output):
    """Drop the page of a playground; whether there was one."""
    is_playground = "playground" in output.get("metadata", {}).get("lesson", {})
    return is_playground and bool(output["data"].pop("text/html", None))


def main(paths):
    for path in paths:
        notebook = json.loads(path.read_text())
        outputs = [found for cell in notebook["cells"] for found in cell.get("outputs", [])]
        if any(list(map(keep_still, outputs))):
            # as nbformat writes it
            path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(map(Path, sys.argv[1:]))
