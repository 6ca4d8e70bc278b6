"""Drawing of what many small studies would have concluded."""

from matplotlib.figure import Figure

from lessonlib.figures.labels import DARK
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS

__all__ = ["conclusion_bars"]

WORDS = {-1: ("worse", COLORS[4]), 0: ("the same", "#DDDDDD"), 1: ("better", COLORS[5])}


def conclusion_bars(found, expected, title):
    """The share of studies that call an arm worse, the same or better, `{label: (studies,) of -1, 0, 1}`.

    expected: what somebody concluded, `{label: -1, 0 or 1}`; that piece of the bar is framed.
    """
    figure = Figure(figsize=(9, 0.9 + 0.5 * len(found)), dpi=80)
    axes = figure.add_axes((0.32, 0.12, 0.66, 0.7))
    words = []
    for row, (label, verdicts) in enumerate(found.items()):
        left, shares = 0.0, {sign: float((verdicts == sign).mean()) for sign in WORDS}
        for sign, share in shares.items():
            name, color = WORDS[sign]
            frame = (
                {"edgecolor": "black", "linewidth": 2, "zorder": 2}
                if expected.get(label) == sign
                else {}
            )
            axes.barh(row, share, 0.6, left, color=color, **frame)
            if share > 0.17:  # less is narrower than its words
                axes.text(
                    left + share / 2,
                    row,
                    f"{name} {100 * share:.0f}%",
                    ha="center",
                    va="center",
                    fontsize=9,
                    zorder=3,
                )
            left += share
        words.append(
            f"{label}: "
            + ", ".join(f"{WORDS[sign][0]} {100 * share:.0f}%" for sign, share in shares.items())
        )
    axes.set(xlim=(0, 1), ylim=(len(found) - 0.5, -0.5), xticks=[])
    axes.set_yticks(range(len(found)), list(found))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.text(0.02, 0.92, title, fontsize=9, color=DARK)
    return Picture(figure, f"{title} " + "; ".join(words) + ".")
