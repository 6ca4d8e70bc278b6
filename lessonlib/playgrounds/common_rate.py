"""Playground: give all arms one learning rate, or each its best, and see the verdicts change."""

from ipywidgets import Image, SelectionSlider

from lessonlib.arms import ARMS
from lessonlib.figures.second_study import rates_chart
from lessonlib.playgrounds.base import Playground
from lessonlib.study.intervals import welch
from lessonlib.study.verdicts import verdict

__all__ = ["CommonRatePlayground"]

OWN = "each at its best"


class CommonRatePlayground(Playground):
    """A slider over the rates of the sweep; a line says what each arm's runs there would conclude.

    by_rate: `{arm: {rate: accuracies in percent}}`, the first arm is what the others are compared
    with; best: `{arm: rate}`, from `second_study.best_rates`.
    """

    def __init__(self, by_rate, best):
        self.by_rate = by_rate
        self.best = best
        rates = sorted(set.intersection(*(set(found) for found in by_rate.values())))
        self.rate = SelectionSlider(
            options=[*((f"{rate:g}", rate) for rate in rates), (OWN, 0)],
            value=0,
            description="learning rate",
            style={"description_width": "110px"},
            layout={"width": "520px"},
        )
        self.chart = Image(format="png")
        super().__init__([self.rate, self.chart])
        self.update_with([self.rate])
        self.draw()

    def inputs(self):
        return [(self.rate, "value")]

    def draw(self):
        picture = rates_chart(self.by_rate, self.best, self.rate.value or None)
        self.chart.value = picture.png
        self._alt = picture.alt
        self.say(self.conclusion)

    @property
    def conclusion(self):
        """What a study at the chosen rates would say of every arm, in a sentence."""
        base, *others = self.by_rate
        theirs = self._accuracies(base)
        told = []
        for arm in others:
            ours = self._accuracies(arm)
            found = welch(ours, theirs)
            words = verdict(found.low, found.high, min(len(ours), len(theirs)))
            told.append(f"{ARMS[arm].label} {found.difference:+.1f}, {words}")
        rate = self.rate.value
        at = f"All at {rate:g}" if rate else "Each at its best rate"
        return f"{at}, against {ARMS[base].label}: {'; '.join(told)}."

    def _accuracies(self, arm):
        return self.by_rate[arm][self.rate.value or self.best[arm]]

    def code(self):
        base, *others = self.by_rate
        accuracies = {arm: self._accuracies(arm) for arm in self.by_rate}
        return f"""from lessonlib.study.intervals import welch

accuracies = {accuracies}
for arm in {others}:
    print(arm, welch(accuracies[arm], accuracies[{base!r}]))"""

    def still(self):
        return self.chart.value

    def alt(self):
        return f"{self._alt} {self.conclusion}"
