"""The glossary of notebook 00: each term is explained once, and linked where a notebook first uses it."""

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))
HOME, ANCHOR = "00_start_here.ipynb", "Glossary"
LINK = re.compile(rf"\[([^\]]+)\]\({re.escape(HOME)}#{ANCHOR}\)")
# what a term looks like in a sentence, where that is more than a plural
FORMS = {
    "composing": "compos(?:ing|es|ed|e|ition)",
    "padding": "(?:padding|padded|pads|pad)",
    "residual network": "residual (?:network|block)s?",
    "xresnet": "xresnet(?:50)?",
}
UNTOUCHED = rf"`[^`]*`|\$[^$]*\$|\[[^\]]*\]\((?!{re.escape(HOME)}#{ANCHOR})[^)]*\)"  # code, formulas, other links


def markdown(path):
    return [
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
    ]


def terms():
    section = next(cell for cell in markdown(NOTEBOOKS[0]) if cell.startswith(f"## {ANCHOR}"))
    return re.findall(r"^- \*\*(.+?)\*\*: (.+)$", section, flags=re.M)


def shape(term):
    found = FORMS.get(term, re.escape(term) + "s?")
    return re.compile(rf"(?<![\w-])(?:{found})(?![\w-])", re.I if term.islower() else 0)


def reading(path):
    """The running text between the opening and the exercises, without headings, tables, code and formulas."""
    lines, formula = [], False
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
    text, linked = reading(path), 0
    for term, _ in sorted(
        terms(), key=lambda row: -len(row[0])
    ):  # "hidden channel" before "channel"
        links = [link for link in LINK.finditer(text) if shape(term).fullmatch(link[1])]
        assert len(links) <= 1, f"{term} is linked more than once"
        plain = LINK.sub(
            lambda link: "_" * len(link[0]), text
        )  # where some term is linked, no other one is asked for
        first = shape(term).search(plain)
        assert links or not first, (
            f"{term} is used and not linked: {text[first.start() - 30 : first.end() + 30]!r}"
        )
        assert not first or links[0].start() < first.start(), f"{term} is used before it is linked"
        linked += len(links)
    assert linked == len(LINK.findall("\n".join(markdown(path)))) > 0, (
        "a link to the glossary that is no term of it"
    )


def test_every_term_is_linked_somewhere():
    linked = [link for path in NOTEBOOKS[1:] for link in LINK.findall("\n".join(markdown(path)))]
    assert [
        term for term, _ in terms() if not any(shape(term).fullmatch(link) for link in linked)
    ] == []
