"""What the site makes of a notebook: stills for the widgets, pictures with their words, nothing from the network."""

import json

from docutils import nodes

WIDGET = "application/vnd.jupyter.widget-view+json"
STILL = "*A still picture. In Jupyter, or on Colab, it can be operated.*"
UNASKED = "*In Jupyter, or on Colab, each answer that you choose is explained.*"
CONTENTS = "```{toctree}\n:hidden:\n:glob:\n\n00 Start here <self>\n*\n```"


def anchor(title):
    """A heading's anchor as Jupyter makes it, so that a notebook's links to its own headings work here too."""
    return title.replace(" ", "-")


def as_read(app, docname, source):
    """The notebook `source[0]` without widgets: after each still it is said that it is one."""
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        outputs = []
        for output in cell.get("outputs", []):
            outputs.append(output)
            if output.get("data", {}).pop(WIDGET, None):
                said = STILL if "image/png" in output["data"] else UNASKED
                outputs.append(
                    {"output_type": "display_data", "metadata": {}, "data": {"text/markdown": said}}
                )
            if (
                alt := output.get("metadata", {}).get("image/png", {}).get("alt")
            ):  # MyST-NB looks for it in the cell
                cell["metadata"]["mystnb"] = {"image": {"alt": alt}}
        if outputs:
            cell["outputs"] = outputs
    if docname == app.config.root_doc:
        notebook["cells"].append(
            {"cell_type": "markdown", "id": "contents", "metadata": {}, "source": CONTENTS}
        )
    source[0] = json.dumps(notebook)


def without_remote_pictures(app, doctree):
    """The badge of Colab as a plain link: the site asks nothing of the network."""
    for image in list(doctree.findall(nodes.image)):
        if "://" in image["uri"]:
            image.replace_self(nodes.Text(image["alt"]))


def links_of_outputs(app, doctree):
    """MyST-NB leaves the links in tables that a cell has made as they are: to notebooks, where the site has pages."""
    for link in doctree.findall(nodes.reference):
        if "://" not in link.get("refuri", "://"):
            link["refuri"] = link["refuri"].replace(".ipynb", ".html")


def setup(app):
    app.connect("source-read", as_read)
    app.connect("doctree-read", without_remote_pictures)
    app.connect("doctree-read", links_of_outputs)
