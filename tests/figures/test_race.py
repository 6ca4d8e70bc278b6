"""The chart of a race: its bands, and its names that never lie on one another."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lessonlib.arms import ARMS
from lessonlib.figures import race
from lessonlib.figures.race import race_chart

SOURCE = "Imagewoof v2, 9,025 training and 3,929 validation photos, copy 8f3a2b1c"


@pytest.fixture
def drawn(monkeypatch):
    """The matplotlib figures of the charts, in the order they were drawn."""
    kept = []

    def keep(figure, alt):
        kept.append(figure)
        return SimpleNamespace(png=b"", alt=alt)

    monkeypatch.setattr(race, "Picture", keep)
    return kept


def test_a_band_is_drawn_named_and_described(drawn, monkeypatch):
    monkeypatch.setattr(race, "describe", lambda bands: f"Pale bands: {len(bands)}" * bool(bands))
    band = SimpleNamespace(arm="3x3", low=np.array([0.1, 0.2]), high=np.array([0.4, 0.8]))
    race_chart([], 2, 0.1, SOURCE, 3929, [band])
    race_chart([], 2, 0.1, SOURCE, 3929)
    with_band, without = drawn
    assert len(with_band.axes[1].collections) == 1
    names = [text.get_text() for text in with_band.axes[1].texts]
    assert names == ["guessing", "one 3x3, earlier"]
    assert "Pale bands: 1" in with_band.texts[0].get_text()
    assert len(without.axes[1].collections) == 0
    assert "Pale bands" not in without.texts[0].get_text()
    assert "which counts only the validation photos" in without.texts[0].get_text()


@pytest.mark.parametrize("alike", [True, False])
def test_no_word_of_the_chart_lies_on_another_or_on_the_line_of_guessing(drawn, alike):
    epochs = [{"accuracy": 0.1 if alike else 0.3 + 0.01 * k} for k in range(5)]
    runs = [SimpleNamespace(arm=name, losses=[2.3, 2.2], epochs=epochs) for name in ARMS]
    runs[-1].epochs = []
    race_chart(runs, 5, 0.1, SOURCE, 3929)
    (figure,) = drawn
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    accuracy = figure.axes[1]
    words = [*accuracy.texts, *figure.texts, accuracy.xaxis.label]
    boxes = [text.get_window_extent(renderer) for text in words]
    assert len(boxes) == len(ARMS) + 3
    for i, box in enumerate(boxes):
        assert 0 <= box.x0 and box.x1 <= figure.bbox.x1
        assert 0 <= box.y0 and box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[:i])
    for name in boxes[: len(ARMS) + 1]:
        assert name.x0 > accuracy.bbox.x1  # where the line of guessing does not come
