"""The lesson as a static site: the notebooks as they are saved, none of them run. `make site` builds it.

In a hidden folder, as .ci is: it serves those who build the site, and is no part of the lesson nor of its package.
"""

import sys
from importlib.resources import files
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "One 3x3, or two 2x2?"
language = "en"
extensions = ["myst_nb", "reading"]
root_doc = "00_start_here"
exclude_patterns = [".*", "**/.*"]

nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "gfm"  # tables in outputs
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
myst_heading_slug_func = "reading.anchor"

html_theme = "furo"
html_title = project
html_static_path = ["static", str(files("mathjax") / "static/mathjax/es5/tex-svg.js")]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": ""})]
mathjax_path = "tex-svg.js"  # the engine of Jupyter, with its letters in the same file: no network, also from file://
mathjax3_config = {
    "options": {"enableMenu": False}
}  # the menu makes every formula a stop of the Tab key
html_additional_pages = {"index": "redirect.html"}
templates_path = ["templates"]
html_copy_source = html_show_copyright = html_use_index = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
