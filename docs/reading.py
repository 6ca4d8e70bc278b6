"""Turn notebooks into pages: playgrounds that compute in the page, still pictures for the others,
alt texts, nothing from the network."""

import io
import json
from base64 import b64decode
from pathlib import Path

from docutils import nodes
from PIL import Image

from lessonlib.figures.steps import SCRIPT as STEPS
from lessonlib.playgrounds.live import SCRIPT, html
from lessonlib.playgrounds.live.named import PLAYGROUNDS

STILL = "*A still picture. In Jupyter, or on Colab, it is interactive.*"
UNASKED = "*In Jupyter, or on Colab, each answer that you choose is explained.*"
CONTENTS = """\
```{toctree}
:hidden:
:glob:

00 Start here <self>
*
reference/index
```"""


def anchor(title):
    """A heading's anchor as Jupyter makes it, so that links within a notebook work here too."""
    return title.replace(" ", "-")


def as_read(app, docname, source):
    """Bring the playgrounds of the notebook `source[0]` to life that compute in the page.

    Replace other widgets by their stills, with a line that says so.
    """
    if not str(app.env.doc2path(docname)).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        outputs = []
        for output in cell.get("outputs", []):
            outputs.append(output)
            lesson = output.get("metadata", {}).get("lesson", {})
            if "widgets" in lesson:
                outputs.append(markdown(STILL if "image/png" in output["data"] else UNASKED))
            alt = output.get("metadata", {}).get("image/png", {}).get("alt")
            if alt:  # MyST-NB looks for it in the cell
                drawn = "drawing" if is_drawing(output["data"]["image/png"]) else "photo"
                cell["metadata"]["mystnb"] = {"image": {"alt": alt, "classes": drawn}}
            if "playground" in lesson:
                still = b64decode(output["data"]["image/png"])
                state = PLAYGROUNDS[lesson["playground"]].state()
                output["data"] = {"text/html": html(state, still, alt)}
            page = "".join(output.get("data", {}).get("text/html", ""))
            if "lesson-steps" in page:
                output["data"]["text/html"] = f"{page}<script>{STEPS}</script>"
        if outputs:
            cell["outputs"] = outputs
    if docname == app.config.root_doc:
        notebook["cells"].append(
            {"cell_type": "markdown", "id": "contents", "metadata": {}, "source": CONTENTS}
        )
    source[0] = json.dumps(notebook)


def is_drawing(png):
    """Whether most of a picture, base 64 of a PNG, is white."""
    grey = Image.open(io.BytesIO(b64decode(png))).convert("RGBA").convert("L")
    return sum(grey.histogram()[250:]) > grey.width * grey.height / 2


def markdown(text):
    """An output of a cell that shows the text."""
    return {"output_type": "display_data", "metadata": {}, "data": {"text/markdown": text}}


def without_remote_pictures(app, doctree):
    """Show the Colab badge as a plain link: the site loads nothing from the network."""
    for image in list(doctree.findall(nodes.image)):
        if "://" in image["uri"]:
            image.replace_self(nodes.Text(image["alt"]))


def links_of_outputs(app, doctree):
    """Point links that a cell printed at pages of the site; MyST-NB leaves them at notebooks."""
    for link in doctree.findall(nodes.reference):
        if "://" not in link.get("refuri", "://"):
            link["refuri"] = link["refuri"].replace(".ipynb", ".html")


def write_script(app):
    """What brings the playgrounds of all pages to life, once for all of them."""
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    (static / "play.js").write_text(SCRIPT, encoding="utf-8")


def setup(app):
    app.connect("builder-inited", write_script)
    app.connect("source-read", as_read)
    app.connect("doctree-read", without_remote_pictures)
    app.connect("doctree-read", links_of_outputs)
