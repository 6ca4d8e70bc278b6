"""The glossary of notebook 00: each term is explained once, and linked at its first use."""

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))
HOME = "00_start_here.ipynb"
GLOSSARY = rf"{re.escape(HOME)}#Glossary"
LINK = re.compile(rf"\[([^\]]+)\]\({GLOSSARY}\)")
# What a term looks like in a sentence, where that is more than a plural
FORMS = {
    "composing": "compos(?:ing|es|ed|e|ition)",
    "padding": "(?:padding|padded|pads|pad)",
    "residual network": "residual (?:network|block)s?",
    "xresnet": "xresnet(?:50)?",
}
# Code, formulas, other links
UNTOUCHED = rf"`[^`]*`|\$[^$]*\$|\[[^\]]*\]\((?!{GLOSSARY})[^)]*\)"


def markdown(path):
    return [
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
    ]


def terms():
    section = next(cell for cell in markdown(NOTEBOOKS[0]) if cell.startswith("## Glossary"))
    return re.findall(r"^- \*\*(.+?)\*\*: (.+)$", section, flags=re.M)


def shape(term):
    found = FORMS.get(term, re.escape(term) + "s?")
    return re.compile(rf"(?<![\w-])(?:{found})(?![\w-])", re.I if term.islower() else 0)


def reading(path):
    """The running text between the opening and the exercises.

    Without headings, tables, code and formulas.
    """
    lines = []
    formula = False
    for cell in markdown(path)[1:]:
        if cell.startswith(("## References", "### Exercise", "<details")):
            break
        for line in cell.splitlines():
            formula ^= line.strip() == "$$"
            if not formula and not line.startswith(("#", "|")):
                lines.append(re.sub(UNTOUCHED, " ", line))
    return "\n".join(lines)


def test_terms_stand_once_in_alphabetical_order_with_one_or_two_sentences():
    names = [term for term, _ in terms()]
    assert len(names) > 30
    assert names == sorted(set(names), key=str.lower)
    for term, words in terms():
        assert words.endswith(".") and 20 < len(words) < 240, term


@pytest.mark.parametrize("path", NOTEBOOKS[1:], ids=lambda path: path.stem)
def test_the_first_use_of_a_term_is_linked(path):
    text = reading(path)
    linked = 0
    # "hidden channel" before "channel"
    for term, _ in sorted(terms(), key=lambda row: -len(row[0])):
        links = [link for link in LINK.finditer(text) if shape(term).fullmatch(link[1])]
        assert len(links) <= 1, f"{term} is linked more than once"
        # Where some term is linked, no other one is asked for
        plain = LINK.sub(lambda link: "_" * len(link[0]), text)
        first = shape(term).search(plain)
        assert links or not first, (
            f"{term} is used and not linked: {text[first.start() - 30 : first.end() + 30]!r}"
        )
        assert not first or links[0].start() < first.start(), f"{term} is used before it is linked"
        linked += len(links)
    links = LINK.findall("\n".join(markdown(path)))
    assert linked == len(links) > 0, "a link to the glossary does not name one of its terms"


def test_every_term_is_linked_somewhere():
    linked = [link for path in NOTEBOOKS[1:] for link in LINK.findall("\n".join(markdown(path)))]
    for term, _ in terms():
        assert any(map(shape(term).fullmatch, linked)), term
