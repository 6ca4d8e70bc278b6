"""Playground: how many runs would a study need to see a difference of so many points?"""

from ipywidgets import FloatSlider, HBox, Image

from lessonlib.figures.second_study import power_chart
from lessonlib.playgrounds.base import Playground
from lessonlib.study.intervals import power

__all__ = ["PowerPlayground"]

MOST = 30
WANTED = 0.8
LOOK = {"layout": {"width": "420px"}, "style": {"description_width": "170px"}}


class PowerPlayground(Playground):
    """Sliders for the true difference and for the spread of a run, both in points.

    A curve shows the share of studies whose interval leaves out zero, by runs per arm.
    spread: standard deviation of a run's accuracy, in points; marks: `{name: runs per arm}`.
    """

    def __init__(self, spread, marks):
        self.marks = marks
        self.points = FloatSlider(
            value=1, min=0.25, max=6, step=0.25, description="true difference, points", **LOOK
        )
        self.spread = FloatSlider(
            value=spread, min=0.2, max=3, step=0.1, description="spread of a run, points", **LOOK
        )
        self.chart = Image(format="png")
        super().__init__([HBox([self.points, self.spread]), self.chart])
        self.update_with([self.points, self.spread])
        self.draw()

    def inputs(self):
        return [(self.points, "value"), (self.spread, "value")]

    @property
    def needed(self):
        """Runs per arm from which on 80% of the studies see it; None if more than the chart has."""
        enough = [n for n, share in zip(*self._curve()) if share >= WANTED]
        return enough[0] if enough else None

    def draw(self):
        title = (
            f"Studies whose 95% interval leaves out zero, if the truth is {self.points.value:g} "
            f"{_points(self.points.value)} and a run varies by {self.spread.value:g}."
        )
        picture = power_chart(*self._curve(), title, self.marks)
        self.chart.value = picture.png
        self._alt = picture.alt
        few = (
            f"More than {MOST} runs per arm are"
            if self.needed is None
            else f"{self.needed} runs per arm are"
        )
        self.say(f"{few} needed for 80% of the studies to see it.")

    def _curve(self):
        numbers = range(2, MOST + 1)
        return numbers, [power(self.points.value, self.spread.value, n) for n in numbers]

    def code(self):
        return f"""from lessonlib.study.intervals import power

for n in (2, 5, 12, 30):
    print(n, power(points={self.points.value:g}, spread={self.spread.value:g}, n=n))"""

    def still(self):
        return self.chart.value

    def alt(self):
        return f"How many runs would you need? {self._alt}"


def _points(number):
    return "point" if number == 1 else "points"
