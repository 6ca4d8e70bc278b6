"""Leave only the still pictures of playgrounds in saved notebooks: `keep_stills.py NOTEBOOK...`

A playground that computes in the page carries its photos and its script in each output, stills to
step through carry a script; the site puts them in again, and so does the kernel. The widgets of the
others are gone with the kernel. `make notebooks` and pre-commit call this.
"""

import json
import re
import sys
from pathlib import Path

VIEW = "application/vnd.jupyter.widget-view+json"


def stills_only(outputs):
    """The outputs of a cell without widgets, and of a playground without its page."""
    kept = [output for output in outputs if not is_widget(output)]
    for output in kept:
        if "lesson" in output.get("metadata", {}):
            output["data"].pop("text/html", None)
        elif "text/html" in output.get("data", {}):
            output["data"]["text/html"] = without_scripts(output["data"]["text/html"])
    return kept


def without_scripts(page):
    """A page, in lines as nbformat writes them, without its scripts."""
    lines = page if isinstance(page, str) else "".join(page)
    return re.sub("<script>.*?</script>", "", lines, flags=re.S).splitlines(keepends=True)


def is_widget(output):
    """Whether it is only the view of a widget, with no words."""
    data = output.get("data", {})
    return VIEW in data and not "".join(data.get("text/plain", ""))


def main(paths):
    for path in paths:
        saved = path.read_text(encoding="utf-8")
        notebook = json.loads(saved)
        for cell in notebook["cells"]:
            if "outputs" in cell:
                cell["outputs"] = stills_only(cell["outputs"])
        if notebook != json.loads(saved):
            # as nbformat writes it
            text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(map(Path, sys.argv[1:]))
