"""The race without a browser: its buttons are clicked in Python, its runs compared with those trained without it."""

import json
import time
from dataclasses import asdict, replace
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from nbclient import NotebookClient

from helpers.runs import a_run
from lessonlib.arms import ARMS, THE_FOUR
from lessonlib.configs import TIERS
from lessonlib.figures import labels
from lessonlib.figures import race as figures
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.playgrounds.race import RacePlayground
from lessonlib.training import race as race_module
from lessonlib.training.fit import OutOfMemory, fit, learner_for
from lessonlib.training.progress import Live, duration_in_words
from lessonlib.training.race import Race
from lessonlib.training.reference_bands import bands_of, describe
from lessonlib.training.runs import load_runs, own_runs, record

TIER = TIERS["test"]
LONG = replace(TIER, epochs=4)
PATIENCE = 60  # seconds


@pytest.fixture(scope="module")
def photos():
    return synthetic_photos(TIER)


@pytest.fixture(scope="module")
def whole(photos):
    """A run that nothing disturbed, and what it has learnt."""
    learner = learner_for(ARMS["2x2"], photos, LONG)
    return fit(learner), learner.model.state_dict()


@pytest.fixture(autouse=True)
def runs_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(race_module, "PACE", 0)  # news after every batch


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def at_batch(race, batch):
    until(lambda: (live := race.race.live) and live.done >= batch)


def pressable(race):
    buttons = [race._start, race._pause, race._stop, race._add]
    return [button.description for button in buttons if not button.disabled]


def same(model, weights):
    return all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def accuracies(run):
    return [epoch["accuracy"] for epoch in run.epochs]


def no_training(*_):
    raise AssertionError("something is trained")


def test_the_race_runs_records_and_shows_every_arm(photos):
    race = RacePlayground(THE_FOUR, photos, TIER)
    empty = race.chart.value
    runs = race.finish()
    assert [run.arm for run in runs] == [arm.name for arm in THE_FOUR] and all(
        run.finished for run in runs
    )
    assert race.chart.value != empty and "4 of 4" in race.message.value and "stand-in" in race.alt()
    assert set(race.models) == {arm.name for arm in THE_FOUR}
    assert race.finish() is runs  # nothing left to train
    assert [run.arm for run in load_runs()] == [run.arm for run in runs]


def test_each_button_can_be_pressed_when_it_does_something(photos):
    race = RacePlayground([ARMS["2x2"]], photos, LONG)
    assert pressable(race) == ["Start", "Add"]
    race._start.click()
    at_batch(race, 1)
    assert pressable(race) == ["Pause", "Stop", "Add"]
    race._pause.click()
    assert pressable(race) == ["Go on", "Stop", "Add"] and "Paused: one 2x2" in race.message.value
    race._pause.click()
    assert pressable(race) == ["Pause", "Stop", "Add"]
    race._stop.click()
    race.race.wait()
    assert pressable(race) == ["Start", "Add"] and "Stopped: 0 of 1 arms" in race.message.value
    race.finish()
    assert pressable(race) == ["Add"] and "Finished: 1 of 1" in race.message.value
    for _ in range(len(ARMS) - 1):
        race._add.click()
    assert (
        pressable(race) == ["Start"]
        and race._choice.disabled
        and {arm.name for arm in race.race.arms} == set(ARMS)
    )


def test_the_message_names_arm_epoch_and_batch(photos):
    race, said = RacePlayground([ARMS["3x3"], ARMS["2x2"]], photos, TIER), []
    race.message.observe(lambda change: said.append(change["new"]), "value")
    race.finish()
    assert any(
        "one 3x3: epoch 1 of 2, batch 1 of 15; about" in text and "with 1 more to come" in text
        for text in said
    )
    assert any(
        "one 2x2: epoch 2 of 2, batch 15 of 15; about" in text and "to come" not in text
        for text in said
    )


def test_time_left_counts_the_arms_to_come_at_the_pace_of_this_one():
    live = Live("3x3", [], [], done=30, total=150, length=30, pace=0.5)
    assert (
        live.place == "epoch 1 of 5, batch 30 of 30"
        and live.seconds_left() == 60
        and live.seconds_left(2) == 210
    )
    assert [duration_in_words(s) for s in (0, 59.6, 100, 3600, 7300)] == [
        "about 1 s", "about 60 s", "about 2 min", "about 60 min", "about 2.0 h",
    ]  # fmt: skip


