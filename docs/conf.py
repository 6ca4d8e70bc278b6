"""The site: the notebooks as they are saved, and a reference made from the docstrings."""

import sys
from importlib.resources import files
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

project = "One 3x3, or two 2x2?"
language = "en"
extensions = ["myst_nb", "sphinx.ext.autodoc", "reading", "reference", "explorable", "network"]
root_doc = "00_start_here"

nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "gfm"  # tables in outputs
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
myst_heading_slug_func = "reading.anchor"

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_inherit_docstrings = False
autodoc_preserve_defaults = True
add_module_names = False

html_theme = "furo"
html_title = project
MATHJAX = files("mathjax") / "static/mathjax/es5/tex-svg.js"
html_static_path = ["static", str(MATHJAX)]
html_css_files = ["site.css"]
# reading.py writes play.js
html_js_files = [("site.js", {"defer": ""}), ("play.js", {"defer": ""})]
# Jupyter's engine, with its fonts in the same file: no network, also from file://
mathjax_path = "tex-svg.js"
# the menu makes every formula a stop of the Tab key
mathjax3_config = {"options": {"enableMenu": False}}
html_additional_pages = {"index": "explorable.html"}
templates_path = ["templates"]
html_copy_source = html_show_copyright = html_use_index = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
