"""Every chart in matplotlib's own style, whatever the notebook has chosen.

Apart from `style`, which needs no matplotlib.
"""

import functools
import threading

from matplotlib import rcParams, rcParamsDefault

__all__ = ["in_our_style"]

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