def test_a_pause_changes_nothing(photos, whole):
    race = RacePlayground([ARMS["2x2"]], photos, LONG)
    race.race.start()
    for batch in (3, 20):
        at_batch(race, batch)
        race._pause.click()
        until(lambda: race.race._control.paused)
        time.sleep(0.3)
        at = race.race.live.done
        time.sleep(0.3)
        assert (
            race.race.live.done == at and f"batch {(at - 1) % 15 + 1} of 15" in race.message.value
        )
        race._pause.click()
    (run,) = race.finish()
    assert (
        run.losses == whole[0].losses
        and accuracies(run) == accuracies(whole[0])
        and same(race.models["2x2"], whole[1])
    )


def test_finish_goes_on_from_a_pause(photos):
    race = RacePlayground([ARMS["2x2"]], photos, TIER)
    race._start.click()
    race._pause.click()
    assert race.finish()[0].finished


def test_stop_and_start_go_on_to_the_unbroken_end(photos, whole):
    race = RacePlayground([ARMS["2x2"]], photos, LONG)
    race._start.click()
    at_batch(race, 20)
    race._stop.click()
    race.race.wait()
    (part,) = race.runs
    assert not part.finished and len(part.epochs) >= 1 and own_runs() == []
    trained = []
    race.message.observe(lambda _: trained.append(race.race.live and race.race.live.done), "value")
    (run,) = race.finish()
    assert min(filter(None, trained)) > 15  # the first epoch is not trained again
    assert (
        run.losses == whole[0].losses
        and accuracies(run) == accuracies(whole[0])
        and same(race.models["2x2"], whole[1])
    )


def test_an_arm_added_while_it_runs_is_trained_too(photos):
    race = RacePlayground([ARMS["3x3"]], photos, TIER)
    race._start.click()
    at_batch(race, 1)
    race._choice.value = ARMS["pair"]
    race._add.click()
    assert (
        ARMS["pair"] not in dict(race._choice.options).values()
        and race._choice.value in ARMS.values()
    )
    race.race.wait()
    assert [run.arm for run in race.runs] == ["3x3", "pair"] and all(
        run.finished for run in race.runs
    )
    with pytest.raises(
        ValueError, match="two 2x2, activation after the second is in the race already"
    ):
        race.race.add(ARMS["pair"])


def test_a_new_race_takes_up_what_this_machine_has_recorded(photos, monkeypatch):
    before = RacePlayground(THE_FOUR[:2], photos, TIER).finish()
    monkeypatch.setattr(race_module, "learner_for", no_training)
    race = RacePlayground(THE_FOUR[:2], photos, TIER)
    assert "not trained again: one 3x3, one 2x2. Another seed trains anew." in race.message.value
    assert race.alt().count("% after epoch 2") == 2 and pressable(race) == ["Add"]
    assert [json.dumps(asdict(run)) for run in race.finish()] == [
        json.dumps(asdict(run)) for run in before
    ]
    race = RacePlayground(THE_FOUR[:1], photos, TIER)
    race._choice.value = ARMS["2x2"]
    race._add.click()
    assert [run.arm for run in race.finish()] == ["3x3", "2x2"]


def test_only_exactly_the_same_run_is_taken_up(photos, tmp_path, monkeypatch):
    (run,) = RacePlayground([ARMS["3x3"]], photos, TIER).finish()
    assert Race([ARMS["3x3"]], photos, TIER).left == []
    others = [
        Race([ARMS["2x2"]], photos, TIER),
        Race([ARMS["3x3"]], photos, TIER, seed=1),
        Race([ARMS["3x3"]], photos, replace(TIER, lr=1e-3)),
        Race(
            [ARMS["3x3"]], photos, replace(TIER, network=replace(TIER.network, blocks=(1, 1, 1, 2)))
        ),
        Race([ARMS["3x3"]], replace(photos, source="others"), TIER),
        Race([ARMS["3x3"]], photos, TIER, record_as="elsewhere"),
    ]
    record(replace(run, finished=False), "stopped")
    others.append(Race([ARMS["3x3"]], photos, TIER, record_as="stopped"))
    (tmp_path / "course" / "runs").mkdir(parents=True)
    monkeypatch.setattr(
        "lessonlib.training.runs.DATA", tmp_path / "course"
    )  # runs that came with the course
    (tmp_path / "course" / "runs" / "cpu.jsonl").write_text(
        (tmp_path / "runs" / "local.jsonl").read_text()
    )
    others.append(Race([ARMS["3x3"]], photos, TIER, record_as="cpu"))
    assert len(load_runs("cpu")) == 1 and all(
        len(other.left) == 1 and other.runs == [] for other in others
    )


