"""The cost explorer: what it counts, measures, refuses and leaves behind."""

import pytest

from lessonlib.arms import ARMS
from lessonlib.costs.choosing import choices
from lessonlib.costs.counting import cost
from lessonlib.costs.timing import Timing
from lessonlib.playgrounds.costs import CostPlayground


@pytest.fixture
def explorer():
    return CostPlayground()


def choose(explorer, **values):
    for name, value in values.items():
        getattr(explorer, name).value = value


def test_it_shows_what_is_counted_for_every_setting(explorer):
    for name, value in {"channels": 32, "pixels": 14, "batch": 4, "stride": 2}.items():
        before = explorer.still()
        choose(explorer, **{name: value})
        assert explorer.still() != before
    for name, found in explorer.costs.items():
        assert found == cost(ARMS[name].build(32, 32, 2), (4, 32, 14, 14))
        assert f"{found.weights:,}" in explorer.table.value
        assert f"{found.macs / 1e6:,.1f}" in explorer.table.value


def test_it_says_which_way_the_composed_pair_goes(explorer):
    choose(explorer, channels=32, pixels=14, batch=4, stride=2)
    assert "32 / (4 x 7 x 7) = 16.3%)" in explorer.message.value
    assert "in series 2.49; composed into one kernel 1.16" in explorer.message.value
    assert "Measured here" not in explorer.message.value
    explorer.measure()
    [choice] = [c for c in choices() if c.shape == (4, 32, 14, 14) and c.stride == 2]
    times = f"first {choice.composed_ms:,.2f} ms, in series {choice.series_ms:,.2f} ms"
    assert times in explorer.message.value
    way = "is composed first" if choice.composes else "goes in series"
    assert f"So the composed pair {way}" in explorer.message.value


def test_it_measures_forgets_and_undoes(explorer):
    choose(explorer, channels=8, pixels=8, batch=2)
    assert explorer.timings is None and "not measured" not in explorer.alt()
    explorer.measure()
    assert set(explorer.timings) == set(explorer.costs)
    assert "time, both ways 3x3 1.00" in explorer.alt()
    assert not explorer.channels.disabled
    choose(explorer, batch=4)
    assert explorer.timings is None
    explorer.undo()
    assert explorer.batch.value == 2 and explorer.timings is None


def test_it_refuses_what_would_take_too_long(explorer, monkeypatch):
    slow = Timing(1, 1, 1, 1, 1, 1)
    monkeypatch.setattr(
        "lessonlib.playgrounds.costs.time_interleaved", lambda *_, **__: {"one photo": slow}
    )
    explorer.measure()
    assert "Choose fewer photos, pixels or channels" in explorer.message.value
    assert explorer.timings is None


def test_it_leaves_a_picture_with_words_and_code(explorer):
    data, metadata = explorer.fallback()
    assert data["image/png"]
    assert "16 photos, 64 channels, 32 x 32 pixels" in metadata["image/png"]["alt"]
    choose(explorer, channels=8, pixels=8, batch=1)
    names = {}
    exec(explorer.code(), names)
    assert names["costs"] == explorer.costs
    assert names["timings"].keys() == explorer.costs.keys()
