"""The live chart of a race, drawn no more often than the training can spare."""

import threading
import time

from ipywidgets import Image

from lessonlib.figures.race import race_chart
from lessonlib.playgrounds.panes import Unseen
from lessonlib.training.reference_bands import bands_of

__all__ = ["RaceDrawing"]

SHARE = 0.05  # of the time may go into drawing the chart while a network trains


class RaceDrawing:
    """The chart of a `Race` with bands of earlier runs: two widgets, `image` and `words`.

    alt: the words, for the saved notebook.
    """

    def __init__(self, race, earlier):
        self.image = Image(format="png")
        self.words = Unseen()
        self._race = race
        self._earlier = earlier
        self._lock = threading.Lock()
        self.draw()
        self._next = 0.0  # the first drawing took long, but nothing was training

    @property
    def is_due(self):
        """Whether the training can spare the time of another drawing."""
        return time.monotonic() > self._next

    def draw(self):
        with self._lock:
            began = time.monotonic()
            picture = self._picture()
            self.image.value = picture.png
            self.alt = picture.alt
            self.words.say(picture.alt)
            took = time.monotonic() - began
            self._next = time.monotonic() + took / SHARE

    def _picture(self):
        race = self._race
        photos = race.photos
        return race_chart(
            race.curves,
            epochs=race.tier.epochs,
            chance=1 / len(photos.classes),
            source=photos.provenance,
            valid_n=len(photos.valid.labels),
            bands=bands_of(self._earlier, race.arms, race.recipe, photos),
        )