def test_a_new_race_goes_on_with_an_unfinished_run(photos, whole):
    first = RacePlayground([ARMS["2x2"]], photos, LONG)
    first._start.click()
    at_batch(first, 20)
    first.race.stop()
    first.race.wait()
    second, seen = RacePlayground([ARMS["2x2"]], photos, LONG), []
    second.message.observe(
        lambda _: seen.append(second.race.live and second.race.live.done), "value"
    )
    (run,) = second.finish()
    assert (
        min(filter(None, seen)) > 15
        and run.losses == whole[0].losses
        and same(second.models["2x2"], whole[1])
    )


@pytest.mark.parametrize(
    "error, sentence",
    [
        (
            OutOfMemory("The GPU's memory is too small for batches of 16 photos."),
            "broke off: The GPU's memory is too small",
        ),
        (
            ZeroDivisionError("division by zero"),
            "broke off: ZeroDivisionError: division by zero. What was trained is kept",
        ),
    ],
)
def test_a_race_that_breaks_off_says_why_keeps_the_rest_and_can_be_started_again(
    photos, monkeypatch, error, sentence
):
    def breaks_on_2x2(arm, *rest):
        if arm.name == "2x2":
            raise error
        return learner_for(arm, *rest)

    race = RacePlayground([ARMS["3x3"], ARMS["2x2"]], photos, TIER)
    monkeypatch.setattr(race_module, "learner_for", breaks_on_2x2)
    with pytest.raises(type(error)):
        race.finish()
    assert sentence in race.message.value.replace("&#x27;", "'") and pressable(race) == [
        "Start",
        "Add",
    ]
    assert [run.arm for run in race.runs] == ["3x3"] and [run.arm for run in load_runs()] == ["3x3"]
    monkeypatch.setattr(race_module, "learner_for", learner_for)
    race._start.click()
    race.race.wait()
    assert [run.arm for run in race.runs] == ["3x3", "2x2"] and "Finished" in race.message.value


def test_an_interrupt_while_finish_waits_stops_and_keeps(photos, monkeypatch):
    race = RacePlayground([ARMS["2x2"]], photos, LONG)
    wait, waits = race.race.wait, []

    def interrupted():
        waits.append(1)
        if len(waits) == 1:
            at_batch(race, 2)
            raise KeyboardInterrupt
        wait()

    monkeypatch.setattr(race.race, "wait", interrupted)
    (run,) = race.finish()
    assert (
        not run.finished
        and len(run.losses) >= 2
        and "Stopped" in race.message.value
        and pressable(race) == ["Start", "Add"]
    )


def earlier(photos, accuracy, **changes):
    """A recorded run of one 3x3 whose accuracy after the two epochs is `accuracy` and twice that."""
    recipe = json.loads(json.dumps(asdict(TIER)))
    epochs = [{"accuracy": accuracy}, {"accuracy": 2 * accuracy}]
    told = {"arm": "3x3", "recipe": recipe, "data": photos.source, "machine": "M"}
    return a_run(**told | changes, epochs=epochs)


def test_a_band_spans_the_runs_that_match(photos):
    few = [earlier(photos, a) for a in (0.1, 0.2, 0.4)]
    others = [
        earlier(photos, 0.3, data="Imagewoof"),
        earlier(photos, 0.3, finished=False),
        earlier(photos, 0.3, recipe=asdict(LONG)),
        *(earlier(photos, 0.3, arm="5x5"),) * 2,  # not in the race
        earlier(photos, 0.3, arm="2x2"),  # one run is no range
    ]
    (band,) = bands_of(few + others, THE_FOUR, TIER, photos)
    assert (
        (band.arm, band.runs) == ("3x3", 3)
        and band.low.tolist() == [0.1, 0.2]
        and band.high.tolist() == [0.4, 0.8]
    )
    assert describe([band]).startswith(
        "Pale bands: least to most of 3 earlier runs per arm"
    ) and "recorded on M, float32" in describe([band])
    many = [earlier(photos, 0.01 * k, machine=f"M{k % 2}") for k in range(11)]
    (band,) = bands_of(many, THE_FOUR, TIER, photos)
    assert np.allclose(band.low, [0.01, 0.02]) and np.allclose(band.high, [0.09, 0.18])
    assert "middle 80% of 11 earlier runs" in describe(
        [band]
    ) and "recorded on M0, float32; M1, float32." in describe([band])
    both = bands_of(many + [replace(run, arm="2x2") for run in few], THE_FOUR, TIER, photos)
    assert [b.high[0] for b in both] == [
        0.1,
        0.4,
    ] and "least to most of 3 to 11 earlier runs" in describe(both)
    assert bands_of(others, THE_FOUR, TIER, photos) == [] and describe([]) == ""


