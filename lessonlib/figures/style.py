"""The same colour for the same arm in every chart."""

from lessonlib.arms import ARMS

__all__ = ["COLORS", "DASHES", "arm_style"]

# Okabe and Ito's colours, told apart in the common kinds of colour blindness; the dash says the same without colour.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))


def arm_style(name):
    """The colour and dash of an arm, the same in every chart: its place in the registry decides."""
    i = list(ARMS).index(name)
    return {"color": COLORS[i % len(COLORS)], "linestyle": DASHES[i % len(DASHES)]}
