"""The ledger: what the thread claimed, what the course finds, and where it shows it."""

import tomllib
from dataclasses import dataclass

from IPython.display import Markdown

from lessonlib.paths import DATA

__all__ = ["Claim", "claims", "ledger"]


@dataclass(frozen=True)
class Claim:
    """One claim of the thread and our verdict on it.

    number: from 1, as it is cited; words: the claim; verdict: what we find, in a few words, "open"
    while no notebook shows it; shown: "notebook.ipynb#heading", empty while it is open.
    """

    number: int
    words: str
    verdict: str = "open"
    shown: str = ""


def claims():
    """The claims, in the order of their numbers."""
    rows = tomllib.loads((DATA / "claims.toml").read_text())["claim"]
    return [Claim(number, **row) for number, row in enumerate(rows, 1)]


def ledger():
    """The claims as a table, each verdict linked to the heading that shows it."""
    head = "| claim | the thread says | we find | shown in |\n|---|---|---|---|"
    return Markdown("\n".join([head, *map(_row, claims())]))


def _row(claim):
    link = f"[{claim.shown[:2]}]({claim.shown})" if claim.shown else ""
    return f"| {claim.number} | {claim.words} | {claim.verdict} | {link} |"
