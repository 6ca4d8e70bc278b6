"""Playground: choose how many runs a study has, and see how often it agrees with the thread."""

from ipywidgets import FloatSlider, HBox, Image, IntSlider

from lessonlib.figures.resampling import conclusion_bars
from lessonlib.playgrounds.base import Playground
from lessonlib.study.resampling import STUDIES, conclusions, resample_studies

__all__ = ["SampleSizePlayground"]

LOOK = {"layout": {"width": "420px"}, "style": {"description_width": "150px"}}


class SampleSizePlayground(Playground):
    """Sliders for the runs per arm and for what counts as a difference.

    Bars show what thousands of such studies conclude. recorded: `{label: accuracies in percent}`,
    the first is what the others are compared with; thread: what the thread concluded of each other,
    `{label: -1 worse, 0 the same, 1 better}`; source: what was recorded on what.
    share: the share of studies that agree with the thread about all of them, an attribute.
    """

    def __init__(self, recorded, thread, source):
        self.recorded = recorded
        self.thread = thread
        self.source = source
        self.runs = IntSlider(value=2, min=1, max=20, description="runs of each arm", **LOOK)
        self.margin = FloatSlider(
            value=1, min=0.25, max=5, step=0.25, description="a difference, points", **LOOK
        )
        self.chart = Image(format="png")
        super().__init__([HBox([self.runs, self.margin]), self.chart])
        self.update_with([self.runs, self.margin])
        self.draw()

    def inputs(self):
        return [(self.runs, "value"), (self.margin, "value")]

    def draw(self):
        studies = resample_studies(self.recorded, self.runs.value)
        found = conclusions(studies, self._reference, self.margin.value)
        picture = conclusion_bars(found, self.thread, self._title())
        self.chart.value = picture.png
        self._alt = picture.alt
        agree = [found[label] == sign for label, sign in self.thread.items()]
        self.share = float((sum(agree) == len(agree)).mean())
        self.say(
            f"{100 * self.share:.0f}% of these studies conclude the same as the thread about all "
            f"{len(agree)} arms, if a difference counts from {self.margin.value:g} points on."
        )

    def code(self):
        return f"""from lessonlib.study.resampling import conclusions, resample_studies

recorded = {self.recorded}
thread = {self.thread}
studies = resample_studies(recorded, n={self.runs.value})
found = conclusions(studies, {self._reference!r}, margin={self.margin.value:g})
agree = [found[label] == sign for label, sign in thread.items()]
share = (sum(agree) == len(agree)).mean()"""

    def still(self):
        return self.chart.value

    def alt(self):
        return f"How many runs would you need? {self._alt}"

    @property
    def _reference(self):
        return next(iter(self.recorded))

    def _title(self):
        n = self.runs.value
        runs = f"{n} {'run' if n == 1 else 'runs'} per arm"
        return (
            f"{STUDIES:,} studies of {runs}, drawn from {self.source}, against {self._reference}; "
            "framed: the thread's conclusion."
        )
