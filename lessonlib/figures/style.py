"""One colour, one meaning: the same colour for an arm in every chart, and one scale for errors."""

import functools
import threading

import torch
from matplotlib import rcParams, rcParamsDefault

from lessonlib.arms import ARMS

__all__ = ["COLORS", "DASHES", "arm_style", "error_strength", "in_our_style"]

# Okabe and Ito's colours, told apart in the common kinds of colour blindness. The dash says the
# same without colour.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))

PALEST = 0.25  # of the colour: the smallest error can still be seen

# what a style sheet changes: fonts, colours, lines, LaTeX
LOOKS = [
    name
    for name in rcParamsDefault
    if name.partition(".")[0]
    in "axes axes3d errorbar figure font grid hatch hist image legend lines markers mathtext patch "
    "path savefig scatter text xaxis xtick yaxis ytick".split()
]
_drawing = threading.RLock()  # a race draws in a thread of its own


def in_our_style(draw):
    """Decorator: `draw` sees matplotlib's own style, whatever the notebook has chosen.

    Our labels are dark, so on a dark ground nobody could read them. What the notebook has chosen
    is there again afterwards.
    """

    @functools.wraps(draw)
    def drawn(*args, **kwargs):
        with _drawing:
            chosen = {name: rcParams[name] for name in LOOKS}
            changed = {k: v for k, v in chosen.items() if v != rcParamsDefault[k]}
            rcParams.update({name: rcParamsDefault[name] for name in changed})
            try:
                return draw(*args, **kwargs)
            finally:
                rcParams.update(changed)

    return drawn


def arm_style(name):
    """The colour and dash of an arm, the same in every chart: its place in the registry decides.

    Those that the registry does not know share a place after the last.
    """
    i = [*ARMS, name].index(name)
    return {"color": COLORS[i % len(COLORS)], "linestyle": DASHES[i % len(DASHES)]}


def error_strength(error, rounding):
    """How much of the error colour each position gets, from 0 (none) to 1 for the largest error.

    error: absolute differences, a tensor; up to `rounding` they count as equal and get 0.
    """
    share = error / max(error.max().item(), 1e-12)
    return torch.where(error > rounding, PALEST + (1 - PALEST) * share, 0)
