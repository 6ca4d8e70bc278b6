"""What many small studies would have concluded, as bars."""

from matplotlib.figure import Figure

from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.labels import DARK
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS

__all__ = ["conclusion_bars"]

WORDS = {-1: "worse", 0: "the same", 1: "better"}
FILL = {-1: COLORS[4], 0: "#DDDDDD", 1: COLORS[5]}
FRAME = {"edgecolor": "black", "linewidth": 2, "zorder": 2}
NARROW = 0.17  # a piece of this share or less is narrower than its words


@in_our_style
def conclusion_bars(found, expected, title):
    """The share of studies that call an arm worse, the same or better.

    found: `{label: (studies,) of -1, 0, 1}`; expected: what somebody concluded,
    `{label: -1, 0 or 1}`: that piece of the bar is framed.
    """
    figure = Figure(figsize=(9, 0.9 + 0.5 * len(found)), dpi=80)
    axes = figure.add_axes((0.32, 0.12, 0.66, 0.7))
    words = []
    for row, (label, verdicts) in enumerate(found.items()):
        shares = {sign: float((verdicts == sign).mean()) for sign in WORDS}
        _draw_bar(axes, row, shares, expected.get(label))
        parts = [_in_words(sign, share) for sign, share in shares.items()]
        words.append(f"{label}: {', '.join(parts)}")
    axes.set(xlim=(0, 1), ylim=(len(found) - 0.5, -0.5), xticks=[])
    axes.set_yticks(range(len(found)), list(found))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.text(0.02, 0.92, title, fontsize=9, color=DARK)
    return Picture(figure, f"{title} {'; '.join(words)}.")


def _draw_bar(axes, row, shares, framed):
    left = 0.0
    centred = {"ha": "center", "va": "center", "fontsize": 9, "zorder": 3}
    for sign, share in shares.items():
        frame = FRAME if sign == framed else {}
        axes.barh(row, share, 0.6, left, color=FILL[sign], **frame)
        if share > NARROW:
            axes.text(left + share / 2, row, _in_words(sign, share), **centred)
        left += share


def _in_words(sign, share):
    return f"{WORDS[sign]} {100 * share:.0f}%"
