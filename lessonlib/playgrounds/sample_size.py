"""Playground: choose how many runs a study has, and see how often it would have concluded what the thread did."""

from ipywidgets import FloatSlider, HBox, Image, IntSlider, Layout

from lessonlib.figures.resampling import conclusion_bars
from lessonlib.playgrounds.base import Playground
from lessonlib.study.resampling import STUDIES, conclusions, resample_studies

__all__ = ["SampleSizePlayground"]


class SampleSizePlayground(Playground):
    """Sliders for the runs of an arm and for what counts as a difference; bars of what thousands of such studies conclude.

    recorded: `{label: accuracies in percent}`, the first is what the others are compared with; thread: what the thread
    concluded of each other, `{label: -1 worse, 0 the same, 1 better}`; source: what was recorded on what.
    `share` is the share of studies that conclude the same as the thread of all of them.
    """

    def __init__(self, recorded, thread, source):
        self.recorded, self.thread, self.source = recorded, thread, source
        wide = {"layout": Layout(width="420px"), "style": {"description_width": "150px"}}
        self.runs = IntSlider(value=2, min=1, max=20, description="runs of each arm", **wide)
        self.margin = FloatSlider(
            value=1, min=0.25, max=5, step=0.25, description="a difference, points", **wide
        )
        self.chart = Image(format="png")
        super().__init__([HBox([self.runs, self.margin]), self.chart])
        for slider in (self.runs, self.margin):
            slider.observe(lambda _: self.update(), "value")
        self.draw()

    def inputs(self):
        return [(self.runs, "value"), (self.margin, "value")]

    def draw(self):
        n, reference = self.runs.value, next(iter(self.recorded))
        found = conclusions(resample_studies(self.recorded, n), reference, self.margin.value)
        title = f"{STUDIES:,} studies of {n} {'run' if n == 1 else 'runs'} an arm, drawn from {self.source}"
        picture = conclusion_bars(
            found, self.thread, f"{title}, against {reference}; framed: the thread's conclusion."
        )
        self.chart.value, self._alt = picture.png, picture.alt
        agree = [found[label] == sign for label, sign in self.thread.items()]
        self.share = float((sum(agree) == len(agree)).mean())
        self.say(
            f"{100 * self.share:.0f}% of these studies conclude what the thread did of all {len(agree)} arms, "
            f"if a difference counts from {self.margin.value:g} points on."
        )

    def code(self):
        return f"""from lessonlib.study.resampling import conclusions, resample_studies

recorded = {self.recorded}
thread = {self.thread}
found = conclusions(resample_studies(recorded, n={self.runs.value}), {next(iter(self.recorded))!r}, margin={self.margin.value:g})
agree = [found[label] == sign for label, sign in thread.items()]
share = (sum(agree) == len(agree)).mean()"""

    def still(self):
        return self.chart.value

    def alt(self):
        return f"How many runs would you need? {self._alt}"
