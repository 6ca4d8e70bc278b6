"""The ledger: what the thread claimed, what the course finds, and where it shows it."""

import tomllib
from dataclasses import dataclass

from IPython.display import Markdown

from lessonlib.paths import DATA

__all__ = ["Claim", "claims", "ledger"]


@dataclass(frozen=True)
class Claim:
    """One claim of the thread; `verdict` is "open" and `shown` empty while no notebook shows it."""

    number: int
    words: str
    verdict: str = "open"
    shown: str = ""


def claims():
    """The fifteen claims, in the thread's order."""
    rows = tomllib.loads((DATA / "claims.toml").read_text())["claim"]
    return [Claim(number, **row) for number, row in enumerate(rows, 1)]


def ledger():
    """The claims as a table, each verdict linked to the heading that shows it."""
    rows = [f"| {c.number} | {c.words} | {c.verdict} | {_link(c.shown)} |" for c in claims()]
    return Markdown(
        "\n".join(["| claim | the thread says | we find | shown in |", "|---|---|---|---|", *rows])
    )


def _link(shown):
    return f"[{shown[:2]}]({shown})" if shown else ""