@pytest.fixture
def drawn(monkeypatch):
    """The matplotlib figures of the charts, in the order they were drawn."""
    kept = []
    monkeypatch.setattr(
        figures,
        "Picture",
        lambda figure, alt: kept.append(figure) or SimpleNamespace(png=b"", alt=alt),
    )
    return kept


def test_the_chart_has_a_band_only_where_it_matches(photos, drawn):
    band = [earlier(photos, a) for a in (0.1, 0.2, 0.4)]
    RacePlayground(THE_FOUR, photos, TIER, band=band)
    RacePlayground(THE_FOUR, replace(photos, source="dogs"), TIER, band=band)
    with_band, without = drawn
    assert len(with_band.axes[1].collections) == 1 and "Pale bands" in with_band.texts[0].get_text()
    assert [text.get_text() for text in with_band.axes[1].texts] == ["guessing", "one 3x3, earlier"]
    assert len(without.axes[1].collections) == 0 and "Pale bands" not in without.texts[0].get_text()
    assert "which counts only the validation photos" in without.texts[0].get_text()


@pytest.mark.parametrize("alike", [True, False])
def test_no_word_of_the_chart_lies_on_another_or_on_the_line_of_guessing(drawn, alike):
    epochs = [{"accuracy": 0.1 if alike else 0.3 + 0.01 * k} for k in range(5)]
    runs = [SimpleNamespace(arm=name, losses=[2.3, 2.2], epochs=epochs) for name in ARMS]
    runs[-1].epochs = []
    figures.race_chart(
        runs,
        5,
        0.1,
        "Imagewoof v2, 9,025 training and 3,929 validation photos, copy 8f3a2b1c",
        3929,
    )
    (figure,) = drawn
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    accuracy = figure.axes[1]
    boxes = [
        text.get_window_extent(renderer)
        for text in [*accuracy.texts, *figure.texts, accuracy.xaxis.label]
    ]
    assert len(boxes) == len(ARMS) + 3
    for i, box in enumerate(boxes):
        assert 0 <= box.x0 and box.x1 <= figure.bbox.x1 and 0 <= box.y0 and box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[:i])
    assert all(
        box.x0 > accuracy.bbox.x1 for box in boxes[: len(ARMS) + 1]
    )  # where the line of guessing does not come


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_names_are_spread_no_further_than_they_must(places):
    gap = 0.08
    moved = labels.spread(places, gap)
    order = sorted(range(len(places)), key=places.__getitem__)
    in_order = np.array(moved)[order]
    assert (
        (np.diff(in_order) >= gap - 1e-9).all()
        and -1e-9 <= in_order[0]
        and in_order[-1] <= 1 + 1e-9
    )
    if (np.diff(np.array(places)[order]) >= gap).all():
        assert np.allclose(moved, places)
    evenly = np.linspace(0, 1, len(places))  # another spreading that is allowed
    assert ((in_order - np.sort(places)) ** 2).sum() <= (
        (evenly - np.sort(places)) ** 2
    ).sum() + 1e-9


def test_names_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="3 places with gaps of 0.6 do not fit between 0 and 1"):
        labels.spread([0, 0, 0], 0.6)


CELLS = """
from lessonlib.arms import ARMS
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.playgrounds.race import RacePlayground
from lessonlib.configs import TIERS
race = RacePlayground([ARMS["2x2"]], synthetic_photos(TIERS["test"]), TIERS["test"])
race
---
runs = race.finish()
"""


def test_a_notebook_run_from_top_to_bottom_keeps_the_last_chart():
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS.split("---")]
    )
    NotebookClient(notebook, timeout=300, store_widget_state=False).execute()
    shown, finished = (cell.outputs for cell in notebook.cells)
    assert (
        finished == []
        and len(shown) == 1
        and "application/vnd.jupyter.widget-view+json" in shown[0].data
    )
    assert (
        "one 2x2" in shown[0].data["text/plain"]
        and "after epoch 2" in shown[0].metadata["image/png"]["alt"]
    )
