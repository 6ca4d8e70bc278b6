"""The reference of lessonlib: the directive `modules`, and docstrings in English made into RST."""

import inspect
import pkgutil
import re
from importlib import import_module

import sphinx.util.inspect
from sphinx.util.docutils import SphinxDirective

NAMEDTUPLE_FIELD = "Alias for field number"


class Modules(SphinxDirective):
    """A section for each module named; a package stands for itself and all modules in it."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        names = [found for name in self.arguments[0].split() for found in modules_of(name)]
        text = "\n".join(map(section, names))
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def modules_of(name):
    """The module itself, if it says what it is, and the modules of a package, commands left out."""
    module = import_module(name)
    inside = pkgutil.walk_packages(getattr(module, "__path__", []), f"{name}.")
    modules = [found.name for found in inside if not found.name.endswith("__main__")]
    return [name, *modules] if module.__doc__ else modules


def section(name):
    """The lines that document one module, without the names that its package documents."""
    title = name.removeprefix("lessonlib.")
    package = name.rpartition(".")[0]  # lessonlib itself has no section
    documented = [] if package == "lessonlib" else getattr(import_module(package), "__all__", [])
    return f"""
{title}
{"-" * len(title)}

.. automodule:: {name}
   :exclude-members: {", ".join(documented)}
"""


def as_rst(docstring):
    """A docstring's paragraphs as RST: words in backticks and indented lines become code.

    All other characters stand for themselves: no star, bar or underscore is markup.
    """
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(docstring))
    return "\n\n".join(map(_paragraph, paragraphs)).split("\n")


def _paragraph(text):
    lines = text.split("\n")
    if lines[0].startswith(" "):
        return "::\n\n" + "\n".join(f"   {line}" for line in lines)
    return _words(" ".join(line.strip() for line in lines))


def _words(text):
    parts = re.split(r"``?([^`]*[^`\s])``?", text)  # outside, inside, outside, ...
    parts[0::2] = map(_plain, parts[0::2])
    parts[1::2] = (f"\\ ``{code.strip()}``\\ " for code in parts[1::2])
    return "".join(parts)


def _plain(text):
    return re.sub(r"([^\w\s]|_)", r"\\\1", text)


def read_as_english(app, what, name, obj, options, lines):
    lines[:] = as_rst("\n".join(lines))


def own_signature(app, what, name, obj, options, signature, returns):
    """The arguments of a class's own `__init__`; ipywidgets hides them behind `*args`."""
    init = vars(obj).get("__init__") if what == "class" else None
    if not inspect.isfunction(init):
        return None
    call = sphinx.util.inspect.signature(init, bound_method=True)
    return sphinx.util.inspect.stringify_signature(call, show_return_annotation=False), None


def skip_fields(app, what, name, obj, skip, options):
    """The signature shows the fields of a NamedTuple already."""
    return skip or (getattr(obj, "__doc__", None) or "").startswith(NAMEDTUPLE_FIELD)


def setup(app):
    app.add_directive("modules", Modules)
    app.connect("autodoc-process-docstring", read_as_english)
    app.connect("autodoc-process-signature", own_signature)
    app.connect("autodoc-skip-member", skip_fields)
