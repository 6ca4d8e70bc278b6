"""Choose a photo to try kernels on: a sample, or one's own."""

from ipywidgets import Dropdown, FileUpload, HBox, Layout

from lessonlib.playgrounds.base import explain
from lessonlib.sample_photos import SAMPLES, read_photo, sample_photo

__all__ = ["PhotoPicker"]

OWN = "your own"
LARGEST = 9  # megabytes: at 10 the server drops the connection, and live/widgets.js answers for it


class PhotoPicker(HBox):
    """A sample photo or the learner's own. `photo` is `(3, size, size)`.

    `on_change()` is called for every new one; `say` tells why a file was refused.
    """

    def __init__(self, on_change, say, size=128):
        self._on_change = on_change
        self._say = say
        self._size = size
        self._samples = {name: sample_photo(name, size) for name in SAMPLES}
        self._photo = self._samples["flower"]
        self.choice = Dropdown(
            options=list(SAMPLES),
            description="photo",
            layout=Layout(width="210px", flex="0 0 auto"),
        )
        self.upload = FileUpload(
            accept="image/*",
            multiple=False,
            description=OWN,
            layout=Layout(width="130px", flex="0 0 auto"),
        )
        explain(self.upload, f"Choose a photo of yours, up to {LARGEST} MB")
        self.choice.observe(self._choose, "value")
        self.upload.observe(self._uploaded, "value")
        super().__init__([self.choice, self.upload])

    @property
    def photo(self):
        return self._photo

    @photo.setter
    def photo(self, photo):
        self._photo = photo
        name = next((name for name, sample in self._samples.items() if sample is photo), OWN)
        self.choice.options = [*SAMPLES, OWN] if name == OWN else list(SAMPLES)
        self.choice.value = name
        self._on_change()

    def code(self):
        """The lines of Python that give this photo."""
        if self.choice.value == OWN:
            return (
                "from pathlib import Path\n"
                "from lessonlib.sample_photos import read_photo, sample_photo\n\n"
                f'x = read_photo(Path("your own photo.jpg").read_bytes(), {self._size})'
            )
        return (
            "from lessonlib.sample_photos import sample_photo\n\n"
            f'x = sample_photo("{self.choice.value}", {self._size})'
        )

    def _choose(self, change):
        photo = self._samples.get(change["new"])
        if photo is not None and photo is not self._photo:
            self.photo = photo

    def _uploaded(self, change):
        files = change["new"]
        if not files:
            return
        if isinstance(files, dict):  # ipywidgets 7
            files = files.values()
        file = next(iter(files))
        try:
            self.photo = read_photo(bytes(file["content"]), self._size)
        except ValueError as error:
            self._say(f"{error} The photo stays as it was.")
        self._forget()

    def _forget(self):
        """Empty the button, so that the same file is news again after an undo."""
        if self.upload.has_trait("_counter"):  # ipywidgets 7
            self.upload.metadata = []
            self.upload.data = []
            self.upload._counter = 0
        else:
            self.upload.value = ()
