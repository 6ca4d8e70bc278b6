"""Stills to step through, with no kernel: buttons, a slider, the arrow keys, a tap on the picture.

steps.js has the hand. Where no script runs, all stills stand below each other.
"""

import html
from base64 import b64encode
from pathlib import Path

from lessonlib.checks import require_type
from lessonlib.figures.pictures import Picture, bundle

__all__ = ["Steps"]

SCRIPT = Path(__file__).with_name("steps.js").read_text(encoding="utf-8")
FIGURE = """\
<figure style="margin:0 0 1em"><img class="drawing" style="max-width:100%" \
src="data:image/png;base64,{png}" alt="{alt}"><figcaption>{caption}</figcaption></figure>"""


class Steps:
    """Stills of one thing, one at a time: `{caption: Picture}`, in their order.

    The page holds all of them; the PNG beside it is the last one, for readers without HTML.
    TypeError if they are not Pictures in a dict, ValueError if there are fewer than two.
    """

    def __init__(self, stills):
        require_type("Steps", dict, stills=stills)
        if len(stills) < 2:
            raise ValueError(f"Steps takes at least two stills, not {len(stills)}.")
        for caption, still in stills.items():
            require_type("Steps", Picture, **{f"still {caption!r}": still})
        self.stills = stills

    def _repr_mimebundle_(self, include=None, exclude=None):
        *_, (caption, last) = self.stills.items()
        words = f"The last of {len(self.stills)} steps, {caption}. {last.alt}"
        data, metadata = bundle(last.png, words)
        return {"text/html": self._html()} | data, metadata

    def _html(self):
        figures = "\n".join(_figure(*still) for still in self.stills.items())
        return f'<div class="lesson-steps">{figures}</div><script>{SCRIPT}</script>'


def _figure(caption, still):
    png = b64encode(still.png).decode()
    return FIGURE.format(png=png, alt=html.escape(still.alt), caption=html.escape(caption))
